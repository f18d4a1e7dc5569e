"""Conference rooms: numbers behind which people meet (CALL-13, C 2.6)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.extensions import Virtual
from kiestoon.company.model.row import Language, refers

RoomPin: TypeAlias = Annotated[str, Meta(max_length=12, pattern="^([0-9]{4,12})?$", examples=["471147"])]
"""What is keyed in to get into a room; "" = none is asked for."""
Announcing: TypeAlias = Literal["nothing", "tones", "names"]
"""What the others hear when somebody joins or leaves."""


class ConferenceRoom(Virtual, frozen=True):
    """A room people dial into, from inside by its extension, from outside by a number that leads to it.

    ``user_id``: whose room it is: the organiser without a PIN on the own phones, and who may see and steer it from the
    screen. ``pin`` lets members in, ``organiser_pin`` whoever may mute, lock and end; ``pin_inside`` False: colleagues
    need none. ``wait_for_organiser``: nobody speaks before an organiser is there; ``ends_with_organiser``: it is over
    when the last one leaves. ``music``: whoever waits or is alone hears it. ``quiet``: members join muted, and unmute
    themselves. ``language``: what members are spoken to in, "" = as each would choose.
    """

    user_id: Annotated[int, refers("users", "clear")] | None = None
    pin: RoomPin = ""
    organiser_pin: RoomPin = ""
    pin_inside: bool = True
    wait_for_organiser: bool = False
    ends_with_organiser: bool = False
    music: bool = True
    announce: Announcing = "tones"
    quiet: bool = False
    most_members: Annotated[int, Meta(ge=2, le=100)] = 100
    language: Language = ""
