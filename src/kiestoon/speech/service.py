"""Speech for call control: phrases in, files to play out, without ever waiting.

What lies ready is found at once. What does not is rendered by processes beside us, and whoever asked is told.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from kiestoon.company.directory import Directory
from kiestoon.speech.cache import SpeechCache
from kiestoon.speech.composing import Utterance, compose, utterances
from kiestoon.speech.languages import spoken_language
from kiestoon.speech.phrase import BadPhrase, Phrase
from kiestoon.speech.rendering.jobs import Job
from kiestoon.speech.rendering.worker import Worker
from kiestoon.speech.texts import keys, load_texts, texts_of
from kiestoon.speech.voices import Engines, Voice, cache_name, voices_of

log = structlog.get_logger("speech")

MOST_WAITING: Final = 200
"""Texts in the queue. What comes on top would be spoken when nobody waits for it any more."""
_FAILED_S: Final = 60.0
"""How long a text that could not be spoken is left alone."""
_TURNED_AWAY_S: Final = 5.0
_MOST_FAILURES: Final = 1000
_COMPLAIN_S: Final = 60.0


class Settings(msgspec.Struct, frozen=True):
    """``voices``: what is chosen in place of espeak-ng, by language. ``workers``: texts rendered at once."""

    engines: Engines = Engines()
    voices: dict[str, Voice] = {}
    cache_bytes: int = 256 << 20
    workers: int = 2


class _Rendering(msgspec.Struct):
    """A text that calls wait for."""

    utterance: Utterance
    waiting: set[str]


class Figures(msgspec.Struct):
    """Counted since the start."""

    rendered: int = 0
    failed: int = 0
    turned_away: int = 0


class SpeechService:
    """Implements ``calls.exchange.Speech``. ``on_ready(call)`` is called for each call that waits, from the loop.

    ``cache_folder`` is ours alone; ``recordings_folder`` has companies' own, in a folder for each by its id.
    """

    def __init__(
        self,
        directory: Directory,
        cache_folder: Path,
        recordings_folder: Path,
        settings: Settings,
        on_ready: Callable[[str], None],
    ) -> None:
        self._directory = directory
        self._recordings = recordings_folder
        self._settings = settings
        self._on_ready = on_ready
        self._cache = SpeechCache(cache_folder, settings.cache_bytes)
        self._renderings: dict[str, _Rendering] = {}
        self._queue: deque[str] = deque()
        self._ahead: deque[Utterance] = deque()
        self._preparing = False
        self._failures: dict[str, float] = {}
        self._complained = -_COMPLAIN_S
        self._workers = [Worker() for _ in range(settings.workers)]
        self._idle = self._workers[::-1]  # the last one first, so that no more processes are started than needed
        self._tasks: set[asyncio.Task[None]] = set()
        self._prepared: set[str] = set()
        self._stopped = False
        self.figures = Figures()
        self._loop: asyncio.AbstractEventLoop | None = None

    # --- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Find what lies ready, start the first renderer and have what is always needed spoken. Raises OSError."""
        self._loop = asyncio.get_running_loop()
        load_texts()
        self._cache.scan()
        with suppress(OSError):  # whoever needs it tries again, and says what is wrong
            await self._workers[0].start()
        self.prepare()

    async def stop(self) -> None:
        """End the renderers; whoever still waits is told nothing any more."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._renderings.clear()
        self._ahead.clear()
        for worker in self._workers:
            await worker.stop()

    def prepare(self) -> None:
        """Have every text without parameters spoken, in the languages companies use: nobody shall wait for those."""
        for language in _languages_of(self._directory):
            if language in self._prepared:
                continue
            self._prepared.add(language)
            said = (Utterance(language, compose(language, Phrase(key))) for key in keys() if _is_whole(language, key))
            self._ahead += [each for each in said if self.ready(each) is None]
        if self._ahead and not self._preparing:
            self._preparing = True
            self._begin(self._prepare())

    # --- for call control --------------------------------------------------------------------------------------------

    def plan(self, company_id: int, language: str, phrases: Sequence[Phrase]) -> tuple[Utterance, ...]:
        """What says these phrases to somebody of a company. A phrase that cannot be said is left out, and logged."""
        index = self._directory.company(company_id)
        recordings: Mapping[tuple[str, str], str] = index.recordings if index is not None else {}
        country = index.company.country if index is not None else ""
        planned: list[Utterance] = []
        for phrase in phrases:
            try:
                planned += utterances(language, (phrase,), recordings, country)
            except BadPhrase as error:
                log.error("phrase cannot be said", key=phrase.key, problem=str(error))
        return tuple(planned)

    def ready(self, utterance: Utterance) -> str | None:
        """The file that says it; "" when it cannot be said, None when it must be asked for."""
        if utterance.recording:
            return str(self._recordings / utterance.recording)
        now = self._now()
        for voice in voices_of(utterance.language, self._settings.voices):
            name = self._name(voice, utterance)
            path = self._cache.find(name, now)
            if path is not None:
                return path
            if self._failures.get(name, now) <= now:
                return None
        return ""

    def request(self, utterance: Utterance, call: str) -> None:
        """Have it rendered; ``on_ready(call)`` follows, whatever comes of it."""
        if self._stopped:
            return
        names = [self._name(voice, utterance) for voice in voices_of(utterance.language, self._settings.voices)]
        rendering = self._renderings.get(names[0])
        if rendering is None:
            if len(self._queue) >= MOST_WAITING:
                self._turn_away(names, call)
                return
            rendering = self._renderings[names[0]] = _Rendering(utterance, set())
            self._queue.append(names[0])
        rendering.waiting.add(call)
        self._assign()

    # --- rendering ---------------------------------------------------------------------------------------------------

    def _turn_away(self, names: Iterable[str], call: str) -> None:
        self.figures.turned_away += 1
        for name in names:
            self._note_failure(name, self._now() + _TURNED_AWAY_S)
        self._tell({call})

    def _assign(self) -> None:
        """Give idle renderers work."""
        while self._idle and self._queue and not self._stopped:
            self._begin(self._render(self._idle.pop(), self._queue.popleft()))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _render(self, worker: Worker, name: str) -> None:
        rendering = self._renderings[name]
        try:
            await self._speak(worker, rendering.utterance)
        finally:
            del self._renderings[name]
            self._idle.append(worker)
        self._tell(rendering.waiting)
        self._assign()

    async def _prepare(self) -> None:
        """Speak what nobody waits for, by a renderer that works while nobody else does."""
        worker = Worker(idle=True)
        try:
            while self._ahead:
                await self._speak(worker, self._ahead.popleft())
        finally:
            self._preparing = False
            await worker.stop()

    async def _speak(self, worker: Worker, utterance: Utterance) -> None:
        """With the first voice that can."""
        for voice in voices_of(utterance.language, self._settings.voices):
            if await self._spoken(worker, voice, utterance):
                return
        self.figures.failed += 1

    async def _spoken(self, worker: Worker, voice: Voice, utterance: Utterance) -> bool:
        name = self._name(voice, utterance)
        now = self._now()
        if self._cache.find(name, now) is not None:
            return True
        if self._failures.get(name, now) > now:
            return False
        done = await worker.do(Job(self._settings.engines, voice, utterance.text, self._cache.path(name)))
        now = self._now()
        if done.problem:
            self._complain(done.problem, utterance, now)
            self._note_failure(name, now + _FAILED_S)
            return False
        self.figures.rendered += 1
        self._failures.pop(name, None)
        self._remove(self._cache.add(name, done.size, now))
        return True

    # --- parts -------------------------------------------------------------------------------------------------------

    def _tell(self, calls: Iterable[str]) -> None:
        """In a turn of its own: call control must not be called back while it asks."""
        loop = self._loop or asyncio.get_running_loop()
        for call in calls:
            loop.call_soon(self._on_ready, call)

    def _note_failure(self, name: str, until: float) -> None:
        """The latest are known: whoever asks for a text again and again must not keep everybody waiting."""
        self._failures.pop(name, None)
        self._failures[name] = until
        if len(self._failures) > _MOST_FAILURES:
            del self._failures[next(iter(self._failures))]

    def _complain(self, problem: str, utterance: Utterance, now: float) -> None:
        """Once a minute: when an engine is missing, every text says so."""
        if now - self._complained < _COMPLAIN_S:
            return
        self._complained = now
        log.error("a text cannot be spoken", problem=problem, language=utterance.language, failed=self.figures.failed)

    def _remove(self, paths: list[str]) -> None:
        if paths and self._loop is not None:
            self._loop.run_in_executor(None, _unlink, paths)

    def _name(self, voice: Voice, utterance: Utterance) -> str:
        return cache_name(voice, self._settings.engines, utterance.language, utterance.text)

    def _now(self) -> float:
        return (self._loop or asyncio.get_running_loop()).time()

    @property
    def folder(self) -> Path:
        """Where the cache is."""
        return self._cache.folder

    @property
    def waiting(self) -> int:
        """Texts that are being rendered, or wait for that."""
        return len(self._renderings) + len(self._ahead) + self._preparing

    @property
    def bytes_held(self) -> int:
        """What the cache takes on the disk."""
        return self._cache.bytes_held


def _languages_of(directory: Directory) -> list[str]:
    """What companies, their people and phones speak, the commonest first."""
    counted: dict[str, int] = {}
    for index in directory:
        for code in {spoken_language(tag) for tag in index.languages}:
            counted[code] = counted.get(code, 0) + 1
    return sorted(counted, key=lambda code: (-counted[code], code))


def _is_whole(language: str, key: str) -> bool:
    """Whether a text has nothing to be filled in."""
    text = texts_of(language).get(key)
    return text is not None and not text.placeholders


def _unlink(paths: Iterable[str]) -> None:
    for path in paths:
        with suppress(OSError):
            os.unlink(path)
