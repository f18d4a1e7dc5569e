"""Forwarding by code: each code switches, confirms what is in force, and tells it when asked (CALL-23, REACH-1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from code_world import ANNA, BERT, CARLA, CodeWorld

from kiestoon.company.model import Destination, Forward, Number, ShortNumber, User

OUTSIDE = "+31701234567"


@pytest.fixture
def world() -> Iterator[CodeWorld]:
    town = CodeWorld()
    yield town
    town.assert_nothing_left()


def set_up(world: CodeWorld, case: str, to: str = CARLA, **fields: object) -> None:
    row = Forward(id=0, company_id=1, extension=ANNA, case=case, to=Destination("extension", to))  # type: ignore[arg-type]
    for name, value in fields.items():
        row = type(row)(**{**{field: getattr(row, field) for field in row.__struct_fields__}, name: value})
    world.add(row)


# --- on, off, voicemail ----------------------------------------------------------------------------------------------

CASES = [("always", "*72", "*73"), ("busy", "*90", "*91"), ("no_answer", "*92", "*93"), ("unreachable", "*94", "*95")]


@pytest.mark.parametrize(("case", "on", "off"), CASES)
def test_a_code_with_a_number_forwards_there_and_says_so(world: CodeWorld, case: str, on: str, off: str) -> None:
    spoken = f"nl/forward-{case.replace('_', '-')}"
    talk = world.call(on + CARLA)
    assert world.forwards() == {case: ("extension", CARLA)}  # in force before it is said
    assert talk.listen()[0] == f"{spoken}-to to={CARLA}"
    assert talk.over
    talk = world.call(off)
    assert world.forwards() == {}
    assert talk.listen() == [f"{spoken}-off"]
    assert set(world.trail()) == {("Anna (phone)", "forwards")}


def test_calls_go_where_they_were_forwarded_and_come_back_when_that_is_off(world: CodeWorld) -> None:
    world.desk(CARLA)
    world.call(f"*72{CARLA}").listen()
    assert world.outcome_of_call(ANNA, BERT) == f"answered by {CARLA}"
    world.call("*73").listen()
    assert world.outcome_of_call(ANNA, BERT) == f"answered by {ANNA}"


def test_forwarding_to_the_own_mobile_tells_the_number_it_has_now(world: CodeWorld) -> None:
    world.add(Forward(id=0, company_id=1, extension=ANNA, case="always", to=Destination("mobile")))
    assert world.call("*72*").listen() == ["nl/forward-always-off"]  # there is none
    world.change(User, world.user(ANNA).id, mobile_number="+31612345678")
    assert world.call("*72*").listen() == ["nl/forward-always-to to=+31612345678"]


def test_forwarding_to_a_colleagues_voicemail_leads_there_and_to_the_own_one_to_ones_own(world: CodeWorld) -> None:
    world.call(f"*72*55{CARLA}").listen()
    assert world.forwards() == {"always": ("voicemail", CARLA)}
    world.call(f"*72*55{ANNA}").listen()
    assert world.forwards() == {"always": ("voicemail", "")}


def test_no_answer_tells_after_how_many_rings(world: CodeWorld) -> None:
    assert world.call(f"*92{CARLA}").listen() == [
        f"nl/forward-no-answer-to to={CARLA}", "nl/forward-after-rings rings=4",
    ]  # fmt: skip


def test_voicemail_takes_the_place_of_a_number_and_a_number_that_of_voicemail(world: CodeWorld) -> None:
    world.call(f"*72{CARLA}").listen()
    assert world.call("*21").listen() == ["nl/forward-always-voicemail"]
    assert world.forwards() == {"always": ("voicemail", "")}
    world.call(f"*72{BERT}").listen()
    assert world.forwards() == {"always": ("extension", BERT)}
    assert len(world.rows_of(Forward)) == 1


def test_an_outside_number_is_kept_as_everybody_understands_it(world: CodeWorld) -> None:
    for keyed in ("00701234567", "0701234567"):
        assert world.call(f"*72{keyed}").listen() == [f"nl/forward-always-to to={OUTSIDE}"]
        assert world.forwards() == {"always": ("number", OUTSIDE)}


def test_a_short_number_of_the_company_is_written_out(world: CodeWorld) -> None:
    world.add(ShortNumber(id=0, company_id=1, code="2001", number="00701234567", name="Notary"))
    assert world.call("*722001").listen() == [f"nl/forward-always-to to={OUTSIDE}"]


def test_off_also_ends_forwarding_of_single_numbers_and_keeps_the_targets(world: CodeWorld) -> None:
    set_up(world, "always")
    set_up(world, "always", own_number="+31201234101")
    world.call("*73").listen()
    assert world.forwards() == {}
    assert [row.to.target for row in world.rows_of(Forward)] == [CARLA, CARLA]


def test_off_when_nothing_is_on_says_that_it_is_off(world: CodeWorld) -> None:
    assert world.call("*73").listen() == ["nl/forward-always-off"]
    assert world.trail() == []


# --- asking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("case", "on", "off"), CASES)
@pytest.mark.parametrize("state", ["off", "extension", "voicemail"])
def test_a_star_behind_either_code_asks_and_changes_nothing(
    world: CodeWorld, case: str, on: str, off: str, state: str
) -> None:
    if state != "off":
        set_up(world, case, voicemail=True) if state == "voicemail" else set_up(world, case)
    if state == "voicemail":
        row = world.rows_of(Forward)[0]
        world.change(Forward, row.id, to=Destination())
    before = world.rows_of(Forward)
    told = {"off": "off", "extension": f"to to={CARLA}", "voicemail": "voicemail"}[state]
    for code in (on, off):
        assert world.call(f"{code}*").listen()[0] == f"nl/forward-{case.replace('_', '-')}-{told}"
    assert world.rows_of(Forward) == before
    assert world.writing.asked == []


def test_what_is_not_active_counts_as_off(world: CodeWorld) -> None:
    set_up(world, "always", active=False)
    assert world.call("*72*").listen() == ["nl/forward-always-off"]


# --- a number that is missing or wrong -------------------------------------------------------------------------------


def test_the_code_alone_asks_for_the_number(world: CodeWorld) -> None:
    talk = world.call("*72")
    assert talk.hears == "nl/forward-ask-number"
    talk.key(f"{CARLA}#")
    assert talk.listen() == [f"nl/forward-always-to to={CARLA}"]
    assert world.forwards() == {"always": ("extension", CARLA)}


WRONG = [
    ("204", "nl/unknown-extension extension=204"),
    (ANNA, "nl/forward-wrong-number"),
    ("00201234101", "nl/forward-wrong-number"),
    ("112", "nl/forward-wrong-number"),
    ("0112", "nl/forward-wrong-number"),
    ("*9*1", "nl/invalid-number"),
    ("00", "nl/invalid-number"),
    ("009001234", "nl/destination-blocked"),
]


@pytest.mark.parametrize(("keyed", "told"), WRONG)
def test_a_wrong_number_is_refused_with_the_reason_and_asked_for_again(world: CodeWorld, keyed: str, told: str) -> None:
    world.change(User, world.user(ANNA).id, blocked=("premium",))
    talk = world.call(f"*72{keyed}")
    assert talk.listen() == [told, "nl/forward-ask-number"]
    assert world.forwards() == {}
    talk.key(f"{BERT}#")
    assert talk.listen() == [f"nl/forward-always-to to={BERT}"]


def test_three_wrong_numbers_are_enough(world: CodeWorld) -> None:
    talk = world.call("*72")
    for _ in range(3):
        talk.key("999#")
        assert talk.hears == "nl/unknown-extension extension=999"
        talk.finish()
    assert talk.listen() == ["nl/goodbye"]
    assert talk.over
    assert world.writing.asked == []


def test_silence_is_answered_and_ends(world: CodeWorld) -> None:
    talk = world.call("*72")
    for _ in range(3):
        talk.finish()
        talk.wait(9)
        assert talk.hears == "nl/nothing-keyed"
        talk.finish()
    assert talk.listen() == ["nl/goodbye"]
    assert talk.over


# --- what can go wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["*72103", "*73", "*21", "*90103", "*91", "*92103", "*93", "*94103", "*95"])
def test_when_it_cannot_be_written_the_caller_hears_so_and_nothing_has_changed(world: CodeWorld, code: str) -> None:
    set_up(world, "always", BERT)
    before = world.rows_of(Forward)
    world.writing.broken = True
    assert world.call(code).listen() == ["nl/not-possible-now"]
    assert world.rows_of(Forward) == before
    assert world.trail() == []


@pytest.mark.parametrize("at", ["question", "keying", "writing", "confirmation"])
def test_whoever_hangs_up_on_the_way_leaves_nothing_behind(world: CodeWorld, at: str) -> None:
    talk = world.call("*72")
    world.writing.held = at == "writing"
    if at != "question":
        talk.key("10")
    if at in ("writing", "confirmation"):
        talk.key("3#")
    talk.hang_up()
    world.writing.let_go()
    world.run(5)
    written = at in ("writing", "confirmation")  # keyed in whole: done, heard or not
    assert world.forwards() == ({"always": ("extension", CARLA)} if written else {})


def test_a_person_who_is_removed_meanwhile_changes_nothing(world: CodeWorld) -> None:
    talk = world.call("*72")
    world.remove(world.rows_of(Number)[0])
    world.remove(world.user(ANNA))
    talk.key(f"{CARLA}#")
    assert talk.listen() == ["nl/not-possible-now"]
    assert talk.over
    assert world.rows_of(Forward) == []


def test_a_phone_nobody_is_logged_in_on_switches_nothing(world: CodeWorld) -> None:
    world.desk(ANNA)
    phone = world.exchange.directory.company(1).devices["anna-desk"]  # type: ignore[union-attr]
    world.change(type(phone), phone.id, user_id=None)
    talk = world.call("*72103")
    assert talk.listen(), "it is said why"
    assert talk.over
    assert world.records[-1].sip_status == 403
    assert world.forwards() == {}


def test_the_confirmation_is_in_the_callers_language(world: CodeWorld) -> None:
    world.change(User, world.user(ANNA).id, language="en")
    assert world.call("*73").listen() == ["en/forward-always-off"]
