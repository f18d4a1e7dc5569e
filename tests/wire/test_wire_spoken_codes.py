"""Codes where somebody is asked for more, from a real phone: record a text, change one's PIN, who is here (CALL-23)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import TypeVar

import pytest
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Baresip
from parties import PhoneStarter
from talking import SPEECH_S

from kiestoon.company.code_presets import preset_codes
from kiestoon.company.model import Company, Menu, Prompt, Recording, Row, User
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault
from kiestoon.store.load import list_rows
from kiestoon.store.pins import hash_pin, is_pin, pin_in_force, set_pin
from kiestoon.store.write import Changes, changing

RowT = TypeVar("RowT", bound=Row)
SITE = Site(name="Spoken", domain="spoken.example", extensions=("101",))
PIN, NEXT_PIN = "582041", "730615"
BEEP_HZ, VOICE_HZ = 440, 700


def fill(changes: Changes) -> None:
    """The standard codes, and a menu whose welcome may be spoken by somebody."""
    for code in preset_codes("standard", Company(id=1, name=SITE.name, domain=SITE.domain)):
        changes.add(code)
    changes.add(Menu(id=0, company_id=1, extension="300", name="Welcome"))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    folder = tmp_path_factory.mktemp("exchange")
    with Exchange(folder, (SITE,), fill=fill, sip={"digest": ("SHA-256", "MD5")}) as made:
        with closing(Database(made.settings.database_url)) as database:
            vault = open_vault(database, made.settings.key_path)
            with changing(database, vault, acting_user="test") as changes:
                (anna,) = list_rows(database, User, 1)
                set_pin(changes, vault, anna, hash_pin(PIN), 0, must_change=False)
        yield made


@pytest.fixture
def anna(exchange: Exchange, phone: PhoneStarter) -> Baresip:
    return phone("101", site=SITE, tone_hz=VOICE_HZ)


def dial(anna: Baresip, code: str) -> None:
    """She dials, and hears a text."""
    anna.dial(code)
    anna.wait_for("CALL_ESTABLISHED")
    anna.wait_for_change(1.0, timeout_s=SPEECH_S)


def rows(exchange: Exchange, row_type: type[RowT]) -> list[RowT]:
    with closing(Database(exchange.settings.database_url)) as database:
        return list_rows(database, row_type, 1)


def test_a_text_is_spoken_heard_and_kept_and_callers_hear_it(exchange: Exchange, anna: Baresip) -> None:
    """905: what she speaks is the tone of her phone."""
    dial(anna, "905")
    anna.wait_for_tone(BEEP_HZ, timeout_s=SPEECH_S, for_s=0.2)
    incoming = exchange.settings.recordings_dir / "incoming"
    exchange.daemon.wait_until(
        lambda: any(path.stat().st_size > 30_000 for path in incoming.glob("*")), SPEECH_S, "something is spoken"
    )
    anna.send_digits("#")
    anna.wait_for_change(VOICE_HZ, timeout_s=SPEECH_S)  # what to do with it?
    anna.send_digits("1")
    anna.wait_for_tone(VOICE_HZ, timeout_s=SPEECH_S)
    assert not rows(exchange, Recording)
    anna.send_digits("2")
    anna.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)
    (kept,) = rows(exchange, Recording)
    assert (kept.number, kept.made_by) == (1, "101")
    with closing(Database(exchange.settings.database_url)) as database:
        vault = open_vault(database, exchange.settings.key_path)
        with changing(database, vault, acting_user="test") as changes:
            place = {"key": "menu-welcome", "language": "nl", "file": kept.file, "duration_ms": kept.duration_ms}
            changes.add(Prompt(id=0, company_id=1, **place))
    exchange.ask("reload")
    anna.dial("300")
    anna.wait_for_tone(VOICE_HZ, timeout_s=SPEECH_S)
    anna.hang_up()
    anna.wait_for("CALL_CLOSED")


def test_a_pin_is_changed_by_who_knows_it(exchange: Exchange, anna: Baresip) -> None:
    """907: a wrong one first, then the right one, and another one twice."""

    def in_force(pin: str) -> bool:
        with closing(Database(exchange.settings.database_url)) as database, database.read() as connection:
            found = pin_in_force(connection, open_vault(database, exchange.settings.key_path), 1)
        assert found is not None
        return is_pin(found[0], pin)

    dial(anna, "907")
    anna.send_digits(f"111222#{PIN}#{NEXT_PIN}#{NEXT_PIN}#")
    anna.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)
    assert in_force(NEXT_PIN)
    dial(anna, "907")
    anna.send_digits(f"{PIN}#{PIN}#{PIN}#{PIN}#")
    anna.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)
    assert in_force(NEXT_PIN)


def test_a_phone_tells_whose_it_is(exchange: Exchange, anna: Baresip) -> None:
    """900."""
    dial(anna, "900")
    anna.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)
    (record,) = exchange.new_records(1)
    assert (record.outcome, record.dialled) == ("answered", "900")
