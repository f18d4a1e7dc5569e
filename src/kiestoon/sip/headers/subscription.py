"""Event, Subscription-State and Allow-Events (RFC 6665 §8.2)."""

from __future__ import annotations

import msgspec

from kiestoon.sip.headers.grammar import BadHeader, encode_params, is_token, parse_number, parse_tokens, split_params


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event package, with templates ("presence.winfo"), and the ``id`` that tells subscriptions in a dialog apart.
    ``params`` holds everything but the id."""

    package: str
    id: str = ""
    params: dict[str, str | None] = {}

    def __str__(self) -> str:
        return f"{self.package}{f';id={self.id}' if self.id else ''}{encode_params(self.params)}"


class SubscriptionState(msgspec.Struct, frozen=True, gc=False):
    """``state``: "active", "pending", "terminated" or an extension; ``reason`` why it ended, in lower case."""

    state: str
    expires_s: int | None = None
    reason: str = ""
    retry_after_s: int | None = None

    @property
    def terminated(self) -> bool:
        return self.state == "terminated"

    def __str__(self) -> str:
        text = self.state
        if self.reason:
            text += f";reason={self.reason}"
        if self.expires_s is not None:
            text += f";expires={self.expires_s}"
        return text if self.retry_after_s is None else f"{text};retry-after={self.retry_after_s}"


def parse_event(text: str) -> Event:
    """Raises ``BadHeader``. Package names are compared in lower case (RFC 3261 §7.3.1)."""
    package, params = split_params(text)
    if not is_token(package):
        raise BadHeader("bad Event")
    return Event(package.lower(), params.pop("id", None) or "", params)


def parse_subscription_state(text: str) -> SubscriptionState:
    """Raises ``BadHeader``."""
    state, params = split_params(text)
    if not is_token(state):
        raise BadHeader("bad Subscription-State")
    expires, retry = params.get("expires"), params.get("retry-after")
    return SubscriptionState(
        state.lower(),
        None if expires is None else parse_number(expires, "expires"),
        (params.get("reason") or "").lower(),
        None if retry is None else parse_number(retry, "retry-after"),
    )


def parse_allow_events(text: str) -> frozenset[str]:
    """Package names in lower case; what is no token is skipped."""
    return frozenset(token.lower() for token in parse_tokens(text))
