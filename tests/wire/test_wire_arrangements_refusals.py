"""Callers who are turned away hear why before they are refused: speech as early media, then the status (RFC 3960)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from arranged import ARRANGED, LINE, e164
from bench.lib.exchange import Exchange
from bench.peers.baresip import Account, Baresip
from bench.peers.sipp import expect_all
from ladder import Ladder
from parties import caller, outside_caller, provider


@pytest.fixture(scope="module")
def running_exchange(arranged_exchange: Exchange) -> Exchange:
    """The one all modules about arrangements share."""
    return arranged_exchange


WITHHELD = "222"
FROM_OUTSIDE = {
    ("+31612000001", "617"): (480, "no_plan_active"),  # outside all hours
    ("+31612000002", "231"): (482, "circle"),  # two people who forward to each other
    ("+31612000003", "248"): (403, "not_accepted"),  # selective acceptance
    ("+31690000001", "249"): (403, "on_blocklist"),
    ("+31612000004", "251"): (403, "rejected_by_rule"),
}
FROM_INSIDE = {
    ("101", "009001234567"): "company",
    ("103", "009001234567"): "company",  # the company's list wins over the person's, who has another (E 9.1)
    ("103", "00612345678"): "user",
}


def test_each_refusal_is_spoken_before_it_is_given(exchange, sipp, tmp_path):
    """All at once, since they speak for seconds. The withheld caller is a real phone that records what it hears."""
    parties = [
        sipp(told_and_refused(outside_caller(calling, e164(called), exchange.host, name=reason), status), host=LINE[0])
        for (calling, called), (status, reason) in FROM_OUTSIDE.items()
    ]
    parties += [
        sipp(told_and_refused(caller(calling, dialled, site=ARRANGED, name=f"blocked-{at}"), 403))
        for at, (calling, dialled) in enumerate(FROM_INSIDE)
    ]
    _a_withheld_caller_hears_it(exchange, tmp_path)
    expect_all(*parties, timeout_s=15)
    records = exchange.new_records(len(parties) + 1)
    assert {record.outcome for record in records} == {"refused"}
    assert not any(len(record.legs) > 1 for record in records)  # nobody's phone rang, nothing went out
    told = {record.reasons[-1].code for record in records}
    assert told == {reason for _, reason in FROM_OUTSIDE.values()} | {"blocked", "anonymous_rejected"}
    blocked = [record.reasons[-1] for record in records if record.reasons[-1].code == "blocked"]
    assert sorted(dict(reason.params)["by"] for reason in blocked) == sorted(FROM_INSIDE.values())


def told_and_refused(ladder: Ladder, status: int) -> Ladder:
    """Early media first, never an answer."""
    return ladder.dial().expect(100, optional=True).expect(183).refused(status)


def _a_withheld_caller_hears_it(exchange: Exchange, folder: Path) -> None:
    """Anonymous rejection (V 7.3), 433 (RFC 5079)."""
    account = Account("anonymous", "anonymous.invalid", "", exchange.address, register=False)
    with Baresip(account, folder, host=LINE[0]) as party:
        party.dial(f"sip:{e164(WITHHELD)}@{exchange.host}")
        party.daemon.wait_until(lambda: _speech_s(party) > 1.5, 8, "speech before the refusal")
        closed = party.wait_for("CALL_CLOSED", "CALL_ESTABLISHED", timeout_s=15)
        assert closed.type == "CALL_CLOSED"
        assert "433" in closed.param


def _speech_s(party: Baresip) -> float:
    """Seconds of what it has recorded that are louder than a murmur, by frames of 20 ms."""
    samples, rate_hz = party.heard(10)
    frame = rate_hz // 50
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    return float((np.sqrt((frames.astype(float) ** 2).mean(axis=1)) > 300).sum()) / 50 if len(frames) else 0.0


def test_others_are_put_through_to_the_same_people(exchange, call_in, answering):
    phones = answering(3)
    expect_all(call_in(("+31612000001", WITHHELD), ("+31301234567", "248"), ("+31612000002", "249")), phones)


def test_numbers_of_other_kinds_are_not_blocked(exchange, sipp):
    line = sipp(provider().ring_and_answer().byed(), host=LINE[0], port=LINE[1])
    expect_all(sipp(caller("101", "00612345678", site=ARRANGED).call().bye()), line)
