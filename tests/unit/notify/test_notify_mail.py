"""Mails handed to a real SMTP server: what they say, their headers, what is refused, what is tried again."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from notify_rig import Installation

from kiestoon.company.model import Account, FeatureCode, Location, ServiceAssignment, User
from kiestoon.notify.account_mail import STEP, queue_account_mail
from kiestoon.notify.postman import Postman, Smtp
from kiestoon.notify.writing import MailRefusedError, read_address, write_mail
from kiestoon.store.mailbox import Mail, enqueue_mail
from kiestoon.store.outbox_tables import mails
from kiestoon.store.scope import INSTALLATION
from kiestoon.store.sessions import take_step
from kiestoon.store.write import changing

SENDER = "Telefonie Zoë <phones@pbx.example>"
CALL: dict[str, Any] = {
    "name": "Sam", "caller": "+31612345678", "caller_name": "Chloé <b>", "withheld": False, "answered": False,
    "dialled": "+31205550101", "at": "21 november 2026, 16:02", "outcome_nl": "niet opgenomen",
    "outcome_en": "not answered", "rule": "Altijd",
}  # fmt: skip


class Inbox:
    """An SMTP server's handler."""

    def __init__(self) -> None:
        self.got: list[tuple[str, list[str], EmailMessage]] = []
        self.answer = ""

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.answer:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.got.append((envelope.mail_from, envelope.rcpt_tos, message))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    handler = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def postman(installation: Installation, port: int) -> Postman:
    smtp = Smtp("127.0.0.1", port, "none", SENDER, timeout_s=5)
    return Postman(installation.database, installation.vault, smtp, installation.clock, random.Random(1))


def queue(installation: Installation, kind: str, params: dict[str, Any], language: str = "nl", to: str = "") -> None:
    with installation.database.write() as connection:
        enqueue_mail(
            connection, installation.vault, kind, language, to or "sam@bakery.example", params, installation.clock()
        )


def rows(installation: Installation) -> list[Any]:
    with installation.database.read() as connection:
        return list(connection.execute(mails.select(), execution_options=INSTALLATION))


async def test_headers_are_exactly_these(installation: Installation, inbox: tuple[Inbox, int]) -> None:
    handler, port = inbox
    queue(installation, "call", CALL)
    await postman(installation, port).work()
    ((sender, recipients, message),) = handler.got
    (row,) = rows(installation)
    assert (sender, recipients) == ("phones@pbx.example", ["sam@bakery.example"])
    assert message["From"] == SENDER
    assert message["To"] == "Sam <sam@bakery.example>"
    assert message["Subject"] == "Gemiste oproep van Chloé <b>"
    assert message["Message-ID"] == f"<{row.message_id}@pbx.example>"
    assert message["Date"].datetime.timestamp() == installation.clock() // 1000
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Id"] == "<call-notices.pbx.example>"
    assert message["Content-Language"] == "nl"
    assert message.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize(
    ("language", "words"),
    [("nl", ("Gemiste oproep", "Uitkomst: niet opgenomen")), ("en", ("Missed call", "Outcome: not answered"))],
)
async def test_text_and_html_are_in_the_persons_language_and_callers_names_are_no_markup(
    installation: Installation, inbox: tuple[Inbox, int], language: str, words: tuple[str, str]
) -> None:
    handler, port = inbox
    queue(installation, "call", CALL, language)
    await postman(installation, port).work()
    message = handler.got[0][2]
    text, html = (part.get_content() for part in message.iter_parts())
    assert words[0] in message["Subject"]
    assert words[1] in text
    assert "Chloé <b>" in text
    assert "Chloé &lt;b&gt;" in html
    assert "<b>" not in html


async def test_a_withheld_number_is_said_to_be_withheld(installation: Installation, inbox: tuple[Inbox, int]) -> None:
    handler, port = inbox
    queue(installation, "call", {**CALL, "caller": "", "caller_name": "", "withheld": True})
    await postman(installation, port).work()
    assert handler.got[0][2]["Subject"] == "Gemiste oproep van een afgeschermd nummer"


HOSTILE = ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "a b@c.example", "nobody", "@b.example", "a@"]


