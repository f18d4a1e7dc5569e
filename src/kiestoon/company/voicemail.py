"""Who has a voicemail box, and how it is set."""

from __future__ import annotations

from msgspec.structs import replace

from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import AlternateNumber, Row, User, Virtual, VoicemailBox


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


def language_of(index: CompanyIndex, owner: Row | None) -> str:
    """What callers of somebody's box are spoken to in, unless the box says otherwise."""
    return (owner.language if isinstance(owner, User) else "") or index.company.language
