"""Hot desks from real phones: log in and out by code, and the next call goes by it (DEV-3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Baresip
from msgspec.structs import replace
from talking import CALLED_HZ, CALLER_HZ

from conftest import PhoneStarter
from kiestoon.company.code_presets import preset_codes
from kiestoon.company.desks import holder_of
from kiestoon.company.model import Company, Device, User
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault
from kiestoon.store.load import list_rows
from kiestoon.store.pins import hash_pin, set_pin
from kiestoon.store.write import Changes, changing

SITE = Site(name="Desks", domain="desks.example", extensions=("101", "102"))
PIN = "582041"
SPEECH_S = 30.0
"""For the first words of a text that must be rendered, on a busy machine."""


def fill(changes: Changes) -> None:
    """102's phone becomes a hot desk; 103 has none."""
    for code in preset_codes("standard", Company(id=1, name=SITE.name, domain=SITE.domain)):
        changes.add(code)
    phone = changes.whole(Device, 1, 2)
    assert phone is not None
    changes.update(replace(phone, user_id=None))
    changes.add(User(id=0, company_id=1, extension="103", name="Dora"))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    with Exchange(tmp_path_factory.mktemp("exchange"), (SITE,), fill=fill, sip={"digest": ("SHA-256", "MD5")}) as made:
        database = Database(made.settings.database_url)
        vault = open_vault(database, made.settings.key_path)
        dora = next(user for user in list_rows(database, User) if user.extension == "103")
        with changing(database, vault, acting_user="test") as changes:
            set_pin(changes, vault, dora, hash_pin(PIN), 0, must_change=False)
        database.close()
        yield made


class Desk:
    """The phone and who is on it, by the rows."""

    def __init__(self, exchange: Exchange, phone: Baresip) -> None:
        self.exchange, self.phone = exchange, phone

    def dial(self, code: str, keys: str, user: str) -> None:
        """Dial a code, key in while something is said, and wait until this person is on the phone."""
        self.phone.dial(code)
        self.phone.wait_for("CALL_ESTABLISHED")
        self.phone.wait_for_change(1.0, timeout_s=SPEECH_S)
        self.phone.send_digits(keys)
        self.exchange.daemon.wait_until(lambda: self.user() == user, SPEECH_S, f"{user or 'nobody'} is on the phone")
        self.phone.wait_for_change(1.0, timeout_s=SPEECH_S)
        self.phone.wait_for("CALL_CLOSED", timeout_s=SPEECH_S)

    def user(self) -> str:
        database = Database(self.exchange.settings.database_url)
        device = next(row for row in list_rows(database, Device, 1) if row.username == "102")
        names = {row.id: row.name for row in list_rows(database, User, 1)}
        database.close()
        return names.get(holder_of(device) or 0, "")


def test_who_logs_in_on_a_phone_is_called_there_and_calls_from_there(exchange: Exchange, phone: PhoneStarter) -> None:
    anna = phone("101", site=SITE, tone_hz=CALLER_HZ)
    desk = Desk(exchange, phone("102", site=SITE, tone_hz=CALLED_HZ))
    anna.dial("103")
    assert "480" in str(anna.wait_for("CALL_CLOSED"))
    desk.dial("901", f"103#{PIN}#", "Dora")
    anna.dial("103")
    desk.phone.wait_for("CALL_INCOMING")
    anna.hang_up()
    desk.phone.wait_for("CALL_CLOSED")
    anna.wait_for("CALL_CLOSED")
    desk.phone.dial("101")
    assert "103" in str(anna.wait_for("CALL_INCOMING"))
    desk.phone.hang_up()
    anna.wait_for("CALL_CLOSED")
    desk.phone.wait_for("CALL_CLOSED")
    desk.dial("902", f"{PIN}#", "")
    desk.phone.dial("101")
    assert "403" in str(desk.phone.wait_for("CALL_CLOSED", timeout_s=SPEECH_S))
