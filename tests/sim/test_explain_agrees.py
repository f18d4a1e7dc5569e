"""An explanation is what happens: the same company, the same people, explained and then telephoned (RTE-24)."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from random_company import Maker
from test_outside_lines import call_in
from world import DOMAIN, PROVIDER, DeskPhone, World

from kiestoon.calls.present import Present
from kiestoon.company.model import CompanyRows, Trunk
from kiestoon.media.protocol import DigitReceived
from kiestoon.routing import FromDevice, FromTrunk, see_outsider
from kiestoon.routing.explain import Assumptions, Explanation, State, explain

MODES: dict[State, str] = {"answers": "answer", "busy": "busy", "no_answer": "ring", "rejected": "decline"}
MOST_S = 900
"""Long enough for every attempt to end; a call that was answered goes on."""
LOOK_S = 5
LINE = Trunk(id=1, company_id=1, name="line", kind="peer", host=PROVIDER[0], sources=(PROVIDER[0],))


def company(seed: int, *, several: bool = False) -> CompanyRows:
    """A random company whose phones the fake network knows. ``several``: other phones ring for everybody."""
    maker = Maker(seed, several=1.0 if several else 0.3)
    rows = maker.make()
    if several:  # little may stand before them
        maker.rows["forwards"] = [row for row in rows.forwards if row.case not in ("always", "selective")]
        maker.rows["users"] = [msgspec.structs.replace(row, do_not_disturb=False) for row in rows.users]
        rows = maker.result()
    if not rows.devices:
        maker._device(rows.users[0])
        rows = maker.result()
    devices = tuple(msgspec.structs.replace(row, secret=f"secret of {row.username}") for row in rows.devices)
    return msgspec.structs.replace(
        rows, company=msgspec.structs.replace(rows.company, domain=DOMAIN), devices=devices, trunks=(LINE,)
    )


def told_and_done(
    seed: int, monkeypatch: pytest.MonkeyPatch, *, inside: bool, several: bool = False
) -> tuple[Explanation, list[Any]]:
    """What is explained, and the reasons of the same call made on the fake network."""
    choose = Random(seed)
    rows = company(seed, several=several)
    world = World(seed, rows)
    world.provider()
    states: dict[str, State] = {
        user.extension: choose.choice(("answers", "busy", "no_answer", "unreachable", "rejected"))
        for user in rows.users
    }
    busy = {user.id for user in rows.users if states[user.extension] == "busy"}
    monkeypatch.setattr(Present, "is_busy", lambda self, company_id, user_id: user_id in busy)
    owners = {user.id: user.extension for user in rows.users}
    caller = rows.devices[0]
    own = owners[caller.user_id or 0]
    if inside and states[own] == "unreachable":  # the caller's own phone is there
        states[own] = "no_answer"
    phones: dict[str, DeskPhone] = {}
    for number, device in enumerate(rows.devices):
        state = states[owners[device.user_id or 0]]
        there = state != "unreachable"
        phones[device.username] = phone = world.phone(device.username, f"192.0.2.{number + 10}", registered=there)
        phone.mode = MODES.get(state, "ring")
    assumed = Assumptions(at_ms=int(world.network.now * 1000), states=states)
    directory = world.exchange.directory
    numbers = [row.e164 for row in rows.numbers]
    if inside:
        found = rows.users if several else extensions(rows)
        dialled = choose.choice([*(row.extension for row in found), *(() if several else numbers)])
        device = directory.device(DOMAIN, caller.username)
        assert device is not None
        told = explain(directory, FromDevice(device), dialled, assumed)
        phones[caller.username].dial(dialled)
    else:
        dialled, withheld = choose.choice(numbers), choose.random() < 0.3
        headers = [("Privacy", "id")] if withheld else []
        seen = see_outsider("+31612345678", withheld=withheld, country="NL")
        told = explain(directory, FromTrunk((LINE,)), dialled, assumed, caller=seen)
        call_in(world, dialled, headers=headers)
    for _ in range(MOST_S // LOOK_S):
        world.run(LOOK_S)
        confirm(world)
    calls = list(world.exchange.calls.values())
    return told, list(calls[0].reasons if calls else world.records[0].reasons)


def confirm(world: World) -> None:
    """Whoever is assumed to answer means to take the call: 1 is pressed wherever that is asked."""
    for leg in world.exchange.legs.values():
        if leg.side is not None and leg.side.name == "confirming":
            world.media.events.append(DigitReceived(leg.termination, "1", 100))
    world.network.drain(world.node)


def extensions(rows: CompanyRows) -> list[Any]:
    found: list[Any] = []
    for table in ("users", "menus", "group_extensions", "hunt_groups", "location_routings", "time_routings",
                  "call_limits", "forward_extensions", "alternate_numbers"):  # fmt: skip
        found += [row for row in getattr(rows, table) if row.extension]
    return found


@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("inside", [True, False], ids=["from inside", "from outside"])
def test_a_call_goes_the_way_that_was_explained(seed: int, inside: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    agrees(*told_and_done(seed, monkeypatch, inside=inside))


@pytest.mark.parametrize("seed", range(100))
def test_a_call_to_somebody_with_several_phones_goes_the_way_that_was_explained(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    agrees(*told_and_done(seed, monkeypatch, inside=True, several=True))


def agrees(told: Explanation, done: list[Any]) -> None:
    expected = list(told.reasons)
    if any(stage.kind in {"menu", "postcode", "voicemail"} for stage in told.stages):
        assert done[: len(expected)] == expected
    else:
        assert done == expected
