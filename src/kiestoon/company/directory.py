"""Who and what, found in constant time: the call path's view of every company's rows.

A company's index is built once and never changed; ``Directory.replace`` swaps in a new one when a change event arrives,
so whoever holds a ``CompanyIndex`` keeps a consistent picture. What is switched off (company, device, trunk), and what
belongs to a service that somebody does not have (``in_force``), is not found: the call path cannot forget to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv6Address, ip_address, ip_network

from msgspec.structs import replace

from kiestoon.company.addresses import AllowedAddresses
from kiestoon.company.arrangements import Arrangements
from kiestoon.company.desks import holder_of
from kiestoon.company.in_force import rows_in_force
from kiestoon.company.model import (
    Company,
    CompanyRows,
    Department,
    Device,
    GroupExtension,
    HuntGroup,
    Location,
    Menu,
    Number,
    Queue,
    Trunk,
    User,
)
from kiestoon.company.music import HoldMusic
from kiestoon.company.rights import Rights
from kiestoon.company.services import Services
from kiestoon.company.written_out import rows_written_out

_MAX_KNOWN_SOURCES = 16_384


class CompanyIndex:
    """One company, indexed. Treat as immutable."""

    __slots__ = (
        "allowed_addresses",
        "arrangements",
        "company",
        "departments",
        "devices",
        "devices_by_user",
        "languages",
        "locations",
        "menus_by_extension",
        "music",
        "numbers",
        "numbers_by_extension",
        "recordings",
        "rights",
        "services",
        "trunks",
        "users",
        "users_by_extension",
    )

    def __init__(self, rows: CompanyRows) -> None:
        self.company: Company = rows.company
        self.services = Services.of(rows)
        rows = rows_written_out(rows_in_force(rows, self.services))
        self.arrangements = Arrangements(rows)
        self.rights = Rights(rows, self.services)
        self.music = HoldMusic(rows)
        self.allowed_addresses = AllowedAddresses(rows.allowed_addresses)
        self.locations: dict[int, Location] = {row.id: row for row in rows.locations}
        self.departments: dict[int, Department] = {row.id: row for row in rows.departments}
        self.users: dict[int, User] = {row.id: row for row in rows.users}
        self.users_by_extension: dict[str, User] = {row.extension: row for row in rows.users}
        self.menus_by_extension: dict[str, Menu] = {row.extension: row for row in rows.menus}
        self.numbers: tuple[Number, ...] = rows.numbers
        self.numbers_by_extension: dict[str, tuple[Number, ...]] = {}
        for number in rows.numbers:
            if not number.extension:
                continue
            self.numbers_by_extension[number.extension] = (
                *self.numbers_by_extension.get(number.extension, ()),
                number,
            )
        # The files of recordings in place of texts, by key and language
        self.recordings: dict[tuple[str, str], str] = {
            (row.key, row.language): f"{row.company_id}/{row.file}" for row in rows.prompts
        }
        # What the company, its people and phones speak
        self.languages: frozenset[str] = frozenset(
            {rows.company.language, *(row.language for row in rows.users), *(row.language for row in rows.devices)}
        ) - {""}
        self.trunks: tuple[Trunk, ...] = tuple(row for row in rows.trunks if row.active)
        self.devices: dict[str, Device] = {}
        self.devices_by_user: dict[int, tuple[Device, ...]] = {}
        for device in rows.devices:
            if device.active:
                if device.encryption == "company":
                    device = replace(device, encryption=rows.company.encryption)  # noqa: PLW2901 - the row, resolved
                if device.logged_in_user_id is not None:
                    device = replace(device, user_id=holder_of(device))  # noqa: PLW2901 - as above
                self._add_device(device)

    def _add_device(self, device: Device) -> None:
        self.devices[device.username] = device
        if device.user_id is not None:
            self.devices_by_user[device.user_id] = (*self.devices_by_user.get(device.user_id, ()), device)

    def user_of(self, device: Device) -> User | None:
        """Who uses the device."""
        return None if device.user_id is None else self.users.get(device.user_id)

    def devices_of(self, user_id: int) -> tuple[Device, ...]:
        """Every active device of a user, in the order of their rows."""
        return self.devices_by_user.get(user_id, ())

    def members_of(self, extension: str) -> frozenset[int]:
        """The people in a group, hunt group or queue."""
        owner = self.arrangements.extensions.get(extension)
        found: tuple[str, ...] = ()
        if isinstance(owner, GroupExtension):
            found = self.arrangements.group_members.get(owner.id, ())
        elif isinstance(owner, HuntGroup):
            found = tuple(member.extension for member in self.arrangements.hunt_members.get(owner.id, ()))
        elif isinstance(owner, Queue):
            found = tuple(member.extension for member in self.arrangements.queue_members.get(owner.id, ()))
        return frozenset(self.users_by_extension[member].id for member in found if member in self.users_by_extension)

    def location_of(self, user: User) -> Location | None:
        """The user's location: the user's own, else the department's."""
        location_id = user.location_id
        if location_id is None and user.department_id is not None:
            department = self.departments.get(user.department_id)
            location_id = department.location_id if department else None
        return None if location_id is None else self.locations.get(location_id)


