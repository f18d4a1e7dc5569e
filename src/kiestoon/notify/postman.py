"""Sends what is due in the mail queue by SMTP, and tries again what could not be sent."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from email.message import EmailMessage
from typing import Final, Literal

import aiosmtplib
import msgspec
import structlog

from kiestoon.notify.backoff import MAIL_PAUSES_S, pause_s
from kiestoon.notify.writing import MailRefusedError, write_mail
from kiestoon.store.database import Database
from kiestoon.store.keys import Vault
from kiestoon.store.mailbox import Mail, due_mails, note_mail

log = structlog.get_logger(__name__)

_BATCH: Final = 20
_TIMEOUT_S: Final = 30.0
_LOGIN_REFUSED: Final = frozenset({530, 534, 535, 538})  # RFC 4954 §6: our settings, not the mail


class Smtp(msgspec.Struct, frozen=True):
    """The server that takes our mail. ``tls``: from the first byte ("tls"), after STARTTLS, or not at all ("none")."""

    host: str
    port: int
    tls: Literal["tls", "starttls", "none"]
    sender: str
    user: str = ""
    password: str = ""
    timeout_s: float = _TIMEOUT_S

    def __repr__(self) -> str:
        return f"Smtp({self.host}:{self.port})"


class Postman:
    """``wall_ms`` is wall-clock time."""

    def __init__(
        self, database: Database, vault: Vault, smtp: Smtp, wall_ms: Callable[[], int], source: random.Random
    ) -> None:
        self._database = database
        self._vault = vault
        self._smtp = smtp
        self._wall_ms = wall_ms
        self._source = source
        self.outcomes: Counter[str] = Counter()
        """Mails by how sending went: sent, retried, failed."""

    async def work(self) -> int:
        """Send what is due, one after the other over a connection each; returns how many were dealt with."""
        mails = await asyncio.to_thread(self._due)
        for mail in mails:
            await self._send(mail)
        return len(mails)

    def _due(self) -> list[Mail]:
        with self._database.read() as connection:
            return due_mails(connection, self._vault, self._wall_ms(), _BATCH)

    async def _send(self, mail: Mail) -> None:
        problem, final = "", False
        try:
            await self._hand_over(write_mail(mail, self._smtp.sender), mail.recipient)
        except MailRefusedError as refused:
            problem, final = str(refused), True
        except aiosmtplib.SMTPResponseException as refused:
            problem, final = f"the server answered {refused.code}", _is_final(refused.code)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = [recipient.code for recipient in refused.recipients]
            problem, final = f"the server answered {codes[0]}", all(map(_is_final, codes))
        except aiosmtplib.SMTPNotSupported as refused:
            problem = f"the server cannot do this: {refused}"
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            problem = f"the server cannot be reached ({type(error).__name__})"
        await asyncio.to_thread(self._settle, mail, problem, final)

    async def _hand_over(self, message: EmailMessage, recipient: str) -> None:
        smtp = self._smtp
        await aiosmtplib.send(
            message,
            recipients=[recipient],
            hostname=smtp.host,
            port=smtp.port,
            use_tls=smtp.tls == "tls",
            start_tls=smtp.tls == "starttls",
            username=smtp.user or None,
            password=smtp.password or None,
            timeout=smtp.timeout_s,
        )

    def _settle(self, mail: Mail, problem: str, final: bool) -> None:
        now_ms = self._wall_ms()
        pause = None if final else pause_s(MAIL_PAUSES_S, mail.attempts + 1, self._source)
        state = "sent" if not problem else "failed" if pause is None else "waiting"
        due_ms = now_ms + int(1000 * pause) if state == "waiting" and pause is not None else None
        with self._database.write() as connection:
            note_mail(connection, mail, state=state, due_ms=due_ms, problem=problem, now_ms=now_ms)
        self.outcomes["retried" if state == "waiting" else state] += 1
        if problem:
            log.warning("mail was not sent", mail=mail.id, kind=mail.kind, cause=problem, state=state)


def _is_final(code: int) -> bool:
    return 500 <= code < 600 and code not in _LOGIN_REFUSED
