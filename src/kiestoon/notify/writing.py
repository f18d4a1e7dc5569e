"""Writing mails: templates in Dutch and English as text and HTML, and headers nobody can smuggle anything into."""

from __future__ import annotations

from datetime import UTC, datetime
from email.errors import HeaderParseError, MessageDefect
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Any, Final

import jinja2

from kiestoon.store.mailbox import Mail

KINDS: Final = ("account_user", "account_administrator", "call", "meeting", "webhook_disabled")
_HTML: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)
_TEXT: Final = _HTML.overlay(autoescape=False, trim_blocks=True, lstrip_blocks=True)
_LONGEST_SUBJECT: Final = 150


class MailRefusedError(Exception):
    """The mail cannot be sent like this, now or later; the text says why, without what the mail says."""


def write_mail(mail: Mail, sender: str) -> EmailMessage:
    """A queued mail as a message. ``sender``: ``Name <address>``; raises ``MailRefusedError``."""
    params = {name: one_line(value) if isinstance(value, str) else value for name, value in mail.params.items()}
    try:
        subject, text = _text(mail, params)
        html = _HTML.get_template(f"{mail.kind}.{mail.language}.html.j2").render(
            params, language=mail.language, subject=subject
        )
        return _message(mail, sender, subject, text, html)
    except jinja2.TemplateError as error:
        raise MailRefusedError(f"the template {mail.kind} does not fit: {error}") from None
    except (ValueError, HeaderParseError, MessageDefect):
        raise MailRefusedError("an address or header is malformed") from None


def _text(mail: Mail, params: dict[str, Any]) -> tuple[str, str]:
    """The text template's first line is the subject."""
    rendered = _TEXT.get_template(f"{mail.kind}.{mail.language}.txt.j2").render(params)
    subject, _, text = rendered.partition("\n")
    return one_line(subject)[:_LONGEST_SUBJECT], text.strip() + "\n"


def _message(mail: Mail, sender: str, subject: str, text: str, html: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP.clone(utf8=False))
    from_address = read_address(sender)
    message["From"] = from_address
    message["To"] = read_address(mail.recipient, str(mail.params.get("name", "")))
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.created_ms / 1000, UTC))
    message["Message-ID"] = f"<{mail.message_id}@{from_address.domain}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: nobody answers this automatically
    message["X-Auto-Response-Suppress"] = "All"
    if mail.kind == "call":
        message["List-Id"] = f"<call-notices.{from_address.domain}>"  # RFC 2919: for filters
    if reply_to := str(mail.params.get("reply_to", "")):
        message["Reply-To"] = read_address(reply_to)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    if calendar := str(mail.params.get("calendar", "")):
        _add_calendar(message, calendar, str(mail.params.get("method", "PUBLISH")))
    message["Content-Language"] = mail.language  # of the whole: set earlier it would move into the first part
    return message


def _add_calendar(message: EmailMessage, calendar: str, method: str) -> None:
    """As an alternative, by which mail programs offer to answer (RFC 6047 §2.4), and as a file for the others."""
    message.add_alternative(calendar, subtype="calendar", cte="quoted-printable", params={"method": method})
    message.add_attachment(calendar.encode(), maintype="application", subtype="ics", filename="invite.ics")


def read_address(text: str, name: str = "") -> Address:
    """``Name <address>`` or an address alone; raises ``ValueError`` for anything that could be more than one."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValueError("control characters in an address")
    found, address = parseaddr(text)
    local, at, domain = address.rpartition("@")
    whole = text.strip() in (address, f"<{address}>") or text.strip().endswith(f" <{address}>")
    if not (local and at and domain and whole) or "," in address or " " in address:
        raise ValueError("not an address")
    return Address(one_line(name or found), local, domain)


def one_line(text: str) -> str:
    """Text for a header: one line, printable."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
