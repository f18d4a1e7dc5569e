"""A company to route calls in, put together row by row; what becomes of a call told in short words."""

from datetime import UTC, datetime
from itertools import count

from msgspec.structs import replace

from kiestoon.company.directory import Directory
from kiestoon.company.model import (
    Company,
    CompanyRows,
    Destination,
    Device,
    Location,
    Number,
    Row,
    Trunk,
    User,
)
from kiestoon.company.model.entities import BY_ROW
from kiestoon.routing import (
    Assumed,
    Decision,
    DialOutside,
    EnterVoicemail,
    FromTrunk,
    FromUser,
    Refuse,
    RingAll,
    RingUser,
    proceed,
    route,
    see_outsider,
)

LINE = Trunk(id=1, name="Line", kind="peer", host="192.0.2.9", sources=("192.0.2.9",))
COMPANY = Company(
    id=1, name="Town", domain="town.example", area_code="020", access_code="0", emergency_number="+31207654100"
)
ANNA, BEN, CARA, DORA = "101", "102", "103", "104"
NAMES = {ANNA: "Anna", BEN: "Ben", CARA: "Cara", DORA: "Dora"}
STRANGER = "+31701234567"
MONDAY_NOON_MS = int(datetime(2026, 3, 2, 11, 0, tzinfo=UTC).timestamp() * 1000)
"""12:00 in Amsterdam."""
HOUR_MS = 3_600_000


def to(target, kind=""):
    """A destination: an extension, a number, or of the kind said."""
    return Destination(kind or ("extension" if len(target) == 3 else "number"), target)


def voicemail(extension=""):
    return Destination("voicemail", extension)


class Town:
    """Rows of company 1: four people (101-104, ids 1-4) with a desk phone each, whatever else is added."""

    def __init__(self, *rows: Row, other_companies=(), trunks=(LINE,), **company):
        self.ids = count(1000)
        self.other_companies = other_companies
        self.trunks = trunks
        self.company = replace(COMPANY, **company)
        self.users = {
            extension: User(id=index, company_id=1, extension=extension, name=name, location_id=1)
            for index, (extension, name) in enumerate(NAMES.items(), 1)
        }
        self.rows = [
            Location(id=1, company_id=1, name="Hall", area_code="020"),
            *(Device(id=10 + n, company_id=1, username=f"d{n}", secret="s", user_id=n) for n in range(1, 5)),
            Number(id=90, company_id=1, e164="+31207654100"),
            *(Number(id=90 + n, company_id=1, e164=f"+3120765410{n}", extension=f"10{n}") for n in range(1, 5)),
        ]
        self.add(*rows)

    def add(self, *rows: Row):
        """More rows; one that has the place (table and id) of another takes it."""
        for row in rows:
            self.rows = [old for old in self.rows if (type(old), old.id) != (type(row), row.id)]
            self.rows.append(row)
        return self

    def user(self, extension, **changes):
        """Change a person."""
        self.users[extension] = replace(self.users[extension], **changes)
        return self

    def new(self, row_type, **fields):
        """Add a row with an id of its own."""
        self.add(row_type(id=next(self.ids), company_id=1, **fields))
        return self

    @property
    def directory(self):
        tables = {}
        for row in [*self.users.values(), *self.rows]:
            tables.setdefault(BY_ROW[type(row)].table, []).append(row)
        rows = CompanyRows(company=self.company, **{name: tuple(found) for name, found in tables.items()})
        return Directory([rows, *self.other_companies], self.trunks)

    # --- calls -----------------------------------------------------------------------------------------------------

    def dial(self, dialled, by=DORA, live=None) -> Decision:
        """A person of the company dials."""
        return route(self.directory, FromUser(1, self.users[by].id), dialled, live=live or at_noon())

    def incoming(self, number="+31207654101", caller=STRANGER, *, live=None, withheld=False, diverted=0) -> Decision:
        """A call from outside, to Anna's own number unless said otherwise."""
        seen = see_outsider(caller, withheld=withheld, country="NL")
        trunk = self.trunks[0]
        return route(
            self.directory, FromTrunk((trunk,)), number, live=live or at_noon(), caller=seen, diverted=diverted
        )

    def then(self, decision, outcome, live=None):
        """What follows."""
        return proceed(self.directory, decision.situation, outcome, live=live or at_noon())


def at_noon(**live):
    """Monday noon in Amsterdam."""
    return Assumed(now_ms=MONDAY_NOON_MS, **live)


def outcome(decision):
    """A decision in short: "rings Anna", "rings Anna+Ben", "dials +31…", "voicemail 101", "refused 486", "nothing"."""
    if decision is None:
        return "nothing"
    step = decision.step
    if isinstance(step, RingUser):
        return f"rings {step.user.name}"
    if isinstance(step, RingAll):
        return "rings " + "+".join([p.user.name for p in step.people] + [dial.number for dial in step.outside])
    if isinstance(step, DialOutside):
        return f"dials {step.number}"
    if isinstance(step, EnterVoicemail):
        return f"voicemail {step.extension}"
    return f"refused {step.status}" if isinstance(step, Refuse) else type(step).__name__


def codes(decision):
    return [reason.code for reason in decision.reasons]
