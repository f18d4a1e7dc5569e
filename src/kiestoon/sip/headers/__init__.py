"""Typed readers and writers for SIP headers.

One rule: every ``parse_*`` takes one value as text, raises ``BadHeader`` for garbage and nothing else; ``lenient``
makes that None. ``str`` of a value writes it. (``headers.identity`` works on whole messages: import it by that name.)
"""

from kiestoon.sip.headers.address import NameAddr, encode_display, parse_contact, parse_name_addr, parse_name_addrs
from kiestoon.sip.headers.diversion import Diversion, HistoryEntry, parse_diversion, parse_history, parse_history_entry
from kiestoon.sip.headers.grammar import (
    BadHeader,
    lenient,
    parse_params,
    parse_tokens,
    quote,
    readable,
    split_commas,
    unquote,
)
from kiestoon.sip.headers.names import canonical
from kiestoon.sip.headers.reason import (
    ANSWERED_ELSEWHERE,
    AlertInfo,
    Reason,
    RetryAfter,
    SipWarning,
    parse_alert_info,
    parse_reason,
    parse_reasons,
    parse_retry_after,
    parse_warning,
)
from kiestoon.sip.headers.sequence import CSeq, RAck, parse_cseq, parse_rack, parse_rseq
from kiestoon.sip.headers.subscription import (
    Event,
    SubscriptionState,
    parse_allow_events,
    parse_event,
    parse_subscription_state,
)
from kiestoon.sip.headers.timers import (
    SessionExpires,
    encode_date,
    parse_date,
    parse_expires,
    parse_max_breadth,
    parse_min_se,
    parse_session_expires,
)
from kiestoon.sip.headers.transfer import (
    Replaces,
    TargetDialog,
    embedded_replaces,
    parse_refer_to,
    parse_referred_by,
    parse_replaces,
    parse_target_dialog,
)
from kiestoon.sip.headers.via import MAGIC_COOKIE, Via, parse_via

__all__ = [
    "ANSWERED_ELSEWHERE",
    "MAGIC_COOKIE",
    "AlertInfo",
    "BadHeader",
    "CSeq",
    "Diversion",
    "Event",
    "HistoryEntry",
    "NameAddr",
    "RAck",
    "Reason",
    "Replaces",
    "RetryAfter",
    "SessionExpires",
    "SipWarning",
    "SubscriptionState",
    "TargetDialog",
    "Via",
    "canonical",
    "embedded_replaces",
    "encode_date",
    "encode_display",
    "lenient",
    "parse_alert_info",
    "parse_allow_events",
    "parse_contact",
    "parse_cseq",
    "parse_date",
    "parse_diversion",
    "parse_event",
    "parse_expires",
    "parse_history",
    "parse_history_entry",
    "parse_max_breadth",
    "parse_min_se",
    "parse_name_addr",
    "parse_name_addrs",
    "parse_params",
    "parse_rack",
    "parse_reason",
    "parse_reasons",
    "parse_refer_to",
    "parse_referred_by",
    "parse_replaces",
    "parse_retry_after",
    "parse_rseq",
    "parse_session_expires",
    "parse_subscription_state",
    "parse_target_dialog",
    "parse_tokens",
    "parse_via",
    "parse_warning",
    "quote",
    "readable",
    "split_commas",
    "unquote",
]
