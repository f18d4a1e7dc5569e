"""Bans, tried from addresses that are not exempt: scanners get silence, an office behind one address keeps its phones.

The rules are in docs/admin/watching.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import internet as net
import pytest
from bench.lib.exchange import Exchange
from bench.peers.namespace import inside
from bench.peers.sipp import expect_all
from internet import SAME_PORT, Internet
from ladder import Ladder
from parties import WIRE, called, caller

FAILURES = 10


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    """An internet; the test and all it starts are on its public side."""
    if why := net.obstacle():
        pytest.skip(why)
    with Internet() as made, inside(made.public):
        yield made


@pytest.fixture(scope="module")
def running_exchange(internet: Internet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One on a public address, with the rules as they are delivered."""
    with Exchange(tmp_path_factory.mktemp("exchange"), [WIRE], hosts=(net.EXCHANGE,)) as exchange:
        yield exchange


@pytest.fixture
def stranger(exchange, sipp):
    """Run a ladder ``calls`` times, one after another, from a public address: ``stranger(host, ladder)``."""

    def start(host: str, ladder: Ladder, calls: int = 1):
        return sipp(ladder, host=host, towards=(net.EXCHANGE, exchange.port), calls=calls, rate=50, at_once=1)

    return start


def guess(username: str, password: str = "wrong") -> Ladder:
    """Try to log in with a wrong password; refused."""
    authorization = f"[authentication username={username} password={password}]\n"
    ladder = probe(username).expect(401, challenge=True)
    return ladder.request("REGISTER", in_dialog=False, uri=f"sip:{WIRE.domain}", headers=authorization).expect(403)


def probe(username: str) -> Ladder:
    """Ask whether anybody is there."""
    ladder = Ladder("stranger", username, username, WIRE.domain)
    return ladder.request("REGISTER", in_dialog=False, uri=f"sip:{WIRE.domain}")


def expect_silence(party) -> None:
    """The stranger's request and its repetitions are not answered by a single packet."""
    assert party.wait(10) != 0
    assert len(party.messages(sent=True)) > 1
    assert party.messages(sent=False) == []


def waiting(agent: str = "SIPp") -> Ladder:
    """A request, and waiting for an answer while it is repeated."""
    ladder = probe("101").expect(401, timeout_ms=1200)
    ladder.steps = [step.replace("User-Agent: SIPp", f"User-Agent: {agent}") for step in ladder.steps]
    return ladder


def banned(exchange: Exchange) -> dict[str, str]:
    """Sources banned now, with the reason."""
    return {each["source"]: each["reason"] for each in exchange.ask("bans")}


def test_password_guesser_gets_silence_after_ten_failures_and_nobody_else(exchange, stranger, sipp, registered):
    guesser = net.STRANGERS[0]
    expect_all(stranger(guesser, guess("101"), calls=FAILURES))
    assert banned(exchange) == {guesser: "failed logins"}
    expect_silence(stranger(guesser, waiting()))
    phone = registered("102", host=net.PUBLIC_PHONE, towards=net.EXCHANGE)
    ringing = sipp(called("102").ring_and_answer().byed(), host=phone[0], port=phone[1])
    calling = caller("101", "102").call().bye()
    expect_all(sipp(calling, host=net.PUBLIC_PHONE, towards=(net.EXCHANGE, exchange.port)), ringing)


def test_name_guesser_gets_silence_twice_as_soon(exchange, stranger):
    """Names that do not exist count double; the answers do not tell which do."""
    guesser = net.STRANGERS[1]
    expect_all(stranger(guesser, guess("nobody"), calls=FAILURES // 2))
    assert banned(exchange)[guesser] == "failed logins"
    expect_silence(stranger(guesser, waiting()))


def test_scanner_that_says_its_name_never_gets_an_answer(exchange, stranger):
    scanner = net.STRANGERS[2]
    expect_silence(stranger(scanner, waiting("friendly-scanner")))
    assert banned(exchange)[scanner] == "scanner"


def test_office_keeps_its_phones_while_a_colleague_s_old_password_fails(exchange, internet, sipp, registered):
    """Behind one address: the failing name alone is refused, however often it comes; the phones beside it work."""
    internet.translate(SAME_PORT)
    phone = registered("103", host=net.OFFICE_PHONES[0], towards=net.EXCHANGE, namespace=internet.office)
    with inside(internet.office):
        failing = sipp(
            guess("104"), host=net.OFFICE_PHONES[1], towards=(net.EXCHANGE, exchange.port),
            calls=4 * FAILURES, rate=50, at_once=1,
        )  # fmt: skip
    expect_all(failing, timeout_s=20)
    assert net.ROUTER not in banned(exchange)
    with inside(internet.office):  # a right guess among too many wrong ones is not let in
        right = guess("104", WIRE.password("104"))
        expect_all(sipp(right, host=net.OFFICE_PHONES[1], towards=(net.EXCHANGE, exchange.port)))
    with inside(internet.office):
        ringing = sipp(called("103").ring_and_answer().byed(), host=phone[0], port=phone[1])
        calling = sipp(
            caller("105", "103").call().bye(), host=net.OFFICE_PHONES[1], towards=(net.EXCHANGE, exchange.port)
        )  # fmt: skip
    expect_all(calling, ringing)
