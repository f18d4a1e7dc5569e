"""The codes of every preset that have to do with other people's calls, from real phones: who hears whom (CALL-23)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bench.lib.exchange import Exchange
from bench.peers.sipp import expect_all
from parties import PROVIDER, SippStarter, called, provider
from talking import CALLED_HZ, CALLER_HZ, connect
from town import NUMBERS, SPEECH_S, THIRD_HZ, Town, towns

OUTSIDE = "0205550101"
PICKUP = (
    *(("standard", code) for code in ("908", "908103", "*8", "*8103")),
    *(("3cx", code) for code in ("*20*", "*20*103")),
    *(("one-net", code) for code in ("*98", "*97103")),
    *(("unify", code) for code in ("*57", "*59103")),
    ("gigaset", "*8"),
)
PARKING = (
    ("standard", "*6", "93001"),
    ("standard", "*07", "*17"),
    ("3cx", "*07", "*17"),
    ("one-net", "*68103", "*88103"),
    ("unify", "*567", "#567"),
)
HIDE = (("standard", "#31#"), ("standard", "131"), ("3cx", "*5"), ("one-net", "*67"))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with towns(tmp_path_factory.mktemp("exchange")) as exchange:
        yield exchange


@pytest.fixture
def town(exchange: Exchange, phone: Any, request: pytest.FixtureRequest) -> Town:
    return Town(exchange, phone, request.param)


@pytest.mark.parametrize(("town", "code"), PICKUP, indirect=["town"])
def test_a_call_that_rings_at_a_colleague_is_taken(town: Town, code: str) -> None:
    """Bert calls Carla, whose phone rings; Anna takes the call, and Bert hears her."""
    town.bert.dial("103")
    town.carla.wait_for("CALL_INCOMING")
    town.call(code)
    town.carla.wait_for("CALL_CLOSED")
    town.bert.wait_for_tone(CALLER_HZ)
    town.anna.wait_for_tone(CALLED_HZ)
    town.bert.hang_up()
    town.anna.wait_for("CALL_CLOSED")


@pytest.mark.parametrize(("town", "park", "retrieve"), PARKING, indirect=["town"])
def test_a_call_is_transferred_to_a_place_to_park_and_fetched_from_there(town: Town, park: str, retrieve: str) -> None:
    """Bert hears music meanwhile. Where Anna cannot know where he waits, her phone is called to tell her."""
    connect(town.bert, town.anna)
    town.anna.command("transfer", f"sip:{park}@{town.site.domain}")
    town.anna.wait_for("CALL_CLOSED")
    if park == "*6":
        town.anna.accept()
        town.hear()
        town.anna.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)
    town.bert.wait_for_change(CALLER_HZ)
    town.carla.dial(retrieve.replace("#", "%23"))
    town.carla.wait_for("CALL_ESTABLISHED")
    town.bert.wait_for_tone(THIRD_HZ)
    town.carla.wait_for_tone(CALLED_HZ)
    town.bert.hang_up()
    town.carla.wait_for("CALL_CLOSED")


@pytest.mark.parametrize(
    ("town", "code"), [("3cx", "*12*103"), ("one-net", "*33103"), ("unify", "*62103")], indirect=["town"]
)
def test_a_colleague_breaks_into_a_call_and_all_three_speak(town: Town, code: str) -> None:
    connect(town.bert, town.carla)
    town.call(code)
    town.anna.wait_for_tones(CALLED_HZ, THIRD_HZ)
    town.bert.wait_for_tones(CALLER_HZ, THIRD_HZ)
    town.carla.wait_for_tones(CALLER_HZ, CALLED_HZ)
    town.hang_up()
    town.bert.wait_for_tone(THIRD_HZ)
    town.bert.hang_up()
    town.carla.wait_for("CALL_CLOSED")


@pytest.mark.parametrize("code", ["*12*103", "*11*103"])
@pytest.mark.parametrize("town", ["3cx"], indirect=True)
def test_who_may_not_listen_is_told_so_and_hears_nothing(town: Town, code: str) -> None:
    """Only Anna may; here Bert tries, while she has Carla on the phone."""
    connect(town.anna, town.carla)
    town.bert.dial(code)
    town.bert.wait_for("CALL_ESTABLISHED")  # a code there is
    town.bert.wait_for_change(1.0, timeout_s=SPEECH_S)
    town.bert.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)
    town.anna.wait_for_tone(THIRD_HZ)
    town.carla.wait_for_tone(CALLER_HZ)
    town.hang_up()
    town.carla.wait_for("CALL_CLOSED")


@pytest.mark.parametrize("town", ["3cx"], indirect=True)
def test_a_colleague_listens_in_and_is_not_heard(town: Town) -> None:
    connect(town.bert, town.carla)
    town.call("*11*103")
    town.anna.wait_for_tones(CALLED_HZ, THIRD_HZ, timeout_s=SPEECH_S)
    town.carla.wait_for_tone(CALLED_HZ, timeout_s=SPEECH_S)  # she has been told
    town.bert.wait_for_tone(THIRD_HZ)
    town.bert.hang_up()
    town.anna.wait_for("CALL_CLOSED")


@pytest.mark.parametrize(
    ("town", "code"),
    [("standard", "*9*102"), ("3cx", "*9102"), ("one-net", "*50102"), ("unify", "*80102")],
    indirect=["town"],
)
def test_a_phone_is_asked_to_answer_by_itself(town: Town, sipp: SippStarter, registered: Any, code: str) -> None:
    """And no other call asks for that."""
    phone = sipp(called("102", site=town.site).ring_and_answer().byed(), port=registered("102", site=town.site)[1])
    town.call(code)
    town.hang_up()
    expect_all(phone)
    (invite,) = phone.received("INVITE")
    assert "answer-after=0" in str(invite.header("Call-Info"))


@pytest.mark.parametrize(
    ("town", "box", "own"),
    [("standard", "*7102", "1233"), ("3cx", "*4102", "999"), ("one-net", "*55102", "*86")],
    indirect=["town"],
)
def test_a_message_is_left_straight_in_a_box_and_its_owner_asks_for_it(town: Town, box: str, own: str) -> None:
    """That it is heard then is in ``test_process_voicemail``."""
    town.call(box)
    town.anna.send_digits("1")  # to the tone
    folder = town.exchange.settings.voicemail_dir / str(town.company_id)
    town.exchange.daemon.wait_until(
        lambda: any(path.stat().st_size > 30_000 for path in folder.glob("*.part")), SPEECH_S, "some message"
    )
    town.hang_up()
    town.exchange.daemon.wait_until(lambda: bool(town.messages("102")), SPEECH_S, "a message in the box")
    town.bert.dial(own)
    town.bert.wait_for("CALL_ESTABLISHED")
    town.bert.wait_for_change(1.0, timeout_s=SPEECH_S)
    town.bert.hang_up()
    town.bert.wait_for("CALL_CLOSED")


@pytest.mark.parametrize("town", ["standard"], indirect=True)
def test_a_call_is_without_music_on_hold_by_a_code_before_it_or_in_it(town: Town) -> None:
    """*60 and a number, or *60 and then ##."""
    town.anna.dial("*60102")
    town.bert.accept()
    town.bert.wait_for_tone(CALLER_HZ)
    town.anna.hold()
    town.bert.wait_for_silence()
    town.hang_up()
    town.bert.wait_for("CALL_CLOSED")
    connect(town.anna, town.bert)
    town.anna.send_digits("*60##")
    town.bert.wait_for_silence()
    town.bert.hang_up()
    town.anna.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)


