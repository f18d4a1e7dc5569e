"""Transfers, keys, parking, pickup, listening in with real phones: who hears whom is measured (CALL-4 to CALL-17)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange
from parties import WIRE
from talking import CALLED_HZ, CALLER_HZ, SPEECH_S, talk

from kiestoon.company.code_presets import preset_codes
from kiestoon.company.model import (
    Company,
    PickupGroup,
    PickupMember,
    PrivacyGrant,
    PrivacyGroup,
    PrivacyMember,
)
from kiestoon.store.write import Changes

THIRD_HZ = 1200
COMPANY = Company(id=1, name="Wire", domain=WIRE.domain, area_code="020")


def fill(changes: Changes) -> None:
    """The standard codes; everybody may pick up everybody's calls, 103 may listen in on 102."""
    for row in preset_codes("standard", COMPANY):
        changes.add(row)
    group = changes.add(PickupGroup(id=0, company_id=1, name="All"))
    for extension in ("101", "102", "103"):
        changes.add(PickupMember(id=0, company_id=1, group_id=group.id, extension=extension))
    supervisors = changes.add(PrivacyGroup(id=0, company_id=1, name="Supervisors"))
    changes.add(PrivacyMember(id=0, company_id=1, group_id=supervisors.id, extension="103"))
    changes.add(PrivacyGrant(id=0, company_id=1, group_id=supervisors.id, extension="102", listen=True))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """With feature codes, for phones with MD5."""
    folder = tmp_path_factory.mktemp("exchange")
    with Exchange(folder, [WIRE], fill=fill, sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


def test_a_blind_transfer_by_the_phones_own_refer(exchange, phone):
    calling, answering = talk(phone, {}, {})
    third = phone("103", tone_hz=THIRD_HZ)
    answering.command("transfer", f"sip:103@{WIRE.domain}")
    third.accept()
    third.wait_for_tone(CALLER_HZ)
    answering.wait_for("CALL_CLOSED")
    third.hang_up()
    calling.wait_for("CALL_CLOSED")
    (record,) = exchange.new_records(1)
    assert [segment.party for segment in record.segments] == ["102", "103"]


def test_a_transfer_to_nowhere_loses_nobody(exchange, phone):
    """This phone hangs up by itself when a transfer is refused: the caller comes back to it."""
    calling, answering = talk(phone, {}, {})
    answering.command("transfer", f"sip:999@{WIRE.domain}")
    answering.wait_for("TRANSFER_FAILED")
    answering.accept()
    answering.wait_for_tone(CALLER_HZ)
    calling.wait_for_tone(CALLED_HZ)
    calling.hang_up()
    answering.wait_for("CALL_CLOSED")


def test_consultation_toggle_and_conference_by_keys(exchange, phone):
    calling, answering = talk(phone, {}, {})
    third = phone("103", tone_hz=THIRD_HZ)
    answering.send_digits("##103#")
    third.accept()
    third.wait_for_tone(CALLED_HZ)
    answering.wait_for_tone(THIRD_HZ)
    calling.wait_for_change(CALLED_HZ)
    answering.send_digits("2")
    calling.wait_for_tone(CALLED_HZ)
    third.wait_for_change(CALLED_HZ)
    answering.send_digits("3")
    calling.wait_for_tones(CALLED_HZ, THIRD_HZ)
    third.wait_for_tones(CALLER_HZ, CALLED_HZ)
    answering.hang_up()
    calling.wait_for_tone(THIRD_HZ)
    third.wait_for_tone(CALLER_HZ)
    third.hang_up()
    calling.wait_for("CALL_CLOSED")


def test_a_caller_is_held_taken_back_and_passed_on_by_keys(exchange, phone):
    """## and *#, then ##*: nobody has to be asked first."""
    calling, answering = talk(phone, {}, {})
    third = phone("103", tone_hz=THIRD_HZ)
    answering.send_digits("##")
    calling.wait_for_change(CALLED_HZ)
    answering.send_digits("*#")
    calling.wait_for_tone(CALLED_HZ)
    answering.wait_for_tone(CALLER_HZ)
    answering.send_digits("##*103#")
    third.accept()
    third.wait_for_tone(CALLER_HZ)
    calling.wait_for_tone(THIRD_HZ)
    answering.wait_for("CALL_CLOSED")
    third.hang_up()
    calling.wait_for("CALL_CLOSED")


def test_who_was_consulted_is_let_go_by_a_key_and_the_caller_fetched_by_another(exchange, phone):
    """1, then *#."""
    calling, answering = talk(phone, {}, {})
    third = phone("103", tone_hz=THIRD_HZ)
    answering.send_digits("##103#")
    third.accept()
    answering.wait_for_tone(THIRD_HZ)
    answering.send_digits("1")
    third.wait_for("CALL_CLOSED")
    calling.wait_for_change(CALLED_HZ)
    answering.send_digits("*#")
    calling.wait_for_tone(CALLED_HZ)
    answering.wait_for_tone(CALLER_HZ)
    calling.hang_up()
    answering.wait_for("CALL_CLOSED")


def test_a_parked_caller_hears_music_until_somebody_retrieves_him(exchange, phone):
    calling, answering = talk(phone, {}, {})
    answering.send_digits("*6")
    calling.wait_for_change(CALLED_HZ)
    answering.wait_for("CALL_CLOSED", timeout_s=15)
    third = phone("103", tone_hz=THIRD_HZ)
    third.dial("93001")
    third.wait_for("CALL_ESTABLISHED")
    calling.wait_for_tone(THIRD_HZ)
    third.wait_for_tone(CALLER_HZ)
    third.hang_up()
    calling.wait_for("CALL_CLOSED")


def test_a_colleague_picks_up_what_rings_elsewhere(exchange, phone):
    ringing = phone("102", tone_hz=CALLED_HZ)
    calling = phone("101", tone_hz=CALLER_HZ)
    third = phone("103", tone_hz=THIRD_HZ)
    calling.dial("102")
    ringing.wait_for("CALL_INCOMING")
    third.dial("*8102")
    third.wait_for("CALL_ESTABLISHED")
    third.wait_for_tone(CALLER_HZ)
    calling.wait_for_tone(THIRD_HZ)
    ringing.wait_for("CALL_CLOSED")
    calling.hang_up()
    third.wait_for("CALL_CLOSED")


def test_who_listens_in_speaks_with_the_colleague_only_until_he_listens_again(exchange, phone):
    calling, answering = talk(phone, {}, {})
    third = phone("103", tone_hz=THIRD_HZ)
    third.dial("906102")
    third.wait_for_tones(CALLER_HZ, CALLED_HZ, timeout_s=SPEECH_S)
    answering.wait_for_tone(CALLER_HZ, timeout_s=SPEECH_S)  # the announcement is over
    third.send_digits("2")
    answering.wait_for_tones(CALLER_HZ, THIRD_HZ)
    calling.wait_for_tone(CALLED_HZ)
    third.send_digits("1")
    answering.wait_for_tone(CALLER_HZ)
    calling.hang_up()
    third.wait_for("CALL_CLOSED")
