"""Busy colleagues among real phones: transfers that wait for them, and callbacks (CALL-6, CALL-12, V 7.4.3, V 7.5)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Baresip
from parties import PhoneStarter, left_over
from talking import CALLED_HZ, CALLER_HZ, SPEECH_S

from kiestoon.company.code_presets import preset_codes
from kiestoon.company.model import Company, TransferOptions
from kiestoon.media.audio.measure import gap_ms
from kiestoon.store.write import Changes

THIRD_HZ, DORA_HZ = 1200, 1600
BEEP_MS = 100
"""More than any packet takes that is late: the tone that somebody waits."""
ANNA, BERT, CARLA, DORA = "101", "102", "103", "104"
SITE = Site(
    name="Busy", domain="busy.example", extensions=(ANNA, BERT, CARLA, DORA), users={CARLA: {"call_waiting": False}}
)


def fill(changes: Changes) -> None:
    """The standard codes; Bert's transfers wait for busy colleagues, Anna wants to be called back by them."""
    for row in preset_codes("standard", Company(id=1, name=SITE.name, domain=SITE.domain)):
        changes.add(row)
    anna, bert = SITE.extensions.index(ANNA) + 1, SITE.extensions.index(BERT) + 1
    changes.add(TransferOptions(id=0, company_id=1, user_id=anna, callback=True))
    changes.add(TransferOptions(id=0, company_id=1, user_id=bert, camp_on=True, camp_on_s=30))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """For phones with MD5."""
    folder = tmp_path_factory.mktemp("busy")
    with Exchange(folder, [SITE], fill=fill, sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


@pytest.fixture
def dora(exchange: Exchange, phone: PhoneStarter) -> Baresip:
    """She has Carla on the phone."""
    return phone(DORA, site=SITE, tone_hz=DORA_HZ)


@pytest.fixture
def carla(dora: Baresip, phone: PhoneStarter) -> Baresip:
    """Speaks with Dora, and takes no second call."""
    busy = phone(CARLA, site=SITE, tone_hz=CALLED_HZ)
    dora.dial(CARLA)
    busy.accept()
    busy.wait_for_tone(DORA_HZ)
    dora.wait_for_tone(CALLED_HZ)
    return busy


def end(dora: Baresip, carla: Baresip) -> None:
    """Carla is free."""
    dora.hang_up()
    carla.wait_for("CALL_CLOSED")


def test_a_transfer_to_a_busy_colleague_waits_with_music_and_rings_when_she_is_free(
    exchange: Exchange, phone: PhoneStarter, dora: Baresip, carla: Baresip
) -> None:
    """She is told by a tone that somebody waits; who transferred is free at once; the record tells all."""
    anna, bert = phone(ANNA, site=SITE, tone_hz=CALLER_HZ), phone(BERT, site=SITE, tone_hz=THIRD_HZ)
    anna.dial(BERT)
    bert.accept()
    anna.wait_for_tone(THIRD_HZ)
    before = carla.recorded()
    bert.command("transfer", f"sip:{CARLA}@{SITE.domain}")
    bert.wait_for("CALL_CLOSED")
    anna.wait_for_change(THIRD_HZ, for_s=1.0)
    carla.daemon.wait_until(lambda: gap_ms(*carla.heard(60, before), DORA_HZ) >= BEEP_MS, 5, "the tone")
    carla.wait_for_tone(DORA_HZ)  # and speaks on with her
    end(dora, carla)
    carla.accept()
    anna.wait_for_tone(CALLED_HZ)
    carla.wait_for_tone(CALLER_HZ)
    anna.hang_up()
    carla.wait_for("CALL_CLOSED")
    (record,) = (record for record in exchange.new_records(2) if record.dialled == BERT)
    assert [(each.kind, each.party) for each in record.segments] == [("talk", BERT), ("camped", CARLA), ("talk", CARLA)]


def test_who_waited_for_a_colleague_in_vain_comes_back_to_who_transferred_him(
    phone: PhoneStarter, dora: Baresip, carla: Baresip
) -> None:
    """After as long as Bert has set, 30 s at the least."""
    anna, bert = phone(ANNA, site=SITE, tone_hz=CALLER_HZ), phone(BERT, site=SITE, tone_hz=THIRD_HZ)
    anna.dial(BERT)
    bert.accept()
    anna.wait_for_tone(THIRD_HZ)
    bert.command("transfer", f"sip:{CARLA}@{SITE.domain}")
    bert.wait_for("CALL_CLOSED")
    rings = bert.wait_for("CALL_INCOMING", timeout_s=40)
    assert rings.data["peerdisplayname"] == f"recall: User {ANNA}"
    bert.command("accept")
    anna.wait_for_tone(THIRD_HZ)
    bert.wait_for_tone(CALLER_HZ)
    carla.wait_for_tone(DORA_HZ)
    anna.hang_up()
    bert.wait_for("CALL_CLOSED")
    end(dora, carla)


def test_a_busy_number_is_called_again_until_it_is_free(
    exchange: Exchange, phone: PhoneStarter, dora: Baresip, carla: Baresip
) -> None:
    """Every ten seconds, while Anna, who called from a screen, listens to music."""
    anna = phone(ANNA, site=SITE, tone_hz=CALLER_HZ)
    wish = {"company_id": 1, "user_id": SITE.extensions.index(ANNA) + 1, "number": CARLA, "repeat": True}
    assert exchange.ask("dial_for", **wish)["call"]
    anna.accept()
    anna.wait_for_change(1.0, timeout_s=SPEECH_S)  # music meanwhile
    end(dora, carla)
    carla.wait_for("CALL_INCOMING", timeout_s=20)
    carla.command("accept")
    anna.wait_for_tone(CALLED_HZ)
    carla.wait_for_tone(CALLER_HZ)
    anna.hang_up()
    carla.wait_for("CALL_CLOSED")


def wish_for_callback(anna: Baresip) -> None:
    """Anna calls Carla, who is busy; she is asked, and presses 1."""
    anna.dial(CARLA)
    anna.wait_for("CALL_ESTABLISHED")
    anna.wait_for_change(1.0, timeout_s=SPEECH_S)
    anna.send_digits("1")
    anna.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)


