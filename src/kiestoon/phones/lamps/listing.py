"""Subscriptions in words, for ``kiestoon subscriptions``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kiestoon.company.directory import CompanyIndex
from kiestoon.phones.lamps.bodies import is_lit
from kiestoon.phones.lamps.lamp import Lamp, Table, lamp_of
from kiestoon.sip.subscription import feature_events, message_summary
from kiestoon.sip.uri import BadUri, Uri, parse_uri

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange


def rows(x: Exchange, table: Table, now: float) -> list[dict[str, Any]]:
    """Every subscription, by domain, login and what is watched."""
    found = []
    for subscription in table.subscriptions():
        lamp = lamp_of(subscription)
        index = x.directory.company(lamp.company_id) if lamp is not None else None
        device = x.directory.device_by_id(lamp.device_id) if lamp is not None else None
        if lamp is None or index is None:
            continue
        found.append(
            {
                "domain": index.company.domain,
                "username": device.username if device is not None else "",
                "watches": lamp.name,
                "kind": lamp.resource.kind,
                "package": lamp.package,
                "shows": state_word(index, lamp),
                "expires_s": max(0, round(subscription.expires_at - now)),
                "answers": not subscription.silent,
                "contact": subscription.contact,
            }
        )
    return sorted(found, key=lambda row: (row["domain"], row["username"], row["package"], row["watches"]))


def state_word(index: CompanyIndex, lamp: Lamp) -> str:
    """What is shown: "idle", "trying", "ringing", "busy", "on" (without a call), "hidden", counts of messages;
    "on" or "off" for the keys of the own phone."""
    state, view = lamp.resource.state, lamp.view
    if state is None:
        return ""
    if lamp.package == message_summary.PACKAGE:
        return f"{state.counts[0]} new" if state.counts else ""
    if lamp.package == feature_events.PACKAGE:
        return "on" if state.do_not_disturb or any(each.to for each in state.forwardings) else "off"
    if state.lines:
        return "on" if any(is_lit(index, line.state, line.view) for line in state.lines) else "idle"
    if view.hidden:
        return "hidden"
    if view.calls and state.appearances:
        phases = {call.phase for call in state.appearances}
        if any(call.rings for call in state.appearances):
            return "ringing"
        return "busy" if "confirmed" in phases else "trying"
    return "on" if is_lit(index, state, view) else "idle"


def uri_of(text: str) -> Uri | None:
    """What was subscribed to; None for what today's parser refuses."""
    try:
        return parse_uri(text)
    except BadUri:
        return None
