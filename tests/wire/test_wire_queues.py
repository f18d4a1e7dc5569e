"""Queues among real phones: what callers hear, who gets whose call, where those go who do not wait (E 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from arranged import LINE, number_of, reached_in_order, silent_bank, to
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Account, Baresip
from bench.peers.phone import register
from bench.peers.process import free_port
from bench.peers.sipp import Sipp, expect_all
from ladder import Ladder
from parties import outside_caller, provider

from kiestoon.company.model import ForwardExtension, Number, Queue, QueueMember
from kiestoon.media.audio.clip import Decoding
from kiestoon.media.audio.sounds import MUSIC_ON_HOLD
from kiestoon.store.write import Changes

CALLER_HZ, AGENT_HZ = 440, 800
WRAP_UP_S = 2
AGENTS = ("127.0.1.4", free_port("127.0.1.4"))
SILENT = ("127.0.1.5", free_port("127.0.1.5"))
ELSEWHERE = "130"
SPEAKING, WRAPPING, ABSENT, OUTSIDE = "101", "111", "121", "0612000351"
BY_TURN, BY_RANK, ALL = ("131", "132", "133"), ("134", "135", "136"), ("137", "138", "139")
QUEUES: dict[str, dict[str, object]] = {
    "700": {"introduction": True},
    "701": {"wrap_up_s": WRAP_UP_S},
    "702": {"strategy": "longest_idle"},
    "703": {"strategy": "sequential"},
    "704": {"strategy": "ring_all"},
    "705": {"limit": 1, "leave_to": to(ELSEWHERE)},
    "706": {"nobody_to": to(ELSEWHERE)},
    "707": {"forward_to": to(ELSEWHERE), "forward_after_s": 1},
    "708": {"confirm": False},
}
"""All of them called Support."""
MEMBERS = {
    "700": (SPEAKING,), "701": (WRAPPING,), "702": BY_TURN, "703": BY_RANK, "704": ALL, "705": (ABSENT,),
    "706": (), "707": (ABSENT,), "708": ("350",),
}  # fmt: skip


def e164(short: str) -> str:
    """The company's outside number for an extension."""
    return f"+31209000{short}"


SITE = Site(
    name="Queues",
    domain="queues.example",
    extensions=(SPEAKING, WRAPPING, ABSENT, ELSEWHERE, *BY_TURN, *BY_RANK, *ALL),
    trunks=({"name": "line", "kind": "peer", "host": LINE[0], "port": LINE[1], "sources": (LINE[0],)},),
    company={"area_code": "020", "caller_number": e164("100")},
)


def fill(changes: Changes) -> None:
    """The queues, and who is a member."""
    changes.add(Number(id=0, company_id=1, e164=e164("100")))
    changes.add(ForwardExtension(id=0, company_id=1, extension="350", name="Home", to=to(OUTSIDE)))
    for extension, fields in QUEUES.items():
        queue = changes.add(Queue(id=0, company_id=1, extension=extension, name="Support", **fields))  # type: ignore[arg-type]
        changes.add(Number(id=0, company_id=1, e164=e164(extension), extension=extension))
        for position, member in enumerate(MEMBERS[extension]):
            row = QueueMember(id=0, company_id=1, queue_id=queue.id, extension=member, position=position)
            changes.add(row)


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One with the queues; SIPp has the agents' phones, but for those of ``SPEAKING`` and ``ABSENT``."""
    with Exchange(tmp_path_factory.mktemp("queues"), (SITE,), fill=fill) as exchange:
        answering = (WRAPPING, ELSEWHERE, *BY_TURN, *BY_RANK, ALL[1])
        for address, extensions in ((AGENTS, answering), (SILENT, (ALL[0], ALL[2]))):
            users = [(extension, SITE.password(extension)) for extension in extensions]
            register(exchange.address, address, SITE.domain, users)
        yield exchange


@pytest.fixture
def agents(sipp):
    """Start agents who speak so long with each of so many callers, and hang up."""

    def start(calls: int, speaks_ms: int = 0) -> Sipp:
        ladder = Ladder("agents", "phone", "", SITE.domain).ring_and_answer()
        ladder = (ladder.pause(speaks_ms) if speaks_ms else ladder).bye()
        return sipp(ladder, host=AGENTS[0], port=AGENTS[1], calls=calls)

    return start


