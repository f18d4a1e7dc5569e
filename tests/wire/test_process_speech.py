"""What callers hear of the exchange itself: real speech, spoken by espeak-ng, or a company's own recording."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from softphones import MENU, TestExchange, hears, is_alive, is_renderer, phones_on, until

from kiestoon.app.softphone.agent import PhoneCall
from kiestoon.company.model import Device, Menu, Prompt
from kiestoon.media.audio import measure
from kiestoon.media.audio.ogg import OggWriter
from kiestoon.media.audio.player import FileSource
from kiestoon.speech import Phrase
from kiestoon.speech.composing import compose
from kiestoon.speech.voices import ESPEAK, Engines, cache_name
from kiestoon.store.database import Database
from kiestoon.store.keys import load_vault
from kiestoon.store.load import list_rows
from kiestoon.store.write import Changes, changing

RECORDED_HZ = 700.0


class SpeaksItself(TestExchange):
    """Nothing was spoken before: that is what this is about."""

    spoken = None


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestExchange]:
    with SpeaksItself(tmp_path_factory.mktemp("speech")) as running:
        yield running
        running.expect_clean_log("a text cannot be spoken")  # by the renderer that was killed


def change(exchange: TestExchange, what: object) -> None:
    """Write configuration; the exchange takes it over."""
    database = Database(exchange.settings.database_url)
    with changing(database, load_vault(exchange.settings.key_path), acting_user="test") as changes:
        assert callable(what)
        what(changes, database)
    database.close()
    exchange.ask("reload")


async def spoken(call: PhoneCall, seconds: float = 2.0) -> np.ndarray:
    """What is heard from the start, once there are so many seconds of it."""
    await until(lambda: len(call.stream.heard) >= seconds * 50, "speech", 15)
    return np.concatenate(list(call.stream.heard))


def likeness(heard: np.ndarray, rate: int, text_file: str) -> float:
    """How well the loudness heard, 20 ms by 20 ms, follows that of a file (1: perfectly)."""
    said = FileSource(text_file, rate).read(len(heard))
    step = rate // 50

    def loudness(pcm: np.ndarray) -> np.ndarray:
        blocks = pcm[: len(pcm) // step * step].reshape(-1, step).astype(float)
        return np.sqrt((blocks**2).mean(axis=1))

    ours, theirs = loudness(heard), loudness(said)
    shifts = (np.corrcoef(ours[shift:], theirs[: len(theirs) - shift])[0, 1] for shift in range(40))
    return float(max(shifts))


def file_of(exchange: TestExchange, key: str, language: str) -> str:
    """Where a text lies spoken."""
    name = cache_name(ESPEAK[language], Engines(), language, compose(language, Phrase(key)))
    return str(exchange.settings.speech_dir / name)


@pytest.mark.parametrize(("extension", "language"), [("101", "nl"), ("102", "lv"), ("103", "de")])
async def test_a_caller_hears_the_menu_in_the_language_of_the_phone(
    exchange: TestExchange, extension: str, language: str
) -> None:
    def speak(changes: Changes, database: Database) -> None:
        (device,) = (row for row in list_rows(database, Device) if row.username == extension)
        secret = f"secret-of-{extension}-at-town.example"
        changes.update(Device(**{**row_cells(device), "language": language, "secret": secret}))

    change(exchange, speak)
    async with phones_on(exchange) as phones:
        await phones.phone(extension)
        call = await phones.dial(extension, MENU)
        await call.until("talking")
        heard = await spoken(call)
        assert measure.loudness_db(heard[-call.stream.rate :]) > -30
        assert likeness(heard, call.stream.rate, file_of(exchange, "menu-welcome", language)) > 0.8
        await call.hang_up()
    await exchange.empty()


def row_cells(row: Device) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


async def test_who_is_turned_away_is_told_so_before_the_call_is_refused(exchange: TestExchange) -> None:
    """From the first call of a language on, whether its texts lie ready or not."""

    def close(changes: Changes, _: Database) -> None:
        changes.add(Menu(id=0, company_id=1, extension="200", name="Other", timeout_s=1))

    change(exchange, close)
    exchange.stop()
    shutil.rmtree(exchange.settings.speech_dir)  # somebody has cleaned up: everything is spoken anew
    exchange.start()
    async with phones_on(exchange) as phones:
        await phones.phone("104")
        call = await phones.dial("104", "200")
        await call.until("talking")
        assert measure.loudness_db((await spoken(call))[-call.stream.rate :]) > -30
        await call.until("ended", 60)  # nobody is there: it says so and takes leave
    await exchange.empty()


async def test_a_companys_recording_is_heard_from_the_next_call_on(exchange: TestExchange, tmp_path: Path) -> None:
    tone = (np.sin(2 * np.pi * RECORDED_HZ / 16000 * np.arange(16000 * 5)) * 10000).astype(np.int16)
    folder = exchange.settings.recordings_dir / "1"
    folder.mkdir(parents=True)
    with OggWriter(folder / "tone.ogg") as writer:
        writer.write(tone)

    def record(changes: Changes, _: Database) -> None:
        for language in ("nl", "en"):
            changes.add(
                Prompt(
                    id=0,
                    company_id=1,
                    key="menu-welcome",
                    language=language,
                    file="tone.ogg",
                    duration_ms=5000,  # type: ignore[arg-type]
                )
            )

    change(exchange, record)
    async with phones_on(exchange) as phones:
        await phones.phone("105")
        call = await phones.dial("105", MENU)
        await hears(call, RECORDED_HZ)
        await call.hang_up()
    await exchange.empty()


async def test_a_renderer_dies_with_call_control_and_the_next_one_speaks(exchange: TestExchange) -> None:
    (renderer, *_) = filter(is_renderer, exchange.descendants())
    await exchange.killed("control")
    await until(lambda: not is_alive(renderer), "the end of the renderer", 5)
    await until(lambda: any(map(is_renderer, exchange.descendants())), "another renderer", 10)
    (renderer, *_) = filter(is_renderer, exchange.descendants())
    os.kill(renderer, signal.SIGKILL)
    async with phones_on(exchange) as phones:
        await phones.phone("106")
        call = await phones.dial("106", MENU)
        await hears(call, RECORDED_HZ)
        await call.hang_up()
    await exchange.empty()
