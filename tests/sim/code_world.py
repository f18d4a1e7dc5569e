"""A company with feature codes whose back office really writes: codes are dialled, rows change, calls go by them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from fake_media import FakeMedia
from fake_speech import FakeSpeech
from msgspec.structs import replace
from world import DOMAIN, EXCHANGE, PROVIDER, DeskPhone, World

from kiestoon.app.phone_requests import register_all
from kiestoon.calls.record import CallRecord
from kiestoon.calls.requests import Changed, Failed
from kiestoon.company.code_presets import CodePreset
from kiestoon.company.directory import CompanyIndex
from kiestoon.company.model import Company, Device, Forward, Number, Presence, Row, Trunk, User
from kiestoon.media.protocol import DigitReceived
from kiestoon.sip import events
from kiestoon.sip.session import Session
from kiestoon.speech import Phrase
from kiestoon.speech.composing import Utterance
from kiestoon.store.activity import Wanted, list_activity
from kiestoon.store.database import Database, sqlite_url
from kiestoon.store.installation import prepare
from kiestoon.store.keys import Vault
from kiestoon.store.load import list_rows, load_company
from kiestoon.store.new_company import add_codes
from kiestoon.store.write import Changes, changing

RowT = TypeVar("RowT", bound=Row)
ANNA, BERT, CARLA = "101", "102", "103"
NAMES = {ANNA: "Anna", BERT: "Bert", CARLA: "Carla"}
ZONE = ZoneInfo("Europe/Amsterdam")


class _Template:
    """A company written once. Tests work on copies, through one engine, which has compiled its statements by then."""

    def __init__(self, preset: CodePreset) -> None:
        folder = Path(tempfile.mkdtemp(prefix="kiestoon-codes-"))
        self._original, self._copy = folder / "original.db", folder / "copy.db"
        original = Database(sqlite_url(self._original))
        self.vault = prepare(original, folder / "installation.key")
        with changing(original, self.vault, acting_user="test") as changes:
            _fill(changes, preset)
        original.close()
        self.database = Database(sqlite_url(self._copy))

    def begin(self) -> None:
        """Forget what was written."""
        self.database.engine.dispose()
        for beside in self._copy.parent.glob("copy.db-*"):
            beside.unlink()
        shutil.copy(self._original, self._copy)


_template = cache(_Template)


def _fill(changes: Changes, preset: CodePreset) -> None:
    town = changes.add(
        Company(id=0, name="Kiestad", domain=DOMAIN, area_code="020", emergency_number="+31201234500",
                music_path="/music.wav")
    )  # fmt: skip
    add_codes(changes, town, preset)
    for extension, name in NAMES.items():
        person = changes.add(User(id=0, company_id=1, extension=extension, name=name))
        phone = f"{name.lower()}-desk"
        changes.add(Device(id=0, company_id=1, username=phone, secret=f"secret of {phone}", user_id=person.id))
        changes.add(Number(id=0, company_id=1, e164=f"+31201234{extension}", extension=extension))
    changes.add(Trunk(id=0, company_id=1, name="line", kind="peer", host=PROVIDER[0], sources=(PROVIDER[0],)))


class TellingSpeech(FakeSpeech):
    """Its files tell what goes into a text as well."""

    def plan(self, company_id: int, language: str, phrases: Sequence[Phrase]) -> tuple[Utterance, ...]:
        plain = super().plan(company_id, language, phrases)
        return tuple(
            Utterance(
                each.language, " ".join([phrase.key, *(f"{name}={value}" for name, value in phrase.params.items())])
            )
            for each, phrase in zip(plain, phrases, strict=True)
        )


class WritingOffice:
    """The real handlers over a database of its own. ``broken``: nothing can be done. ``held``: replies wait."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database, self.vault = database, vault
        self.broken = False
        self.held = False
        self.asked: list[Any] = []
        self.replies: list[tuple[int, object]] = []
        self.world: CodeWorld
        self._later: list[tuple[int, object]] = []
        self.ended: list[CallRecord] = []
        self._handlers: dict[type, Any] = {}
        register_all(self)  # type: ignore[arg-type]  # all it asks for is ``register``

    def register(self, kind: type, handler: Any) -> None:
        self._handlers[kind] = handler

    def ask(self, token: int, request: object) -> None:
        self.asked.append(request)
        reply = (
            Failed("The database cannot be written") if self.broken else self._handlers[type(request)](self, request)
        )
        if isinstance(reply, Changed):
            self.world.reload()
            reply = reply.reply
        (self._later if self.held else self.replies).append((token, reply))

    def let_go(self) -> None:
        """Give the replies that were held back."""
        self.held = False
        self.replies, self._later = [*self.replies, *self._later], []