@pytest.fixture
def callers(sipp, exchange):
    """Start callers who wait, speak, and are hung up on: ``callers("702", 9, at_once=1)``. Each has a number."""

    def start(queue: str, calls: int = 1, first: int = 1, waits: bool = True, **options: object) -> Sipp:
        rows = [(f"+316120000{first + at:02}",) for at in range(calls)]
        ladder = outside_caller("[field0]", e164(queue), exchange.host).call()
        if waits:
            ladder.await_request("UPDATE").respond(200, "OK")  # is told whom he speaks with (RFC 4916)
        ladder.byed()
        return sipp(ladder, host=LINE[0], calls=calls, rows=rows, **{"rate": 20, **options})

    return start


@pytest.fixture
def caller(tmp_path, exchange) -> Iterator[Baresip]:
    """Somebody outside with a real phone."""
    account = Account("+31612000001", LINE[0], "", exchange.address, register=False)
    with Baresip(account, tmp_path, tone_hz=CALLER_HZ, host=LINE[0]) as phone:
        yield phone


def call(phone: Baresip, queue: str, exchange: Exchange) -> None:
    """The caller is in the queue."""
    phone.dial(f"sip:{e164(queue)}@{exchange.host}")
    phone.wait_for("CALL_ESTABLISHED")


def shown(party: Sipp) -> list[str]:
    """Whose calls a party was offered, call after call."""
    return [number_of(invite.header("From")) for invite in party.received("INVITE")]


def likeness_to_music(samples: np.ndarray, rate_hz: int) -> float:
    """How much a second sounds like some second of the music on hold: 1.0 = the same."""
    decoding = Decoding(MUSIC_ON_HOLD, rate_hz)
    parts = []
    while (part := decoding.next()) is not None:
        parts.append(part)
    music = np.concatenate(parts).astype(np.float64)
    decoding.close()
    music = np.concatenate((music, music[: len(samples)]))  # it has no end
    heard = samples.astype(np.float64)
    size = 1 << (len(music) + len(heard)).bit_length()
    alike = np.fft.irfft(np.fft.rfft(music, size) * np.fft.rfft(heard, size).conj(), size)
    sums = np.concatenate(([0.0], np.cumsum(music**2)))
    places = len(music) - len(heard) + 1
    loud = np.sqrt(np.maximum(sums[len(heard) :] - sums[:places], 1.0) * (heard @ heard + 1.0))
    return float(np.max(alike[:places] / loud))


# --- what is heard ---------------------------------------------------------------------------------------------------


def test_a_caller_hears_the_introduction_then_music_then_the_agent(exchange, phone, caller):
    """E 7.5.17: nobody rings before the introduction is over."""
    agent = phone(SPEAKING, tone_hz=AGENT_HZ, site=SITE)
    call(caller, "700", exchange)
    caller.wait_for_change(425, for_s=1.0)
    assert likeness_to_music(*caller.heard(1.0)) < 0.4
    assert not any(event.type == "CALL_INCOMING" for event in agent.history)
    ringing = agent.wait_for("CALL_INCOMING", timeout_s=15)
    assert ringing.data["peerdisplayname"] == "Support - Phone +31612000001"
    caller.wait_for_change(425, for_s=1.0)
    assert likeness_to_music(*caller.heard(1.0)) > 0.7
    agent.command("accept")
    agent.wait_for_tone(CALLER_HZ)
    caller.wait_for_tone(AGENT_HZ)
    agent.hang_up()
    caller.wait_for("CALL_CLOSED")
    (record,) = exchange.new_records()
    assert [(segment.kind, segment.party) for segment in record.segments] == [("service", "700"), ("talk", SPEAKING)]


# --- whose turn it is ------------------------------------------------------------------------------------------------


