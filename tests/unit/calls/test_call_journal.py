"""The call journal: what is written of a call's life and what replaying it gives back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kiestoon.calls.call import Call
from kiestoon.calls.journal import (
    CallJournal,
    CallState,
    LegData,
    encode_entry,
    leg_data,
    replay,
    replay_messages,
    snapshot,
)
from kiestoon.calls.leg import Leg
from kiestoon.calls.party import Party
from kiestoon.calls.voicemail_requests import Message
from kiestoon.routing.reasons import because
from kiestoon.sip.session import DialogState, SessionState


def opened(journal: CallJournal, name: str = "anna") -> tuple[Call, Leg]:
    call = Call("c1", 1, dialled="102", direction="in", opened_ms=5)
    leg = Leg(7, "c1", Party("trunk", "+31205550101", name, trunk_id=3), incoming=True, opened_ms=5)
    leg.sip_call_id = "sip-1"
    call.caller = leg.id
    call.legs[leg.id] = leg
    journal.opened(call)
    return call, leg


def established(display: str = "a") -> CallState:
    leg = Leg(7, "c1", Party("trunk", "1"), incoming=True, opened_ms=5)
    leg.state = "answered"
    dialog = DialogState("sip-1", "<sip:b@x>;tag=l", f'"{display}" <sip:a@x>;tag=r', "l", "r", 1, 1, 1, "sip:a@x")
    session = SessionState(id=1, role="uas", phase="accepted", dialog=dialog, flow=None, unacknowledged=b"SIP/2.0 200")
    data = leg_data(leg)
    data = LegData(*(session if name == "session" else getattr(data, name) for name in LegData.__struct_fields__))
    return CallState("c1", 1, "102", "in", 5, 6, 7, "102", False, (because("menu", name="x"),), True, legs=(data,))


def test_an_opened_call_owes_a_record_with_its_caller():
    written: list[bytes] = []
    opened(CallJournal(written.append))
    state = replay(written)["c1"]
    assert (state.dialled, state.caller, state.established) == ("102", 7, False)
    (leg,) = state.legs
    assert (leg.party.number, leg.sip_call_id, leg.state, leg.session) == ("+31205550101", "sip-1", "offered", None)


def test_a_closed_call_is_forgotten():
    written: list[bytes] = []
    journal = CallJournal(written.append)
    call, _ = opened(journal)
    journal.closed(call)
    assert replay(written) == {}
    assert call.entries == ()


def test_an_acknowledged_leg_has_nothing_left_to_repeat():
    written = [encode_entry(established())]
    call, leg = opened(CallJournal([].append))
    CallJournal(written.append).confirmed(call, leg)
    (data,) = replay(written)["c1"].legs
    assert data.session is not None
    assert (data.session.phase, data.session.unacknowledged) == ("confirmed", b"")
    assert len(written[1]) < 40


def test_a_confirmation_of_a_call_not_established_changes_nothing():
    written: list[bytes] = []
    journal = CallJournal(written.append)
    call, leg = opened(journal)
    before = replay(written)
    journal.confirmed(call, leg)
    assert replay(written) == before
    assert replay(written[1:]) == {}


def test_compaction_gives_what_replaying_gave():
    written: list[bytes] = []
    journal = CallJournal(written.append)
    call, leg = opened(journal)
    journal.changed(call)
    journal.confirmed(call, leg)
    assert replay(snapshot([call])) == replay(written)
    call.entries = ()  # a call adopted only to be ended was never journalled by this process
    assert "c1" in replay(snapshot([call]))


def test_reasons_keep_code_and_parameters():
    state = replay([encode_entry(established())])["c1"]
    assert [str(reason) for reason in state.reasons] == ["? is the menu x"]


def test_bytes_that_were_no_text_do_not_keep_a_call_out_of_the_journal():
    (leg,) = replay([encode_entry(established("Jos\udce9"))])["c1"].legs
    assert leg.session is not None
    assert leg.session.dialog.remote == '"Jos?" <sip:a@x>;tag=r'
    assert leg.session.unacknowledged == b"SIP/2.0 200"
    written: list[bytes] = []
    opened(CallJournal(written.append), "Jos\udce9")
    assert replay(written)["c1"].legs[0].party.name == "Jos?"


def test_entries_of_another_version_are_passed_over():
    assert replay([b"\xc1", b"\x93\xa4Bell\x01\x02", encode_entry(established())]).keys() == {"c1"}


@given(rubbish=st.lists(st.binary(max_size=60)), cut=st.integers(0, 40))
def test_messages_that_were_being_left_survive_what_cannot_be_read(rubbish: list[bytes], cut: int) -> None:
    written: list[bytes] = []
    journal = CallJournal(written.append)
    for signal in (1, 2):
        path = f"/spool/{signal}.wav"
        message = Message(signal, 4, "i1", 1, "101", path, "c1", 1_000, 60_000, "no-answer", "+31201234567", "Sam")
        journal.message_begun(message)
    journal.message_settled(1)
    kept = [*rubbish, written[0][:cut], *written, *rubbish]
    assert [message.signal for message in replay_messages(kept)] == [2]
