"""Transfers as phones ask for them: REFER (RFC 3515), with Replaces for those announced before (RFC 3891, RFC 5589)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import structlog

from kiestoon.calls.call import Call, Failure
from kiestoon.calls.leg import Leg
from kiestoon.calls.operations import NOT_POSSIBLE, transfer
from kiestoon.sip.uri import BadUri, parse_uri

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.sip.events import ReferReceived

log = structlog.get_logger("calls")

NO_SUCH_DIALOG = Failure("not_found", 481, 1, "No such call")


def refer_received(x: Exchange, call: Call, leg: Leg, event: ReferReceived, now: float) -> None:
    """A phone transfers. It is told by NOTIFY how that went; a transfer that cannot be leaves the call as it is.

    Only the company's own phones may: what a line asks for would be paid by us.
    """
    session = event.session
    if not leg.device_id:
        x.endpoint.respond(now, event.transaction, 603)
        return
    try:
        target = parse_uri(event.refer_to)
    except BadUri:
        x.endpoint.respond(now, event.transaction, 400, "Bad Refer-To")
        return
    x.endpoint.respond(now, event.transaction, 202)
    if event.replaces is not None:
        failure = _attended(x, call, leg, event, now)
    elif "Replaces" in target.headers:
        failure = NO_SUCH_DIALOG  # a dialog of somebody else, or one that has ended meanwhile
    else:
        failure = transfer.blind(x, call, leg, unquote(target.user), now)
    if failure is not None:
        log.info("transfer refused", call=call.id, by=leg.party.number, status=failure.status, reason=failure.text)
        leg.transfer_failed_at = now
        session.notify_refer(now, max(400, failure.status), final=True, reason=failure.text)


def _attended(x: Exchange, call: Call, leg: Leg, event: ReferReceived, now: float) -> Failure | None:
    other = x.find_leg(event.replaces.context) if event.replaces is not None else None
    if other is None:
        return NO_SUCH_DIALOG
    second = x.calls.get(other.call)
    if second is None or second.company_id != call.company_id:
        return NO_SUCH_DIALOG  # which dialogs other companies have is nobody's business
    if second is call:
        return NOT_POSSIBLE
    return transfer.attended(x, call, leg, second, other, now)
