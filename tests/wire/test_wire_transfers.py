"""Every kind of transfer with real phones: who hears whom, and what each display shows (CALL-4 to CALL-7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Baresip
from bench.peers.sipp import expect_all
from ladder import check_header, sdp
from parties import PhoneStarter, SippStarter, called, caller
from talking import CALLED_HZ, CALLER_HZ, SPEECH_S, connect

from kiestoon.company.code_presets import preset_codes
from kiestoon.company.model import Company, TransferOptions
from kiestoon.store.write import Changes

THIRD_HZ, BEEP_HZ = 1200, 440
ANNA, BERT, CARLA = "101", "102", "103"
NAMES = {ANNA: "Anna", BERT: "Bert", CARLA: "Carla"}
SITE = Site(
    name="Transfers", domain="transfers.example", extensions=tuple(NAMES),
    users={extension: {"name": name} for extension, name in NAMES.items()},
)  # fmt: skip
UPDATES = "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\n"


def fill(changes: Changes) -> None:
    """The standard codes; Bert's transfers come back after two rings."""
    for row in preset_codes("standard", Company(id=1, name=SITE.name, domain=SITE.domain)):
        changes.add(row)
    changes.add(TransferOptions(id=0, company_id=1, user_id=SITE.extensions.index(BERT) + 1, recall_rings=2))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """For phones with MD5."""
    folder = tmp_path_factory.mktemp("transfers")
    with Exchange(folder, [SITE], fill=fill, sip={"digest": ("SHA-256", "MD5")}) as exchange:
        yield exchange


@pytest.fixture
def anna(exchange: Exchange, phone: PhoneStarter) -> Baresip:
    """Who is transferred."""
    return phone(ANNA, site=SITE, tone_hz=CALLER_HZ)


@pytest.fixture
def bert(exchange: Exchange, phone: PhoneStarter) -> Baresip:
    """Who transfers."""
    return phone(BERT, site=SITE, tone_hz=CALLED_HZ)


@pytest.fixture
def carla(exchange: Exchange, phone: PhoneStarter) -> Baresip:
    """To whom."""
    return phone(CARLA, site=SITE, tone_hz=THIRD_HZ)


def shown(phone: Baresip, timeout_s: float = 10.0) -> str:
    """What the display shows of who calls."""
    rings = phone.wait_for("CALL_INCOMING", timeout_s=timeout_s)
    return f"{rings.data['peerdisplayname']} {str(rings.data['peeruri']).partition(':')[2].partition('@')[0]}"


def refer(phone: Baresip, target: str) -> None:
    """The phone's own key for a transfer unannounced."""
    phone.command("transfer", f"sip:{target}@{SITE.domain}")


def speak(one: Baresip, other: Baresip) -> None:
    """Each hears the other, until the first hangs up."""
    one.wait_for_tone(other.tone_hz)
    other.wait_for_tone(one.tone_hz)
    one.hang_up()
    other.wait_for("CALL_CLOSED")


def test_who_gets_a_transferred_call_sees_the_caller_and_not_who_transferred(
    anna: Baresip, bert: Baresip, carla: Baresip
) -> None:
    connect(anna, bert)
    refer(bert, CARLA)
    assert shown(carla) == "Anna 101"
    bert.wait_for("CALL_CLOSED")
    carla.command("accept")
    speak(anna, carla)


@pytest.mark.parametrize("by", ["UPDATE", "INVITE"])
def test_who_is_asked_before_sees_who_asks_and_then_the_caller(
    anna: Baresip, bert: Baresip, sipp: SippStarter, registered: Any, by: str
) -> None:
    """##103#, and Bert hangs up. The display changes by UPDATE where the phone knows that (RFC 3311, RFC 4916)."""
    ladder = called(CARLA, site=SITE).invited().respond_invite(180, "Ringing")
    ladder.respond_invite(200, "OK", body=sdp(), headers=UPDATES if by == "UPDATE" else "").await_request("ACK")
    if by == "UPDATE":
        ladder.await_request("UPDATE", check=identity(ANNA)).respond(200, "OK")
    else:
        ladder.invited(again=True, check=identity(ANNA)).respond_invite(200, "OK", body=sdp()).await_request("ACK")
    asked = sipp(ladder.byed(), port=registered(CARLA, site=SITE)[1])
    connect(anna, bert)
    bert.send_digits("##103#")
    bert.daemon.wait_until(lambda: bool(asked.received("ACK")), 10, "Carla answers")
    assert f"sip:{BERT}@" in str(asked.received("INVITE")[0].header("From"))
    before = len(asked.received(by))
    bert.hang_up()
    bert.daemon.wait_until(lambda: len(asked.received(by)) > before, 10, "Carla's display")
    bert.wait_for("CALL_CLOSED")
    asked.daemon.wait_until(lambda: len(asked.received("ACK")) == 1 + (by == "INVITE"), 10, "it is told")
    anna.hang_up()
    expect_all(asked)


