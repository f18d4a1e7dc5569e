"""Where parties are, by their addresses: whether a company knows them (IP listing, DEV-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiestoon.registrar.sources import source_key
from kiestoon.routing import FromDevice, FromUser

if TYPE_CHECKING:
    from kiestoon.calls.call import Call
    from kiestoon.calls.exchange import Exchange
    from kiestoon.calls.leg import Leg
    from kiestoon.company.model import Device


def host_of(leg: Leg) -> str:
    """The address a party's phone signals from; "" when it has not been heard yet."""
    flow = leg.session.flow if leg.session is not None else None
    return flow.remote_host if flow is not None else ""


def place_of(leg: Leg) -> str:
    """The same as it is remembered: an IPv4 address, or an IPv6 network."""
    return source_key(host_of(leg))


def is_known(x: Exchange, device: Device, host: str) -> bool:
    """Whether this phone may call outside from this address without a new login. Programs and mobiles always may."""
    index = x.directory.company(device.company_id)
    if index is None or not index.company.ip_listing or device.kind != "fixed":
        return True
    return bool(host) and (source_key(host) == device.known_address or host in index.allowed_addresses)


def origin_of(x: Exchange, call: Call, leg: Leg) -> FromDevice | FromUser:
    """Who asks for a route when the party at this leg dials."""
    device = x.directory.device_by_id(leg.device_id) if leg.device_id else None
    if device is None:
        return FromUser(call.company_id, leg.party.user_id)
    return FromDevice(device, is_known(x, device, host_of(leg)))
