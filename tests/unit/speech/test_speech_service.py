"""Speech for call control: found at once or rendered beside us, told to whoever waits, whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from speech_rig import RATE, heard, program, tone_wav

from kiestoon.company.directory import Directory
from kiestoon.company.model import Company, CompanyRows, Device, Prompt, User
from kiestoon.media.audio import measure
from kiestoon.speech import Phrase, service
from kiestoon.speech.composing import Utterance
from kiestoon.speech.service import Settings, SpeechService
from kiestoon.speech.texts import keys, texts_of
from kiestoon.speech.voices import Engines, Voice

PIPER = Voice("piper", "/voices/nl.onnx")
HELLO = Utterance("en", "Hello.")


def company(**rows: Any) -> Directory:
    return Directory([CompanyRows(company=Company(id=1, name="c", domain="c.example", language="en"), **rows)])


class Rig:
    """A service whose listeners are queues by call. Nothing is spoken beforehand unless ``prepare`` is called."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.told: dict[str, asyncio.Queue[None]] = {}
        self.speech = SpeechService(company(), folder / "speech", folder / "prompts", Settings(**settings), self._ready)

    def _ready(self, call: str) -> None:
        self.queue(call).put_nowait(None)

    def queue(self, call: str) -> asyncio.Queue[None]:
        return self.told.setdefault(call, asyncio.Queue())

    async def hear(self, utterance: Utterance, call: str = "c") -> str | None:
        """What a service of call control does."""
        while (path := self.speech.ready(utterance)) is None:
            self.speech.request(utterance, call)
            async with asyncio.timeout(60):
                await self.queue(call).get()
        return path


@pytest.fixture
async def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Any]]:
    monkeypatch.setattr(SpeechService, "prepare", lambda _: None)
    made: list[Rig] = []

    async def make(**settings: Any) -> Rig:
        made.append(Rig(tmp_path, **settings))
        await made[-1].speech.start()
        return made[-1]

    yield make
    for each in made:
        await each.speech.stop()


class FakeEspeak:
    """A program that speaks a tone and says when it begins. While ``hold``, each waits for ``release``."""

    def __init__(self, folder: Path) -> None:
        (folder / "tone.wav").write_bytes(tone_wav(440))
        self._hold = folder / "hold"
        for name in ("began", "gate"):
            os.mkfifo(folder / name)
        script = (
            f'text=$(cat); echo "$text" > {folder}/began\n'
            f"[ -e {self._hold} ] && read go < {folder}/gate\n"
            f"exec cat {folder}/tone.wav"
        )
        self.engines = Engines(espeak=program(folder, "espeak", script))
        # Open for both, so that neither side waits for the other and nothing ends when one of the programs does.
        self._began = os.open(folder / "began", os.O_RDWR | os.O_NONBLOCK)
        self._gate = os.open(folder / "gate", os.O_RDWR)
        self._lines: asyncio.StreamReader | None = None
        self.begun: list[str] = []

    def hold(self) -> None:
        self._hold.touch()

    def release(self) -> None:
        self._hold.unlink()
        os.write(self._gate, b"\n" * 100)

    async def next(self) -> str:
        """The text the next of them has been given."""
        if self._lines is None:
            self._lines = asyncio.StreamReader()
            protocol = asyncio.StreamReaderProtocol(self._lines)
            await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(self._began, "rb", 0))
        async with asyncio.timeout(60):
            self.begun.append((await self._lines.readline()).decode().strip())
        return self.begun[-1]


@pytest.fixture
def espeak(tmp_path: Path) -> FakeEspeak:
    return FakeEspeak(tmp_path)


async def done(speech: SpeechService) -> None:
    """Everything that is wanted has been spoken."""
    async with asyncio.timeout(60):
        while speech._tasks:
            await asyncio.wait(speech._tasks)


async def test_a_text_is_spoken_once_and_found_at_once_from_then_on(rig: Any) -> None:
    one = await rig()
    assert one.speech.ready(HELLO) is None
    path = await one.hear(HELLO)
    assert path == one.speech.ready(HELLO)
    assert 0.3 < len(heard(path)) / RATE < 2
    assert Path(path).stat().st_mode & 0o077 in {0, 0o044}
    assert one.speech.bytes_held == Path(path).stat().st_size
    assert (one.speech.figures.rendered, one.speech.waiting) == (1, 0)


