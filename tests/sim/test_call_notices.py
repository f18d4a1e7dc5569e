"""Who holds the right "notify" hears of calls that ring at others (ORG-15, E 6.3, E 4.2.3)."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from msgspec.structs import replace
from test_outside_lines import call_in
from world import World, sample_rows

from kiestoon.app.live_events import LiveEvents
from kiestoon.company.model import (
    GroupExtension,
    GroupMember,
    HuntGroup,
    HuntMember,
    Number,
    PrivacyGrant,
    PrivacyGroup,
    PrivacyMember,
)
from kiestoon.notify.live import Batch, LiveEvent
from kiestoon.sip import events

CARLA = 3


class Followed:
    """A world whose live events somebody hears."""

    def __init__(self, extension: str = "102", delay_s: int = 0, **rows: Any) -> None:
        granted = {
            "privacy_groups": (PrivacyGroup(id=1, company_id=1, name="Desk"),),
            "privacy_members": (PrivacyMember(id=1, company_id=1, group_id=1, extension="103"),),
            "privacy_grants": (
                PrivacyGrant(id=1, company_id=1, group_id=1, extension=extension, notify=True, notify_delay_s=delay_s),
            ),
        }
        self.world = World(rows=replace(sample_rows(), **{**granted, **rows}))
        self.anna = self.world.phone("anna", "192.0.2.1")
        self.bert = self.world.phone("bert", "192.0.2.2")
        self.bert.mode = "ring"
        self.live = LiveEvents(self.world.exchange, asyncio.get_running_loop())
        self.stream = self.live.stream()

    async def notices(self) -> list[LiveEvent]:
        """What has been told since the last time."""
        heard = list(self.world.engine.heard)
        self.world.engine.heard.clear()
        self.live.happened(heard)
        batch = msgspec.convert(await asyncio.wait_for(anext(self.stream), 5), Batch)
        return [event for event in batch.events if event.type.startswith("notice.")]

    async def begin(self) -> None:
        await self.notices()


async def test_who_may_know_is_told_that_a_colleague_is_called_and_by_whom() -> None:
    here = Followed()
    await here.begin()
    session = here.anna.dial("102")
    here.world.run()
    (notice,) = await here.notices()
    assert (notice.type, notice.users, notice.public) == ("notice.started", (CARLA,), False)
    wanted = {"extension": "102", "name": "User 2", "state": "ringing", "number": "101", "withheld": False}
    assert wanted.items() <= notice.data.items()
    here.bert.answer_waiting()
    here.world.run()
    (ended,) = await here.notices()
    assert (ended.type, ended.users, ended.data["state"]) == ("notice.ended", (CARLA,), "answered")
    session.bye(here.world.network.now)
    here.world.run()
    assert await here.notices() == []


async def test_a_caller_who_gives_up_ends_the_notice() -> None:
    here = Followed()
    await here.begin()
    session = here.anna.dial("102")
    here.world.run()
    assert len(await here.notices()) == 1
    session.cancel(here.world.network.now)
    here.world.run()
    (ended,) = await here.notices()
    assert (ended.type, ended.data["state"]) == ("notice.ended", "over")
    assert here.live._notices.next_ms is None


async def test_a_withheld_number_is_in_no_notice() -> None:
    here = Followed()
    await here.begin()
    call_in(here.world, "+31201234562", headers=[("Privacy", "id")])
    here.world.run()
    (notice,) = await here.notices()
    assert (notice.data["number"], notice.data["caller_name"], notice.data["withheld"]) == ("", "", True)


async def test_the_notice_waits_for_the_delay_of_the_right() -> None:
    here = Followed(delay_s=20)
    await here.begin()
    here.anna.dial("102")
    here.world.run()
    assert await here.notices() == []
    due_ms = here.live._notices.next_ms
    assert due_ms is not None
    assert [draft.users for draft in here.live._notices.due(due_ms - 1)] == []
    assert [draft.users for draft in here.live._notices.due(due_ms)] == [(CARLA,)]
    assert [draft.users for draft in here.live._notices.due(due_ms)] == []


async def test_a_call_answered_before_the_delay_is_over_gives_no_notice() -> None:
    here = Followed(delay_s=20)
    await here.begin()
    here.anna.dial("102")
    here.world.run()
    await here.notices()
    here.bert.answer_waiting()
    here.world.run()
    assert await here.notices() == []
    assert here.live._notices.next_ms is None


async def test_nobody_is_told_of_a_call_of_the_own() -> None:
    here = Followed(extension="101")
    await here.begin()
    carla = here.world.phone("carla", "192.0.2.3")
    here.anna.mode = "ring"
    carla.dial("101")
    here.world.run()
    assert await here.notices() == []


async def test_a_right_over_a_group_tells_of_the_groups_calls() -> None:
    group = GroupExtension(id=1, company_id=1, extension="300", name="Sales")
    member = GroupMember(id=1, company_id=1, group_id=1, extension="102")
    here = Followed(extension="300", group_extensions=(group,), group_members=(member,))
    await here.begin()
    here.anna.dial("300")
    here.world.run()
    (notice,) = await here.notices()
    assert (notice.data["extension"], notice.data["name"]) == ("300", "Sales")


async def test_a_hunt_groups_call_goes_on_ringing_at_the_group_from_member_to_member() -> None:
    group = HuntGroup(id=1, company_id=1, extension="300", name="Hunt", rings=2)
    members = tuple(
        HuntMember(id=n, company_id=1, hunt_group_id=1, extension=extension, position=n)
        for n, extension in enumerate(("101", "102"), 1)
    )
    number = Number(id=9, company_id=1, e164="+31201234569", extension="300")
    here = Followed(extension="300", hunt_groups=(group,), hunt_members=members, numbers=(number,))
    await here.begin()
    here.anna.mode = "ring"
    call_in(here.world, "+31201234569")
    here.world.run(14)
    assert here.anna.last(events.InviteReceived)
    assert here.bert.last(events.InviteReceived)
    assert [notice.type for notice in await here.notices()] == ["notice.started"]
    here.bert.answer_waiting()
    here.world.run()
    assert [notice.data["state"] for notice in await here.notices()] == ["answered"]
