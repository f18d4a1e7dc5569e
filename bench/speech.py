"""Speech: how long until a caller hears a text, lying ready and not, how many texts a second, and what it costs calls.

First a whole exchange: a phone calls the menu; measured is from its answer to the first sound, of which 0.1 s are the
silence every text begins with. A language nobody has spoken yet has no text lying ready. Then the service alone, in a
loop that is watched while renderers work.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import uvloop
from msgspec.structs import replace

from bench.lib.exchange import Exchange, Site
from bench.lib.results import Result, percentile
from kiestoon.app.softphone.phone import SoftPhone
from kiestoon.company.directory import Directory
from kiestoon.company.model import Company, CompanyRows, Device, Menu
from kiestoon.sip.flow import Target
from kiestoon.speech import Phrase
from kiestoon.speech.composing import Utterance
from kiestoon.speech.service import Settings, SpeechService
from kiestoon.store.database import Database
from kiestoon.store.keys import load_vault
from kiestoon.store.load import list_rows
from kiestoon.store.write import Changes, changing

CORE = 0
UNCACHED = 100
CACHED = 100_000
MANY = 200
CALLS = 20
LOUD = 300


class Bench:
    """A service whose answers are awaited."""

    def __init__(self, folder: Path, language: str) -> None:
        company = Company(id=1, name="Acme", domain="acme.example", language=language)
        self.waiting: dict[str, asyncio.Event] = {}
        self.speech = SpeechService(
            Directory([CompanyRows(company=company)]), folder, folder / "own", Settings(), self._ready
        )

    def _ready(self, call: str) -> None:
        self.waiting[call].set()

    async def hear(self, utterance: Utterance, call: str) -> float:
        """Seconds until there is a file."""
        began = time.perf_counter()
        self.waiting[call] = asyncio.Event()
        if self.speech.ready(utterance) is None:
            self.speech.request(utterance, call)
            await self.waiting[call].wait()
        if not self.speech.ready(utterance):
            raise RuntimeError("espeak-ng does not speak: is it installed?")
        return time.perf_counter() - began


async def stalls(until: asyncio.Event) -> list[float]:
    """How much later than asked for a timer fires, every 2 ms."""
    late = []
    while not until.is_set():
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        late.append(time.perf_counter() - began - 0.002)
    return late


async def all_spoken(speech: SpeechService) -> None:
    while speech.waiting:
        await asyncio.sleep(0.05)


async def first_audio() -> None:
    site = Site(name="Acme", domain="acme.example", extensions=("101",))
    with tempfile.TemporaryDirectory() as folder, Exchange(Path(folder), [site], fill=add_menu) as exchange:
        server = Target("udp", exchange.host, exchange.port)
        phone = SoftPhone("101", site.password("101"), site.domain, server)
        await phone.open()
        await phone.register()
        fresh = []
        for language in ("en", "de", "es", "lv"):
            speak(exchange, site, language)
            fresh.append(await first_sound(phone) * 1000)
        ready = [await first_sound(phone) * 1000 for _ in range(CALLS)]
        await phone.close()
    print(Result("speech_first_audio_cached", statistics.median(ready), "ms"), flush=True)
    print(Result("speech_first_audio_uncached", statistics.median(fresh), "ms"), flush=True)


def add_menu(changes: Changes) -> None:
    changes.add(Menu(id=0, company_id=1, extension="200", name="Welcome"))


def speak(exchange: Exchange, site: Site, language: str) -> None:
    """The phone's language from now on."""
    database = Database(exchange.settings.database_url)
    with changing(database, load_vault(exchange.settings.key_path), acting_user="bench") as changes:
        (device,) = list_rows(database, Device)
        changes.update(replace(device, language=language, secret=site.password("101")))
    database.close()
    exchange.ask("reload")


async def first_sound(phone: SoftPhone) -> float:
    """Seconds from a call's answer until something is heard."""
    call = await phone.dial("200")
    await call.until("talking")
    began = time.perf_counter()
    while not any(np.abs(frame).max(initial=0) > LOUD for frame in call.stream.heard):
        await asyncio.sleep(0.002)
    passed = time.perf_counter() - began
    await call.hang_up()
    return passed


async def main() -> None:
    await first_audio()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), "nl")
        began = time.perf_counter()
        await bench.speech.start()
        print(Result("speech_start", (time.perf_counter() - began) * 1000, "ms"), flush=True)
        began = time.perf_counter()
        await all_spoken(bench.speech)
        spoken = bench.speech.figures.rendered
        print(Result("speech_ahead", time.perf_counter() - began, "s"), flush=True)
        print(Result("speech_texts_ahead", spoken, "texts"), flush=True)
        print(Result("speech_texts_size", bench.speech.bytes_held / 1e6, "MB"), flush=True)
        await one_by_one(bench)
        await at_once(bench)
        cached(bench)
        await bench.speech.stop()


async def one_by_one(bench: Bench) -> None:
    times = []
    for number in range(UNCACHED):
        (said,) = bench.speech.plan(1, "nl", [Phrase("park-at-empty", {"extension": f"{1000 + number}"})])
        times.append(await bench.hear(said, "c") * 1000)
    print(Result("speech_uncached_median", statistics.median(times), "ms"), flush=True)
    print(Result("speech_uncached_p99", percentile(times, 99), "ms"), flush=True)


async def at_once(bench: Bench) -> None:
    over = asyncio.Event()
    watched = asyncio.ensure_future(stalls(over))
    began = time.perf_counter()
    texts = [
        bench.speech.plan(1, "nl", [Phrase("parked-at", {"extension": f"{2000 + number}"})])[0]
        for number in range(MANY)
    ]
    await asyncio.gather(*(bench.hear(text, f"c{number}") for number, text in enumerate(texts)))
    print(Result("speech_texts_per_second", MANY / (time.perf_counter() - began), "/s"), flush=True)
    over.set()
    late = await watched
    print(Result("speech_loop_delay_p99", percentile(late, 99) * 1000, "ms"), flush=True)
    print(Result("speech_loop_delay_worst", max(late) * 1000, "ms"), flush=True)


def cached(bench: Bench) -> None:
    phrases = [Phrase("parked-at", {"extension": "2001"})]
    began = time.perf_counter()
    for _ in range(CACHED):
        for utterance in bench.speech.plan(1, "nl", phrases):
            bench.speech.ready(utterance)
    print(Result("speech_cached", (time.perf_counter() - began) / CACHED * 1e6, "µs"), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