class CodeWorld(World):
    """Anna, Bert and Carla (101-103), a desk phone each, an outside line."""

    def __init__(self, preset: CodePreset = "one-net", *, at: str = "2026-03-02T12:00") -> None:
        template = _template(preset)
        template.begin()
        self.database = template.database
        self.writing = WritingOffice(self.database, template.vault)
        self.writing.world = self
        rows = load_company(self.database, self.writing.vault, 1)
        assert rows is not None
        super().__init__(rows=rows)
        self.network.now = datetime.fromisoformat(at).replace(tzinfo=ZONE).timestamp()
        self.engine.office = self.office = self.writing  # type: ignore[assignment]  # does the same
        self.exchange.back_office = self.writing
        self.exchange.speech = TellingSpeech()
        self.writing.ended = self.records

    # --- configuration -----------------------------------------------------------------------------------------------

    def add(self, row: RowT) -> RowT:
        """Write a row, in force at once."""
        with changing(self.database, self.writing.vault, acting_user="test") as changes:
            added = changes.add(row)
        self.reload()
        return added

    def change(self, row_type: type[RowT], row_id: int, **fields: Any) -> RowT:
        old = next(row for row in self.rows_of(row_type) if row.id == row_id)
        with changing(self.database, self.writing.vault, acting_user="test") as changes:
            if row_type is Device:
                old = replace(old, secret=f"secret of {old.username}")  # type: ignore[attr-defined,call-arg]
            changed = changes.update(replace(old, **fields))
        self.reload()
        return changed

    def remove(self, row: Row) -> None:
        with changing(self.database, self.writing.vault, acting_user="test") as changes:
            changes.remove(row)
        self.reload()

    def reload(self) -> None:
        rows = load_company(self.database, self.writing.vault, 1)
        assert rows is not None
        self.exchange.directory.put(CompanyIndex(rows))

    def rows_of(self, row_type: type[RowT]) -> list[RowT]:
        return list_rows(self.database, row_type, 1)

    def user(self, extension: str) -> User:
        return next(row for row in self.rows_of(User) if row.extension == extension)

    def forwards(self, extension: str = ANNA) -> dict[str, tuple[str, str]]:
        """Active forwardings by case: (kind, target), the kind "voicemail" also for the box of one's own."""
        return {
            row.case: ("voicemail", "") if row.voicemail and not row.to else (row.to.kind, row.to.target)
            for row in self.rows_of(Forward)
            if row.extension == extension and row.active
        }

    def presence(self, extension: str = ANNA) -> Presence | None:
        user_id = self.user(extension).id
        return next((row for row in self.rows_of(Presence) if row.user_id == user_id), None)

    def trail(self) -> list[tuple[str, str]]:
        """Who has written what since the company was made, the latest last: (acting user, table)."""
        with self.database.read() as connection:
            entries = list_activity(connection, Wanted(company_id=1), 100)
        return [(entry.acting_user, entry.table) for entry in reversed(entries) if entry.acting_user != "test"]

    # --- dialling ----------------------------------------------------------------------------------------------------

    def desk(self, extension: str) -> DeskPhone:
        """The person's phone, registered."""
        name = f"{NAMES[extension].lower()}-desk"
        return self.phones.get(name) or self.phone(name, f"192.0.2.{extension[-1]}")

    def call(self, dialled: str, by: str = ANNA) -> Talk:
        """Somebody dials."""
        phone = self.desk(by)
        session = phone.dial(dialled.replace("#", "%23"))
        self.network.drain(phone.node)
        self.run(0.5)
        return Talk(self, phone, session)

    def outcome_of_call(self, dialled: str, by: str) -> str:
        """What becomes of a call: "answered by 103", or the status it is refused with."""
        phone = self.desk(by)
        before = len(self.records)
        session = phone.dial(dialled)
        self.run(3)
        answered = session.state == "confirmed"
        if answered:
            session.bye(self.network.now)
            self.network.drain(phone.node)
        self.run(3)
        record = self.records[before]
        if answered:
            return f"answered by {record.final_party}"
        return f"refused {record.sip_status}"


class Talk:
    """Somebody's call to a code: what is said, what is keyed."""

    def __init__(self, world: CodeWorld, phone: DeskPhone, session: Session) -> None:
        self.world, self.phone, self.session = world, phone, session

    @property
    def media(self) -> FakeMedia:
        return self.world.media

    @property
    def hears(self) -> str:
        """What plays: the key of a text with what goes into it, "tone:…", "music", another port; "" = nothing."""
        found = self.phone.hears(self.session)
        return next(iter(found)).removeprefix("file:/prompts/").removesuffix(".ogg") if found else ""

    @property
    def over(self) -> bool:
        return self.session.state == "ended"

    def listen(self) -> list[str]:
        """Hear everything that is said until there is silence, the same again, or the call is over."""
        heard: list[str] = []
        while (text := self.hears) and text not in heard:
            heard.append(text)
            if not text.startswith(("nl/", "en/")):
                break
            self.finish()
        return heard

    def finish(self) -> None:
        """What plays comes to its end."""
        self.media.finish_files()
        self.world.network.drain(self.world.node)
        self.world.run(0.1)

    def key(self, keys: str) -> None:
        termination = self.media.at(int(self.phone.sends_to(self.session)))
        assert termination is not None
        for digit in keys:
            self.media.events.append(DigitReceived(termination.number, digit, 100))
        self.world.network.drain(self.world.node)
        self.world.run(0.1)

    def wait(self, seconds: float = 10.0) -> None:
        self.world.run(seconds)

    def hang_up(self) -> None:
        self.session.bye(self.world.network.now)
        self.world.network.drain(self.phone.node)
        self.world.run(1)


__all__ = ["ANNA", "BERT", "CARLA", "EXCHANGE", "CodeWorld", "Talk", "events"]
