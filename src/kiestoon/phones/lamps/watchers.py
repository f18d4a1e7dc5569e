"""Where the watching phones are, and whether they are there: a phone that moves, is away or has restarted.

All subscriptions of a phone stand and fall together, so one of them asks for all: when a NOTIFY stays unanswered, the
others wait, and one is sent again when the phone registers, renews a subscription, or after a while. When it is
answered, all get their state; when the phone does not know it any more (481), the next one is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kiestoon.phones.lamps.lamp import Phone, Table
from kiestoon.phones.lamps.telling import Teller
from kiestoon.registrar import Binding, BindingChanged, Registrar
from kiestoon.sip.deadlines import DeadlineQueue
from kiestoon.sip.flow import Destination
from kiestoon.sip.subscription import Subscription
from kiestoon.sip.uri import BadUri, parse_uri

AGAIN_S: Final = (30.0, 60.0, 120.0, 300.0)
"""How long until a silent phone is asked again, the first time, the second …; from then on the last."""


class Watchers:
    """Follows the phones of ``table``. ``moved`` is told of subscriptions whose phone is somewhere else now."""

    def __init__(
        self, table: Table, teller: Teller, registrar: Registrar, moved: Callable[[Subscription, float], None]
    ) -> None:
        self._table = table
        self._teller = teller
        self._registrar = registrar
        self._moved = moved
        self._again: DeadlineQueue[Phone] = DeadlineQueue()

    # --- what subscriptions say --------------------------------------------------------------------------------------

    def subscribed(self, subscription: Subscription, phone: Phone, now: float) -> None:
        """A new subscription: if we thought the phone away, it is not."""
        if phone.registered is None:
            binding = self._binding_of(phone)
            if binding is not None:
                phone.registered = (binding.call_id, binding.destination)
        if phone.silent:
            self.probe(phone, now, subscription.destination)

    def refreshed(self, subscription: Subscription, phone: Phone, now: float) -> None:
        """The phone has renewed a subscription: it is there, at the place that came from."""
        if phone.silent:
            self._back(phone, subscription, now)

    def restored(self, phone: Phone, known: bool, now: float) -> None:
        """A subscription of before a restart; ``known``: so is where its phone was. One on a connection comes back by
        itself: it has noticed that the connection is gone."""
        if phone.registered is None:
            binding = self._binding_of(phone)
            if binding is not None:
                phone.registered = (binding.call_id, binding.destination)
        if not known and not phone.silent:
            phone.silent = True
            phone.deadline = self._again.start(now + AGAIN_S[0], "again", phone)

    def silent(self, subscription: Subscription, phone: Phone, now: float) -> None:
        """A NOTIFY was not answered."""
        if phone.silent and phone.probing is not subscription:
            return
        phone.silent = True
        phone.probing = None
        if phone.deadline is not None:
            self._again.stop(phone.deadline)
        wait_s = AGAIN_S[min(phone.tries, len(AGAIN_S) - 1)]
        phone.tries += 1
        phone.deadline = self._again.start(now + wait_s, "again", phone)

    def answered(self, subscription: Subscription, phone: Phone, now: float) -> None:
        """A silent subscription's NOTIFY was answered."""
        if phone.silent:
            self._back(phone, subscription, now)

    def ended(self, subscription: Subscription, phone: Phone, now: float) -> None:
        """A subscription is over. If it was the one that asked, the phone may have forgotten the others as well."""
        if not phone.subscriptions:
            self._stop(phone)
        elif phone.probing is subscription:
            self.probe(phone, now, subscription.destination)

    # --- what the registrar says -------------------------------------------------------------------------------------

    def binding_changed(self, change: BindingChanged, now: float) -> None:
        """A phone registers: perhaps from another place, perhaps because it has restarted, perhaps after an absence."""
        binding = change.binding
        if binding is None:
            return
        for phone in self._table.phones_of(change.device_id):
            if not self._is_of(phone, binding):
                continue
            before, to = phone.registered, binding.destination
            phone.registered = (binding.call_id, to)
            if phone.silent:
                self.probe(phone, now, to)
            elif before is not None and to is not None and before[1] != to:
                for subscription in list(phone.subscriptions):
                    subscription.move(now, to)
                    self._moved(subscription, now)
                self.probe(phone, now, to)
            elif before is not None and before[0] != binding.call_id:
                self.probe(phone, now, to)  # it keeps its Call-ID as long as it runs (RFC 3261 §10.2.4)

    def probe(self, phone: Phone, now: float, to: Destination | None = None) -> None:
        """Ask whether it is there and knows its subscriptions."""
        if phone.subscriptions:
            phone.probing = next(iter(phone.subscriptions))
            if phone.silent:
                phone.probing.silence()  # its answer will be told
            phone.probing.resend(now, to)

    # --- time --------------------------------------------------------------------------------------------------------

    def handle_timers(self, now: float) -> None:
        """Ask silent phones again."""
        for phone, _ in self._again.due(now):
            phone.deadline = None
            binding = self._binding_of(phone)
            self.probe(phone, now, binding.destination if binding is not None else None)

    def next_deadline(self) -> float | None:
        return self._again.next_deadline()

    # --- inside ------------------------------------------------------------------------------------------------------

    def _back(self, phone: Phone, subscription: Subscription, now: float) -> None:
        phone.silent = False
        phone.probing = None
        phone.tries = 0
        self._stop(phone)
        others = [each for each in phone.subscriptions if each is not subscription and each.silent]
        self._teller.tell_in_time(others, now, subscription.destination)

    def _stop(self, phone: Phone) -> None:
        if phone.deadline is not None:
            self._again.stop(phone.deadline)
            phone.deadline = None

    def _binding_of(self, phone: Phone) -> Binding | None:
        bindings = self._registrar.bindings_of(phone.device_id)
        return next((binding for binding in bindings if self._is_of(phone, binding)), None)

    def _is_of(self, phone: Phone, binding: Binding) -> bool:
        """Whether a registration is this phone's: the same place in both Contacts (their parameters may differ), else
        the only registration of the login, of a phone that has a new address."""
        if binding.contact == phone.contact or _place(binding.contact) == _place(phone.contact):
            return True
        bindings = self._registrar.bindings_of(phone.device_id)
        return len(bindings) == 1


def _place(contact: str) -> tuple[str, int | None]:
    try:
        uri = parse_uri(contact)
    except BadUri:  # a journal of another version may hold what today's parser refuses
        return contact, None
    return uri.host, uri.port
