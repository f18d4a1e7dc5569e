"""The mails that give somebody a login: to a person with an extension (ORG-6), to an administrator (ORG-4).

No password is in them: a link, good for one use within a week, leads to where one is chosen.
"""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import Connection, select

from kiestoon.company.model import Account, Company, Department, FeatureCode, Location, Number, User
from kiestoon.company.services import HAVING
from kiestoon.notify.dates import time_in_words
from kiestoon.store import accounts as accounts_store
from kiestoon.store.keys import Vault
from kiestoon.store.load import iterate_rows
from kiestoon.store.mailbox import enqueue_mail
from kiestoon.store.rules import Peek
from kiestoon.store.rules.services import Held
from kiestoon.store.sessions import begin_step
from kiestoon.store.tables import TABLES

STEP: Final = "set_password"
LINK_LASTS_MS: Final = 7 * 86_400_000
PAGE: Final = "/set-password"
_ROLES: Final = {
    "operator": ("operator van deze telefooncentrale", "an operator of this telephone exchange"),
    "company": ("beheerder van {company}", "an administrator of {company}"),
    "location": ("beheerder van de locatie {place} van {company}", "an administrator of {company}, location {place}"),
    "department": (
        "beheerder van de afdeling {place} van {company}",
        "an administrator of {company}, department {place}",
    ),
    "user": ("gebruiker van {company}", "a user of {company}"),
}
"""As what somebody is registered, in Dutch and English."""


class AccountMailer:
    """Queues the mail of an account, in the caller's transaction."""

    def __init__(self, vault: Vault, public_url: str, inside_url: str = "") -> None:
        self._vault = vault
        self._urls = {"public_url": public_url, "inside_url": inside_url}

    def __call__(self, connection: Connection, account: Account, pin: str = "") -> int | None:
        """The mail's id; None: there is no address to send it to."""
        now_ms = int(time.time() * 1000)
        return queue_account_mail(connection, self._vault, account, **self._urls, now_ms=now_ms, pin=pin)


def queue_account_mail(
    connection: Connection,
    vault: Vault,
    account: Account,
    *,
    public_url: str,
    now_ms: int,
    inside_url: str = "",
    pin: str = "",
) -> int | None:
    """Queue the mail of an account; returns its id, None when nobody's address is known.

    ``public_url``: where browsers reach us, ``inside_url`` from within the office; "" leaves out what one would click.
    """
    company = _company(connection, account)
    person = next(iterate_rows(connection, User, row_id=account.user_id), None) if account.user_id else None
    recipient = account.email or (person.email if person is not None else "")
    if not recipient:
        return None
    base = public_url.rstrip("/")
    token = begin_step(connection, STEP, {"account_id": account.id}, now_ms, LINK_LASTS_MS) if base else ""
    kind = "account_administrator" if person is None else "account_user"
    language = (person.language if person is not None else "") or account.language
    language = language or (company.language if company is not None else "nl")
    place, zone = _place(connection, account, person, company)
    named = {"company": company.name if company is not None else "", "place": place}
    dutch, english = (text.format(**named) for text in _ROLES[account.role])
    params: dict[str, Any] = {
        "name": person.name if person is not None else account.name,
        "company": company.name if company is not None else "Kiestoon",
        "login": accounts_store.login_of(connection, account),
        "web": base,
        "web_inside": inside_url.rstrip("/"),
        # Behind the # it stays in the browser: no server, proxy or log on the way sees it.
        "link": f"{base}{PAGE}#{token}" if base else "",
        "link_until": time_in_words(now_ms + LINK_LASTS_MS, zone, language),
        "role_nl": dutch,
        "role_en": english,
        "pin": pin,
    }
    if person is not None:
        params |= _telephone(connection, person)
    return enqueue_mail(connection, vault, kind, language, recipient, params, now_ms, company_id=account.company_id)


def _company(connection: Connection, account: Account) -> Company | None:
    if account.company_id is None:
        return None
    return next(iterate_rows(connection, Company, row_id=account.company_id), None)


def _place(connection: Connection, account: Account, person: User | None, company: Company | None) -> tuple[str, str]:
    """What an administrator administers below the company, by name; and whose clock the owner goes by."""
    department = next(iterate_rows(connection, Department, row_id=account.department_id or 0), None)
    location_id = account.location_id or (department.location_id if department is not None else None)
    location_id = location_id or (person.location_id if person is not None else None)
    location = next(iterate_rows(connection, Location, row_id=location_id or 0), None)
    zone = (location.timezone if location is not None else "") or (company.timezone if company is not None else "")
    named = department or location
    return (named.name if named is not None else ""), zone


def _telephone(connection: Connection, person: User) -> dict[str, Any]:
    numbers, codes = TABLES[Number], TABLES[FeatureCode]
    number = select(numbers.c.e164).where(
        numbers.c.company_id == person.company_id, numbers.c.extension == person.extension
    )
    voicemail = select(codes.c.code).where(codes.c.company_id == person.company_id, codes.c.feature == "voicemail")
    held = Held(person, Peek(connection, person.company_id))
    has_box = held.standing("voicemail") in HAVING
    return {
        "extension": person.extension,
        "number": person.caller_number or connection.execute(number.order_by(numbers.c.id).limit(1)).scalar() or "",
        "voicemail": (connection.execute(voicemail.order_by(codes.c.id).limit(1)).scalar() or "") if has_box else "",
    }
