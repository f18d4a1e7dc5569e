"""Who asks for a route."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from kiestoon.company.model import Device, Trunk


class FromDevice(msgspec.Struct, frozen=True):
    """An authenticated device of a company; whoever is logged in on it is calling.

    ``known`` False: from an address the company does not know (E 6.8), so nothing goes outside.
    """

    device: Device
    known: bool = True


class FromTrunk(msgspec.Struct, frozen=True):
    """A call from outside. Several trunks when one provider's address serves several companies: the number called
    then says whose call it is."""

    trunks: tuple[Trunk, ...]


class FromUser(msgspec.Struct, frozen=True):
    """A user without a device in play: a diversion, a call started by the API."""

    company_id: int
    user_id: int


Origin: TypeAlias = FromDevice | FromTrunk | FromUser
