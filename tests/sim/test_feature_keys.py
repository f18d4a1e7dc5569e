"""Feature keys of phones: what is switched there holds here, and the other way round."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from email import message_from_string
from itertools import count
from typing import Any

import pytest
from code_world import ANNA, BERT, CodeWorld
from lamp_world import Watch, WatchingPhone
from msgspec.structs import replace

from kiestoon.company.model import Destination, Device, Forward, Presence, ServiceAssignment, User
from kiestoon.phones.lamps import Lamps, decode_journal
from kiestoon.sip.subscription import feature_events
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import changing

FEATURES = feature_events.PACKAGE
OFF = {"dnd": "", "forwardImmediate": "", "forwardBusy": "", "forwardNoAns": ""}
MINE, MINE_TOO = "anna-desk", "anna-two"


def dnd(on: bool) -> str:
    return f"<SetDoNotDisturb><device/><doNotDisturbOn>{str(on).lower()}</doNotDisturbOn></SetDoNotDisturb>"


def forward(to: str, kind: str = "forwardImmediate", rings: str = "") -> str:
    return (
        f"<SetForwarding><device/><activateForward>{'true' if to else 'false'}</activateForward>"
        f"<forwardingType>{kind}</forwardingType><forwardDN>{to}</forwardDN><ringCount>{rings}</ringCount></SetForwarding>"
    )


class KeyWorld(CodeWorld):
    """Anna has two phones with keys; what they set is really written."""

    lamps: Lamps | None = None

    def __init__(self) -> None:
        super().__init__("standard")
        self.seeds = count(5000)
        self.kept: list[bytes] = []
        self.add(
            Device(id=0, company_id=1, username=MINE_TOO, secret=f"secret of {MINE_TOO}", user_id=self.user(ANNA).id)
        )
        self.attach()

    def attach(self) -> None:
        self.lamps = Lamps(self.exchange, keep=self.kept.append, wall_s=lambda: self.network.now)
        self.exchange.watching = self.lamps

    def reload(self) -> None:
        super().reload()
        if self.lamps is not None:
            self.lamps.configuration_changed([1], self.network.now)

    def keys(self, name: str = MINE, host: str = "192.0.2.71") -> WatchingPhone:
        phone = WatchingPhone(self, name, host)  # type: ignore[arg-type]  # has what it needs
        phone.register()
        self.run(0.2)
        return phone

    def press(self, watch: Watch, wish: str, **options: Any) -> None:
        """A key of the phone."""
        watch.phone.renew(watch, wish=wish, **options)
        self.run(0.5)

    def company(self, **fields: Any) -> None:
        with changing(self.database, self.writing.vault, acting_user="test") as changes:
            changes.update(replace(Peek(changes.connection, 1).company(), **fields))
        self.reload()
        self.run(0.5)


@pytest.fixture
def world() -> KeyWorld:
    return KeyWorld()


def shown(watch: Watch) -> dict[str, str]:
    """What the keys show: by feature, "" where it is off."""
    notify = watch.notifies[-1]
    whole = message_from_string(f"Content-Type: {notify.get('Content-Type')}\r\n\r\n{notify.body.decode()}")
    found: dict[str, str] = {}
    for part in whole.get_payload():
        fields = {each.tag.rpartition("}")[2]: each.text or "" for each in ET.fromstring(part.get_payload().strip())}  # type: ignore[union-attr,arg-type]
        if "doNotDisturbOn" in fields:
            found["dnd"] = "on" if fields["doNotDisturbOn"] == "true" else ""
        else:
            told = (fields.get("forwardTo", ""), fields.get("ringCount", ""))
            found[fields["forwardingType"]] = " after ".join(filter(None, told))
    return found


def test_do_not_disturb_pressed_at_one_phone_holds_for_calls_and_shows_at_the_other(world: KeyWorld) -> None:
    keys = world.keys().watch(MINE, FEATURES)
    others = world.keys(MINE_TOO, "192.0.2.72").watch(ANNA, FEATURES)
    assert keys.status == 200
    assert shown(keys) == shown(others) == OFF
    world.press(keys, dnd(True))
    assert shown(keys) == shown(others) == {**OFF, "dnd": "on"}
    assert len(keys.notifies) == 2  # it is not told the old state in between
    assert world.user(ANNA).do_not_disturb
    assert world.trail()[-1] == ("Anna (phone)", "users")
    assert world.outcome_of_call(ANNA, BERT) == "refused 486"
    world.press(others, dnd(False))
    assert shown(keys) == shown(others) == OFF
    assert not world.user(ANNA).do_not_disturb


def test_do_not_disturb_by_status_shows_too_and_the_key_ends_it(world: KeyWorld) -> None:
    keys = world.keys().watch(MINE, FEATURES)
    world.add(Presence(id=0, company_id=1, user_id=world.user(ANNA).id, status="do_not_disturb"))
    world.run(0.5)
    assert shown(keys)["dnd"] == "on"
    world.press(keys, dnd(False))
    presence = world.presence()
    assert presence is not None
    assert presence.status == "office"
    assert shown(keys) == OFF


@pytest.mark.parametrize(
    ("to", "kind", "rings", "written", "told"),
    [
        (BERT, "forwardImmediate", "", ("extension", BERT), BERT),
        ("0201112223", "forwardBusy", "9", ("number", "+31201112223"), "+31201112223"),
        (BERT, "forwardNoAns", "3", ("extension", BERT), f"{BERT} after 3"),
        (BERT, "forwardNoAns", "99", ("extension", BERT), f"{BERT} after 20"),
        ("*7101", "forwardBusy", "", ("voicemail", ""), "*7101"),
        ("1233", "forwardBusy", "", ("voicemail", ""), "*7101"),
    ],
)
def test_forwarding_set_by_key_is_written_and_told(
    world: KeyWorld, to: str, kind: str, rings: str, written: tuple[str, str], told: str
) -> None:
    world.company(access_code="")
    keys = world.keys().watch(MINE, FEATURES)
    world.press(keys, forward(to, kind, rings))
    case = {"forwardImmediate": "always", "forwardBusy": "busy", "forwardNoAns": "no_answer"}[kind]
    assert world.forwards() == {case: written}
    assert shown(keys) == {**OFF, kind: told}
    world.press(keys, forward("", kind))
    assert world.forwards() == {}
    assert shown(keys) == OFF


def test_the_mobile_stays_the_mobile_when_a_phone_repeats_what_it_was_told(world: KeyWorld) -> None:
    world.change(User, world.user(ANNA).id, mobile_number="+31612345678")
    world.add(Forward(id=0, company_id=1, extension=ANNA, case="always", to=Destination("mobile")))
    keys = world.keys().watch(MINE, FEATURES)
    assert shown(keys)["forwardImmediate"] == "+31612345678"
    world.press(keys, forward("+31612345678"))
    assert world.forwards() == {"always": ("mobile", "")}
    world.change(User, world.user(ANNA).id, mobile_number="+31687654321")
    world.run(0.5)
    assert shown(keys)["forwardImmediate"] == "+31687654321"


@pytest.mark.parametrize(
    "wish", [forward("112"), forward(ANNA), forward("999"), forward("*80"), "<SetForwarding/>", "no XML"]
)
def test_what_cannot_be_is_not_done_and_the_phone_is_told_so(world: KeyWorld, wish: str) -> None:
    keys = world.keys().watch(MINE, FEATURES)
    world.press(keys, wish)
    assert world.trail() == []
    assert len(keys.notifies) == 2
    assert shown(keys) == OFF


def test_a_phone_that_may_not_call_outside_from_where_it_is_sends_no_calls_away(world: KeyWorld) -> None:
    world.company(ip_listing=True)
    keys = world.keys().watch(MINE, FEATURES)
    world.press(keys, forward("00612345678"))
    assert shown(keys) == OFF
    world.press(keys, dnd(True))
    assert shown(keys) == {**OFF, "dnd": "on"}


def test_when_nothing_can_be_written_the_phone_shows_what_holds(world: KeyWorld) -> None:
    keys = world.keys().watch(MINE, FEATURES)
    world.writing.broken = True
    world.press(keys, dnd(True))
    assert len(keys.notifies) == 2
    assert shown(keys) == OFF
    world.writing.broken = False
    world.press(keys, dnd(True))
    assert shown(keys)["dnd"] == "on"


def test_wishes_of_a_phone_are_done_in_their_order(world: KeyWorld) -> None:
    keys = world.keys().watch(MINE, FEATURES)
    world.writing.held = True
    for on in (True, False, True):
        world.press(keys, dnd(on))
    assert len(world.writing.asked) == 1
    world.writing.let_go()
    world.run(1)
    assert shown(keys)["dnd"] == "on"
    assert world.user(ANNA).do_not_disturb


def test_a_wish_is_challenged_also_in_a_subscription_that_stands_and_after_a_crash(world: KeyWorld) -> None:
    keys = world.keys().watch(MINE, FEATURES)
    world.press(keys, dnd(True), password="guessed")
    assert keys.status == 403
    assert world.trail() == []
    world.crash()
    world.attach()
    assert world.lamps is not None
    world.lamps.restore(decode_journal(world.kept), world.network.now)
    world.run(1)
    world.press(keys, dnd(True), password="guessed")
    assert keys.status == 403
    world.press(keys, dnd(True))
    assert keys.status == 200
    assert shown(keys)["dnd"] == "on"


def test_keys_are_ones_own_and_those_of_a_free_phone_are_off_until_somebody_logs_in(world: KeyWorld) -> None:
    assert world.keys().watch(BERT, FEATURES).status == 404
    desk = world.add(Device(id=0, company_id=1, username="free-desk", secret="secret of free-desk"))
    keys = world.keys("free-desk", "192.0.2.73").watch("free-desk", FEATURES)
    world.press(keys, dnd(True))
    assert (world.trail(), shown(keys)) == ([], OFF)
    dora = world.add(User(id=0, company_id=1, extension="104", name="Dora", do_not_disturb=True))
    world.change(Device, desk.id, logged_in_user_id=dora.id)
    world.run(0.5)
    assert shown(keys)["dnd"] == "on"
    world.change(Device, desk.id, logged_in_user_id=None)
    world.run(0.5)
    assert shown(keys) == OFF


def test_who_lacks_the_service_cannot_switch_it_on(world: KeyWorld) -> None:
    world.add(ServiceAssignment(id=0, company_id=1, extension=ANNA, service="do_not_disturb", assigned=False))
    keys = world.keys().watch(MINE, FEATURES)
    world.press(keys, dnd(True))
    assert (world.trail(), shown(keys)) == ([], OFF)
