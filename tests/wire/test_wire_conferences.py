"""Conference rooms and group calls with real phones: PINs by real key presses, and who hears whom, measured (CALL-13,
CALL-14)."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange
from bench.peers.process import wait_until
from parties import WIRE
from talking import SPEECH_S

from kiestoon.company.model import ConferenceRoom, GroupCall, GroupCallMember
from kiestoon.operator_error import OperatorError
from kiestoon.store.write import Changes

ROOM, PIN, ORGANISER_PIN, GROUP = "800", "4711", "081547", "300"
TONES = {"101": 900, "102": 1250, "103": 1700}
"""Not those of comings and goings."""


def fill(changes: Changes) -> None:
    changes.add(ConferenceRoom(id=0, company_id=1, extension=ROOM, name="Monday", pin=PIN, organiser_pin=ORGANISER_PIN))
    group = changes.add(GroupCall(id=0, company_id=1, extension=GROUP, name="Alarm"))
    for extension in TONES:
        changes.add(GroupCallMember(id=0, company_id=1, group_call_id=group.id, extension=extension))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """With a room, for phones with MD5."""
    folder = tmp_path_factory.mktemp("exchange")
    with Exchange(folder, [WIRE], fill=fill, sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


def test_three_phones_meet_are_muted_and_removed(exchange, phone):
    first, second, third = phones = [phone(extension, tone_hz=hz) for extension, hz in TONES.items()]
    for number, party in enumerate(phones):
        party.dial(ROOM)
        party.wait_for("CALL_ESTABLISHED")
        party.send_digits(f"{PIN if number else ORGANISER_PIN}#")
    first.wait_for_tones(TONES["102"], TONES["103"])
    second.wait_for_tones(TONES["101"], TONES["103"])
    third.wait_for_tones(TONES["101"], TONES["102"])
    second.send_digits("*6")
    first.wait_for_change(TONES["102"])
    third.wait_for_change(TONES["102"])
    second.wait_for_tones(TONES["101"], TONES["103"])
    second.send_digits("*6")
    first.wait_for_tones(TONES["102"], TONES["103"])
    (shown,) = exchange.ask("live_rooms", company_id=1)
    others = [member["number"] for member in shown["members"] if not member["organiser"]]
    last, stays = (third, second) if others[-1] == "103" else (second, third)  # who came last is a matter of luck
    first.send_digits("*4")
    stays.wait_for_tone(TONES["101"])
    last.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)  # after a word about it
    first.send_digits("*8")
    stays.wait_for("CALL_CLOSED")
    first.wait_for("CALL_CLOSED")
    records = exchange.new_records(4)
    (whole,) = (record for record in records if not record.continued_in)
    assert sorted(leg.party for leg in whole.legs) == ["101", "102", "103"]
    assert {record.continued_in for record in records if record.continued_in} == {whole.call_id}


def test_a_wrong_pin_is_asked_for_again(exchange, phone):
    party = phone("101", tone_hz=TONES["101"])
    other = phone("102", tone_hz=TONES["102"])
    for each, keys in ((party, f"9999#{PIN}#"), (other, f"{PIN}#")):
        each.dial(ROOM)
        each.wait_for("CALL_ESTABLISHED")
        each.send_digits(keys)
    party.wait_for_tone(TONES["102"])
    other.wait_for_tone(TONES["101"])
    party.hang_up()
    other.hang_up()


def test_members_are_in_the_room_after_kill_9_and_are_muted_and_go_as_before(exchange, phone):
    first, second, third = phones = [phone(extension, tone_hz=hz) for extension, hz in TONES.items()]
    for party in phones:
        party.dial(ROOM)
        party.wait_for("CALL_ESTABLISHED")
        party.send_digits(f"{PIN}#")
    first.wait_for_tones(TONES["102"], TONES["103"])
    killed = exchange.control_pid
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: is_back(exchange, killed), 10, "another control process")
    first.wait_for_tones(TONES["102"], TONES["103"])
    third.wait_for_tones(TONES["101"], TONES["102"])
    second.send_digits("*6")
    first.wait_for_change(TONES["102"])
    third.hang_up()
    first.wait_for_silence()
    second.wait_for_tone(TONES["101"])
    first.hang_up()
    second.hang_up()


def is_back(exchange: Exchange, killed: int) -> bool:
    with contextlib.suppress(OperatorError):
        return bool(exchange.control_pid != killed and exchange.ask("live_rooms", company_id=1))
    return False


def test_a_group_call_brings_everybody_together(exchange, phone):
    first, second, third = (phone(extension, tone_hz=hz) for extension, hz in TONES.items())
    first.dial(GROUP)
    second.accept()
    first.wait_for_tone(TONES["102"])
    third.accept()
    first.wait_for_tones(TONES["102"], TONES["103"])
    second.wait_for_tones(TONES["101"], TONES["103"])
    third.wait_for_tones(TONES["101"], TONES["102"])
    first.hang_up()
    second.wait_for_tone(TONES["103"])
    third.wait_for_tone(TONES["102"])
    third.hang_up()
    second.wait_for("CALL_CLOSED")
