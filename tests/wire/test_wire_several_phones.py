"""Several telephones for one person: confirmation, a search, another one, assistants (REACH-6, 7, 9, 16)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange
from bench.peers.sipp import expect_all
from parties import PROVIDER, WIRE, provider
from talking import CALLED_HZ, CALLER_HZ, SPEECH_S

from kiestoon.company.code_presets import preset_codes
from kiestoon.company.model import (
    AssistantGroup,
    Company,
    Destination,
    GroupExtension,
    GroupMember,
    PrivacyGroup,
    PrivacyMember,
    RemoteOffice,
    RingNumber,
    Rule,
    SequentialRinging,
    SimultaneousRinging,
)
from kiestoon.store.write import Changes

RINGBACK_HZ = 425
THIRD_HZ = 1200
ALONG, SOUGHT, AWAY, MANAGER = "102", "104", "105", "106"
USER_ID = {extension: number for number, extension in enumerate(WIRE.extensions, 1)}
ELSEWHERE = "103"
GROUP = "300"


def fill(changes: Changes) -> None:
    """103 confirms calls for 102, answers the search for 104, is the assistant of 106, and in group 300 with 105, who
    works elsewhere."""
    here = {"id": 0, "company_id": 1}
    for row in preset_codes("standard", Company(id=1, name="Wire", domain=WIRE.domain)):
        changes.add(row)
    rung = Destination("extension", ELSEWHERE)
    changes.add(SimultaneousRinging(**here, user_id=USER_ID[ALONG]))
    changes.add(RingNumber(**here, user_id=USER_ID[ALONG], service="simultaneous", position=1, to=rung, confirm=True))
    changes.add(SequentialRinging(**here, user_id=USER_ID[SOUGHT], base_first=False, caller_may_stop=True))
    changes.add(RingNumber(**here, user_id=USER_ID[SOUGHT], service="sequential", position=1, to=rung, rings=20))
    changes.add(Rule(**here, service="sequential_ringing", name="All", extension=SOUGHT))
    changes.add(RemoteOffice(**here, user_id=USER_ID[AWAY], number="00201112222"))
    group = changes.add(PrivacyGroup(**here, name="Secretaries"))
    changes.add(PrivacyMember(**here, group_id=group.id, extension=ELSEWHERE))
    changes.add(AssistantGroup(**here, user_id=USER_ID[MANAGER], group_id=group.id))
    sales = changes.add(GroupExtension(**here, extension=GROUP, name="Sales"))
    for member in (AWAY, ELSEWHERE):
        changes.add(GroupMember(**here, group_id=sales.id, extension=member))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """For phones with MD5."""
    folder = tmp_path_factory.mktemp("exchange")
    with Exchange(folder, [WIRE], fill=fill, sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


def test_the_phone_that_confirms_gets_the_call_and_no_other_phone_before(exchange, phone):
    calling, own = phone("101", tone_hz=CALLER_HZ), phone(ALONG, tone_hz=CALLED_HZ)
    other = phone(ELSEWHERE, tone_hz=THIRD_HZ)
    calling.dial(ALONG)
    own.wait_for("CALL_INCOMING")
    other.accept()
    other.wait_for_change(CALLER_HZ, timeout_s=SPEECH_S)
    assert not any(event.type in ("CALL_ESTABLISHED", "CALL_CLOSED") for event in (*calling.history, *own.history))
    other.send_digits("1")
    calling.wait_for("CALL_ESTABLISHED")
    other.wait_for_tone(CALLER_HZ)
    calling.wait_for_tone(THIRD_HZ)
    own.wait_for("CALL_CLOSED")
    calling.hang_up()
    other.wait_for("CALL_CLOSED")


def test_a_caller_hears_that_somebody_is_looked_for_and_then_speaks_with_who_was_found(exchange, phone):
    calling, other = phone("101", tone_hz=CALLER_HZ), phone(ELSEWHERE, tone_hz=THIRD_HZ)
    calling.dial(SOUGHT)
    calling.wait_for("CALL_ESTABLISHED")
    calling.wait_for_change(RINGBACK_HZ, timeout_s=SPEECH_S)
    calling.wait_for_tone(RINGBACK_HZ, timeout_s=SPEECH_S)
    other.accept()
    other.wait_for_tone(CALLER_HZ)
    calling.wait_for_tone(THIRD_HZ)
    calling.hang_up()
    other.wait_for("CALL_CLOSED")


def test_the_caller_stops_the_search_by_a_key(exchange, phone):
    calling, other = phone("101", tone_hz=CALLER_HZ), phone(ELSEWHERE, tone_hz=THIRD_HZ)
    calling.dial(SOUGHT)
    other.wait_for("CALL_INCOMING")
    calling.wait_for_change(RINGBACK_HZ, timeout_s=SPEECH_S)
    calling.send_digits("#")
    other.wait_for("CALL_CLOSED")
    calling.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)


def test_a_call_rings_at_the_telephone_outside_that_is_the_persons_now(exchange, phone, sipp):
    line = sipp(provider().ring_and_answer().byed(), host=PROVIDER[0], port=PROVIDER[1])
    calling, own = phone("101", tone_hz=CALLER_HZ), phone(AWAY, tone_hz=CALLED_HZ)
    calling.dial(AWAY)
    calling.wait_for("CALL_ESTABLISHED")
    (invite,) = line.received("INVITE")
    assert "+31201112222@" in invite.text.partition("\r\n")[0]
    assert not any(event.type == "CALL_INCOMING" for event in own.history)
    calling.hang_up()
    expect_all(line)


def test_a_voicemail_at_a_members_telephone_outside_does_not_take_the_groups_call(exchange, phone, sipp):
    line = sipp(provider().ring_and_answer().byed(), host=PROVIDER[0], port=PROVIDER[1])
    calling, member = phone("101", tone_hz=CALLER_HZ), phone(ELSEWHERE, tone_hz=THIRD_HZ)
    calling.dial(GROUP)
    exchange.daemon.wait_until(lambda: line.received("ACK"), SPEECH_S, "the voicemail to answer")
    assert not any(event.type == "CALL_ESTABLISHED" for event in calling.history)
    member.accept()
    calling.wait_for_tone(THIRD_HZ)
    member.wait_for_tone(CALLER_HZ)
    expect_all(line)
    calling.hang_up()
    member.wait_for("CALL_CLOSED")


def test_a_managers_call_rings_at_the_assistants_and_the_manager_takes_it_by_code(exchange, phone):
    calling, manager = phone("101", tone_hz=CALLER_HZ), phone(MANAGER, tone_hz=CALLED_HZ)
    assistant = phone(ELSEWHERE, tone_hz=THIRD_HZ)
    calling.dial(MANAGER)
    assistant.wait_for("CALL_INCOMING")
    manager.dial("*8")
    manager.wait_for("CALL_ESTABLISHED")
    assistant.wait_for("CALL_CLOSED")
    manager.wait_for_tone(CALLER_HZ)
    calling.wait_for_tone(CALLED_HZ)
    assert not any(event.type == "CALL_INCOMING" for event in manager.history)
    calling.hang_up()
    manager.wait_for("CALL_CLOSED")
