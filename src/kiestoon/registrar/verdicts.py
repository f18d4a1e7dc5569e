"""What the doorkeeper says about a request."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from kiestoon.company.model import Device, Trunk


class DeviceCaller(msgspec.Struct, frozen=True):
    """An authenticated device of a company. ``headers`` belong into the final response (Authentication-Info)."""

    device: Device
    headers: tuple[tuple[str, str], ...] = ()


class TrunkCaller(msgspec.Struct, frozen=True):
    """A call from outside. Several ``trunks`` when one address serves several companies: the number decides.

    ``called`` is the number to route: the Request-URI's user, or To's where the provider puts the registered
    contact's name in the Request-URI.
    """

    trunks: tuple[Trunk, ...]
    called: str


class Challenge(msgspec.Struct, frozen=True):
    """Answer 401 (REGISTER) or 407 with these headers."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]


class RefuseCaller(msgspec.Struct, frozen=True):
    """Answer with this status; says nothing about whether the user exists."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()


class Drop(msgspec.Struct, frozen=True):
    """Say nothing. ``why`` is for the log."""

    why: str


Verdict: TypeAlias = DeviceCaller | TrunkCaller | Challenge | RefuseCaller | Drop
