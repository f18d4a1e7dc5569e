"""Voicemail with real processes and real speech: what was said is in the box, whoever is killed (VM-1, VM-6).

Callers are a real baresip and phones of ours; each sings a tone by which its message is known.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bench.peers.baresip import Account, Baresip
from softphones import TOWN, Phones, TestExchange, exchange_in, hears, phones_on, until

from kiestoon.app.softphone.agent import PhoneCall
from kiestoon.company.model import FeatureCode, Forward
from kiestoon.media.audio.measure import gap_ms, tone_level
from kiestoon.store.database import Database
from kiestoon.store.installation import open_vault
from kiestoon.store.voicemail import StoredMessage, list_messages
from kiestoon.store.write import changing

BEEP_HZ = 440.0
LOUD_DBM0 = -30.0
COMPANY = 1


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestExchange]:
    """102 is never registered: its calls go to voicemail."""
    with exchange_in(tmp_path_factory.mktemp("voicemail")) as running:
        database = Database(running.settings.database_url)
        with changing(database, open_vault(database, running.settings.key_path), acting_user="test") as changes:
            for code, feature in (("*7", "voicemail_box"), ("1233", "voicemail")):
                changes.add(FeatureCode(id=0, company_id=COMPANY, code=code, feature=feature))
            changes.add(Forward(id=0, company_id=COMPANY, extension="102", case="unreachable", voicemail=True))
        database.close()
        running.ask("reload")
        yield running


class Boxes:
    """What lies in the boxes, looked up in the database and on the disk."""

    def __init__(self, exchange: TestExchange) -> None:
        self.exchange = exchange
        self.database = Database(exchange.settings.database_url)

    def of(self, extension: str) -> list[StoredMessage]:
        with self.database.read() as connection:
            return list_messages(connection, COMPANY, extension)

    async def next(self, extension: str, known: int) -> StoredMessage:
        """The message that comes to those known before."""
        await until(lambda: len(self.of(extension)) > known, "a message in the box", 10)
        return self.of(extension)[0]

    def path(self, message: StoredMessage) -> Path:
        return self.exchange.settings.voicemail_dir / str(COMPANY) / message.file

    async def spoken(self, seconds: float) -> None:
        """Wait until so much of the message that is being left is on the disk."""
        folder = self.exchange.settings.voicemail_dir / str(COMPANY)

        def enough() -> bool:
            return any(_seconds(path) >= seconds for path in folder.glob("*.part"))

        await until(enough, f"{seconds:g} s of a message", seconds + 10)

    def sound(self, message: StoredMessage) -> tuple[np.ndarray[Any, np.dtype[np.int16]], int]:
        with wave.open(str(self.path(message))) as sound:
            return np.frombuffer(sound.readframes(sound.getnframes()), np.int16), sound.getframerate()


def _seconds(path: Path) -> float:
    """How much a recording holds that is still being written."""
    try:
        with wave.open(str(path)) as sound:
            return sound.getnframes() / sound.getframerate()
    except (FileNotFoundError, EOFError):
        return 0.0


@pytest.fixture
def boxes(exchange: TestExchange) -> Iterator[Boxes]:
    boxes = Boxes(exchange)
    yield boxes
    boxes.database.close()
    exchange.expect_clean_log(
        "media process lost", "prompt not playable", "a child process died", "process died", "media process died"
    )


def is_whole(boxes: Boxes, message: StoredMessage, hz: float, seconds: float) -> None:
    """The message holds the caller's tone without a gap, for so long at least."""
    pcm, rate = boxes.sound(message)
    assert len(pcm) / rate >= seconds, f"{len(pcm) / rate:.2f} s of {seconds:.2f} s"
    assert message.duration_ms == len(pcm) * 1000 // rate
    middle = pcm[rate // 10 : -rate // 10]
    assert tone_level(middle, rate, hz) > LOUD_DBM0
    assert gap_ms(middle, rate, hz) <= 60, f"{gap_ms(middle, rate, hz):.0f} ms of the message are missing"
    assert tone_level(pcm, rate, BEEP_HZ) < -45  # the tone is no part of it


async def speak(phones: Phones, boxes: Boxes, extension: str, number: str, seconds: float) -> PhoneCall:
    """Call, go straight to the tone, speak for a while."""
    if extension not in phones.agents:
        await phones.phone(extension)
    call = await phones.dial(extension, number)
    await call.until("talking")
    call.send_digits("1")
    await hears(call, BEEP_HZ, window_s=0.2)
    await boxes.spoken(seconds)
    return call


@pytest.mark.alone
async def test_a_real_phone_leaves_a_message(exchange: TestExchange, boxes: Boxes, tmp_path: Path) -> None:
    known = len(boxes.of("102"))
    account = Account("101", TOWN.domain, TOWN.password("101"), (exchange.host, exchange.port), codecs=("PCMA",))
    with Baresip(account, tmp_path, tone_hz=600) as phone:
        phone.dial("102")
        phone.wait_for("CALL_ESTABLISHED")
        phone.send_digits("1")  # any key leads straight to the tone
        phone.wait_for_tone(int(BEEP_HZ))
        await boxes.spoken(3.0)
        phone.hang_up()
        phone.wait_for("CALL_CLOSED")
    message = await boxes.next("102", known)
    assert (message.caller_number, message.reason, message.state) == ("101", "unavailable", "new")
    is_whole(boxes, message, 600, 3.0)


@pytest.mark.alone
async def test_hash_ends_a_message_and_the_exchange_hangs_up(exchange: TestExchange, boxes: Boxes) -> None:
    known = len(boxes.of("102"))
    async with phones_on(exchange) as phones:
        call = await speak(phones, boxes, "104", "*7102", 3.0)
        call.send_digits("#")
        await call.until("ended")
        message = await boxes.next("102", known)
        is_whole(boxes, message, phones.hz["104"], 3.0)
        assert message.reason == "direct"
        await exchange.empty()


@pytest.mark.alone
async def test_killing_control_in_a_message_takes_nothing_of_it(exchange: TestExchange, boxes: Boxes) -> None:
    known = len(boxes.of("102"))
    async with phones_on(exchange) as phones:
        call = await speak(phones, boxes, "105", "*7102", 1.5)
        await exchange.killed("control")
        await boxes.spoken(4.0)
        call.send_digits("#")
        await call.until("ended")
        message = await boxes.next("102", known)
        is_whole(boxes, message, phones.hz["105"], 4.0)
        assert len(boxes.of("102")) == known + 1
        await exchange.empty()


@pytest.mark.alone
async def test_who_hangs_up_while_control_is_dead_has_left_the_message(exchange: TestExchange, boxes: Boxes) -> None:
    known = len(boxes.of("102"))
    async with phones_on(exchange) as phones:
        call = await speak(phones, boxes, "106", "*7102", 2.5)
        restarting = asyncio.create_task(exchange.killed("control"))
        await asyncio.sleep(0)  # it is dead
        await call.hang_up()
        await restarting
        message = await boxes.next("102", known)
        is_whole(boxes, message, phones.hz["106"], 2.5)
        await exchange.empty(10)


@pytest.mark.alone
async def test_killing_the_media_process_keeps_what_was_said(exchange: TestExchange, boxes: Boxes) -> None:
    known = len(boxes.of("102"))
    async with phones_on(exchange) as phones:
        call = await speak(phones, boxes, "107", "*7102", 3.0)
        await exchange.killed("media 0")
        await call.until("ended")
        message = await boxes.next("102", known)
        is_whole(boxes, message, phones.hz["107"], 3.0)
        await exchange.empty()


async def test_a_message_is_played_to_its_owner(exchange: TestExchange, boxes: Boxes) -> None:
    async with phones_on(exchange) as phones:
        await phones.phone("108")
        call = await speak(phones, boxes, "109", "*7108", 3.0)
        call.send_digits("#")
        await call.until("ended")
        message = await boxes.next("108", 0)
        own = await phones.dial("108", "1233")
        await own.until("talking")
        await hears(own, phones.hz["109"], timeout_s=30)  # after all that is said before it
        own.send_digits("7")
        await own.until("ended")
        await until(lambda: boxes.of("108") == [], "the message is deleted")
        assert not boxes.path(message).exists()
        await exchange.empty()
