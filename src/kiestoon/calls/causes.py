"""Failure causes: SIP status, Q.850 cause and outcome, in one table (RFC 3398 §8.2.6.1, RFC 3326)."""

from __future__ import annotations

from collections.abc import Sequence

from kiestoon.calls.call import Failure
from kiestoon.calls.record import Outcome

BUSY = Failure("busy", 486, 17, "User busy")
NO_ANSWER = Failure("no_answer", 480, 19, "No answer from user")
UNREACHABLE = Failure("unreachable", 480, 20, "No phone of this person is registered")
NOT_THERE = Failure("unreachable", 480, 20, "The phone cannot be reached")
REJECTED = Failure("rejected", 603, 21, "Call rejected")
NO_LINE = Failure("failed", 503, 34, "No outside line available")
NO_PORT = Failure("refused", 503, 47, "No room for another call")
CALLER_GONE = Failure("cancelled", 487, 16, "Caller hung up")
NORMAL = Failure("answered", 200, 16, "Normal call clearing")
LINE_LOST = Failure("answered", 200, 27, "The connection to the other party is lost")
SPEECH_LOST = Failure("answered", 200, 27, "Speech with the other party is lost or could not be secured")
ELSEWHERE = Failure("cancelled", 487, 26, "Call completed elsewhere")
DECLINED_ELSEWHERE = Failure("cancelled", 487, 26, "Declined")
FORWARDED = Failure("cancelled", 487, 16, "Forwarded")
HUNG_UP = Failure("cancelled", 480, 31, "Ended by the exchange")
BROKEN = Failure("failed", 500, 41, "Fault in the exchange")
MEDIA_LOST = Failure("failed", 500, 41, "Speech was lost by a fault in the exchange")
INTERRUPTED = Failure("failed", 500, 41, "The exchange was interrupted")
TOO_BROAD = Failure("refused", 440, 25, "Max-Breadth exceeded")
DIVERTED_FROM_UNKNOWN = Failure("unreachable", 480, 21, "Diverted outside from an address that is not known")
REDIRECTED_TOO_OFTEN = Failure("failed", 482, 25, "Too many diversions")

_BY_STATUS: dict[int, tuple[Outcome, int]] = {
    403: ("refused", 21),
    404: ("not_found", 1),
    408: ("unreachable", 18),
    410: ("refused", 22),
    480: ("unreachable", 20),
    482: ("refused", 25),  # not the line's fault: over the next one it would go round again, twice as often each time
    483: ("refused", 25),
    484: ("refused", 28),
    486: ("busy", 17),
    487: ("cancelled", 16),
    488: ("failed", 88),
    600: ("busy", 17),
    603: ("rejected", 21),
    604: ("not_found", 1),
    606: ("failed", 88),
    607: ("rejected", 21),
    608: ("rejected", 21),
}

_LINE_FAULTS = {401: 57, 402: 57, 407: 57, 408: 18}

# What the caller is told when several devices failed differently: a person's word before a machine's
_ORDER: tuple[Outcome, ...] = (
    "rejected", "busy", "no_answer", "refused", "failed", "unreachable", "cancelled", "not_found", "answered",
)  # fmt: skip


def from_status(status: int, reason: str, *, outside: bool) -> Failure:
    """The failure a final response means. 5xx, time-outs and a login refused are the line's fault: the next is tried.

    What concerns only our own request (401, 420, 491, …) means nothing to the caller, who is told 480.
    """
    if 500 <= status < 600:
        return Failure("failed", 503, 41, reason, quoted=True)
    if outside and status in _LINE_FAULTS:
        return Failure("failed", 503, _LINE_FAULTS[status], reason, quoted=True)
    known = _BY_STATUS.get(status)
    if known is not None:
        return Failure(known[0], status, known[1], reason, quoted=True)
    return Failure("refused" if outside else "failed", status if status >= 600 else 480, 127, reason, quoted=True)


def worst_first(failures: Sequence[Failure]) -> Failure:
    """The failure to report for a whole seek."""
    return min(failures, key=lambda failure: _ORDER.index(failure.outcome)) if failures else UNREACHABLE


def last_word(failures: Sequence[Failure]) -> Failure:
    """The failure to report after lines were tried in turn: what the last of them said of the number, else NO_LINE."""
    said = [failure for failure in failures if failure.outcome != "failed"]
    tried = [failure for failure in failures if failure is not NO_LINE]
    return (said or tried or [NO_LINE])[-1]


def reason_header(failure: Failure) -> str:
    """A Reason header value for this failure (RFC 3326 §2)."""
    text = failure.text.replace("\\", "").replace('"', "'")
    return f'Q.850;cause={failure.q850};text="{text}"'