def test_who_is_transferred_sees_whom_he_speaks_with(
    exchange: Exchange, bert: Baresip, carla: Baresip, sipp: SippStarter
) -> None:
    ladder = caller(ANNA, BERT, site=SITE).call(headers=UPDATES)
    moved = sipp(ladder.await_request("UPDATE", check=identity(CARLA)).respond(200, "OK").byed())
    bert.accept()
    refer(bert, CARLA)
    carla.accept()
    carla.daemon.wait_until(lambda: bool(moved.received("UPDATE")), 10, "Anna's display")
    carla.hang_up()
    expect_all(moved)


def identity(extension: str) -> str:
    """The display shows somebody's name and number."""
    return check_header("P-Asserted-Identity", f'"{NAMES[extension]}".*sip:{extension}@')


def test_a_caller_who_is_passed_on_while_it_rings_waits_and_speaks_with_who_answers(
    anna: Baresip, bert: Baresip, carla: Baresip
) -> None:
    """##103#, and Bert hangs up before Carla answers."""
    connect(anna, bert)
    bert.send_digits("##103#")
    assert shown(carla) == "Bert 102"
    anna.wait_for_change(CALLED_HZ)
    bert.hang_up()
    carla.command("accept")
    speak(anna, carla)


def test_a_transferred_call_nobody_answers_comes_back_and_says_so(
    exchange: Exchange, anna: Baresip, bert: Baresip, carla: Baresip
) -> None:
    connect(anna, bert)
    refer(bert, CARLA)
    carla.wait_for("CALL_INCOMING")
    bert.wait_for("CALL_CLOSED")
    assert shown(bert, timeout_s=20) == "recall: Anna 101"
    carla.wait_for("CALL_CLOSED")
    bert.command("accept")
    speak(anna, bert)
    (record,) = exchange.new_records(1)
    assert [segment.party for segment in record.segments if segment.kind == "talk"] == [BERT, BERT]


def test_a_call_is_transferred_to_a_colleagues_voicemail(exchange: Exchange, anna: Baresip, bert: Baresip) -> None:
    """Bert is free at once; Anna hears the greeting, and the tone."""
    connect(anna, bert)
    refer(bert, f"*7{CARLA}")
    bert.wait_for("CALL_CLOSED")
    anna.wait_for_change(CALLED_HZ, timeout_s=SPEECH_S)
    anna.send_digits("1")
    anna.wait_for_tone(BEEP_HZ, timeout_s=SPEECH_S, for_s=0.2)
    anna.hang_up()


def test_a_screen_transfers_a_call(exchange: Exchange, anna: Baresip, bert: Baresip, carla: Baresip) -> None:
    """For phones without such a key."""
    connect(anna, bert)
    (call,) = exchange.ask("live_calls", company_id=1)
    wish: dict[str, Any] = {"company_id": 1, "call": call["id"], "operation": "transfer", "user_id": 2, "to": CARLA}
    assert exchange.ask("operate_call", **wish) == {}
    assert shown(carla) == "Anna 101"
    carla.command("accept")
    bert.wait_for("CALL_CLOSED")
    speak(anna, carla)


def test_a_transfer_to_oneself_leaves_the_call_as_it_was(anna: Baresip, bert: Baresip) -> None:
    """The phone hangs up by itself when it is refused; the caller comes back to it."""
    connect(anna, bert)
    refer(bert, BERT)
    bert.wait_for("TRANSFER_FAILED")
    bert.accept()
    speak(anna, bert)
