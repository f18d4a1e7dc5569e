"""Every way a phone itself has, in every state of a call, alone and crossed: nobody is lost, nothing is left.

What ``test_every_operation`` asks for from a screen, phones ask for by REFER, re-INVITE, Replaces, an answer to the
INVITE, keys in the call and codes that are dialled. Each is tried in every state of ``every_state`` in which a phone
can do so at all, and gets a defined answer there; what crosses it does so in both orders: on the way to the exchange,
and while what the exchange made of it is on its way to the phones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import pytest
from every_state import (
    CROSSINGS,
    NAMES,
    STATES,
    Scene,
    close,
    cross,
    glare_with_the_others,
    glare_with_who_operates,
    heard,
    named,
    of,
    on_the_line,
    press,
    standing,
    the_others_hang_up,
    who_operates_hangs_up,
)
from invariants import check
from test_parking_and_pickup import dial_replacing
from test_transfers import told
from world import DOMAIN, DeskPhone

from kiestoon.sip import events
from kiestoon.sip.session import Session

Way: TypeAlias = Callable[[Scene], bool]
"""Does it; False: a phone cannot in this state. Nothing that is sent has arrived yet."""
TRANSFER: Final = "transfer"


def own(scene: Scene, *states: str) -> Session | None:
    """The operated call as the phone has it, in one of these states."""
    session = scene.own_session(scene.target[1])
    return session if session is not None and session.state in states else None


# --- REFER -----------------------------------------------------------------------------------------------------------


def send_refer(scene: Scene, uri: str) -> bool:
    session = own(scene, "confirmed")
    if session is not None:
        session.request(scene.world.network.now, "REFER", headers=[("Refer-To", f"<{uri}>")], token=TRANSFER)
    return session is not None


def refer_to(number: str) -> Way:
    return lambda scene: send_refer(scene, f"sip:{number or scene.by}@{DOMAIN}")


def refer_naming(scene: Scene, asked: Session | None) -> bool:
    if asked is None or asked.dialog is None:
        return False
    dialog = asked.dialog
    named_dialog = f"{dialog.call_id}%3Bto-tag%3D{dialog.remote_tag}%3Bfrom-tag%3D{dialog.local_tag}"
    return send_refer(scene, f"sip:103@{DOMAIN}?Replaces={named_dialog.replace('@', '%40')}")


def refer_to_whom_the_phone_asked(scene: Scene) -> bool:
    second = scene.world.exchange.calls.get(scene.second)
    legs = second.live_legs() if second is not None else []
    asking = next((leg for leg in legs if leg.party.number == scene.by), None)
    return refer_naming(scene, scene.own_session(asking) if asking is not None else None)


def refer_to_a_foreign_dialog(scene: Scene) -> bool:
    return refer_naming(scene, next((session for _, session in of(scene, own=False)), None))


# --- answers and re-INVITEs ------------------------------------------------------------------------------------------


def answered_with(what: Callable[[DeskPhone, Session], None]) -> Way:
    def go(scene: Scene) -> bool:
        session = own(scene, "early")
        if session is None or session.role != "uas":
            return False
        what(scene.own_phone, session)
        return True

    return go


def cancel(scene: Scene) -> bool:
    session = own(scene, "calling", "early")
    if session is None or session.role != "uac":
        return False
    session.cancel(scene.world.network.now)
    return True


def offer(direction: str) -> Way:
    """Hold and retrieve by session description; "": ask for an offer."""

    def go(scene: Scene) -> bool:
        phone, session = scene.own_phone, own(scene, "confirmed")
        if session is None:
            return False
        if direction:
            phone._change(session, direction)
            phone.direction = "sendrecv"
        else:
            session.reoffer_request(phone.now)
        return True

    return go


# --- keys and codes --------------------------------------------------------------------------------------------------


def keys(what: str) -> Way:
    def go(scene: Scene) -> bool:
        if not scene.target[1].termination:
            return False
        press(scene, what)
        return True

    return go


def dial(code: str) -> Way:
    """On another line of the phone."""

    def go(scene: Scene) -> bool:
        scene.own_phone.dial(code)
        return True

    return go


def colleague(scene: Scene) -> DeskPhone:
    return scene.world.phones["anna" if scene.by == "103" else "carla"]


def colleague_dials(code: str) -> Way:
    """``code`` followed by the number of who operates."""

    def go(scene: Scene) -> bool:
        colleague(scene).dial(code + scene.by)
        return True

    return go


def colleague_replaces(scene: Scene) -> bool:
    session, phone = scene.own_session(scene.target[1]), colleague(scene)
    if session is None or session.dialog is None:
        return False
    taking = dial_replacing(phone, scene.by, session)
    phone.offers[taking.id] = phone.offers[0]
    return True


WAYS: Final[dict[str, Way]] = {
    "refer to a colleague": refer_to("103"),
    "refer outside": refer_to("00201112222"),
    "refer to nowhere": refer_to("999"),
    "refer to somebody without a phone": refer_to("104"),
    "refer to oneself": refer_to(""),
    "refer to a line to park at": refer_to("*6"),
    "refer to a lot": refer_to("*03"),
    "refer to a voicemail box": refer_to("*7102"),
    "refer to a code that takes nobody": refer_to("909"),
    "refer to a room": refer_to("800"),
    "refer to whom the phone asked": refer_to_whom_the_phone_asked,
    "refer to a foreign dialog": refer_to_a_foreign_dialog,
    "answer": answered_with(lambda phone, session: phone.accept(session, session.remote_body)),
    "decline": answered_with(lambda phone, session: session.reject(phone.now, 603)),
    "busy": answered_with(lambda phone, session: session.reject(phone.now, 486)),
    "redirect": answered_with(lambda phone, session: session.redirect(phone.now, [f"sip:103@{DOMAIN}"])),
    "cancel": cancel,
    "hold": offer("sendonly"),
    "inactive": offer("inactive"),
    "retrieve": offer("sendrecv"),
    "ask for an offer": offer(""),
    "keys ##": keys("##"),
    "keys ##103#": keys("##103#"),
    "keys ##999#": keys("##999#"),
    "keys ##*103#": keys("##*103#"),
    "keys ##*999#": keys("##*999#"),
    "keys *6": keys("*6"),
    "keys *#": keys("*#"),
    "keys *60": keys("*60"),
    "keys 1": keys("1"),
    "keys 2": keys("2"),
    "keys 3": keys("3"),
    "dial the lot": dial("*13"),
    "dial to take over": dial("909"),
    "dial to park": dial("*6"),
    "dial a pickup": dial("*8"),
    "a colleague picks up": colleague_dials("*8"),
    "a colleague listens in": colleague_dials("906"),
    "a colleague takes the dialog's place": colleague_replaces,
}
ENDING: Final = frozenset({"decline", "busy", "cancel", "keys 1", "keys *#"})
"""Ways that are meant to let somebody go."""
CROSSED: Final = (
    "refer to a colleague", "refer to a lot", "refer to whom the phone asked", "answer", "decline", "redirect",
    "cancel", "hold", "ask for an offer", "keys ##103#", "keys ##*103#", "keys *6", "keys *#", "keys 1", "keys 2",
    "keys 3", "a colleague picks up", "a colleague takes the dialog's place",
)  # fmt: skip
"""Of those that end in the same operation, one."""
BY_KEYS: Final = frozenset({"keys *#", "keys 1", "keys 2", "keys 3"})
"""They mean something only to who holds somebody by keys."""
IN_BOTH_ORDERS: Final = frozenset(
    {who_operates_hangs_up, the_others_hang_up, glare_with_who_operates, glare_with_the_others}
)
ON_THE_WAY_BACK_S: Final = 0.015
"""A message is under way for 0.01 s: by then the exchange has acted, and no phone knows it yet."""


def answers(scene: Scene) -> list[int]:
    """What the phone has been told about its transfer: the response to the REFER, then each NOTIFY's status."""
    phone = scene.own_phone
    responses = [each.status for each in phone.all(events.ResponseReceived) if each.token == TRANSFER]
    return responses + [int(line.split()[1]) for line in told(phone)]


