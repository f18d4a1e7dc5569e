"""Every operation in every state of a call, alone and crossed by something else: nobody is lost, nothing is left.

The table is made from the operations of ``call_orders`` and the states of ``every_state``; each pair is tried on a call
of its own with everything that may cross it. Whoever did not ask for the operation stays on the line, a refused
operation changes nothing, and at the end no leg, port or timer is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from every_state import CROSSINGS, STATES, Scene, ask, close, cross, heard, named, on_the_line, operate, standing
from invariants import check

from kiestoon.app.call_orders import OPERATION_NAMES

TARGETS: Final[dict[str, tuple[str, ...]]] = {
    "transfer": ("103", "999", "104", "102", "*6"),
    "deflect": ("103", "999"),
    "voicemail": ("102",),
    "park": ("", "lot 3"),
    "add": ("103", "999"),
}
"""Where an operation leads: somebody free, nowhere, somebody without a phone, oneself, a code."""
ENDING: Final = frozenset({"end", "end_conference", "reject", "remove"})
"""Operations that are meant to end a call for others as well."""


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("operation", OPERATION_NAMES)
def test_in_any_state_an_operation_is_done_or_refused_and_nobody_is_lost(operation: str, state: str) -> None:
    for to in TARGETS.get(operation, ("",)):
        scene = STATES[state]()
        before, edges = standing(scene), heard(scene)
        answer = operate(scene, operation, to)
        check(scene.world)
        if "failed" in answer:
            assert answer["failed"]["status"] >= 400
            assert answer["failed"]["text"]
            assert heard(scene) == edges, f"{operation} {to}: refused, yet who hears whom has changed"
        if operation not in ENDING or "failed" in answer:
            gone = before - standing(scene)
            assert not gone, f"{operation} {to}: {gone} lost\n{scene.world.network.ladder()}"
        close(scene)


@pytest.mark.parametrize("crossing", CROSSINGS, ids=lambda crossing: crossing.__name__)
@pytest.mark.parametrize("operation", OPERATION_NAMES)
def test_whatever_crosses_an_operation_nobody_is_lost_and_nothing_left(
    operation: str, crossing: Callable[[Scene], None]
) -> None:
    for name, state in STATES.items():
        with named(name):
            scene = state()
            before = on_the_line(scene)
            answer = ask(scene, operation, TARGETS.get(operation, ("",))[0])
            all_stay = cross(scene, crossing)
            check(scene.world)
            scene.world.run(3)
            check(scene.world)
            if all_stay and (operation not in ENDING or "failed" in answer):
                gone = before - standing(scene)
                assert not gone, f"{gone} lost\n{scene.world.network.ladder()}"
            close(scene)


@pytest.mark.parametrize("operation", OPERATION_NAMES)
def test_what_is_done_while_media_is_away_outlives_a_crash_of_the_control_process(operation: str) -> None:
    """Legs may have been moved to other calls without the media process having been told (``recovery``)."""
    for state in STATES.values():
        scene = state()
        world = scene.world
        before = on_the_line(scene)
        world.media.disconnect()
        answer = ask(scene, operation, TARGETS.get(operation, ("",))[0])
        world.run(0.3)
        world.crash()
        check(world)
        world.run(3)
        check(world)
        if operation not in ENDING or "failed" in answer:
            gone = before - standing(scene)
            assert not gone, f"{state.__name__}: {gone} lost\n{world.network.ladder()}"
        close(scene)