def test_who_called_a_busy_colleague_is_called_back_when_she_is_free(
    exchange: Exchange, phone: PhoneStarter, dora: Baresip, carla: Baresip
) -> None:
    anna = phone(ANNA, site=SITE, tone_hz=CALLER_HZ)
    wish_for_callback(anna)
    assert not any(event.type == "CALL_INCOMING" for event in anna.history)
    end(dora, carla)
    rings = anna.wait_for("CALL_INCOMING")
    assert rings.data["peerdisplayname"] == f"callback: User {CARLA}"
    anna.command("accept")
    carla.accept()
    anna.wait_for_tone(CALLED_HZ)
    carla.wait_for_tone(CALLER_HZ)
    carla.hang_up()
    anna.wait_for("CALL_CLOSED")


def test_a_callback_is_cancelled_by_code(
    exchange: Exchange, phone: PhoneStarter, dora: Baresip, carla: Baresip
) -> None:
    anna = phone(ANNA, site=SITE, tone_hz=CALLER_HZ)
    wish_for_callback(anna)
    assert left_over(exchange)["calls"] == 2  # the one of the two, and the one to come
    anna.dial("%238")
    anna.wait_for_change(1.0, timeout_s=SPEECH_S)
    anna.hang_up()
    exchange.daemon.wait_until(lambda: left_over(exchange)["calls"] == 1, 5, "no callback")
    end(dora, carla)
    exchange.daemon.wait_until(lambda: not left_over(exchange), 5, "nothing is left")
    assert not any(event.type == "CALL_INCOMING" for event in anna.history)
