"""The message lamp of a real phone: it lights when somebody has left a message (RFC 3842)."""

from __future__ import annotations

from bench.lib.exchange import Exchange
from bench.peers.process import wait_until
from ladder import check_body
from parties import PhoneStarter, SippStarter, caller

from kiestoon.company.model import FeatureCode, User
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault
from kiestoon.store.load import list_rows
from kiestoon.store.write import changing


def test_the_lamp_lights_when_a_message_is_left(exchange: Exchange, sipp: SippStarter, phone: PhoneStarter) -> None:
    database = Database(exchange.settings.database_url)
    owner = next(user for user in list_rows(database, User) if user.extension == "103")
    with changing(database, open_vault(database, exchange.settings.key_path), acting_user="test") as changes:
        changes.add(FeatureCode(id=0, company_id=owner.company_id, code="*7", feature="voicemail_box"))
    database.close()
    exchange.ask("reload")
    watcher = caller("103", "103", name="watcher")
    login = f"[authentication username={watcher.me} password={watcher.password}]\n"
    event = "Event: message-summary\nExpires: 600\nAccept: application/simple-message-summary\n"
    party = sipp(
        watcher.request("SUBSCRIBE", headers=event, in_dialog=False)
        .expect(407, challenge=True)
        .request("SUBSCRIBE", headers=login + event, in_dialog=False)
        .expect(200, dialog=True)
        .await_request("NOTIFY", check=check_body("Messages-Waiting: no"))
        .respond(200, "OK")
        .await_request("NOTIFY", timeout_ms=20_000, check=check_body("Voice-Message: 1/0"))
        .respond(200, "OK")
        .request("SUBSCRIBE", headers="Event: message-summary\nExpires: 0\n")
        .expect(200)
        .await_request("NOTIFY", check=check_body("Messages-Waiting: yes"))
        .respond(200, "OK")
    )
    wait_until(lambda: len(exchange.ask("subscriptions")) == 1, 10, "the phone watches its messages")
    calling = phone("104", tone_hz=600)
    calling.dial("*7103")
    calling.wait_for("CALL_ESTABLISHED")
    calling.send_digits("1")  # the greeting is not what this is about
    calling.wait_for_tone(440)
    folder = exchange.settings.voicemail_dir / str(owner.company_id)
    wait_until(lambda: any(path.stat().st_size > 100_000 for path in folder.glob("*.part")), 15, "a message")
    calling.hang_up()
    party.expect_success(30)
