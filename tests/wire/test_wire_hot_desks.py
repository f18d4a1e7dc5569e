"""Hot desks from real phones: log in and out by code, and the next call goes by it (DEV-3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bench.lib.exchange import Exchange, Site
from bench.peers.baresip import Baresip
from bench.peers.sipp import expect_all
from msgspec.structs import replace
from parties import PROVIDER, PhoneStarter, SippStarter, provider
from talking import CALLER_HZ, SPEECH_S

from kiestoon.company.code_presets import preset_codes
from kiestoon.company.desks import holder_of
from kiestoon.company.model import Company, Device, User
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault
from kiestoon.store.load import list_rows
from kiestoon.store.pins import hash_pin, set_pin
from kiestoon.store.write import Changes, changing

DESKS = ("102", "104", "105")
SITE = Site(name="Desks", domain="desks.example", extensions=("101", *DESKS))
LISTED = Site(
    name="Listed", domain="listed.example", extensions=("101",), company={"ip_listing": True, "area_code": "020"},
    trunks=({"name": "line", "kind": "peer", "host": PROVIDER[0], "port": PROVIDER[1], "sources": (PROVIDER[0],)},),
)  # fmt: skip
PIN, FIRST_PIN = "582041", "0000"


def fill(changes: Changes) -> None:
    """Every phone but the first becomes a hot desk; 103 has none and may be on two."""
    for number, site in enumerate((SITE, LISTED), 1):
        for code in preset_codes("standard", Company(id=number, name=site.name, domain=site.domain)):
            changes.add(code)
    for number in range(2, 2 + len(DESKS)):
        phone = changes.whole(Device, 1, number)
        assert phone is not None
        changes.update(replace(phone, user_id=None))
    changes.add(User(id=0, company_id=1, extension="103", name="Dora", twinning=True))
    changes.add(User(id=0, company_id=1, extension="106", name="Fred"))


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    folder, sites = tmp_path_factory.mktemp("exchange"), (SITE, LISTED)
    with Exchange(folder, sites, fill=fill, sip={"digest": ("SHA-256", "MD5")}) as made:
        database = Database(made.settings.database_url)
        vault = open_vault(database, made.settings.key_path)
        with changing(database, vault, acting_user="test") as changes:
            for company_id, extension, pin in ((1, "103", PIN), (1, "106", FIRST_PIN), (2, "101", PIN)):
                person = next(user for user in list_rows(database, User, company_id) if user.extension == extension)
                set_pin(changes, vault, person, hash_pin(pin), 0, must_change=pin == FIRST_PIN)
        database.close()
        yield made


class Desk:
    """A phone, and who is on it by the rows."""

    def __init__(self, exchange: Exchange, start: PhoneStarter, name: str, site: Site = SITE, **options: Any) -> None:
        self.exchange, self.name = exchange, name
        self.company_id = (SITE, LISTED).index(site) + 1
        self.phone = start(name, site=site, **options)

    def dial(self, code: str, keys: str, until: Callable[[], bool]) -> None:
        """Dial a code, key in while something is said, and hang up when the work is done."""
        self.phone.dial(code)
        self.phone.wait_for("CALL_ESTABLISHED")
        self.phone.wait_for_change(1.0, timeout_s=SPEECH_S)
        self.phone.send_digits(keys)
        self.exchange.daemon.wait_until(until, SPEECH_S, f"what {code} is to do")
        self.phone.wait_for_change(1.0, timeout_s=SPEECH_S)  # told: it is in force
        self.phone.hang_up()
        self.phone.wait_for("CALL_CLOSED")

    def log_in(self, more: str = "") -> None:
        self.dial("901", f"103#{PIN}#{more}", lambda: self.user() == "Dora")

    def row(self) -> Device:
        database = Database(self.exchange.settings.database_url)
        device = next(row for row in list_rows(database, Device, self.company_id) if row.username == self.name)
        database.close()
        return device

    def user(self) -> str:
        database = Database(self.exchange.settings.database_url)
        names = {row.id: row.name for row in list_rows(database, User, self.company_id)}
        database.close()
        return names.get(holder_of(self.row()) or 0, "")


def calls(caller: Baresip, number: str, *desks: Desk) -> None:
    """All of these phones ring, and the caller hangs up."""
    caller.dial(number)
    for desk in desks:
        desk.phone.wait_for("CALL_INCOMING")
    caller.hang_up()
    for phone in (caller, *(desk.phone for desk in desks)):
        phone.wait_for("CALL_CLOSED")


def test_who_logs_in_on_a_phone_is_called_there_and_calls_from_there(exchange: Exchange, phone: PhoneStarter) -> None:
    anna = phone("101", site=SITE, tone_hz=CALLER_HZ)
    desk = Desk(exchange, phone, "102")
    anna.dial("103")
    assert "480" in str(anna.wait_for("CALL_CLOSED"))
    desk.log_in()
    calls(anna, "103", desk)
    desk.phone.dial("101")
    assert "103" in str(anna.wait_for("CALL_INCOMING"))
    desk.phone.hang_up()
    anna.wait_for("CALL_CLOSED")
    desk.phone.wait_for("CALL_CLOSED")
    desk.dial("902", f"{PIN}#", lambda: not desk.user())
    desk.phone.dial("101")
    assert "403" in str(desk.phone.wait_for("CALL_CLOSED", timeout_s=SPEECH_S))


def test_two_phones_ring_for_one_person_and_a_third_takes_their_place(exchange: Exchange, phone: PhoneStarter) -> None:
    anna = phone("101", site=SITE, tone_hz=CALLER_HZ)
    first, second, third = (Desk(exchange, phone, name) for name in DESKS)
    first.log_in()
    second.log_in()
    calls(anna, "103", first, second)
    third.log_in(more="1")
    assert (first.user(), second.user()) == ("", "")
    calls(anna, "103", third)
    third.dial("902", f"{PIN}#", lambda: not third.user())


def test_whoever_logs_in_with_a_first_pin_chooses_another_one_and_is_logged_in(
    exchange: Exchange, phone: PhoneStarter
) -> None:
    desk = Desk(exchange, phone, "105")
    desk.dial("901", f"106#{FIRST_PIN}#{PIN}#{PIN}#", lambda: desk.user() == "Fred")
    desk.dial("902", f"{PIN}#", lambda: not desk.user())


def test_an_unknown_phone_calls_outside_after_a_login_only(
    exchange: Exchange, phone: PhoneStarter, sipp: SippStarter
) -> None:
    desk = Desk(exchange, phone, "101", LISTED)
    desk.phone.dial("00205550101")
    assert "403" in str(desk.phone.wait_for("CALL_CLOSED", timeout_s=SPEECH_S))
    desk.dial("901", f"101#{PIN}#", lambda: desk.row().known_address == "127.0.0.1")
    line = sipp(provider().ring_and_answer().byed(), host=PROVIDER[0], port=PROVIDER[1])
    desk.phone.dial("00205550101")
    desk.phone.wait_for("CALL_ESTABLISHED")
    desk.phone.hang_up()
    desk.phone.wait_for("CALL_CLOSED")
    expect_all(line)