def test_callers_are_served_as_they_came_and_the_agent_may_wrap_up(exchange, agents, callers):
    """E 7.1, E 7.5.11; calls show the queue's name and ring as a queue's."""
    serving, waiting = agents(3, speaks_ms=200), callers("701", 3)
    expect_all(waiting, serving, timeout_s=20)
    invites = serving.received("INVITE")
    assert shown(serving) == ["+31612000001", "+31612000002", "+31612000003"]
    assert [invite.header("From").partition(" <")[0] for invite in invites] == [
        f'"Support - SIPp +3161200000{n}"' for n in (1, 2, 3)
    ]
    assert all("info=alert-queue" in invite.header("Alert-Info") for invite in invites)
    hung_up = [each.at_s for each in serving.messages(sent=True) if each.text.startswith("BYE")]
    for over_s, next_invite in zip(hung_up, invites[1:], strict=False):
        assert (next_invite.at_s - over_s) % 86_400 >= WRAP_UP_S - 0.05


def test_whoever_has_been_idle_for_longest_gets_the_next_call(exchange, agents, callers):
    """E 7.5.7."""
    serving = agents(9)
    expect_all(callers("702", 9, at_once=1), serving, timeout_s=15)
    order = reached_in_order(serving)
    assert Counter(order) == dict.fromkeys(BY_TURN, 3)
    assert order == [*order[:3], *order[:3], *order[:3]]


def test_the_first_free_agent_of_the_list_gets_each_call(exchange, agents, callers):
    """E 7.5.7, "sequential": one after the other the first takes all; at once they take one each, by rank."""
    serving = agents(4)
    expect_all(callers("703", 4, at_once=1), serving, timeout_s=15)
    assert reached_in_order(serving) == [BY_RANK[0]] * 4
    serving = agents(4, speaks_ms=1000)
    expect_all(callers("703", 4), serving, timeout_s=15)
    assert reached_in_order(serving)[:3] == list(BY_RANK)
    assert shown(serving) == [f"+3161200000{n}" for n in (1, 2, 3, 4)]


def test_all_agents_ring_for_one_caller_at_a_time(exchange, sipp, agents, callers):
    """E 7.5.7, "ring all": one of three answers, each time."""
    serving, silent = agents(3), sipp(silent_bank(), host=SILENT[0], port=SILENT[1], calls=6)
    expect_all(callers("704", 3, at_once=1), serving, silent, timeout_s=15)
    assert reached_in_order(serving) == [ALL[1]] * 3
    assert Counter(reached_in_order(silent)) == {ALL[0]: 3, ALL[2]: 3}
    assert all("elsewhere" in each.header("Reason") for each in silent.received("CANCEL"))


def test_a_forward_extension_takes_its_calls_outside(exchange, sipp, callers):
    """E 4.11, E 7.5.3."""
    line = sipp(provider().ring_and_answer().bye(), host=LINE[0], port=LINE[1], calls=2)
    expect_all(callers("708", 2), line, timeout_s=15)
    assert [number_of(invite.text) for invite in line.received("INVITE")] == ["+31612000351"] * 2
    sent = [each.text.split()[0:2] for each in line.messages(sent=True)]
    first_bye = next(at for at, words in enumerate(sent) if words[0] == "BYE")
    assert sum(words == ["SIP/2.0", "200"] for words in sent[:first_bye]) == 1  # the second when the first is over


# --- where others go -------------------------------------------------------------------------------------------------


def test_a_full_queue_is_busy_and_who_presses_1_goes_elsewhere(exchange, sipp, caller, agents):
    """E 7.5.13, E 7.5.14: keys as telephone events (RFC 4733) of a real phone."""
    call(caller, "705", exchange)
    caller.wait_for_change(425)
    refused = outside_caller("+31612000002", e164("705"), exchange.host).dial().refused(486)
    expect_all(sipp(refused, host=LINE[0]))
    elsewhere = agents(1)
    caller.send_digits("1")
    expect_all(elsewhere)
    assert reached_in_order(elsewhere) == [ELSEWHERE]
    caller.wait_for("CALL_CLOSED")


def test_who_finds_no_agents_or_waits_too_long_goes_elsewhere(exchange, agents, callers):
    """V 23.3.2, E 7.5.20."""
    elsewhere = agents(2)
    expect_all(callers("706", waits=False), callers("707", first=2), elsewhere)
    assert reached_in_order(elsewhere) == [ELSEWHERE] * 2
    reasons = {
        number_of(each.header("From")): each.header("Diversion").partition(";")[2]
        for each in elsewhere.received("INVITE")
    }
    assert reasons == {"+31612000001": "reason=unavailable", "+31612000002": "reason=no-answer"}
