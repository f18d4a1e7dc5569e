"""Dialog event bodies (RFC 4235): application/dialog-info+xml, the format behind busy lamps and directed pickup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from kiestoon.sip.subscription.xml import attribute, document, text

CONTENT_TYPE = "application/dialog-info+xml"
PACKAGE = "dialog"

DialogPhase: TypeAlias = Literal["trying", "proceeding", "early", "confirmed", "terminated"]
Direction: TypeAlias = Literal["initiator", "recipient"]


class Party(msgspec.Struct, frozen=True, gc=False):
    """One side of a watched dialog: ``identity`` and ``target`` are URIs, ``display`` may be anything.

    ``held``: this side has put the other on hold, told as "+sip.rendering" of its target (RFC 4235 §5.2).
    """

    identity: str = ""
    display: str = ""
    target: str = ""
    held: bool = False


class WatchedDialog(msgspec.Struct, frozen=True, gc=False):
    """One dialog of the watched party. ``call_id`` and tags are given only to those who may pick the call up."""

    id: str
    state: DialogPhase
    direction: Direction | None = None
    call_id: str = ""
    local_tag: str = ""
    remote_tag: str = ""
    local: Party | None = None
    remote: Party | None = None


def encode_dialog_info(entity: str, version: int, dialogs: Sequence[WatchedDialog], *, partial: bool = False) -> bytes:
    """The body. ``version`` starts at 0 and rises by one in each NOTIFY of a subscription (RFC 4235 §4.3)."""
    return wrap_dialogs(entity, version, encode_dialogs(dialogs), partial=partial)


def encode_dialogs(dialogs: Iterable[WatchedDialog]) -> str:
    """The part of a body that is the same for every watcher with the same rights, for ``wrap_dialogs``."""
    return "".join(map(_dialog, dialogs))


def wrap_dialogs(entity: str, version: int, dialogs: str, *, partial: bool = False) -> bytes:
    """The body around what ``encode_dialogs`` made."""
    state = "partial" if partial else "full"
    opening = (
        '<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info"'
        f"{attribute('version', str(version))}{attribute('state', state)}{attribute('entity', entity)}>"
    )
    return document(opening, (dialogs,), "</dialog-info>")


def _dialog(dialog: WatchedDialog) -> str:
    attributes = attribute("id", dialog.id)
    for name, value in (
        ("call-id", dialog.call_id),
        ("local-tag", dialog.local_tag),
        ("remote-tag", dialog.remote_tag),
        ("direction", dialog.direction or ""),
    ):
        if value:
            attributes += attribute(name, value)
    parts = [f"<state>{dialog.state}</state>"]
    for side, party in (("local", dialog.local), ("remote", dialog.remote)):
        if party is not None:
            parts.append(_party(side, party))
    return f"<dialog{attributes}>{''.join(parts)}</dialog>"


def _party(side: str, party: Party) -> str:
    display = attribute("display", party.display) if party.display else ""
    identity = f"<identity{display}>{text(party.identity)}</identity>" if party.identity else ""
    target = f"<target{attribute('uri', party.target)}{_rendering(party)}" if party.target else ""
    return f"<{side}>{identity}{target}</{side}>"


def _rendering(party: Party) -> str:
    return '><param pname="+sip.rendering" pval="no"/></target>' if party.held else "/>"
