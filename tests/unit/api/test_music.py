"""Whose playlists somebody may change (V 26.4)."""

from __future__ import annotations

import pytest
from api_rig import Api

from kiestoon.company.model import MusicOnHold
from kiestoon.store.write import changing


@pytest.mark.parametrize("role", ["location", "department"])
async def test_who_administers_a_part_changes_no_playlist_that_is_heard_elsewhere(api: Api, role: str) -> None:
    own = api.organisation.own
    with changing(api.database, api.vault, acting_user="test") as changes:
        changes.add(MusicOnHold(id=0, company_id=api.organisation.company_id, camped_playlist="spring"))
    path = api.path(f"music/spring/{own['music_files']}")
    refused = await api.of(role).delete(path)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "played_elsewhere"), refused.text
    assert (await api.of(role).post(api.path("music/spring"), content=b"x")).status_code == 403
    assert (await api.of("company").delete(path)).status_code == 204
