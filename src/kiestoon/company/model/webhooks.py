"""Where programs outside are told what happens in a company."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from kiestoon.company.model.row import CompanyId, Name, Row

EventPattern: TypeAlias = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=r"^(\*|[a-z_]+(\.[a-z_]+)*(\.\*)?)$", examples=["call.*"])
]
"""A type of event, or the beginning of several with ``.*``; ``*`` is all of them."""


class Webhook(Row, frozen=True):
    """A target to which the company's events are posted, signed as Standard Webhooks.

    ``secret`` is the signing key in clear text ("whsec_…"), in memory only. ``events``: which types are sent there.
    """

    company_id: CompanyId
    name: Name
    url: Annotated[
        str, Meta(min_length=8, max_length=500, pattern="^https?://[^\\s]+$", examples=["https://example.org/hook"])
    ]
    events: Annotated[tuple[EventPattern, ...], Meta(min_length=1, max_length=50, examples=[["call.recorded"]])]
    secret: Annotated[str, Meta(extra={"secret": True})] = ""
    active: bool = True
