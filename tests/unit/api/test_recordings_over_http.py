"""/companies/{id}/recordings: what was spoken by telephone, and putting it in place of a text."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from api_rig import Api
from test_prompts import TONE

from kiestoon.calls.requests import Changed, KeepRecording, Kept
from kiestoon.company.model import Recording
from kiestoon.store.load import iterate_rows
from kiestoon.store.phone_requests import recordings


@pytest.fixture
def folder(api: Api) -> Iterator[Path]:
    assert api.recordings is not None
    yield api.recordings / str(api.organisation.company_id)
    for path in api.recordings.glob("*/*"):
        path.unlink()


def spoken(api: Api) -> Recording:
    """Somebody has recorded something by telephone."""
    assert api.recordings is not None
    incoming = api.recordings / "incoming"
    incoming.mkdir(exist_ok=True)
    path = incoming / "call-0.wav"
    path.write_bytes(BytesIO(TONE).getvalue())
    company_id, user_id = api.organisation.company_id, api.organisation.own["users"]
    request = KeepRecording(company_id, user_id, str(path), str(api.recordings), 1_790_000_000_000)
    reply = recordings.keep(api.backend, request)  # type: ignore[arg-type]  # it has the database and the vault
    assert isinstance(reply, Changed)
    assert isinstance(reply.reply, Kept)
    with api.backend.database.read() as connection:
        rows = list(iterate_rows(connection, Recording, company_id=company_id))
    return next(row for row in rows if row.number == reply.reply.number)


async def test_recordings_are_listed_by_number_and_renamed(api: Api, folder: Path) -> None:
    first, second = spoken(api), spoken(api)
    client = api.of("company")
    page = (await client.get(api.path("recordings"), params={"limit": 1})).json()
    assert [item["number"] for item in page["items"]] == [first.number]
    rest = (await client.get(api.path("recordings"), params={"limit": 1, "cursor": page["next"]})).json()
    assert ([item["number"] for item in rest["items"]], rest["next"]) == ([second.number], None)
    path = api.path("recordings", first.id)
    assert (await client.patch(path, json={"name": "Welcome"})).status_code == 428
    changed = await client.patch(path, json={"name": "Welcome"}, headers={"If-Match": '"v1"'})
    assert (changed.json()["name"], changed.headers["etag"]) == ("Welcome", '"v2"')
    assert (await client.get(f"{path}/audio")).content.startswith(b"OggS")


async def test_a_recording_put_in_place_of_a_text_stays_there_when_it_is_thrown_away(api: Api, folder: Path) -> None:
    row, client = spoken(api), api.of("company")
    place = api.path("prompts", "nl/goodbye")
    put = await client.put(f"{place}/recording", json={"recording_id": row.id})
    assert put.status_code == 200, put.text
    assert put.json()["recording"]["source"] == row.name
    assert (await client.delete(api.path("recordings", row.id))).status_code == 204
    assert (await client.get(api.path("recordings", row.id))).status_code == 404
    assert (await client.get(f"{place}/audio")).content.startswith(b"OggS")
    assert len(list(folder.iterdir())) == 1


async def test_recordings_of_others_are_nobodys(api: Api, folder: Path) -> None:
    row = spoken(api)
    assert (await api.of("user").get(api.path("recordings"))).status_code == 403
    elsewhere = f"/api/v1/companies/{api.organisation.foreign_id}"
    assert (await api.of("operator").get(f"{elsewhere}/recordings/{row.id}")).status_code == 404
    chosen = await api.of("company").put(
        api.path("prompts", "nl/goodbye/recording"), json={"recording_id": row.id + 1000}
    )
    assert chosen.status_code == 404