@pytest.mark.parametrize("address", HOSTILE)
def test_addresses_that_are_more_than_one_or_none_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        read_address(address)
    mail = Mail(1, None, "call", "en", address, "abc", 0, 0, CALL)
    with pytest.raises(MailRefusedError):
        write_mail(mail, SENDER)


def test_line_breaks_in_names_become_no_headers() -> None:
    params = {**CALL, "caller_name": "Eve\r\nBcc: x@y.example", "name": "Sam\r\nBcc: x@y.example"}
    message = write_mail(Mail(1, None, "call", "en", "a@b.example", "abc", 0, 0, params), SENDER)
    assert message["Bcc"] is None
    assert message["Subject"] == "Missed call from Eve Bcc: x@y.example"
    assert b"\nBcc:" not in message.as_bytes()


async def test_what_a_mail_says_is_encrypted_while_it_waits_and_gone_when_it_is_sent(
    installation: Installation, inbox: tuple[Inbox, int]
) -> None:
    queue(installation, "call", CALL)
    (row,) = rows(installation)
    assert b"Chlo" not in row.sealed
    await postman(installation, inbox[1]).work()
    (row,) = rows(installation)
    assert (row.state, row.sealed, row.due_ms) == ("sent", None, None)


async def test_a_server_that_is_away_delays_the_mail(installation: Installation) -> None:
    queue(installation, "call", CALL)
    made = postman(installation, 9)
    await made.work()
    (row,) = rows(installation)
    assert (row.state, row.attempts) == ("waiting", 1)
    assert 30 <= (row.due_ms - installation.clock()) / 1000 <= 36
    assert await made.work() == 0


@pytest.mark.parametrize(("answer", "state"), [("451 later", "waiting"), ("550 no such user", "failed")])
async def test_a_temporary_refusal_is_tried_again_and_a_final_one_is_not(
    installation: Installation, inbox: tuple[Inbox, int], answer: str, state: str
) -> None:
    inbox[0].answer = answer
    queue(installation, "call", CALL)
    made = postman(installation, inbox[1])
    await made.work()
    (row,) = rows(installation)
    assert (row.state, row.problem) == (state, f"the server answered {answer[:3]}")
    inbox[0].answer = ""
    installation.clock.step(60)
    await made.work()
    assert len(inbox[0].got) == (state == "waiting")


async def test_a_mail_is_given_up_after_two_days_and_a_bit(installation: Installation) -> None:
    queue(installation, "call", CALL)
    made, began = postman(installation, 9), installation.clock()
    while (due := rows(installation)[0].due_ms) is not None:
        installation.clock.ms = due
        await made.work()
    assert rows(installation)[0].state == "failed"
    assert 2 * 86400 < (installation.clock() - began) / 1000 < 3 * 86400


def person(installation: Installation, **more: Any) -> tuple[User, Account]:
    with changing(installation.database, installation.vault, acting_user="test") as changes:
        company_id = installation.company.id
        changes.add(FeatureCode(id=0, company_id=company_id, feature="voicemail", code="*86"))
        user = changes.add(
            User(id=0, company_id=company_id, extension="204", name="Zoë d'Été", email="zoe@bakery.example", **more)
        )
        account = changes.add(
            Account(id=0, login="204", role="user", company_id=company_id, user_id=user.id, language="nl")
        )
    return user, account


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_an_account_mail_holds_extension_login_and_a_link_but_no_password(
    installation: Installation, inbox: tuple[Inbox, int], language: str
) -> None:
    _, account = person(installation, language=language)
    with installation.database.write() as connection:
        queue_account_mail(
            connection, installation.vault, account, public_url="https://pbx.example/", now_ms=installation.clock(),
            inside_url="https://10.0.0.5:9080/", pin="483920",
        )  # fmt: skip
    await postman(installation, inbox[1]).work()
    message = inbox[0].got[0][2]
    text, html = (part.get_content() for part in message.iter_parts())
    for part in (text, html):
        assert "204@bakery.example" in part
        assert "*86" in part
        assert "483920" in part
        assert "https://10.0.0.5:9080" in part
        assert "https://pbx.example/set-password#" in part
    assert "Bakery & Söhne" in text
    assert "Bakery &amp; Söhne" in html
    assert message["To"].addresses[0].display_name == "Zoë d'Été"
    token = text.partition("#")[2].split()[0]
    with installation.database.write() as connection:
        assert take_step(connection, STEP, token, installation.clock()) == {"account_id": account.id}
        assert take_step(connection, STEP, token, installation.clock()) is None