def assert_answered(scene: Scene, way: str) -> None:
    """Nobody waits for an answer."""
    ladder = scene.world.network.ladder()
    if way.startswith("refer"):
        assert answers(scene)[0] == 202, ladder
        assert answers(scene)[-1] >= 200, ladder
    for phone in scene.world.phones.values():
        for session in phone.endpoint.sessions.values():
            assert session.wish is None, ladder
            assert session.exchange != "offering", ladder
            assert session.state != "calling" or session.role == "uas", ladder


def was_refused(scene: Scene, way: str) -> bool:
    return way.startswith("refer") and answers(scene)[-1] >= 300


@pytest.mark.parametrize("way", WAYS)
def test_in_any_state_a_phone_gets_an_answer_and_nobody_is_lost(way: str) -> None:
    tried = 0
    for name, state in STATES.items():
        with named(name):
            scene = state()
            before, edges = standing(scene), heard(scene)
            if not WAYS[way](scene):
                continue
            tried += 1
            scene.world.run(3.5)
            check(scene.world)
            assert_answered(scene, way)
            if was_refused(scene, way):
                assert heard(scene) == edges, "refused, yet who hears whom has changed"
            if way not in ENDING:
                gone = before - standing(scene)
                assert not gone, f"{gone} lost\n{scene.world.network.ladder()}"
            close(scene)
    assert tried, "no state in which a phone can do so"


