"""The journal of subscriptions: what is taken up after a crash, and what compaction may leave out."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kiestoon.phones.lamps.journal import (
    Kept,
    decode_journal,
    encode_gone,
    encode_kept,
    encode_restarted,
    survivors,
)
from kiestoon.sip.dialog_state import DialogState
from kiestoon.sip.subscription import SubscriptionData


def kept(tag: str, cseq: int = 1, display: str = "") -> bytes:
    dialog = DialogState(
        call_id="c", local="<sip:102@x>;tag=l", remote=f'"{display}" <sip:103@x>;tag=r', local_tag=tag, remote_tag="r",
        local_cseq=cseq, remote_cseq=1, invite_cseq=1, remote_target="sip:103@192.0.2.3",
    )  # fmt: skip
    data = SubscriptionData(dialog, "sip:102@x", "dialog", "", frozenset(), "application/dialog-info+xml", cseq)

    class Fake:
        expires_at = 160.0
        destination = None

        @staticmethod
        def data() -> SubscriptionData:
            return data

    return encode_kept(Fake(), 7, 100.0, 5000.0)  # type: ignore[arg-type]  # all of a subscription that is asked for


def test_the_last_word_on_each_living_subscription_counts() -> None:
    found = decode_journal([kept("a"), kept("b"), kept("a", 9), encode_gone("b"), b"\xc1 nonsense"])
    assert [(entry.data.dialog.local_tag, entry.data.version, jumps) for entry, jumps in found] == [("a", 9, 1)]
    assert found[0][0].expires_wall_s == 5060.0


def test_each_restart_since_a_word_makes_numbers_jump_once_more() -> None:
    found = decode_journal([kept("old"), encode_restarted(), kept("new"), encode_restarted()])
    assert {entry.data.dialog.local_tag: jumps for entry, jumps in found} == {"old": 3, "new": 2}


def test_bytes_that_are_no_text_do_not_stop_the_journal() -> None:
    (entry, _), = decode_journal([kept("a", display="\udcff")])  # fmt: skip
    assert entry.data.dialog.local_tag == "a"


def as_set(records: list[bytes]) -> set[tuple[str, int, int]]:
    return {(entry.data.dialog.local_tag, entry.data.version, jumps) for entry, jumps in decode_journal(records)}


words = st.one_of(
    st.tuples(st.sampled_from("abc"), st.integers(1, 9)).map(lambda each: kept(*each)),
    st.sampled_from("abc").map(encode_gone),
    st.just(encode_restarted()),
)


@given(st.lists(words, max_size=12), st.lists(words, max_size=6))
def test_compaction_changes_nothing_that_is_read(before: list[bytes], after: list[bytes]) -> None:
    assert as_set(survivors(before)) == as_set(before)
    assert as_set(survivors(before) + after) == as_set(before + after)
    assert len(survivors(before)) <= len(before)


def test_nothing_is_left_of_subscriptions_that_are_over() -> None:
    assert survivors([kept("a"), encode_restarted(), encode_gone("a"), encode_restarted()]) == []


def test_where_a_phone_on_udp_was_is_kept() -> None:
    entry = msgspec.structs.replace(decode_journal([kept("a")])[0][0], udp=("192.0.2.3", 5062))
    assert isinstance(entry, Kept)
    assert entry.destination is not None
    assert (entry.destination.host, entry.destination.port, entry.destination.transport) == ("192.0.2.3", 5062, "udp")
