"""Music for those who wait: whose, and none for a call (VM-9, V 26.4, V 7.6.4)."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from test_basic_calls import in_call
from test_outside_lines import call_in
from test_parking_and_pickup import with_codes
from test_transfers import refer
from test_voicemail import press
from world import World

from kiestoon.company.model import CompanyRows, Department, Location, MusicFile, MusicOnHold
from kiestoon.media.protocol import Music, Tone
from kiestoon.sip import events

FOLDER = "/recordings/1"


def town(*settings: dict[str, Any], bert: dict[str, Any] | None = None) -> World:
    """Anna is of the archive, a part of the town hall, Bert of the town hall itself; both are at the square."""
    rows: CompanyRows = with_codes()
    departments = (
        Department(id=1, company_id=1, name="Town hall"),
        Department(id=2, company_id=1, name="Archive", parent_id=1),
    )
    places = {
        1: {"department_id": 2, "location_id": 1},
        2: {"department_id": 1, "location_id": 1, **(bert or {})},
        3: {},
    }
    users = tuple(msgspec.structs.replace(user, **places[user.id]) for user in rows.users)
    files = tuple(
        MusicFile(id=n, company_id=1, playlist=name, file=f"{name}{position}.ogg", duration_ms=1000, position=position)
        for n, (name, position) in enumerate((("one", 1), ("two", 2), ("two", 1), ("quiet", 1), ("lot", 1)), 1)
    )
    music = tuple(MusicOnHold(id=n, company_id=1, **fields) for n, fields in enumerate(settings, 1))
    rows = msgspec.structs.replace(
        rows, users=users, departments=departments, locations=(Location(id=1, company_id=1, name="Square"),),
        music_files=files, music_on_hold=music,
    )  # fmt: skip
    return World(rows=rows, recordings_folder="/recordings")


def played(world: World, phone: Any, session: Any) -> list[str]:
    """The files of the music this phone hears, without the folder; [] = silence."""
    termination = world.media.at(int(phone.sends_to(session)))
    found = [source for source in termination.signals.values() if isinstance(source, Music)]
    assert len(found) <= 1
    return [path.removeprefix(FOLDER + "/") for music in found for path in (music.path, *music.then)]


def held_by_bert(world: World) -> tuple[Any, Any, Any, Any]:
    """Anna called Bert, who holds."""
    _, anna, bert, session, other = in_call(world)
    bert.hold(other)
    bert.direction = "sendrecv"
    world.run()
    return anna, session, bert, other


def close(world: World, session: Any) -> None:
    session.bye(world.network.now)
    world.assert_nothing_left()


@pytest.mark.parametrize(
    ("settings", "heard"),
    [
        ((), ["/music.wav"]),
        (({"playlist": "one"},), ["one1.ogg"]),
        (({"playlist": "two"},), ["two1.ogg", "two2.ogg"]),
        (({"playlist": "empty"},), ["/music.wav"]),
        (({"playlist": "one"}, {"playlist": "two", "location_id": 1}), ["two1.ogg", "two2.ogg"]),
        (({"playlist": "two", "location_id": 1}, {"playlist": "one", "department_id": 1}), ["one1.ogg"]),
        (({"playlist": "two"}, {"playlist": "one", "department_id": 2}), ["two1.ogg", "two2.ogg"]),
        (({"playlist": "one", "internal_playlist": "quiet"},), ["quiet1.ogg"]),
        (({"playlist": "one", "held": False},), []),
        (({"playlist": "one", "parked": False, "camped": False},), ["one1.ogg"]),
    ],
)
def test_the_nearest_setting_of_who_holds_decides(settings: tuple[dict[str, Any], ...], heard: list[str]) -> None:
    world = town(*settings)
    anna, session, *_ = held_by_bert(world)
    assert played(world, anna, session) == heard
    close(world, session)


def test_callers_from_outside_do_not_hear_what_is_for_colleagues() -> None:
    world = town({"playlist": "one", "internal_playlist": "quiet"})
    bert = world.phone("bert", "192.0.2.2")
    provider, session = call_in(world, "+31201234562")
    world.run()
    bert.hold(bert.last(events.InviteReceived).session)
    world.run()
    assert played(world, provider, session) == ["one1.ogg"]
    close(world, session)


def test_who_is_parked_hears_the_music_for_that() -> None:
    world = town({"playlist": "one", "parked_playlist": "lot"})
    _, anna, bert, session, other = in_call(world)
    refer(world, bert, other, "*03")
    assert played(world, anna, session) == ["lot1.ogg"]
    close(world, session)


def test_somebody_who_wants_no_music_leaves_silence_to_whom_he_holds() -> None:
    """In packets: a provider that gets none hangs up."""
    world = town({"playlist": "one"}, bert={"music_on_hold": False})
    anna, session, bert, other = held_by_bert(world)
    assert played(world, anna, session) == []
    signals = world.media.at(int(anna.sends_to(session))).signals
    assert list(signals.values()) == [Tone("silence")]
    bert.resume(other)
    world.run()
    assert not signals
    close(world, session)


def test_music_is_off_for_a_call_by_code_before_the_number() -> None:
    world = town()
    anna, bert = world.phone("anna", "192.0.2.1"), world.phone("bert", "192.0.2.2")
    session = bert.dial("*60101")
    world.run()
    bert.hold(session)
    world.run()
    own = anna.last(events.InviteReceived).session
    assert played(world, anna, own) == []
    close(world, session)


def test_music_is_off_for_a_call_by_a_code_on_a_second_line_while_somebody_waits() -> None:
    world = town()
    anna, session, bert, _ = held_by_bert(world)
    second = bert.dial("*60")
    world.run()
    assert bert.hears(second) == {"file:/prompts/nl/music-off.ogg"}
    assert played(world, anna, session) == []
    second.bye(world.network.now)
    close(world, session)


def test_music_is_off_for_a_call_by_keys_in_it_and_on_again_in_the_next() -> None:
    world = town()
    _, anna, bert, session, other = in_call(world)
    press(world, bert, other, "*60")
    bert.hold(other)
    world.run()
    assert played(world, anna, session) == []
    session.bye(world.network.now)
    world.run()
    again = anna.dial("102")
    world.run()
    bert.direction = "sendrecv"
    bert.hold(bert.all(events.InviteReceived)[-1].session)
    world.run()
    assert played(world, anna, again) == ["/music.wav"]
    close(world, again)
