"""What only time decides: timers of half a minute and more. All cases run at once; each test waits for its own."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from bench.lib.exchange import Exchange
from bench.peers.phone import register
from bench.peers.process import free_port, wait_until
from bench.peers.sipp import Sipp, expect_all
from parties import PHONES, PROVIDER, SECOND_PROVIDER, WIRE, called, caller, left_over, provider
from raw import RawParty, header

Case = Callable[[Exchange, Path], object]


def _phone(exchange: Exchange, folder: Path, extension: str, ladder) -> Sipp:
    address = (PHONES, free_port(PHONES))
    register(exchange.address, address, WIRE.domain, [(extension, WIRE.password(extension))])
    return _party(folder, ladder, port=address[1])


def _party(folder: Path, ladder, **options) -> Sipp:
    path = folder / f"{ladder.name}.xml"
    path.write_text(ladder.xml(), encoding="latin-1")
    return Sipp(path, cwd=folder, name=ladder.name, calls=1, trace=True, **options)


def never_acknowledged(exchange: Exchange, folder: Path) -> float:
    """The caller never sends ACK: our 200 is repeated for 64 T1, then both sides get BYE (RFC 3261 §13.3.1.4)."""
    with _phone(exchange, folder, "110", called("110").ring_and_answer().byed()) as phone:
        with RawParty(PROVIDER[0], exchange.address, "+31201000110") as party:
            party.send(party.invite())
            party.expect("SIP/2.0 200", " INVITE")
            began = time.monotonic()
            party.answer(party.expect("BYE", " BYE", 40))
            assert sum(text.startswith("SIP/2.0 200") for text in party.seen) >= 8
        expect_all(phone)
        return time.monotonic() - began


def vanished_phone(exchange: Exchange, folder: Path) -> str:
    """The called phone falls silent while ringing: the caller's CANCEL is honoured at once all the same."""
    ladder = called("111").invited().respond_invite(180, "Ringing")
    with (
        _phone(exchange, folder, "111", ladder) as phone,
        RawParty(PROVIDER[0], exchange.address, "+31201000111") as party,
    ):
        party.send(party.invite())
        party.expect("SIP/2.0 180", " INVITE")
        expect_all(phone)
        party.send(party.cancel())
        party.expect("SIP/2.0 200", " CANCEL", 1.0)
        refusal = party.expect("SIP/2.0 487", " INVITE", 1.0)
        party.send(party.ack_failure())
        return refusal


def silent_line(exchange: Exchange, folder: Path) -> float:
    """The first provider says nothing at all: the second is tried after timer B at the latest (RFC 3263 §4.3)."""
    ladder = caller("101", "00205551234", name="caller-silent").call().bye()
    options = {"remote": exchange.address, "options": ("-auth_uri", f"00205551234@{WIRE.domain}")}
    second = provider("second").ring_and_answer().byed()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(PROVIDER)
        began = time.monotonic()
        with (
            _party(folder, second, host=SECOND_PROVIDER[0], port=SECOND_PROVIDER[1]) as line,
            _party(folder, ladder, **options) as calling,
        ):
            expect_all(calling, line, timeout_s=40)
    return time.monotonic() - began


def refreshed_session(exchange: Exchange, folder: Path) -> float:
    """We are the refresher of a 90 s session: a refresh comes after half the time (RFC 4028 §10)."""
    with _phone(exchange, folder, "115", called("115").ring_and_answer().byed()) as phone:
        with RawParty(PROVIDER[0], exchange.address, "+31201000115") as party:
            party.send(party.invite("Supported: timer\r\nSession-Expires: 90;refresher=uas\r\nAllow: UPDATE\r\n"))
            answer = party.expect("SIP/2.0 200", " INVITE")
            assert header(answer, "Session-Expires") == "90;refresher=uas"
            party.send(party.request("ACK", 1, "ack"))
            began = time.monotonic()
            refresh = party.expect("UPDATE", " UPDATE", 60)
            elapsed_s = time.monotonic() - began
            party.answer(refresh)
            party.send(party.request("BYE", 2, "bye"))
            party.expect("SIP/2.0 200", " BYE")
        expect_all(phone)
    return elapsed_s


def expired_session(exchange: Exchange, folder: Path) -> float:
    """The caller promised to refresh and does not: BYE before the session expires (RFC 4028 §10)."""
    with _phone(exchange, folder, "113", called("113").ring_and_answer().byed()) as phone:
        with RawParty(PROVIDER[0], exchange.address, "+31201000113") as party:
            party.send(party.invite("Supported: timer\r\nSession-Expires: 90;refresher=uac\r\n"))
            party.expect("SIP/2.0 200", " INVITE")
            party.send(party.request("ACK", 1, "ack"))
            began = time.monotonic()
            party.answer(party.expect("BYE", " BYE", 95))
            elapsed_s = time.monotonic() - began
        expect_all(phone)
    return elapsed_s


CASES: tuple[Case, ...] = (never_acknowledged, vanished_phone, silent_line, refreshed_session, expired_session)


@pytest.fixture(scope="module")
def cases(running_exchange: Exchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Case, Future]]:
    """All cases, started together."""
    with ThreadPoolExecutor(len(CASES)) as pool:
        yield {case: pool.submit(case, running_exchange, tmp_path_factory.mktemp(case.__name__)) for case in CASES}


def test_caller_is_told_of_the_cancel_though_the_phone_vanished(cases):
    assert "487" in cases[vanished_phone].result(30)


def test_silent_line_is_given_up(cases):
    assert cases[silent_line].result(60) < 35


def test_unacknowledged_call_is_ended(cases):
    assert 30 < cases[never_acknowledged].result(60) < 34


def test_session_is_refreshed_after_half_its_time(cases):
    assert 44 < cases[refreshed_session].result(80) < 47


def test_session_nobody_refreshes_is_ended_in_time(cases):
    """The smaller of 32 s and a third of the interval before its end: here after 60 s."""
    assert 55 < cases[expired_session].result(120) < 90


def test_nothing_is_left_of_any_of_them(cases, running_exchange):
    for case in cases.values():
        case.result(120)
    wait_until(lambda: not left_over(running_exchange), 40, "empty exchange")


def test_session_interval_below_our_minimum(exchange):
    """RFC 4028 §9: 422 with Min-SE."""
    with RawParty(PROVIDER[0], exchange.address, "+31201000114") as party:
        party.send(party.invite("Supported: timer\r\nSession-Expires: 30\r\n"))
        refusal = party.expect("SIP/2.0 422", " INVITE")
        party.send(party.ack_failure())
    assert int(header(refusal, "Min-SE")) >= 90
