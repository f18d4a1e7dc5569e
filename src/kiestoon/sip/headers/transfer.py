"""Naming other dialogs and transfers: Replaces (RFC 3891), Refer-To (RFC 3515), Referred-By (RFC 3892), Target-Dialog
(RFC 4538)."""

from __future__ import annotations

import re

import msgspec

from kiestoon.sip.headers.address import NameAddr, parse_name_addr
from kiestoon.sip.headers.grammar import BadHeader, split_params

_call_id = re.compile(r"[^\s,;\x00-\x1f\x7f]+")


class Replaces(msgspec.Struct, frozen=True, gc=False):
    """A dialog as the receiver sees it: ``to_tag`` is the receiver's own (local) tag, ``from_tag`` the remote one
    (RFC 3891 §3). ``early_only``: not once the call is answered (§7)."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    def __str__(self) -> str:
        flag = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{flag}"


class TargetDialog(msgspec.Struct, frozen=True, gc=False):
    """The dialog that authorises a request (RFC 4538): tags as the receiver sees them."""

    call_id: str
    local_tag: str
    remote_tag: str

    def __str__(self) -> str:
        return f"{self.call_id};local-tag={self.local_tag};remote-tag={self.remote_tag}"


def parse_replaces(text: str) -> Replaces:
    """Raises ``BadHeader``. Repeated headers are the caller's to refuse (RFC 3891 §3: 400)."""
    call_id, params = split_params(text)
    to_tag, from_tag = params.get("to-tag"), params.get("from-tag")
    if _call_id.fullmatch(call_id) is None or not to_tag or not from_tag:
        raise BadHeader("bad Replaces")
    return Replaces(call_id, to_tag, from_tag, "early-only" in params)


def parse_target_dialog(text: str) -> TargetDialog:
    """Raises ``BadHeader``."""
    call_id, params = split_params(text)
    local_tag, remote_tag = params.get("local-tag"), params.get("remote-tag")
    if _call_id.fullmatch(call_id) is None or not local_tag or not remote_tag:
        raise BadHeader("bad Target-Dialog")
    return TargetDialog(call_id, local_tag, remote_tag)


def parse_refer_to(text: str) -> NameAddr:
    """The target of a transfer. Raises ``BadHeader``; what the URI asks for is in ``embedded_replaces`` and its
    ``method`` parameter."""
    return parse_name_addr(text)


def parse_referred_by(text: str) -> NameAddr:
    """Who asked for a transfer. Raises ``BadHeader``."""
    return parse_name_addr(text)


def embedded_replaces(refer_to: NameAddr) -> Replaces | None:
    """The dialog that a Refer-To URI names in its Replaces header (RFC 3891 §4), None when it names none.
    Raises ``BadHeader`` when it is garbage."""
    text = refer_to.uri.headers.get("Replaces")
    return None if text is None else parse_replaces(_resolved(text))


def _resolved(text: str) -> str:
    """Undoes the one escape that URI headers keep: "%25" is a plain "%" in a Call-ID."""
    return text.replace("%25", "%")
