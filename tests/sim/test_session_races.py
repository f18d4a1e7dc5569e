"""Whatever two parties do over whatever network: in the end both know the session is over, and nothing is left."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from network import Conditions
from phones import ANSWER, CLOSING, OFFER, Phone, pair

from kiestoon.sip import events

ACTIONS = (
    "wait", "wait", "wait", "wait long", "ring", "ring reliably", "accept", "accept",
    "cancel", "bye a", "bye b", "reject", "redirect",
    "offer a", "offer b", "ask a", "ask b", "info a", "info b", "refer a", "refer b", "notify a", "notify b",
    "cut a", "cut b", "mend",
)  # fmt: skip


class Parties:
    """Two phones that answer every offer, and the actions hypothesis chooses from."""

    def __init__(self, seed: int, conditions: Conditions, offerless: bool, reliable: bool) -> None:
        self.network, self.alice, self.bob = pair(seed)
        self.network.conditions = conditions
        self.random = random.Random(seed)
        for phone in (self.alice, self.bob):
            phone.on_event = self.react
        headers = [("Require", "100rel")] if reliable else []
        self.session = self.alice.call(self.bob, b"" if offerless else OFFER, headers=headers)
        self.others: list[object] = []

    def react(self, phone: Phone, event: object, now: float) -> None:
        if isinstance(event, events.OfferReceived):
            if self.random.random() < 0.2:
                event.session.refuse(now, 488)
            else:
                event.session.answer(now, ANSWER)
        elif isinstance(event, events.Accepted | events.Progressed):
            event.session.answer(now, ANSWER)
        elif isinstance(event, events.ReferReceived | events.SessionRequestReceived):
            phone.endpoint.respond(now, event.transaction, 202 if isinstance(event, events.ReferReceived) else 200)

    def establish(self) -> None:
        """Most of what can go wrong needs a call that stands."""
        self.act("wait long")
        self.act("accept")
        self.network.run(3)

    def act(self, action: str) -> None:
        network, now = self.network, self.network.now
        verb, _, who = action.partition(" ")
        a = self.session
        found = self.bob.all(events.InviteReceived)
        b = found[-1].session if found else None
        session = a if who == "a" else b
        if action == "wait":
            network.run(self.random.choice((0.005, 0.02, 0.3, 1.0, 3.0)))
        elif action == "wait long":
            network.run(self.random.choice((5, 40)))
        elif verb == "cut":
            (self.alice if who == "a" else self.bob).node.connected = False
        elif verb == "mend":
            self.alice.node.connected = self.bob.node.connected = True
        elif verb == "cancel":
            a.cancel(now, 'SIP;cause=200;text="Call completed elsewhere"')
        elif session is not None and verb in ("bye", "offer", "ask", "info", "refer", "notify"):
            self.in_session(verb, session, now)
        elif b is not None:
            self.answer(action, b, now)
        for phone in (self.alice, self.bob):
            network.drain(phone.node)

    def in_session(self, verb: str, session: object, now: float) -> None:
        if verb == "bye":
            session.bye(now)
        elif verb == "offer":
            session.offer(now, b"v=0 new %d" % self.random.randrange(1000))
        elif verb == "ask":
            session.reoffer_request(now)
        elif verb == "info":
            session.request(now, "INFO", (), b"Signal=1", "application/dtmf-relay", token="info")
        elif verb == "refer":
            session.request(now, "REFER", [("Refer-To", "<sip:carol@example.com>")], token="refer")
        else:
            session.notify_refer(now, 200, True)

    def answer(self, action: str, session: object, now: float) -> None:
        if action == "ring":
            session.progress(now, 180)
        elif action == "ring reliably":
            session.progress(now, 183, body=ANSWER, reliable=True)
        elif action == "accept":
            session.accept(now, ANSWER)
        elif action == "reject":
            session.reject(now, 486)
        elif action == "redirect":
            session.redirect(now, ["sip:carol@example.com"])

    def check_quiet(self) -> None:
        """On a network that loses nothing no exchange hangs: a minute later nobody waits for anybody."""
        self.network.run(60)
        for phone in (self.alice, self.bob):
            for session in phone.endpoint.sessions.values():
                if session.state == "confirmed" and not session.ending:
                    waiting = (session.offering, session.held, session.wish, session.unacknowledged or None)
                    assert waiting == (None,) * 4, f"{phone.name} {waiting}\n{self.network.ladder()}"
                    assert session.exchange == "settled", f"{phone.name}\n{self.network.ladder()}"

    def finish(self) -> None:
        """Hang up on both sides, whatever arrives late included, and let the clock run out."""
        self.network.run(1)
        for _ in range(3):
            for phone in (self.alice, self.bob):
                for session in list(phone.endpoint.sessions.values()):
                    session.bye(self.network.now)
            self.network.run()


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**32),
    loss=st.sampled_from((0.0, 0.1, 0.3)),
    duplication=st.sampled_from((0.0, 0.2)),
    jitter_s=st.sampled_from((0.0, 0.05, 1.5)),
    offerless=st.booleans(),
    reliable=st.booleans(),
    answered=st.booleans(),
    actions=st.lists(st.sampled_from(ACTIONS), max_size=12),
)
@example(1, 0.0, 0.0, 0.0, False, False, False, ["wait", "accept", "cancel", "wait"])
@example(2, 0.0, 0.0, 0.0, True, True, False, ["wait", "ring reliably", "wait", "accept", "offer a", "offer b"])
def test_every_story_ends_for_both_sides_exactly_once_and_leaves_nothing(
    seed: int,
    loss: float,
    duplication: float,
    jitter_s: float,
    offerless: bool,
    reliable: bool,
    answered: bool,
    actions: list[str],
) -> None:
    parties = Parties(seed, Conditions(loss, duplication, 0.01, jitter_s), offerless, reliable)
    if answered:
        parties.establish()
    for action in actions:
        parties.act(action)
    if loss == 0 and not any(action.startswith("cut") for action in actions):
        parties.check_quiet()
    parties.finish()
    for phone in (parties.alice, parties.bob):
        ladder = f"{phone.name}: {phone.names()}\n{parties.network.ladder()}"
        assert not any(phone.endpoint.counts().values()), f"{phone.endpoint.counts()} {ladder}"
        sessions = [event.session for event in phone.all(events.InviteReceived)]
        if phone is parties.alice:
            sessions.append(parties.session)
        for session in sessions:
            assert session.state == "ended"
            assert len(phone.closed(session)) == 1, ladder
            last = [event for event in phone.events if getattr(event, "session", None) is session][-1]
            assert isinstance(last, CLOSING), ladder
