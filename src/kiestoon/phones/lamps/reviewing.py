"""Changes of configuration: what a name means, what may be seen, what is shown, for a company's subscriptions.

A company's thousand phones with fifty lamps each are not gone through in one turn of the loop. Most changes concern
what is shown only; rights are looked at anew when they, or somebody's phone, changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

import msgspec

from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import Company
from kiestoon.company.rights import Rights
from kiestoon.phones.lamps.asking import Asking
from kiestoon.phones.lamps.lamp import Lamp, Resource, Table, lamp_of
from kiestoon.phones.lamps.telling import Teller
from kiestoon.sip.subscription import Subscription

IN_ONE_TURN: Final = 200
End: TypeAlias = Callable[[Subscription, float, str], None]


class _Seen(msgspec.Struct):
    """What of a company's configuration decides about names and rights. ``people``: by extension or login."""

    rights: Rights
    company: Company
    codes: dict[str, str]
    extensions: dict[str, tuple[str, int]]
    people: dict[int, tuple[bool, str, str]]
    groups: tuple[object, ...]
    phones: dict[int, tuple[int | None, str]]


class Reviewer:
    """Remembers of each watched company how it was when last looked at."""

    def __init__(self, table: Table, teller: Teller, directory: Directory, asking: Asking, end: End) -> None:
        self._table = table
        self._teller = teller
        self._directory = directory
        self._asking = asking
        self._end = end
        self._known: dict[int, _Seen] = {}
        self._numbers: dict[int, int] = {}
        self._waiting: dict[Subscription | Resource, None] = {}
        teller.stands = self.stands

    @property
    def busy(self) -> bool:
        """Whether some are left to be looked at."""
        return bool(self._waiting)

    def begin(self, lamp: Lamp, index: CompanyIndex) -> None:
        """A lamp begins, its view decided just now."""
        if index.company.id not in self._known:
            self._known[index.company.id] = _seen(index)
        lamp.decided = self._numbers.get(index.company.id, 0)

    def changed(self, company_id: int, now: float) -> None:
        """The company's rows were replaced, or the company was removed."""
        resources = self._table.resources_of(company_id)
        index = self._directory.company(company_id)
        before = self._known.pop(company_id, None)
        if index is None:
            for subscription in [each for resource in resources for each in resource.subscriptions]:
                self._end(subscription, now, "noresource")
        elif resources:
            after = self._known[company_id] = _seen(index)
            if before is None or msgspec.structs.replace(before, phones=after.phones) != after:
                self._numbers[company_id] = self._numbers.get(company_id, 0) + 1
                for resource in resources:
                    resource.state = None  # the same state may be told in other words
            else:
                self._doubt({device for device, _ in {*before.phones.items()} ^ {*after.phones.items()}})
            self._waiting.update(dict.fromkeys(resources))

    def settle(self, now: float) -> None:
        """Go through some of what may have changed: what is shown, and to whom."""
        left = IN_ONE_TURN
        while self._waiting and left > 0:
            waiting = next(iter(self._waiting))
            del self._waiting[waiting]
            left -= 1
            if isinstance(waiting, Resource):
                left -= self._look(waiting, now)
            elif (lamp := lamp_of(waiting)) is not None and self.stands(waiting, lamp, now):
                index = self._directory.company(lamp.company_id)
                if index is not None:
                    self._teller.show(waiting, index, now)

    def stands(self, subscription: Subscription, lamp: Lamp, now: float) -> bool:
        """Whether it may be shown what it watches, by its view: that is decided anew if need be. False: it is over."""
        number = self._numbers.get(lamp.company_id, 0)
        if lamp.decided != number:
            lamp.decided = number
            return self._decide(subscription, lamp, now)
        return subscription.state != "terminated"

    def _look(self, resource: Resource, now: float) -> int:
        """See how it stands; returns for how many watchers rights had to be decided anew."""
        index = self._directory.company(resource.company_id)
        if index is None or not resource.subscriptions:
            return 0
        anew = resource.state is None
        self._teller.look(resource, index, now)
        return len(resource.subscriptions) if anew else 0

    def _decide(self, subscription: Subscription, lamp: Lamp, now: float) -> bool:
        """Name and rights of one subscription. What it may see no more is hidden, not ended: the phone would not ask
        again when the right comes back, or when the next person logs in on it."""
        index = self._directory.company(lamp.company_id)
        device = self._directory.device_by_id(lamp.device_id)
        if lamp.phone is None or index is None or device is None or device.company_id != lamp.company_id:
            self._end(subscription, now, "rejected")
            return False
        found = self._asking.find(index, device, lamp.package, lamp.name)
        if found is None:
            self._end(subscription, now, "noresource")
            return False
        lamp.view = found.view
        resource = self._table.watched(found.source.kind, lamp.company_id, found.key)
        if resource is not lamp.resource:
            self._table.turn_to(subscription, lamp, resource)
        if resource.state is None:
            self._teller.look(resource, index, now)
        return subscription.state != "terminated"

    def _doubt(self, devices: Iterable[int]) -> None:
        """Somebody else is logged in on these."""
        for device_id in devices:
            for subscription in self._table.of_device(device_id):
                lamp = lamp_of(subscription)
                if lamp is not None:
                    lamp.decided = -1
                    self._waiting[subscription] = None


def _seen(index: CompanyIndex) -> _Seen:
    arrangements = index.arrangements
    return _Seen(
        rights=index.rights,
        company=msgspec.structs.replace(index.company, version=0),
        codes={code: row.feature for code, row in arrangements.codes.items()},
        extensions={number: (type(row).__name__, row.id) for number, row in arrangements.extensions.items()},
        people={row.id: (row.hide_line, row.presence_visibility, row.language) for row in index.users.values()},
        groups=(
            arrangements.group_members,
            arrangements.hunt_members,
            {row.id: row.open for row in arrangements.queues.values()},
            {
                queue_id: frozenset(member.extension for member in members)
                for queue_id, members in arrangements.queue_members.items()
            },
            [(scheme.row, scheme.plans) for scheme in arrangements.schemes.values()],
        ),
        phones={row.id: (row.user_id, row.language) for row in index.devices.values()},
    )
