"""A company with hot desks: phones people log in on with extension and PIN."""

from __future__ import annotations

from functools import cache
from typing import Any

from code_world import ANNA, NAMES, CodeWorld, Talk, TellingSpeech
from msgspec.structs import replace
from world import DeskPhone

from kiestoon.company.desks import holder_of
from kiestoon.company.model import Device, User
from kiestoon.store.pins import hash_pin, set_pin
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import changing

DORA, EVA = "104", "105"
PIN, OTHER_PIN = "582041", "719356"
ASK_EXTENSION, ASK_PIN = "nl/desk-ask-extension", "nl/desk-ask-pin"
IN, OUT, STATUS, CHANGE_PIN, VOICEMAIL = "901", "902", "900", "907", "1233"


@cache
def _hashed(pin: str) -> str:
    return hash_pin(pin)


class DeskWorld(CodeWorld):
    """Anna, Bert and Carla at phones they are bound to; Dora (104) and Eva (105) without any; free phones."""

    def __init__(self) -> None:
        super().__init__("standard")
        self.hosts: dict[str, str] = {}
        for extension, name in ((DORA, "Dora"), (EVA, "Eva")):
            self.add(User(id=0, company_id=1, extension=extension, name=name))
            self.give_pin(extension)
        self.give_pin(ANNA)

    def give_pin(self, extension: str, pin: str = PIN, *, must_change: bool = False) -> None:
        with changing(self.database, self.writing.vault, acting_user="test") as changes:
            set_pin(changes, self.writing.vault, self.user(extension), _hashed(pin), 0, must_change=must_change)

    def free(self, name: str, **fields: Any) -> DeskPhone:
        """A phone with nobody on it, registered."""
        self.add(Device(id=0, company_id=1, username=name, secret=f"secret of {name}", **fields))
        return self.phone(name, f"192.0.2.{100 + len(self.phones)}")

    def device(self, name: str) -> Device:
        return next(row for row in self.rows_of(Device) if row.username == name)

    def on(self, name: str) -> str:
        """Whose phone it is now, by the rows."""
        holder = holder_of(self.device(name))
        return next((row.name for row in self.rows_of(User) if row.id == holder), "")

    def set_company(self, **fields: Any) -> None:
        """An administrator changes the company."""
        with changing(self.database, self.writing.vault, acting_user="administrator") as changes:
            company = Peek(changes.connection, 1).company()
            assert company is not None
            changes.update(replace(company, **fields))
        self.reload()

    def set_desk(self, name: str, **fields: Any) -> None:
        """An administrator changes a phone."""
        old = replace(self.device(name), secret=f"secret of {name}")
        with changing(self.database, self.writing.vault, acting_user="administrator") as changes:
            changes.update(replace(old, **fields))
        self.reload()

    def dial_from(self, name: str, dialled: str) -> Talk:
        phone = self.phones[name]
        session = phone.dial(dialled)
        self.network.drain(phone.node)
        self.run(0.5)
        return Talk(self, phone, session)

    def log_in(self, name: str, extension: str = DORA, pin: str = PIN) -> list[str]:
        """The whole dialogue; what is said in the end."""
        talk = self.dial_from(name, IN)
        if talk.hears != ASK_EXTENSION:
            return talk.listen()
        talk.key(f"{extension}#")
        assert talk.hears == ASK_PIN, talk.hears
        talk.key(f"{pin}#")
        return talk.listen()

    def says(self, name: str, dialled: str, keys: str = "") -> list[str]:
        """Dial a code, key in, and hear what is said after that."""
        talk = self.dial_from(name, dialled)
        if keys:
            talk.key(keys)
        return talk.listen()

    def restart(self) -> None:
        """kill -9: the next process reads its rows from the database."""
        self.crash()
        self.engine.office = self.office = self.writing  # type: ignore[assignment]  # does the same
        self.exchange.back_office = self.writing
        self.exchange.speech = TellingSpeech()
        self.reload()


__all__ = ["ANNA", "NAMES", "DeskWorld", "Talk"]
