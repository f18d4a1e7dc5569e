"""Taking one's running call to another phone of one's own: the other party hears no gap (CALL-15, E App. A)."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Baresip
from parties import PhoneStarter
from talking import CALLED_HZ, CALLER_HZ, SPEECH_S, connect

from kiestoon.company.code_presets import preset_codes
from kiestoon.company.model import Company, Device
from kiestoon.media.audio.measure import gap_ms
from kiestoon.store.write import Changes

THIRD_HZ = 1200
GAP_MS = 60
"""Two lost packets, and one that is not yet in the recording."""
ANNA, BERT, CARLA, CARLAS_OTHER = "101", "102", "103", "103-mobile"
SITE = Site(name="Takeover", domain="takeover.example", extensions=(ANNA, BERT, CARLA))


def fill(changes: Changes) -> None:
    """The standard codes; Carla has a second phone."""
    for row in preset_codes("standard", Company(id=1, name=SITE.name, domain=SITE.domain)):
        changes.add(row)
    carla, secret = SITE.extensions.index(CARLA) + 1, SITE.password(CARLAS_OTHER)
    changes.add(Device(id=0, company_id=1, username=CARLAS_OTHER, secret=secret, user_id=carla))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """For phones with MD5."""
    folder = tmp_path_factory.mktemp("takeover")
    with Exchange(folder, [SITE], fill=fill, sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


class Listening:
    """What a phone hears from now on, to the last packet: it records those that come, and nothing where one is lost."""

    def __init__(self, phone: Baresip) -> None:
        self._phone, self._mark, self._since = phone, phone.recorded(), time.monotonic()

    def expect_no_gap(self, hz: float) -> None:
        """The tone was there all the time."""
        self._phone.daemon.wait_until(lambda: self._missing_ms() <= GAP_MS, 2, "all that was to be heard")
        assert self._phone.recorded().keys() == self._mark.keys()
        samples, rate_hz = self._phone.heard(60, self._mark)
        assert gap_ms(samples, rate_hz, hz) <= GAP_MS

    def _missing_ms(self) -> float:
        samples, rate_hz = self._phone.heard(60, self._mark)
        return 1000 * (time.monotonic() - self._since - len(samples) / rate_hz)


@pytest.mark.parametrize(("code", "carla_calls"), [("*9", True), ("909", False)])
def test_the_other_party_hears_no_gap_and_the_old_phone_is_hung_up(
    exchange: Exchange, phone: PhoneStarter, code: str, carla_calls: bool
) -> None:
    """Both of Carla's phones have the same tone: it does not stop."""
    carla_hz, anna_hz = (CALLER_HZ, CALLED_HZ) if carla_calls else (CALLED_HZ, CALLER_HZ)
    anna = phone(ANNA, site=SITE, tone_hz=anna_hz)
    old = phone(CARLA, site=SITE, tone_hz=carla_hz)
    new = phone(CARLAS_OTHER, site=SITE, tone_hz=carla_hz)
    if carla_calls:
        connect(old, anna)
    else:
        connect(anna, old)
        new.wait_for("CALL_CLOSED")  # it rang as well
    listening = Listening(anna)
    new.dial(code)
    new.wait_for("CALL_ESTABLISHED")
    old.wait_for("CALL_CLOSED")
    new.wait_for_tone(anna_hz)
    listening.expect_no_gap(carla_hz)
    anna.hang_up()
    new.wait_for("CALL_CLOSED")
    by_dialled = {record.dialled: record for record in exchange.new_records(2)}
    record = by_dialled[ANNA if carla_calls else CARLA]
    assert record.ended_by == ("callee" if carla_calls else "caller")
    assert len(record.segments) == 2  # with the one phone, then with the other


def test_what_is_talked_about_is_taken_and_what_is_on_hold_then(exchange: Exchange, phone: PhoneStarter) -> None:
    anna, bert = phone(ANNA, site=SITE, tone_hz=CALLED_HZ), phone(BERT, site=SITE, tone_hz=CALLED_HZ)
    old = phone(CARLA, site=SITE, tone_hz=CALLER_HZ)
    new = phone(CARLAS_OTHER, site=SITE, tone_hz=THIRD_HZ)
    connect(old, bert)
    old.hold()
    bert.wait_for_change(CALLER_HZ)
    old.dial(ANNA)
    anna.accept()
    anna.wait_for_tone(CALLER_HZ)
    new.dial("*9")
    anna.wait_for_tone(THIRD_HZ)
    old.wait_for("CALL_CLOSED")
    bert.wait_for_tone(CALLER_HZ)  # this phone resumes by itself what it has on hold when another call ends
    anna.hang_up()
    new.wait_for("CALL_CLOSED")
    old.hold()
    bert.wait_for_change(CALLER_HZ)
    new.dial("*9")
    bert.wait_for_tone(THIRD_HZ)
    new.wait_for_tone(CALLED_HZ)
    old.wait_for("CALL_CLOSED")
    bert.hang_up()
    new.wait_for("CALL_CLOSED")


def test_who_has_no_running_call_takes_nobody_elses(exchange: Exchange, phone: PhoneStarter) -> None:
    anna, bert = phone(ANNA, site=SITE, tone_hz=CALLER_HZ), phone(BERT, site=SITE, tone_hz=CALLED_HZ)
    other = phone(CARLAS_OTHER, site=SITE, tone_hz=THIRD_HZ)
    connect(anna, bert)
    listening = Listening(anna)
    other.dial("*9")
    other.wait_for_change(1.0, timeout_s=SPEECH_S)
    other.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)
    listening.expect_no_gap(CALLED_HZ)
    anna.hang_up()
    bert.wait_for("CALL_CLOSED")
