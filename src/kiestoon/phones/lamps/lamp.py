"""The live tables of lamps: what is watched, by which subscription, of which phone.

Nothing here refers back from a subscription's context to the subscription: tables do, and give it up when it ends, so
that no reference cycle is left for the garbage collector.
"""

from __future__ import annotations

from collections.abc import Iterator

from kiestoon.phones.lamps.bodies import LIST, whole_body
from kiestoon.phones.lamps.state import LINES, State, View
from kiestoon.sip.deadlines import Deadline
from kiestoon.sip.flow import Destination
from kiestoon.sip.subscription import Subscription


class Resource:
    """Something watched. ``state`` is what it showed when last looked at, ``texts`` the bodies made of that, by form
    and view; ``parts`` the sources and keys of what it is a list of."""

    __slots__ = ("company_id", "deadline", "key", "kind", "parts", "state", "subscriptions", "texts")

    def __init__(self, kind: str, company_id: int, key: str) -> None:
        self.kind = kind
        self.company_id = company_id
        self.key = key
        self.state: State | None = None
        self.texts: dict[tuple[str, View], str] = {}
        self.parts: frozenset[tuple[str, str]] = frozenset()
        self.subscriptions: dict[Subscription, None] = {}
        self.deadline: Deadline[Resource] | None = None


class Phone:
    """A phone that watches: one contact of a device.

    ``silent``: it does not answer; ``tries`` how often it was asked since. ``probing`` is the subscription whose NOTIFY
    asks whether it is there, or still knows its subscriptions. ``registered``: the Call-ID and way of its registration.
    """

    __slots__ = ("contact", "deadline", "device_id", "probing", "registered", "silent", "subscriptions", "tries")

    def __init__(self, device_id: int, contact: str) -> None:
        self.device_id = device_id
        self.contact = contact
        self.silent = False
        self.tries = 0
        self.probing: Subscription | None = None
        self.registered: tuple[str, Destination | None] | None = None
        self.subscriptions: dict[Subscription, None] = {}
        self.deadline: Deadline[Phone] | None = None


class Lamp:
    """What a subscription (its ``context``) shows. Called with a version number it gives the body of a NOTIFY.

    ``name`` is what the phone asked for, ``text`` what it is shown. ``view`` was decided by the rights of the company's
    state number ``decided``. ``queued``: a NOTIFY is to be sent, "urgent" or "calm"; ``waiting``: the whole state is,
    in time; ``owed``: one is, whatever it says, once it is known what came of a wish.
    """

    __slots__ = (
        "company_id", "decided", "device_id", "entity", "name", "owed", "package", "phone", "queued", "resource",
        "text", "view", "waiting",
    )  # fmt: skip

    def __init__(
        self, company_id: int, device_id: int, package: str, name: str, entity: str, resource: Resource, view: View
    ) -> None:
        self.company_id = company_id
        self.device_id = device_id
        self.package = package
        self.name = name
        self.entity = entity
        self.resource = resource
        self.view = view
        self.text = ""
        self.decided = 0
        self.queued = ""
        self.waiting = False
        self.owed = False
        self.phone: Phone | None = None

    @property
    def form(self) -> str:
        """How it is told: as the package has it, or as a list of such."""
        return LIST if self.resource.kind == LINES else self.package

    def __call__(self, version: int) -> bytes:
        return whole_body(self.form, self.entity, version, self.text)