async def test_another_process_finds_what_the_one_before_has_spoken(rig: Any) -> None:
    path = await (await rig()).hear(HELLO)
    assert (await rig()).speech.ready(HELLO) == path


async def test_callers_who_want_the_same_text_share_one_rendering_and_each_is_told(
    espeak: FakeEspeak, rig: Any
) -> None:
    one = await rig(engines=espeak.engines)
    for number in range(10):
        one.speech.request(HELLO, f"call {number}")
    one.speech.request(HELLO, "call 0")
    assert one.speech.waiting == 1
    async with asyncio.timeout(60):
        for number in range(10):
            await one.queue(f"call {number}").get()
    assert one.speech.figures.rendered == 1
    assert one.queue("call 0").empty()


async def test_no_more_texts_are_rendered_at_once_than_there_are_workers(espeak: FakeEspeak, rig: Any) -> None:
    espeak.hold()
    one = await rig(engines=espeak.engines, workers=2)
    for number in range(5):
        one.speech.request(Utterance("en", f"Text {number}."), "c")
    assert {await espeak.next(), await espeak.next()} == {"Text 0.", "Text 1."}
    assert one.speech.waiting == 5
    espeak.release()
    async with asyncio.timeout(60):
        for _ in range(5):
            await one.queue("c").get()
    assert sorted([await espeak.next() for _ in range(3)]) == ["Text 2.", "Text 3.", "Text 4."]  # by whoever is free


