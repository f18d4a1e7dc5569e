"""What people have set for their voicemail (V 8, V 19.3, U 4.4)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from kiestoon.company.model.row import CompanyId, Language, MemberExtension, Row

Greeting: TypeAlias = Literal["automatic", "busy", "not_available", "none"]
"""What callers hear: as the reason they come for demands, always the same, or nothing before the tone."""


class VoicemailBox(Row, frozen=True):
    """The voicemail of an extension. Who has no such row has a box with all of these defaults.

    ``takes_messages`` False: callers hear the greeting only (V 8.3.3, U 4.4.8). ``longest_s`` bounds one message,
    ``most_messages`` how many lie in the box, new and old. ``language``: what callers are spoken to in; "" = the
    owner's, else the company's.
    """

    company_id: CompanyId
    extension: MemberExtension
    enabled: bool = True
    greeting: Greeting = "automatic"
    takes_messages: bool = True
    longest_s: Annotated[int, Meta(ge=10, le=600)] = 180
    most_messages: Annotated[int, Meta(ge=1, le=999)] = 100
    language: Language = ""