class Table:
    """Everything that is watched."""

    def __init__(self) -> None:
        self._resources: dict[tuple[str, int, str], Resource] = {}
        self._by_company: dict[int, dict[Resource, None]] = {}
        self._phones: dict[int, dict[str, Phone]] = {}
        self._counts: dict[str, int] = {}
        self._lists: dict[tuple[str, int, str], dict[Resource, None]] = {}

    def __len__(self) -> int:
        return sum(self._counts.values())

    @property
    def counts(self) -> dict[str, int]:
        """Subscriptions by package."""
        return self._counts

    def resource(self, kind: str, company_id: int, key: str) -> Resource | None:
        """What is watched under this name, if anybody does."""
        return self._resources.get((kind, company_id, key))

    def watched(self, kind: str, company_id: int, key: str) -> Resource:
        """The same, begun if need be; ``prune`` it if nobody comes to watch it after all."""
        found = self._resources.get((kind, company_id, key))
        if found is None:
            found = self._resources[(kind, company_id, key)] = Resource(kind, company_id, key)
            self._by_company.setdefault(company_id, {})[found] = None
        return found

    def concerned(self, kind: str, company_id: int, key: str) -> Iterator[Resource]:
        """What is watched under this name, and the lists it is in."""
        found = self._resources.get((kind, company_id, key))
        if found is not None:
            yield found
        yield from self._lists.get((kind, company_id, key), ())

    def list_parts(self, resource: Resource) -> None:
        """Its state is another: know which lists its lines are in."""
        state = resource.state
        parts = frozenset((line.kind, line.key) for line in state.lines) if state is not None else frozenset()
        for kind, key in resource.parts - parts:
            lists = self._lists[(kind, resource.company_id, key)]
            del lists[resource]
            if not lists:
                del self._lists[(kind, resource.company_id, key)]
        for kind, key in parts - resource.parts:
            self._lists.setdefault((kind, resource.company_id, key), {})[resource] = None
        resource.parts = parts

    def companies(self) -> list[int]:
        """The companies somebody watches something in."""
        return list(self._by_company)

    def resources_of(self, company_id: int) -> list[Resource]:
        """What is watched in a company."""
        return list(self._by_company.get(company_id, ()))

    def phones_of(self, device_id: int) -> list[Phone]:
        """The watching phones that log in as a device."""
        return list(self._phones.get(device_id, {}).values())

    def phone(self, device_id: int, contact: str) -> Phone | None:
        """One of them."""
        return self._phones.get(device_id, {}).get(contact)

    def phones(self) -> list[Phone]:
        """All of them."""
        return [phone for phones in self._phones.values() for phone in phones.values()]

    def subscriptions(self) -> list[Subscription]:
        """All of them."""
        return [each for resource in self._resources.values() for each in resource.subscriptions]

    def of_device(self, device_id: int) -> list[Subscription]:
        """The subscriptions of a device."""
        return [each for phone in self._phones.get(device_id, {}).values() for each in phone.subscriptions]

    def add(self, subscription: Subscription, lamp: Lamp) -> Phone:
        """A new subscription; returns its phone."""
        lamp.resource.subscriptions[subscription] = None
        self._counts[lamp.package] = self._counts.get(lamp.package, 0) + 1
        return self._house(subscription, lamp)

    def remove(self, subscription: Subscription, lamp: Lamp) -> None:
        """A subscription that is over; ignored when it is not known."""
        if subscription not in lamp.resource.subscriptions:
            return
        del lamp.resource.subscriptions[subscription]
        self._counts[lamp.package] -= 1
        self.prune(lamp.resource)
        self._leave_phone(subscription, lamp)

    def rehouse(self, subscription: Subscription, lamp: Lamp) -> Phone:
        """The subscription's phone has perhaps another contact; returns the phone."""
        if lamp.phone is not None and lamp.phone.contact == subscription.contact:
            return lamp.phone
        self._leave_phone(subscription, lamp)
        return self._house(subscription, lamp)

    def turn_to(self, subscription: Subscription, lamp: Lamp, resource: Resource) -> None:
        """The subscription watches something else from now on: its name means another one."""
        del lamp.resource.subscriptions[subscription]
        self.prune(lamp.resource)
        lamp.resource = resource
        resource.subscriptions[subscription] = None

    def prune(self, resource: Resource) -> None:
        """Forget what nobody watches."""
        key = (resource.kind, resource.company_id, resource.key)
        if not resource.subscriptions and self._resources.get(key) is resource:
            del self._resources[key]
            resource.state = None
            self.list_parts(resource)
            own = self._by_company[resource.company_id]
            own.pop(resource, None)
            if not own:
                del self._by_company[resource.company_id]

    def _house(self, subscription: Subscription, lamp: Lamp) -> Phone:
        phones = self._phones.setdefault(lamp.device_id, {})
        phone = phones.get(subscription.contact)
        if phone is None:
            phone = phones[subscription.contact] = Phone(lamp.device_id, subscription.contact)
        phone.subscriptions[subscription] = None
        lamp.phone = phone
        return phone

    def _leave_phone(self, subscription: Subscription, lamp: Lamp) -> None:
        phone, lamp.phone = lamp.phone, None
        if phone is None:
            return
        phone.subscriptions.pop(subscription, None)
        phones = self._phones.get(lamp.device_id, {})
        if not phone.subscriptions and phones.get(phone.contact) is phone:
            del phones[phone.contact]
            if not phones:
                del self._phones[lamp.device_id]


def lamp_of(subscription: Subscription) -> Lamp | None:
    """What a subscription shows; None for one that is none of ours."""
    context = subscription.context
    return context if isinstance(context, Lamp) else None
