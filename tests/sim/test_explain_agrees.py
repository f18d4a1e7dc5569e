"""An explanation is what happens: the same company, the same people, explained and then telephoned (RTE-24)."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from random_company import Maker
from world import DOMAIN, PROVIDER, DeskPhone, World

from kiestoon.calls.present import Present
from kiestoon.company.model import CompanyRows, Trunk
from kiestoon.routing import FromDevice
from kiestoon.routing.explain import Assumptions, Explanation, State, explain

MODES: dict[State, str] = {"answers": "answer", "busy": "busy", "no_answer": "ring", "rejected": "decline"}
MOST_S = 900
"""Long enough for every attempt to end; a call that was answered goes on."""
LINE = Trunk(id=1, company_id=1, name="line", kind="peer", host=PROVIDER[0], sources=(PROVIDER[0],))


def company(seed: int) -> CompanyRows:
    """A random company whose phones the fake network knows; the first one is there and calls."""
    maker = Maker(seed)
    rows = maker.make()
    if not rows.devices:
        maker._device(rows.users[0])
        rows = maker.result()
    devices = tuple(msgspec.structs.replace(row, secret=f"secret of {row.username}") for row in rows.devices)
    return msgspec.structs.replace(
        rows, company=msgspec.structs.replace(rows.company, domain=DOMAIN), devices=devices, trunks=(LINE,)
    )


def told_and_done(seed: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Explanation, list[Any]]:
    """What is explained, and the reasons of the same call made on the fake network."""
    choose = Random(seed)
    rows = company(seed)
    world = World(seed, rows)
    world.provider()
    states: dict[str, State] = {
        user.extension: choose.choice(("answers", "busy", "no_answer", "unreachable", "rejected"))
        for user in rows.users
    }
    busy = {user.id for user in rows.users if states[user.extension] == "busy"}
    monkeypatch.setattr(Present, "is_busy", lambda self, company_id, user_id: user_id in busy)
    caller = rows.devices[0]
    owners = {user.id: user.extension for user in rows.users}
    phones: dict[str, DeskPhone] = {}
    for number, device in enumerate(rows.devices):
        state = states[owners[device.user_id or 0]]
        wanted = device is caller or state != "unreachable"
        phones[device.username] = phone = world.phone(device.username, f"192.0.2.{number + 10}", registered=wanted)
        phone.mode = MODES.get(state, "ring")
    if states[owners[caller.user_id or 0]] == "unreachable":  # the caller's own phone is there
        states[owners[caller.user_id or 0]] = "no_answer"
    dialled = choose.choice([*(row.extension for row in extensions(rows)), *(row.e164 for row in rows.numbers)])
    now_ms = int(world.network.now * 1000)
    index = world.exchange.directory
    device = index.device(DOMAIN, caller.username)
    assert device is not None
    told = explain(index, FromDevice(device), dialled, Assumptions(at_ms=now_ms, states=states))
    phones[caller.username].dial(dialled)
    world.run(MOST_S)
    calls = list(world.exchange.calls.values())
    return told, list(calls[0].reasons if calls else world.records[0].reasons)


def extensions(rows: CompanyRows) -> list[Any]:
    found: list[Any] = []
    for table in ("users", "menus", "group_extensions", "hunt_groups", "location_routings", "time_routings",
                  "call_limits", "forward_extensions", "alternate_numbers"):  # fmt: skip
        found += [row for row in getattr(rows, table) if row.extension]
    return found


@pytest.mark.parametrize("seed", range(100))
def test_a_call_goes_the_way_that_was_explained(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    told, done = told_and_done(seed, monkeypatch)
    expected = list(told.reasons)
    if any(stage.kind in {"menu", "postcode", "voicemail"} for stage in told.stages):
        assert done[: len(expected)] == expected
    else:
        assert done == expected
