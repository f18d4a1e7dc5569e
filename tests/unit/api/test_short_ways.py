"""Codes in words, speed dials with what they hide, numbers dialled last (CALL-12, CALL-22, CALL-23)."""

from __future__ import annotations

from typing import Any

import pytest
from api_rig import Api

from kiestoon.calls.record import CallRecord, LegRecord
from kiestoon.company.model import FeatureCode, ShortNumber, SpeedDial
from kiestoon.routing import Reason
from kiestoon.store.records import store_records
from kiestoon.store.write import changing


def add(api: Api, row_type: type[Any], **fields: Any) -> Any:
    with changing(api.database, api.vault, acting_user="test") as changes:
        return changes.add(row_type(id=0, company_id=api.organisation.company_id, **fields))


@pytest.mark.parametrize("role", ["operator", "company", "location", "department", "user"])
async def test_everybody_reads_the_codes_in_words(api: Api, role: str) -> None:
    add(api, FeatureCode, feature="forward_always_on", code="*72")
    add(api, FeatureCode, feature="hold", code="##")
    answer = await api.of(role).get(api.path("codes"), headers={"Accept-Language": "nl"})
    assert answer.status_code == 200, answer.text
    items = {item["code"]: item for item in answer.json()["items"]}
    assert items["*72"] == {
        "code": "*72", "feature": "forward_always_on", "description": "Alles doorschakelen naar een nummer",
        "follows": "number", "digits": 0, "optional": True, "query": "*72*", "place": "dialled",
    }  # fmt: skip
    assert (items["##"]["place"], items["##"]["query"]) == ("call", "")
    assert list(items) == sorted(items)


async def test_a_speed_dial_that_hides_a_code_says_so(api: Api) -> None:
    own = api.organisation.own["users"]
    path = api.path(f"users/{own}/short-ways")
    assert (await api.of("user").get(path)).json()["speed_dials"][0]["dialled"] is None  # there is no code for it
    add(api, FeatureCode, feature="speed_dial", code="#")
    add(api, FeatureCode, feature="queue_forward_on", code="#72")
    add(api, SpeedDial, user_id=own, code="72", number="201", name="Sam")
    answer = (await api.of("user").get(path, headers={"Accept-Language": "en"})).json()
    by_code = {item["code"]: item for item in answer["speed_dials"]}
    assert by_code["72"]["hides"] == {"code": "#72", "text": "Forced forwarding of a queue"}
    assert (by_code["72"]["dialled"], by_code["72"]["number"], by_code["72"]["name"]) == ("#72", "201", "Sam")
    assert by_code["21"]["hides"] is None


async def test_a_short_number_behind_an_own_speed_dial_is_hidden(api: Api) -> None:
    own = api.organisation.own["users"]
    add(api, FeatureCode, feature="speed_dial", code="#")
    for code in ("#05", "#06"):
        add(api, ShortNumber, code=code, number="0612345678", name=code)
    add(api, SpeedDial, user_id=own, code="05", number="201")
    answer = (await api.of("user").get(api.path(f"users/{own}/short-ways"))).json()
    assert {item["code"]: item["hidden"] for item in answer["short_numbers"]} == {
        "#05": True, "#06": False, "*221": False, "*231": False,
    }  # fmt: skip


@pytest.mark.parametrize("operation", ["short-ways", "recent-numbers"])
async def test_short_ways_and_numbers_are_ones_own(api: Api, operation: str) -> None:
    other = api.path(f"users/{api.organisation.other['users']}/{operation}")
    assert (await api.of("user").get(other)).status_code == 404
    assert (await api.of("company").get(other)).status_code == 200
    assert (await api.of("company").get(api.path(f"users/987654/{operation}"))).status_code == 404


async def test_a_person_sets_up_speed_dials_and_sees_the_companys_short_numbers(api: Api) -> None:
    own, client = api.organisation.own["users"], api.of("user")
    made = await client.post(api.path("speed_dials"), json={"user_id": own, "code": "05", "number": "*72"})
    assert made.status_code == 201, made.text
    again = await client.post(api.path("speed_dials"), json={"user_id": own, "code": "05", "number": "201"})
    assert again.status_code == 409
    assert {row["name"] for row in (await client.get(api.path("short_numbers"))).json()["items"]} == {"Notary"}
    row = {"code": "*699", "number": "201", "name": "Sam"}
    assert (await client.post(api.path("short_numbers"), json=row)).status_code == 403
    assert (await api.of("company").post(api.path("short_numbers"), json=row)).status_code == 201


async def test_the_numbers_dialled_last_are_listed(api: Api) -> None:
    own = api.organisation.own["users"]

    def record(number: int) -> CallRecord:
        reasons = (Reason("dialled", {"number": f"00{number}"}), Reason("kind", {"number": f"+31{number}"}))
        return CallRecord(
            call_id=f"c{number}", company_id=api.organisation.company_id, direction="out", opened_ms=number * 1000,
            answered_ms=0, closed_ms=number * 1000 + 1, caller_number="201", caller_display="", dialled="",
            outcome="busy",
            final_party="", ended_by="caller", reasons=reasons, legs=(LegRecord("caller", "201", user_id=own),),
        )  # fmt: skip

    with api.database.write() as connection:
        store_records(connection, [record(number) for number in range(100, 120)])
    items = (await api.of("user").get(api.path(f"users/{own}/recent-numbers"))).json()["items"]
    assert len(items) == 10
    assert items[0] == {
        "number": "00119", "called": "+31119", "name": "", "at": "1970-01-01T00:01:59.000Z", "outcome": "busy",
    }  # fmt: skip
