"""Random telephoning: what people, phones, lines and machines may do to an exchange. ``invariants``: what must hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from invariants import check, check_phones, check_records
from network import Conditions
from test_outside_lines import call_in
from world import DOMAIN, SECOND_PROVIDER, DeskPhone, World, sample_rows

from kiestoon.calls.call import Call
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import conference, deflect, hold, park, pickup, room, transfer
from kiestoon.calls.originate import originate
from kiestoon.calls.service_data import Dialling, Fetching
from kiestoon.company.model import CompanyRows, Destination, Forward
from kiestoon.media.protocol import Codec, DigitReceived, RtpLost
from kiestoon.sip.session import Session

NUMBERS = ("101", "102", "103", "200", "999", "00201112222", "112", "0112", "104")
KEYS = ("##", "##103#", "##101#", "##*103#", "##*999#", "*#", "1", "2", "3", "*6", "102", "2", "3")
CODES = ("*8", "*8102", "*8103", "*13", "93001", "909", "906102", "*30", "9196", "*6", "#31#103", "1233", "901")
NUMBERS_IN = ("+31201234561", "+31201234562", "+31201234500", "+31201112222")
MODES = ("answer", "answer", "ring", "ring", "early", "busy", "decline", "unavailable", "redirect")
CODEC_SETS = (
    (Codec("PCMA", 8), Codec("PCMU", 0)), (Codec("PCMU", 0),), (Codec("G722", 9), Codec("PCMA", 8)),
    (Codec("OPUS", 107, 48000, 2),),
)  # fmt: skip
WAITS_S = (0.005, 0.02, 0.1, 1.0, 5.0, 35.0, 70.0)


def with_reminder(sample: CompanyRows) -> CompanyRows:
    """A sample company with one more person, who forwards to Anna and whose phone is reminded of it each time."""
    dora = msgspec.structs.replace(sample.users[0], id=4, extension="104", name="Dora")
    phone = msgspec.structs.replace(sample.devices[0], id=5, username="dora", secret="secret of dora", user_id=4)
    to_anna = Forward(
        id=1, company_id=1, extension="104", case="always", to=Destination("extension", "101"), ring_reminder=True
    )
    return msgspec.structs.replace(
        sample, users=(*sample.users, dora), devices=(*sample.devices, phone), forwards=(*sample.forwards, to_anna)
    )


class Chaos:
    """A world in which ``do(action, a, b)`` does something; the numbers choose who and what."""

    def __init__(
        self,
        seed: int,
        conditions: Conditions,
        rows: CompanyRows | None = None,
        numbers: tuple[str, ...] = NUMBERS,
        keys: tuple[str, ...] = KEYS,
        numbers_in: tuple[str, ...] = NUMBERS_IN,
    ) -> None:
        self.numbers, self.keys, self.numbers_in = numbers, keys, numbers_in
        self.world = World(seed, with_reminder(rows or sample_rows()))
        self.parties: list[DeskPhone] = [
            self.world.phone(name, f"192.0.2.{n}") for n, name in enumerate(("anna", "bert", "carla", "carla2"), 1)
        ]
        self.parties += [self.world.provider(), self.world.provider(SECOND_PROVIDER)]
        self.parties.append(self.world.phone("dora", "192.0.2.5"))
        for party in self.parties:
            party.on_event = self._react
        self.world.make_worse(conditions)
        self.reliable = conditions.loss == 0
        """Every message arrives, and everybody is there to read it."""

    def _react(self, phone: Any, event: Any, now: float) -> None:
        phone.react(phone, event, now)

    # --- what may happen -------------------------------------------------------------------------------------------

    def do(self, action: str, a: int, b: int) -> None:
        ACTIONS[action](self, a, b)
        world = self.world
        world.network.drain(world.node)
        for party in self.parties:
            world.network.drain(party.node)
        check(world)
        if self.reliable and world.network.quiet:
            check_phones(world)

    def _party(self, a: int) -> DeskPhone:
        return self.parties[a % len(self.parties)]

    def _session(self, party: DeskPhone, b: int, *states: str) -> Session | None:
        found = [session for session in party.endpoint.sessions.values() if session.state in states]
        return found[b % len(found)] if found else None

    def dial(self, a: int, b: int) -> None:
        self.parties[a % 4].dial(self.numbers[b % len(self.numbers)], offerless=b % 7 == 6)

    def call_in(self, a: int, b: int) -> None:
        call_in(self.world, self.numbers_in[b % len(self.numbers_in)])

    def set_mode(self, a: int, b: int) -> None:
        self._party(a).mode = MODES[b % len(MODES)]

    def answer(self, a: int, b: int) -> None:
        self._called(a, b, lambda party, session, offer: party.accept(session, offer))

    def reject(self, a: int, b: int) -> None:
        status = (486, 603, 480, 404, 500, 488, 401)[b % 7]
        self._called(a, b, lambda party, session, offer: session.reject(party.now, status))

    def early_media(self, a: int, b: int) -> None:
        self._called(a, b, lambda party, session, offer: session.progress(
            party.now, 183, body=party.answer_to(session, offer), reliable=b % 2 == 0))  # fmt: skip

    def _called(self, a: int, b: int, what: Callable[[DeskPhone, Session, bytes], None]) -> None:
        party = self._party(a)
        session = self._session(party, b, "calling", "early")
        if session is not None and session.role == "uas":
            what(party, session, session.remote_body)

    def hang_up(self, a: int, b: int) -> None:
        party = self._party(a)
        session = self._session(party, b, "calling", "early", "accepted", "confirmed")
        if session is not None:
            session.bye(party.now)

    def _change(self, a: int, b: int, direction: str) -> None:
        party = self._party(a)
        session = self._session(party, b, "confirmed")
        if session is not None and session.id in party.streams and session.exchange == "settled" and not session.wish:
            party._change(session, direction)
            party.direction = "sendrecv"

    def hold(self, a: int, b: int) -> None:
        self._change(a, b, "sendonly")

    def resume(self, a: int, b: int) -> None:
        self._change(a, b, "sendrecv")

    def change_codecs(self, a: int, b: int) -> None:
        self._party(a).codecs = CODEC_SETS[b % len(CODEC_SETS)]
        self._change(a, b, "sendrecv")

    def ask_for_offer(self, a: int, b: int) -> None:
        party = self._party(a)
        session = self._session(party, b, "confirmed")
        if session is not None:
            session.reoffer_request(party.now)

    def press_by_info(self, a: int, b: int) -> None:
        self._request(a, b, "INFO", b"Signal=%d\r\n" % (b % 10), "application/dtmf-relay")

    def refer(self, a: int, b: int) -> None:
        target = ("103", "101", "200", "999", "00201112222", "102")[b % 6]
        self._request(a, b, "REFER", b"", "", [("Refer-To", f"<sip:{target}@{DOMAIN}>")])

    def refer_attended(self, a: int, b: int) -> None:
        """Join two calls of one phone."""
        party = self.parties[a % 4]
        found = [session for session in party.endpoint.sessions.values() if session.dialog is not None]
        if len(found) < 2:
            return
        kept, asked = found[b % len(found)], found[(b + 1) % len(found)]
        if kept.state == "confirmed" and asked.dialog is not None:
            dialog = asked.dialog
            tags = f"%3Bto-tag%3D{dialog.remote_tag}%3Bfrom-tag%3D{dialog.local_tag}"
            uri = f"sip:103@{DOMAIN}?Replaces={dialog.call_id.replace('@', '%40')}{tags}"
            kept.request(party.now, "REFER", headers=[("Refer-To", f"<{uri}>")])

    def press_keys(self, a: int, b: int) -> None:
        """Somebody in a call keys in a code."""
        terminations = list(self.world.media.terminations)
        if terminations and self.world.media.connected:
            for digit in self.keys[b % len(self.keys)]:
                self.world.media.events.append(DigitReceived(terminations[a % len(terminations)], digit, 100))
                self.world.network.drain(self.world.node)

    def dial_code(self, a: int, b: int) -> None:
        self.parties[a % 4].dial(CODES[b % len(CODES)])

    def operate(self, a: int, b: int) -> None:
        """An operation from a screen, whether it fits or not."""
        legs = [leg for leg in self.world.exchange.legs.values() if leg.device_id]
        if not legs:
            return
        leg, other = legs[a % len(legs)], legs[b % len(legs)]
        x, calls = self.world.exchange, self.world.exchange.calls
        call, second = calls[leg.call], calls[other.call]
        number = self.numbers[b % len(self.numbers)]
        now = self.world.network.now
        callers = self._callers()
        operations: list[Callable[[], object]] = [
            lambda: transfer.blind(x, call, leg, number, now),
            lambda: transfer.attended(x, call, leg, second, other, now),
            lambda: park.park(x, call, leg, "", now),
            lambda: park.park(x, call, leg, "lot 3", now),
            lambda: hold.hold(x, call, leg, now),
            lambda: hold.retrieve(x, call, leg, now),
            lambda: deflect.deflect(x, call, leg, number, now),
            lambda: deflect.reject(x, call, leg, now),
            lambda: conference.merge(x, call, leg, second, other, now),
            lambda: conference.add(x, call, leg, number, now),
            lambda: conference.remove(x, call, leg, now),
            lambda: conference.mute(x, call, leg, now, muted=b % 2 == 0),
            lambda: pickup.pick_up(x, call, leg, second, other, now),
            lambda: pickup.replace_leg(x, call, leg, second, other, now),
            lambda: originate(x, 1, leg.party, number, Dialling(leg.party, number), now),
            lambda: originate(x, 1, leg.party, number, Fetching(leg.party, second.id, other.id), now),
            *self._steering(call, leg, number, b),
        ]
        self.world.engine.operate(lambda _x, _now: operations[(a * 7 + b) % len(operations)](), now)  # type: ignore[arg-type, return-value]
        own = {leg.party.user_id, other.party.user_id}
        lost = [each.party for each in callers if each.state == "ended" and each.party.user_id not in own]
        assert not lost, f"{lost} were hung up on by an operation\n{self.world.network.ladder()}"

    def _callers(self) -> list[Leg]:
        """Whoever may not be lost: all who have been answered, but those who only listen in, or are asked whether they
        want to talk to somebody who may be gone by then."""
        calls = self.world.exchange.calls
        only_asked = {asked for call in calls.values() for asked in call.asked}
        return [
            leg
            for call in calls.values()
            for leg in call.live_legs()
            if leg.state == "answered"
            and not leg.confirm
            and call.id not in only_asked
            and leg.id not in call.onlookers
        ]

    def _steering(self, call: Call, leg: Leg, number: str, b: int) -> list[Callable[[], object]]:
        """What an organiser does, where there are rooms."""
        x, now = self.world.exchange, self.world.network.now
        rows = [row for index in x.directory for row in index.arrangements.conference_rooms.values()]
        if not rows:
            return []
        return [
            lambda: room.mute(x, call, leg, muted=b % 2 == 0),
            lambda: room.mute_all(x, call, muted=b % 2 == 0),
            lambda: room.lock(x, call, locked=b % 3 == 0),
            lambda: room.remove(x, call, leg, now),
            lambda: room.end(x, call, now) if b % 4 == 0 else None,
            lambda: room.call_out(x, rows[0], leg.party, number, now),
        ]

    def message(self, a: int, b: int) -> None:
        self._request(a, b, "MESSAGE", b"hello", "text/plain")

    def _request(self, a: int, b: int, method: str, body: bytes, kind: str, headers: Any = ()) -> None:
        party = self._party(a)
        session = self._session(party, b, "confirmed")
        if session is not None:
            session.request(party.now, method, body=body, content_type=kind, headers=headers)

    def press(self, a: int, b: int) -> None:
        terminations = list(self.world.media.terminations)
        if terminations and self.world.media.connected:
            digit = DigitReceived(terminations[a % len(terminations)], "10#2"[b % 4], 100)
            self.world.media.events.append(digit)

    def key_in(self, a: int, b: int) -> None:
        """Whoever is in the menu keys in an extension."""
        in_menu = [leg for call in self.world.exchange.calls.values() if call.holder == "service"
                   for leg in call.live_legs() if leg.termination]  # fmt: skip
        if in_menu and self.world.media.connected:
            for digit in ("101", "102", "103", "999", "200")[b % 5]:
                self.world.media.events.append(DigitReceived(in_menu[a % len(in_menu)].termination, digit, 100))

    def rtp_lost(self, a: int, b: int) -> None:
        terminations = list(self.world.media.terminations)
        if terminations and self.world.media.connected:
            self.world.media.events.append(RtpLost(terminations[a % len(terminations)], 5000))

    def prompts_end(self, a: int, b: int) -> None:
        if self.world.media.connected:
            self.world.media.finish_files()

    def phone_dies(self, a: int, b: int) -> None:
        self.reliable = False
        self._party(a).node.connected = False

    def phone_lives(self, a: int, b: int) -> None:
        self._party(a).node.connected = True

    def register(self, a: int, b: int) -> None:
        self.parties[a % 4].register(expires_s=(300, 60, 0)[b % 3])

    def crash(self, a: int, b: int) -> None:
        self.reliable = self.reliable and self.world.network.quiet  # what arrives meanwhile nobody reads
        self.world.crash()

    def media_dies(self, a: int, b: int) -> None:
        self.world.kill_media()

    def media_restarts(self, a: int, b: int) -> None:
        """Its successor is there before anybody noticed."""
        self.world.media.die()
        self.world.media.connected = True
        self.world.engine.media_lost(self.world.media, "restarted", self.world.network.now)

    def media_is_cut_off(self, a: int, b: int) -> None:
        self.world.media.disconnect()

    def media_returns(self, a: int, b: int) -> None:
        if not self.world.media.connected:
            self.world.mend_media()

    def wait(self, a: int, b: int) -> None:
        self.world.run(WAITS_S[b % len(WAITS_S)])

    def end(self) -> None:
        """Everybody hangs up, everything works again: nothing may be left."""
        world = self.world
        world.make_worse(Conditions())
        self.media_returns(0, 0)
        for party in self.parties:
            party.node.connected = True
            party.mode = "busy"
            for session in list(party.endpoint.sessions.values()):
                session.bye(world.network.now)
        world.run(1900)  # whose BYE was lost is found out by the session timer
        for party in self.parties:
            for session in list(party.endpoint.sessions.values()):
                session.bye(world.network.now)
        world.assert_nothing_left()
        check(world)
        check_records(world)


ACTIONS: dict[str, Callable[[Chaos, int, int], None]] = {
    name: getattr(Chaos, name)
    for name in (
        "dial",
        "call_in",
        "set_mode",
        "answer",
        "reject",
        "early_media",
        "hang_up",
        "hold",
        "resume",
        "change_codecs",
        "ask_for_offer",
        "press_by_info",
        "refer",
        "refer_attended",
        "press_keys",
        "dial_code",
        "operate",
        "message",
        "press",
        "key_in",
        "rtp_lost",
        "prompts_end",
        "phone_dies",
        "phone_lives",
        "register",
        "crash",
        "media_dies",
        "media_restarts",
        "media_is_cut_off",
        "media_returns",
        "wait",
    )
}
