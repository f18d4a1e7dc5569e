"""More calls than the exchange takes on: refused properly, running calls and registrations untouched."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange
from bench.peers.phone import register, unregister
from bench.peers.process import free_port, wait_until
from bench.peers.sipp import expect_all
from parties import PROVIDER, WIRE, called, outside_caller
from raw import RawParty, header

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One that takes on two calls."""
    with Exchange(tmp_path_factory.mktemp("exchange"), [WIRE], limits={"max_calls": 2}) as exchange:
        yield exchange


def test_call_above_the_limit_gets_503_and_the_others_go_on(exchange, sipp, registered):
    ladder = called("110").ring_and_answer().byed()
    phone = sipp(ladder, port=registered("110")[1], calls=2)
    ladder = outside_caller("+31612345678", "+31201000110", exchange.host).call().pause(1500).bye()
    running = sipp(ladder, calls=2, host=PROVIDER[0])
    with RawParty(PROVIDER[0], exchange.address, "+31201000111") as party:
        wait_until(lambda: exchange.ask("inventory")["calls"] == 2, 5, "two calls")
        party.send(party.invite())
        refusal = party.expect("SIP/2.0 503", " INVITE")
        party.send(party.ack_failure())
        assert int(header(refusal, "Retry-After")) > 0
        address = ("127.0.0.1", free_port())
        register(exchange.address, address, WIRE.domain, [("103", WIRE.password("103"))])
        unregister(exchange.address, address, WIRE.domain, "103", WIRE.password("103"))
    expect_all(running, phone)


def test_it_takes_calls_again_at_once(exchange, sipp, registered):
    phone = sipp(called("110").ring_and_answer().byed(), port=registered("110")[1])
    ladder = outside_caller("+31612345678", "+31201000110", exchange.host).call().bye()
    expect_all(sipp(ladder, host=PROVIDER[0]), phone)
