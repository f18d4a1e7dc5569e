"""A colleague among one's favourites is rung: the screen shows it, and the call is taken there (CALL-11, U 4.3.2.11).

The screen is a program that logs in and asks over HTTP; the phones are real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from bench.peers.process import wait_until
from parties import PhoneStarter
from softphones import TOWN, TestExchange, exchange_in
from talking import CALLED_HZ, CALLER_HZ

from kiestoon.app.cli_accounts import put_password
from kiestoon.company.model import Account, PickupGroup, PickupMember
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault
from kiestoon.store.write import changing

PASSWORD = "Kies-toon-42!"
ANNA, BERT, CARLA = "101", "102", "103"
ANNAS_ID, BERTS_ID = 1, 2
THIRD_HZ = 1200
COMPANY = "/api/v1/companies/1"


@pytest.fixture(scope="module")
def running_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestExchange]:
    """Anna may pick up what rings at Bert's, and logs in to the web."""
    with exchange_in(tmp_path_factory.mktemp("favourites")) as running:
        with closing(Database(running.settings.database_url)) as database:
            vault = open_vault(database, running.settings.key_path)
            with changing(database, vault, acting_user="test") as changes:
                account = Account(id=0, company_id=1, role="user", login="anna", user_id=ANNAS_ID)
                put_password(changes, account, PASSWORD, must_change=False)
                group = changes.add(PickupGroup(id=0, company_id=1, name="Counter"))
                for extension in (ANNA, BERT):
                    changes.add(PickupMember(id=0, company_id=1, group_id=group.id, extension=extension))
        running.ask("reload")
        yield running


class Screen:
    """Anna's. Her favourites are Bert and Carla."""

    def __init__(self, exchange: TestExchange) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{exchange.web_port}")
        self._ask("POST", "/api/v1/session", login=f"anna@{TOWN.domain}", password=PASSWORD)
        if self._ask("GET", f"{COMPANY}/favourite_groups")["items"]:
            return
        group = self._ask("POST", f"{COMPANY}/favourite_groups", user_id=ANNAS_ID, name="Counter")["id"]
        for extension in (BERT, CARLA):
            self._ask("POST", f"{COMPANY}/favourites", group_id=group, extension=extension)

    def _ask(self, method: str, path: str, **body: Any) -> Any:
        csrf = self._client.cookies.get("kiestoon_csrf")
        headers = {"X-CSRF-Token": csrf} if csrf else {}
        answer = self._client.request(method, path, json=body or None, headers=headers)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def favourites(self) -> dict[str, Any]:
        """Bert and Carla as they stand."""
        (group,) = self._ask("GET", f"{COMPANY}/users/{ANNAS_ID}/favourites")["items"]
        return {each["extension"]: each for each in group["items"]}

    def state(self, extension: str) -> str:
        return str(self.favourites()[extension]["line"]["state"])

    def take(self, call_id: str, leg: str) -> None:
        self._ask("POST", f"{COMPANY}/calls/{call_id}/take", leg=leg)

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def screen(exchange: TestExchange) -> Iterator[Screen]:
    with closing(Screen(exchange)) as found:
        yield found


def test_a_call_that_rings_at_a_favourite_is_taken_from_the_screen(screen: Screen, phone: PhoneStarter) -> None:
    """Until it is taken nothing tells who calls."""
    anna = phone(ANNA, site=TOWN, tone_hz=THIRD_HZ)
    bert = phone(BERT, site=TOWN, tone_hz=CALLED_HZ)
    carla = phone(CARLA, site=TOWN, tone_hz=CALLER_HZ)
    assert (screen.state(BERT), screen.state(CARLA)) == ("idle", "idle")
    carla.dial(BERT)
    bert.wait_for("CALL_INCOMING")
    wait_until(lambda: screen.state(BERT) == "ringing", 5, "Bert's line rings")
    assert screen.state(CARLA) == "dialling"
    rung = screen.favourites()[BERT]
    assert (rung["name"], rung["user_id"], rung["line"]["outside"]) == ("User 102", BERTS_ID, False)
    assert CARLA not in str(rung)
    screen.take(**rung["line"]["take"])
    anna.accept()
    bert.wait_for("CALL_CLOSED")
    anna.wait_for_tone(CALLER_HZ)
    carla.wait_for_tone(THIRD_HZ)
    assert (screen.state(BERT), screen.state(CARLA)) == ("idle", "busy")
    carla.hang_up()
    anna.wait_for("CALL_CLOSED")


def test_a_call_that_was_answered_a_moment_before_is_not_taken(screen: Screen, phone: PhoneStarter) -> None:
    """Both speak on, and the screen is told why not."""
    phone(ANNA, site=TOWN, tone_hz=THIRD_HZ)
    bert = phone(BERT, site=TOWN, tone_hz=CALLED_HZ)
    carla = phone(CARLA, site=TOWN, tone_hz=CALLER_HZ)
    carla.dial(BERT)
    wait_until(lambda: screen.state(BERT) == "ringing", 5, "Bert's line rings")
    take = screen.favourites()[BERT]["line"]["take"]
    bert.accept()
    carla.wait_for("CALL_ESTABLISHED")
    with pytest.raises(AssertionError, match="403"):
        screen.take(**take)
    bert.wait_for_tone(CALLER_HZ)
    carla.wait_for_tone(CALLED_HZ)
    assert screen.favourites()[BERT]["line"] == {"state": "busy", "outside": False, "take": None}
    carla.hang_up()
    bert.wait_for("CALL_CLOSED")
