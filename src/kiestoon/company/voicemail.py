"""Who has a voicemail box, and how it is set."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec.structs import replace

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import AlternateNumber, Row, User, Virtual, VoicemailBox

Greeting: TypeAlias = Literal["busy", "not_available", "group", "none"]
"""What a box says first: its person is busy or does not answer, whose voicemail it is, nothing."""


def may_have_box(owner: Row | None) -> bool:
    """Whether an internal number of this type can have a box of its own: a person's alternate ones have none."""
    return isinstance(owner, User | Virtual)


def box_of(index: CompanyIndex, extension: str) -> VoicemailBox | None:
    """The box of an extension (an alternate one's is its person's).

    None: there is none, it is switched off, or voicemail is not assigned to whose it would be.
    """
    owner = index.arrangements.extensions.get(extension)
    if isinstance(owner, AlternateNumber):
        owner = index.users.get(owner.user_id)
    if not isinstance(owner, User | Virtual) or not index.services.has(owner.extension, "voicemail"):
        return None
    row = index.arrangements.voicemail_boxes.get(owner.extension)
    if row is None:
        row = VoicemailBox(id=0, company_id=index.company.id, extension=owner.extension)
    if not row.enabled:
        return None
    return row if row.language else replace(row, language=language_of(index, owner))


def greeting_of(box: VoicemailBox, owner: Row | None, *, busy: bool) -> Greeting:
    """What a box says first to callers who come because its person was busy, or for another reason (V 8.3)."""
    if box.greeting == "none" or owner is None:
        return "none"
    if not isinstance(owner, User):
        return "group"
    return "busy" if box.greeting == "busy" or (busy and box.greeting == "automatic") else "not_available"


def language_of(index: CompanyIndex, owner: Row | None) -> str:
    """What callers of somebody's box are spoken to in, unless the box says otherwise."""
    return (owner.language if isinstance(owner, User) else "") or index.company.language