def call_outside(town: Town, sipp: SippStarter, *prefixes: str) -> list[Any]:
    """Anna calls outside once with each of these in front; the INVITEs that the line gets."""
    line = sipp(provider().ring_and_answer().byed(), host=PROVIDER[0], port=PROVIDER[1], calls=len(prefixes))
    for prefix in prefixes:
        town.call(f"{prefix}{OUTSIDE}")
        town.hang_up()
    expect_all(line)
    return list(line.received("INVITE"))


@pytest.mark.parametrize(("town", "code"), HIDE, indirect=["town"])
def test_a_number_is_hidden_for_one_call(town: Town, sipp: SippStarter, code: str) -> None:
    hidden, shown = call_outside(town, sipp, code, "")
    assert hidden.header("Privacy") == "id"
    assert "anonymous" in str(hidden.header("From"))
    assert "anonymous" not in str(shown.header("From"))


@pytest.mark.parametrize("town", ["standard"], indirect=True)
def test_the_number_for_a_hidden_call_is_asked_where_none_follows(town: Town, sipp: SippStarter) -> None:
    line = sipp(provider().ring_and_answer().byed(), host=PROVIDER[0], port=PROVIDER[1])
    town.call("#31#")
    town.hear()
    town.anna.send_digits(f"{OUTSIDE}#")
    town.exchange.daemon.wait_until(lambda: bool(line.received("ACK")), 15, "the line's answer")
    town.hang_up()
    expect_all(line)
    assert line.received("INVITE")[0].header("Privacy") == "id"


@pytest.mark.parametrize(("town", "codes"), [
    ("standard", ["#30#", *(f"#3{number}#" for number in range(2, 10))]),
    ("standard", ["130", *(f"13{number}" for number in range(2, 10))]),
    ("one-net", ["*65"]),
], indirect=["town"])  # fmt: skip
def test_each_of_a_persons_numbers_is_shown_by_a_code_of_its_own(
    town: Town, sipp: SippStarter, codes: list[str]
) -> None:
    invites = call_outside(town, sipp, *codes)
    assert [shown_by(invite) for invite in invites] == list(NUMBERS[: len(codes)])


def shown_by(invite: Any) -> str:
    """The number of whoever calls."""
    return str(invite.header("From")).partition("sip:")[2].partition("@")[0]