class Directory:
    """All companies and outside lines of the installation.

    Domains and usernames are looked up as given by the message; domains without regard to case (RFC 3261 §19.1.4),
    usernames exactly.
    """

    def __init__(self, companies: Iterable[CompanyRows] = (), shared_trunks: Iterable[Trunk] = ()) -> None:
        self._companies: dict[int, CompanyIndex] = {}
        self.countries: tuple[str, ...] = ()
        """The countries companies are in, sorted."""
        self._by_domain: dict[str, CompanyIndex] = {}
        self._numbers: dict[str, Number] = {}
        self._devices: dict[int, Device] = {}
        self._shared_trunks: tuple[Trunk, ...] = tuple(row for row in shared_trunks if row.active)
        self._trunks: dict[int, Trunk] = {}
        self._sources = _SourceIndex(())
        for rows in companies:
            self._put(CompanyIndex(rows))
        self._index_trunks()

    def __iter__(self) -> Iterator[CompanyIndex]:
        return iter(self._companies.values())

    def __len__(self) -> int:
        return len(self._companies)

    # --- changes ---------------------------------------------------------------------------------------------------

    def replace(self, rows: CompanyRows) -> None:
        """Put a company's new rows in place of its old ones (or add the company)."""
        self.put(CompanyIndex(rows))

    def put(self, index: CompanyIndex) -> None:
        """``replace`` with an index that was made elsewhere: making one takes longer than a call may wait."""
        self._drop(index.company.id)
        self._put(index)
        self._index_trunks()

    def remove(self, company_id: int) -> None:
        """Forget a company; unknown ones are ignored."""
        self._drop(company_id)
        self._index_trunks()

    def replace_shared_trunks(self, trunks: Iterable[Trunk]) -> None:
        """Put the installation's own trunks (those without a company) in place of the old ones."""
        self._shared_trunks = tuple(row for row in trunks if row.active)
        self._index_trunks()

    def _put(self, index: CompanyIndex) -> None:
        if not index.company.active:
            return
        self._companies[index.company.id] = index
        self._by_domain[index.company.domain.lower()] = index
        for device in index.devices.values():
            self._devices[device.id] = device
        for number in index.numbers:
            self._numbers[number.e164] = number

    def _drop(self, company_id: int) -> None:
        old = self._companies.pop(company_id, None)
        if old is None:
            return
        domain = old.company.domain.lower()
        if self._by_domain.get(domain) is old:  # else another company has taken it over
            del self._by_domain[domain]
        for device in old.devices.values():
            self._devices.pop(device.id, None)
        for number in old.numbers:
            held = self._numbers.get(number.e164)
            if held is not None and held.company_id == company_id:
                del self._numbers[number.e164]

    def _index_trunks(self) -> None:
        self.countries = tuple(sorted({index.company.country for index in self._companies.values()}))
        trunks = [*self._shared_trunks]
        for index in self._companies.values():
            trunks.extend(index.trunks)
        self._trunks = {trunk.id: trunk for trunk in trunks}
        self._sources = _SourceIndex(trunks)

    # --- look-ups --------------------------------------------------------------------------------------------------

    def company(self, company_id: int) -> CompanyIndex | None:
        """A company by its id."""
        return self._companies.get(company_id)

    def company_by_domain(self, domain: str) -> CompanyIndex | None:
        """The company whose SIP domain this is."""
        return self._by_domain.get(domain.lower())

    def device(self, domain: str, username: str) -> Device | None:
        """The device that logs in as ``username`` under ``domain``."""
        index = self._by_domain.get(domain.lower())
        return None if index is None else index.devices.get(username)

    def device_by_id(self, device_id: int) -> Device | None:
        """A device by its id."""
        return self._devices.get(device_id)

    def devices_of_user(self, company_id: int, user_id: int) -> tuple[Device, ...]:
        """Every active device of a user."""
        index = self._companies.get(company_id)
        return () if index is None else index.devices_of(user_id)

    def user_by_extension(self, company_id: int, extension: str) -> User | None:
        """The user behind an extension."""
        index = self._companies.get(company_id)
        return None if index is None else index.users_by_extension.get(extension)

    def menu_by_extension(self, company_id: int, extension: str) -> Menu | None:
        """The menu behind an extension."""
        index = self._companies.get(company_id)
        return None if index is None else index.menus_by_extension.get(extension)

    def number(self, e164: str) -> Number | None:
        """An outside number in E.164 with its plus sign."""
        return self._numbers.get(e164)

    def trunk(self, trunk_id: int) -> Trunk | None:
        """An outside line by its id."""
        return self._trunks.get(trunk_id)

    def trunks(self) -> tuple[Trunk, ...]:
        """Every outside line, shared and companies' own."""
        return tuple(self._trunks.values())

    def trunks_of(self, company_id: int) -> tuple[Trunk, ...]:
        """The outside lines a company may use, first choice first: by priority, its own before shared ones."""
        index = self._companies.get(company_id)
        own = () if index is None else index.trunks
        return tuple(sorted((*own, *self._shared_trunks), key=lambda trunk: trunk.priority))

    def trunks_by_source(self, host: str) -> tuple[Trunk, ...]:
        """The outside lines that are recognised by this IP address; narrowest range first, () for none.

        Several companies may have lines at one provider: who is meant then follows from the number called.
        """
        return self._sources.find(host)