async def test_who_has_no_voicemail_is_told_of_none(installation: Installation, inbox: tuple[Inbox, int]) -> None:
    user, account = person(installation)
    with changing(installation.database, installation.vault, acting_user="test") as changes:
        changes.add(
            ServiceAssignment(
                id=0, company_id=user.company_id, extension=user.extension, service="voicemail", assigned=False
            )
        )
        queue_account_mail(changes.connection, installation.vault, account, public_url="", now_ms=installation.clock())
    await postman(installation, inbox[1]).work()
    assert "*86" not in str(inbox[0].got[0][2])


async def test_the_link_of_an_account_mail_ends_after_a_week(
    installation: Installation, inbox: tuple[Inbox, int]
) -> None:
    _, account = person(installation)
    with installation.database.write() as connection:
        queue_account_mail(
            connection, installation.vault, account, public_url="https://pbx.example", now_ms=installation.clock()
        )
    await postman(installation, inbox[1]).work()
    text = next(inbox[0].got[0][2].iter_parts()).get_content()
    installation.clock.step(7 * 86400 + 1)
    with installation.database.write() as connection:
        assert take_step(connection, STEP, text.partition("#")[2].split()[0], installation.clock()) is None


async def test_an_administrator_gets_a_registration_mail(installation: Installation, inbox: tuple[Inbox, int]) -> None:
    with changing(installation.database, installation.vault, acting_user="test") as changes:
        account = changes.add(
            Account(
                id=0, login="anna", role="company", company_id=installation.company.id, first_name="Anna",
                email="anna@bakery.example", language="en",
            )
        )  # fmt: skip
    with installation.database.write() as connection:
        queue_account_mail(connection, installation.vault, account, public_url="https://p.example", now_ms=0)
    await postman(installation, inbox[1]).work()
    message = inbox[0].got[0][2]
    assert message["Subject"] == "Your administrator account for Bakery & Söhne"
    text = next(message.iter_parts()).get_content()
    assert "anna@bakery.example" in text
    assert "registered as an administrator of Bakery & Söhne." in text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", ("geregistreerd als beheerder van de locatie Stadhuis van Bakery & Söhne.", "28 september 2026, 10:13")),
        ("en", ("registered as an administrator of Bakery & Söhne, location Stadhuis.", "28 September 2026, 10:13")),
    ],
)
async def test_a_registration_mail_says_of_what_and_goes_by_the_clock_there(
    installation: Installation, inbox: tuple[Inbox, int], language: str, words: tuple[str, str]
) -> None:
    company_id = installation.company.id
    with changing(installation.database, installation.vault, acting_user="test") as changes:
        place = changes.add(Location(id=0, company_id=company_id, name="Stadhuis", timezone="America/New_York"))
        account = Account(id=0, login="anna", role="location", company_id=company_id, location_id=place.id)
        account = changes.add(msgspec.structs.replace(account, email="anna@bakery.example", language=language))
        queue_account_mail(
            changes.connection, installation.vault, account, public_url="https://p.example", now_ms=installation.clock()
        )
    await postman(installation, inbox[1]).work()
    for part in inbox[0].got[0][2].iter_parts():
        told = unescape(" ".join(part.get_content().split()))
        assert all(word in told for word in words)


def test_nobodys_address_is_no_mail(installation: Installation) -> None:
    with changing(installation.database, installation.vault, acting_user="test") as changes:
        account = changes.add(Account(id=0, login="root", role="operator"))
    with installation.database.write() as connection:
        assert queue_account_mail(connection, installation.vault, account, public_url="", now_ms=0) is None


def test_passwords_and_mails_show_nothing_of_themselves_in_logs() -> None:
    assert "s3cret" not in repr(Smtp("h", 25, "none", SENDER, "u", "s3cret"))
    assert "Chlo" not in repr(Mail(1, None, "call", "en", "a@b.example", "abc", 0, 0, CALL))