async def test_nobody_waits_for_what_is_spoken_ahead(
    espeak: FakeEspeak, rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    espeak.hold()
    one = await rig(engines=espeak.engines, workers=2)  # begins with everything that is always needed
    assert one.speech.waiting > 100
    under_way = Utterance("en", await espeak.next())
    one.speech.request(under_way, "c")
    one.speech.request(HELLO, "c")
    assert {await espeak.next(), await espeak.next()} == {under_way.text, "Hello."}
    espeak.release()
    assert await one.hear(HELLO)
    assert await one.hear(under_way)


async def test_all_texts_without_parameters_are_spoken_in_the_languages_of_companies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiestoon.speech.service.keys", lambda: iter(("goodbye", "parked-on-line", "status-lunch")))
    directory = company(
        users=(User(id=1, company_id=1, extension="101", name="A", language="lv"),),
        devices=(Device(id=1, company_id=1, username="a", secret="s" * 16, language="nl-BE"),),
    )
    speech = SpeechService(directory, tmp_path / "speech", tmp_path, Settings(), lambda _: None)
    await speech.start()
    await done(speech)
    for language in ("en", "lv", "nl"):
        for key in ("goodbye", "status-lunch"):
            (said,) = speech.plan(1, language, [Phrase(key)])
            assert speech.ready(said)
    assert speech.ready(speech.plan(1, "de", [Phrase("goodbye")])[0]) is None
    assert speech.figures.rendered == 6
    await speech.stop()
    assert len([key for key in texts_of("en") if not texts_of("en")[key].placeholders]) > 150


async def test_a_text_that_cannot_be_spoken_is_told_as_such_and_left_alone_for_a_while(
    tmp_path: Path, rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await rig(engines=Engines(espeak="/nowhere"))
    assert await one.hear(HELLO) == ""
    assert one.speech.ready(HELLO) == ""
    assert one.speech.figures.failed == 1
    assert list((tmp_path / "speech").iterdir()) == []
    monkeypatch.setattr(one.speech, "_now", lambda: asyncio.get_running_loop().time() + 61)
    assert one.speech.ready(HELLO) is None


async def test_when_the_chosen_engine_fails_espeak_speaks(tmp_path: Path, rig: Any) -> None:
    (tmp_path / "broken").touch()
    (tmp_path / "tone.wav").write_bytes(tone_wav(440))
    piper = program(tmp_path, "piper", f"[ -e {tmp_path}/broken ] && exit 1\ncat {tmp_path}/tone.wav")
    one = await rig(engines=Engines(piper=piper), voices={"en": PIPER})
    instead = await one.hear(HELLO)
    assert 0.3 < len(heard(instead)) / RATE < 2
    (tmp_path / "broken").unlink()
    assert await one.hear(HELLO) == instead  # not tried again for a minute
    other = await one.hear(Utterance("en", "Other."))
    assert measure.dominant_frequency(heard(other), RATE) == pytest.approx(440, abs=2)


async def test_a_renderer_that_dies_is_replaced(espeak: FakeEspeak, rig: Any) -> None:
    espeak.hold()
    one = await rig(engines=espeak.engines, workers=1)
    one.speech.request(HELLO, "c")
    await espeak.next()
    os.kill(one.speech._workers[0]._process.pid, signal.SIGKILL)
    assert await one.hear(HELLO) == ""
    espeak.release()
    assert await one.hear(Utterance("en", "After that.")) != ""


async def test_a_renderer_that_hangs_is_replaced(tmp_path: Path, rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiestoon.speech.rendering.worker._MORE_S", 0.5)
    one = await rig(engines=Engines(timeout_s=0.5), workers=1)
    worker = one.speech._workers[0]
    os.kill(worker._process.pid, signal.SIGSTOP)
    assert await one.hear(HELLO) == ""
    assert one.speech.figures.failed == 1
    one.speech._settings = Settings()
    assert await one.hear(Utterance("en", "After that.")) != ""


async def test_so_many_texts_wait_and_no_more(espeak: FakeEspeak, rig: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_WAITING", 3)
    espeak.hold()
    one = await rig(engines=espeak.engines, workers=1)
    for number in range(6):
        one.speech.request(Utterance("en", f"Text {number}."), f"call {number}")
    async with asyncio.timeout(60):
        for number in (4, 5):
            await one.queue(f"call {number}").get()
    assert [one.speech.ready(Utterance("en", f"Text {number}.")) for number in (3, 4, 5)] == [None, "", ""]
    assert one.speech.figures.turned_away == 2
    espeak.release()
    async with asyncio.timeout(60):
        await one.queue("call 3").get()
    assert one.speech.ready(Utterance("en", "Text 3."))


async def test_the_cache_is_bounded_and_its_files_with_it(
    espeak: FakeEspeak, rig: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiestoon.speech.cache.KEPT_S", -1.0)
    monkeypatch.setattr("kiestoon.speech.service._unlink", unlinked := Unlinking())
    one = await rig(engines=espeak.engines, cache_bytes=4000)
    said = [Utterance("en", f"Text {number}.") for number in range(6)]
    for each in said:
        await one.hear(each)
    assert one.speech.bytes_held <= 4000
    assert one.speech.ready(said[0]) is None
    assert one.speech.ready(said[-1])
    assert unlinked.paths


class Unlinking:
    """Notes what is to be removed."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, paths: list[str]) -> None:
        self.paths += paths


async def test_ending_the_service_ends_its_renderers_and_tells_nobody(espeak: FakeEspeak, rig: Any) -> None:
    espeak.hold()
    one = await rig(engines=espeak.engines)
    one.speech.request(HELLO, "c")
    await espeak.next()
    process = one.speech._workers[0]._process
    await one.speech.stop()
    espeak.release()
    assert process.returncode == 0
    assert one.queue("c").empty()
    one.speech.request(HELLO, "c")
    assert one.speech.waiting == 0


async def test_a_companys_recording_is_played_from_its_folder_and_never_rendered(tmp_path: Path) -> None:
    row = Prompt(id=1, company_id=1, key="goodbye", language="en", file="abc.ogg", duration_ms=1)
    speech = SpeechService(company(prompts=(row,)), tmp_path, tmp_path / "prompts", Settings(), lambda _: None)
    (said,) = speech.plan(1, "en", [Phrase("goodbye")])
    assert speech.ready(said) == str(tmp_path / "prompts" / "1" / "abc.ogg")
    assert [each.text for each in speech.plan(2, "nl", [Phrase("echo-end")])] == ["Dat was de echotest."]


async def test_a_phrase_that_cannot_be_said_does_not_keep_the_others_back(tmp_path: Path) -> None:
    speech = SpeechService(company(), tmp_path, tmp_path, Settings(), lambda _: None)
    said = speech.plan(1, "en", [Phrase("no-such-text"), Phrase("parked-on-line"), Phrase("echo-end")])
    assert [each.text for each in said] == ["That was the echo test."]
    assert "goodbye" in keys()


async def test_whatever_a_caller_calls_himself_something_is_heard(rig: Any) -> None:
    one = await rig()
    for name in ("[[h@'loU]]<break time='3600s'/>", "-w /tmp/evil", "$(reboot)", "\0\n\n", "王小明", "ﷺ" * 400):
        (said,) = one.speech.plan(1, "en", [Phrase("confirm-call", {"from": name})])
        path = await one.hear(said)
        assert 1 < len(heard(path)) / RATE < 30