class _SourceIndex:
    """Addresses and CIDR ranges to trunks: one dictionary look-up per distinct prefix length."""

    __slots__ = ("_known", "_lengths", "_ranges")

    def __init__(self, trunks: Iterable[Trunk]) -> None:
        self._ranges: dict[tuple[int, int, int], tuple[Trunk, ...]] = {}
        self._known: dict[str, tuple[Trunk, ...]] = {}
        for trunk in trunks:
            for source in trunk.sources:
                self._add(source, trunk)
        lengths = {(version, length) for version, length, _ in self._ranges}
        self._lengths = sorted(lengths, key=lambda item: -item[1])

    def _add(self, source: str, trunk: Trunk) -> None:
        try:
            network = ip_network(source, strict=False)
        except ValueError:
            return  # the store checks what is typed in; a bad row must not take the directory down
        key = (network.version, network.prefixlen, int(network.network_address))
        self._ranges[key] = (*self._ranges.get(key, ()), trunk)

    def find(self, host: str) -> tuple[Trunk, ...]:
        known = self._known.get(host)
        if known is None:  # asked for every request: reading an address costs more than all the rest
            if len(self._known) >= _MAX_KNOWN_SOURCES:
                self._known.clear()
            known = self._known[host] = self._find(host)
        return known

    def _find(self, host: str) -> tuple[Trunk, ...]:
        try:
            address = ip_address(host)
        except ValueError:
            return ()
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped  # a dual-stack listener sees IPv4 peers as ::ffff:a.b.c.d
        value, bits = int(address), address.max_prefixlen
        found: dict[int, Trunk] = {}
        for version, length in self._lengths:
            if version == address.version:
                network = value >> (bits - length) << (bits - length)
                for trunk in self._ranges.get((version, length, network), ()):
                    found.setdefault(trunk.id, trunk)
        return tuple(found.values())