@pytest.mark.parametrize("crossing", CROSSINGS, ids=lambda crossing: crossing.__name__)
@pytest.mark.parametrize("way", CROSSED)
def test_whatever_crosses_what_a_phone_does_nobody_is_lost_and_nothing_left(
    way: str, crossing: Callable[[Scene], None]
) -> None:
    for name, state in STATES.items():
        if way in BY_KEYS and "by_keys" not in name:
            continue
        for after_s in (0.0, ON_THE_WAY_BACK_S) if crossing in IN_BOTH_ORDERS else (0.0,):
            with named(name, f"after {after_s} s"):
                scene = state()
                before = on_the_line(scene)
                if not WAYS[way](scene):
                    break
                scene.world.run(after_s)
                all_stay = cross(scene, crossing)
                check(scene.world)
                scene.world.run(3)
                check(scene.world)
                if all_stay and way not in ENDING:
                    gone = before - standing(scene)
                    assert not gone, f"{gone} lost\n{scene.world.network.ladder()}"
                close(scene)


@pytest.mark.parametrize("after_s", [0.0, 0.5])
@pytest.mark.parametrize("way", [*filter(lambda way: way.startswith("refer"), WAYS), "keys ##103#", "keys ##*103#"])
def test_a_phone_that_hangs_up_over_its_own_transfer_loses_nobody(way: str, after_s: float) -> None:
    """Some do so at once, some when they have been told, also when it was refused."""
    for name, state in STATES.items():
        with named(name):
            scene = state()
            session, before = own(scene, "confirmed"), on_the_line(scene)
            if session is None or (name == "holding_by_keys" and "keys" in way) or not WAYS[way](scene):
                continue  # there they are an answer to the question who is to be asked
            scene.world.run(after_s)
            session.bye(scene.world.network.now)
            scene.world.run(3)
            check(scene.world)
            gone = before - standing(scene)
            assert not gone, f"{gone} lost\n{scene.world.network.ladder()}"
            close(scene)


def test_every_person_of_the_table_has_a_phone_in_every_state() -> None:
    """Else a way would quietly not be tried."""
    for state in STATES.values():
        scene = state()
        assert set(NAMES.values()) <= set(scene.world.phones)
        assert scene.own_session(scene.target[1]) is not None
