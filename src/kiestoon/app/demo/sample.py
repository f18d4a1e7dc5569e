"""The sample company's file."""

from __future__ import annotations

from importlib.resources import files

import msgspec

from kiestoon.company.model import ForwardCase, HuntPolicy, QueueStrategy


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    pass


class SampleDepartment(_Strict):
    """People are (extension, name)."""

    name: str
    location: str
    people: list[tuple[str, str]]


class SamplePlace(_Strict):
    """A location; with a ``caller_number`` its people show that, and ``caller_name``, instead of their own."""

    name: str
    area_code: str
    caller_number: str = ""
    caller_name: str = ""


class SampleMenu(_Strict):
    """A menu number."""

    extension: str
    name: str
    fallback_extension: str


class SamplePlan(_Strict):
    """Where the main number leads. ``hours``: day (0 = Monday), from, to. ``public_holidays``: own → English name.

    A plan with neither is for all other times.
    """

    name: str
    extension: str
    prefix: str = ""
    hours: list[tuple[int, str, str]] = []
    public_holidays: dict[str, str] = {}


class SampleHuntGroup(_Strict):
    """A hunt group and who takes its calls when no member does."""

    extension: str
    name: str
    policy: HuntPolicy
    members: list[str]
    no_answer_to: str


class SampleQueue(_Strict):
    """A queue, its agents, and who is reached by pressing 1."""

    extension: str
    name: str
    strategy: QueueStrategy
    members: list[str]
    wrap_up_s: int
    announce_s: int
    leave_to: str


class SampleGroup(_Strict):
    """A group extension and who takes its calls when no member does."""

    extension: str
    name: str
    members: list[str]
    no_answer_to: str


class SampleRoom(_Strict):
    """A conference room; ``pin`` is asked of callers from outside."""

    extension: str
    name: str
    owner: str
    pin: str


class SampleForward(_Strict):
    """A person's forwarding to a colleague."""

    extension: str
    case: ForwardCase
    to: str


class Sample(_Strict):
    """The whole file."""

    name: str
    domain: str
    country: str
    language: str
    area_code: str
    access_code: str
    extension_digits: int
    emergency_number: str
    main_number: str
    number_base: str
    menu: SampleMenu
    evening_menu: SampleMenu
    plans: list[SamplePlan]
    locations: list[SamplePlace]
    departments: list[SampleDepartment]
    hunt_groups: list[SampleHuntGroup]
    queues: list[SampleQueue]
    groups: list[SampleGroup]
    rooms: list[SampleRoom]
    forwards: list[SampleForward]
    numbers: dict[str, str]


def load_sample() -> Sample:
    """The sample company as it is shipped."""
    return msgspec.toml.decode(files(__package__).joinpath("kiestadt.toml").read_bytes(), type=Sample)
