"""Message lamps of phones that do not subscribe: a NOTIFY they never asked for, where the company wants it (RFC 3842 is
silent on it, many phones take it)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Device
from kiestoon.phones.lamps.bodies import shown_text
from kiestoon.phones.lamps.lamp import Table
from kiestoon.phones.lamps.sources import Mailboxes
from kiestoon.phones.lamps.sources.mailboxes import NOBODYS
from kiestoon.phones.lamps.state import View
from kiestoon.registrar import Binding, BindingChanged
from kiestoon.sip.headers import NameAddr
from kiestoon.sip.subscription import message_summary
from kiestoon.sip.uri import Uri

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


class Unsolicited:
    """Tells phones once they register, whenever the mailbox changes, and when somebody else is on the phone."""

    def __init__(self, exchange: Exchange, table: Table, mailboxes: Mailboxes) -> None:
        self._x = exchange
        self._table = table
        self._mailboxes = mailboxes
        self._told: dict[tuple[int, str], int | None] = {}
        """By device and contact: who was on the phone then."""

    def binding_changed(self, change: BindingChanged, now: float) -> None:
        """A phone has registered anew: it does not know yet."""
        key = (change.device_id, change.contact)
        if change.binding is None:
            self._told.pop(key, None)
            return
        device = self._x.directory.device_by_id(change.device_id)
        index = self._x.directory.company(device.company_id) if device is not None else None
        if device is None or index is None or not index.company.unsolicited_mwi or key in self._told:
            return
        user = index.user_of(device)
        self._told[key] = device.user_id
        if user is not None:
            self._tell(index, user.extension, device, change.binding, now)

    def configuration_changed(self, company_id: int, now: float) -> None:
        """Whoever is on a phone from now on sees the own messages there; with nobody on it there are none."""
        index = self._x.directory.company(company_id)
        if index is None or not index.company.unsolicited_mwi:
            return
        for device in index.devices.values():
            for binding in self._x.registrar.bindings_of(device.id):
                key = (device.id, binding.contact)
                if self._told.get(key, device.user_id) != device.user_id:
                    user = index.user_of(device)
                    self._told[key] = device.user_id
                    self._tell(index, user.extension if user is not None else NOBODYS, device, binding, now)

    def mailbox_changed(self, company_id: int, extension: str, now: float) -> None:
        """All phones of the mailbox's owner that have not subscribed."""
        index = self._x.directory.company(company_id)
        user = index.users_by_extension.get(extension) if index is not None else None
        if index is None or user is None or not index.company.unsolicited_mwi:
            return
        for device in index.devices_of(user.id):
            for binding in self._x.registrar.bindings_of(device.id):
                self._tell(index, user.extension, device, binding, now)

    def _tell(self, index: CompanyIndex, mailbox: str, device: Device, binding: Binding, now: float) -> None:
        if any(each.package == message_summary.PACKAGE for each in self._table.of_device(device.id)):
            return
        state = self._mailboxes.state(index, mailbox, self._x.wall_ms())
        if state is None:
            return
        address = NameAddr("", Uri("sip", device.username, host=index.company.domain))
        destination = binding.destination
        self._x.endpoint.request(
            now, method="NOTIFY", uri=binding.contact, from_=address, to=address,
            destination=(destination,) if destination is not None else None, route=binding.path, contact=True,
            headers=(("Event", message_summary.PACKAGE), ("Subscription-State", "terminated")),
            body=shown_text(message_summary.PACKAGE, index, state, View(calls=True)).encode(),
            content_type=message_summary.CONTENT_TYPE,
        )  # fmt: skip
