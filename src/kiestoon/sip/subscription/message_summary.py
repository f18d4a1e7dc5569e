"""Message waiting bodies (RFC 3842): application/simple-message-summary."""

from __future__ import annotations

import msgspec

CONTENT_TYPE = "application/simple-message-summary"
PACKAGE = "message-summary"


class MessageCounts(msgspec.Struct, frozen=True, gc=False):
    """Messages of one context class (RFC 3458), e.g. ``voice-message``."""

    new: int = 0
    old: int = 0
    urgent_new: int = 0
    urgent_old: int = 0


class MessageSummary(msgspec.Struct, frozen=True):
    """The state of one mailbox. ``account`` is its URI, what the phone dials to listen; "" leaves the line out."""

    account: str = ""
    voice: MessageCounts = MessageCounts()
    fax: MessageCounts | None = None

    @property
    def waiting(self) -> bool:
        """Whether the lamp is on."""
        return self.voice.new > 0 or (self.fax is not None and self.fax.new > 0)

    def encode(self) -> bytes:
        """The body. Raises ``ValueError`` when ``account`` holds a line break."""
        if "\r" in self.account or "\n" in self.account:
            raise ValueError("line break in a message account")
        lines = [f"Messages-Waiting: {'yes' if self.waiting else 'no'}"]
        if self.account:
            lines.append(f"Message-Account: {self.account}")
        lines.append(_class_line("Voice-Message", self.voice))
        if self.fax is not None:
            lines.append(_class_line("Fax-Message", self.fax))
        return ("\r\n".join(lines) + "\r\n").encode()


def _class_line(name: str, counts: MessageCounts) -> str:
    return f"{name}: {counts.new}/{counts.old} ({counts.urgent_new}/{counts.urgent_old})"
