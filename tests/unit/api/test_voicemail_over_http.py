"""Voicemail over HTTP: whose messages one sees, hears, marks, moves and deletes (VM-3)."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from api_organisation import add_message
from api_rig import Api

from kiestoon.api import voicemail
from kiestoon.company.model import VoicemailBox
from kiestoon.store.load import iterate_rows
from kiestoon.store.voicemail import list_messages
from kiestoon.store.write import changing

SOUND = b"\1\0\2\0" * 8000


@pytest.fixture
def folder(api: Api, tmp_path: Path) -> Iterator[Path]:
    """Where recordings lie; with a second message of 201 from somebody who withholds the number."""
    own = tmp_path / str(api.organisation.company_id)
    own.mkdir()
    for file in ("first", "hidden", "other"):
        with wave.open(str(own / f"{file}.wav"), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(SOUND)
    voicemail.install(api.application, tmp_path)
    yield tmp_path
    voicemail.install(api.application, None)


@pytest.fixture
def messages(api: Api, folder: Path) -> dict[str, int]:
    company = api.organisation.company_id
    with api.database.write() as connection:
        return {
            "first": add_message(connection, company, "201", file="first.wav"),
            "hidden": add_message(connection, company, "201", file="hidden.wav", caller_withheld=True, state="old"),
            "other": add_message(connection, company, "301", file="other.wav"),
            "group": add_message(connection, company, "211", file="group.wav"),
        }


def asked(api: Api) -> list[str]:
    return [arguments["extension"] for command, arguments in api.control.asked if command == "mailbox_changed"]


async def test_everybody_has_the_own_box(api: Api, messages: dict[str, int]) -> None:
    client = api.of("user")
    box = (await client.get(api.path("voicemail/201"))).json()
    assert box == {
        "extension": "201", "name": "Sam 2", "enabled": True, "new": 2, "old": 1, "most_messages": 100,
    }  # fmt: skip
    page = (await client.get(api.path("voicemail/201/messages"))).json()
    assert [item["id"] for item in page["items"]][:2] == [messages["hidden"], messages["first"]]
    assert page["items"][1] == {
        "id": messages["first"], "state": "new", "at": "2026-09-21T14:13:20Z", "duration_ms": 21500,
        "number": "+31612345678", "name": "Kim", "withheld": False, "reason": "no-answer", "call_id": "c1",
    }  # fmt: skip
    listed = (await client.get(api.path("voicemail"))).json()["items"]
    assert [box["extension"] for box in listed] == ["201"]


async def test_a_withheld_number_is_shown_to_nobody(api: Api, messages: dict[str, int]) -> None:
    for role in ("user", "operator"):
        shown = (await api.of(role).get(api.path(f"voicemail/201/messages/{messages['hidden']}"))).json()
        assert (shown["number"], shown["name"], shown["withheld"]) == ("", "", True)


@pytest.mark.parametrize(
    ("role", "reached"),
    [("operator", {"201", "301", "211"}), ("company", {"201", "301", "211"}), ("location", {"201", "211"}),
     ("department", {"201", "211"}), ("user", {"201"})],
)  # fmt: skip
async def test_administrators_have_the_boxes_in_their_reach(
    api: Api, messages: dict[str, int], role: str, reached: set[str]
) -> None:
    client = api.of(role)
    listed = {box["extension"] for box in (await client.get(api.path("voicemail"))).json()["items"]}
    assert listed == reached
    names = {"201": "first", "301": "other", "211": "group"}
    for extension, name in names.items():
        path = api.path(f"voicemail/{extension}/messages/{messages[name]}")
        expected = 200 if extension in reached else 404
        assert (await client.get(path)).status_code == expected
        assert (await client.patch(path, json={"state": "old"})).status_code == expected
        assert (await client.get(api.path(f"voicemail/{extension}"))).status_code == expected
        sound = await client.get(f"{path}/audio")
        assert sound.status_code == (200 if extension in reached and name != "group" else 404)  # there is no such file


@pytest.mark.parametrize("extension", ["999", "209", "abc", "2" * 40, "20%201", "%00"])
async def test_what_is_no_box_is_not_found(api: Api, messages: dict[str, int], extension: str) -> None:
    assert (await api.of("company").get(api.path(f"voicemail/{extension}"))).status_code == 404
    assert (await api.of("company").get(api.path(f"voicemail/{extension}/messages"))).status_code == 404


@pytest.mark.parametrize("message", ["0", "999999", "x", "-1", "9" * 30])
async def test_what_is_no_message_is_not_found(api: Api, messages: dict[str, int], message: str) -> None:
    path = api.path(f"voicemail/201/messages/{message}")
    client = api.of("user")
    for response in (await client.get(path), await client.get(f"{path}/audio"), await client.delete(path),
                     await client.patch(path, json={"state": "old"})):  # fmt: skip
        assert response.status_code == 404


async def test_a_message_of_another_box_is_not_reached_through_ones_own(api: Api, messages: dict[str, int]) -> None:
    path = api.path(f"voicemail/201/messages/{messages['other']}")
    assert (await api.of("user").get(path)).status_code == 404
    assert (await api.of("user").delete(path)).status_code == 404
    assert (await api.of("company").get(api.path(f"voicemail/301/messages/{messages['other']}"))).status_code == 200


async def test_a_message_is_heard_whole_or_in_part(api: Api, messages: dict[str, int]) -> None:
    client, path = api.of("user"), api.path(f"voicemail/201/messages/{messages['first']}/audio")
    whole = await client.get(path)
    assert whole.headers["content-type"] == "audio/wav"
    assert whole.headers["content-disposition"] == 'inline; filename="voicemail-201-20260921-141320.wav"'
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.content[44:] == SOUND
    part = await client.get(path, headers={"Range": "bytes=44-47"})
    assert (part.status_code, part.content) == (206, SOUND[:4])
    assert part.headers["content-range"] == f"bytes 44-47/{len(whole.content)}"
    assert (await client.get(path, headers={"Range": "bytes=-4"})).content == SOUND[-4:]
    assert (await client.get(path, headers={"Range": "bytes=999999-"})).status_code == 416
    assert (await client.get(api.path("voicemail/201"))).json()["new"] == 2  # it stays new until it is marked


async def test_marking_a_message_changes_the_counts_and_the_lamp(api: Api, messages: dict[str, int]) -> None:
    client = api.of("user")
    path = api.path(f"voicemail/201/messages/{messages['first']}")
    changed = await client.patch(path, json={"state": "old"})
    assert (changed.status_code, changed.json()["state"]) == (200, "old")
    assert (await client.get(api.path("voicemail/201"))).json()["old"] == 2
    assert asked(api) == ["201"]
    only_new = (await client.get(api.path("voicemail/201/messages"), params={"state": "new"})).json()["items"]
    assert messages["first"] not in [item["id"] for item in only_new]


async def test_a_message_can_be_given_to_a_colleague(api: Api, messages: dict[str, int]) -> None:
    client = api.of("user")
    moved = await client.patch(api.path(f"voicemail/201/messages/{messages['hidden']}"), json={"extension": "301"})
    assert (moved.status_code, moved.json()["state"]) == (200, "new")
    assert asked(api) == ["201", "301"]
    with api.database.read() as connection:
        theirs = [each.id for each in list_messages(connection, api.organisation.company_id, "301")]
    assert messages["hidden"] in theirs
    assert (await client.get(api.path(f"voicemail/201/messages/{messages['hidden']}"))).status_code == 404


@pytest.mark.parametrize("extension", ["999", "209"])
async def test_a_message_goes_into_boxes_only(api: Api, messages: dict[str, int], extension: str) -> None:
    path = api.path(f"voicemail/201/messages/{messages['first']}")
    refused = await api.of("user").patch(path, json={"extension": extension})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "extension")
    assert asked(api) == []


async def test_a_full_box_takes_no_message_of_others(api: Api, messages: dict[str, int]) -> None:
    with changing(api.database, api.backend.vault, acting_user="test") as changes:
        rows = iterate_rows(changes.connection, VoicemailBox, company_id=api.organisation.company_id)
        box = next(row for row in rows if row.extension == "301")
        changes.update(msgspec.structs.replace(box, most_messages=1))
    path = api.path(f"voicemail/201/messages/{messages['first']}")
    refused = await api.of("user").patch(path, json={"extension": "301"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "voicemail_full")


async def test_a_deleted_message_is_gone_with_its_file(api: Api, folder: Path, messages: dict[str, int]) -> None:
    client, path = api.of("user"), api.path(f"voicemail/201/messages/{messages['first']}")
    assert (await client.delete(path)).status_code == 204
    assert not (folder / str(api.organisation.company_id) / "first.wav").exists()
    assert (await client.get(path)).status_code == 404
    assert (await client.delete(path)).status_code == 404
    assert asked(api) == ["201"]


@pytest.mark.parametrize("body", [{"state": "lost"}, {"extension": "a"}, {"extension": ""}, {"what": 1}, [], "x"])
async def test_nonsense_is_refused(api: Api, messages: dict[str, int], body: Any) -> None:
    path = api.path(f"voicemail/201/messages/{messages['first']}")
    assert (await api.of("user").patch(path, json=body)).status_code == 422


async def test_pages_follow_each_other(api: Api, messages: dict[str, int]) -> None:
    client, path = api.of("user"), api.path("voicemail/201/messages")
    first = (await client.get(path, params={"limit": 1})).json()
    second = (await client.get(path, params={"limit": 50, "cursor": first["next"]})).json()
    whole = (await client.get(path)).json()
    assert first["items"] + second["items"] == whole["items"]
    assert second["next"] is whole["next"] is None


async def test_people_set_how_their_box_greets_but_not_its_size(api: Api) -> None:
    client, path = api.of("user"), api.path("voicemail_boxes", api.organisation.own["voicemail_boxes"])
    match = {"If-Match": "*"}
    assert (await client.patch(path, json={"greeting": "busy"}, headers=match)).status_code == 200
    assert (await client.patch(path, json={"most_messages": 999}, headers=match)).status_code == 403
    assert (await client.patch(path, json={"enabled": False}, headers=match)).status_code == 403


async def test_an_alternate_number_has_no_box_of_its_own(api: Api) -> None:
    user = {"user_id": api.organisation.own["users"], "extension": "209"}
    assert (await api.of("company").post(api.path("alternate_numbers"), json=user)).status_code == 201
    refused = await api.of("company").post(api.path("voicemail_boxes"), json={"extension": "209"})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "no_voicemail")
    assert (await api.of("company").get(api.path("voicemail/209"))).status_code == 404
    assert (await api.of("company").post(api.path("voicemail_boxes"), json={"extension": "213"})).status_code == 201
