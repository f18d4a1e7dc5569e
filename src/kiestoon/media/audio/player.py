"""Playing files to a party: announcements with an end, and music on hold without one."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kiestoon.media.audio.clip import Clip, ClipCache, Decoding, UnplayableFile, as_path
from kiestoon.media.audio.pcm import Pcm, silence

__all__ = ["FileSource", "MusicSource", "UnplayableFile", "preload"]

_CACHE = ClipCache()


def preload(path: str | Path, rate: int) -> None:
    """Open and decode a file now, so that playing it later costs nothing. Raises UnplayableFile."""
    clip = _CACHE.get(as_path(path), rate)
    if not clip.long:
        clip.ensure(sys.maxsize)


class FileSource:
    """A file for one party. Raises UnplayableFile on creation.

    ``repeat``: how often, 0 = for ever; ``offset_ms``: where the first pass begins (beyond the end nothing is played).
    A file that breaks off is played as far as it goes. Files over ten minutes are decoded for each listener by
    themselves, others are shared.
    """

    def __init__(
        self, path: str | Path, rate: int, repeat: int = 1, offset_ms: int = 0, *, cache: ClipCache | None = None
    ) -> None:
        self._path = as_path(path)
        self._rate = rate
        self._passes_left = repeat if repeat > 0 else -1
        self._played = 0
        self._in_pass = 0
        self.finished = False
        clip = (cache or _CACHE).get(self._path, rate)
        self._pass: _ClipPass | _LongPass
        self._clip = None if clip.long else clip
        self._pass = self._start(max(0, offset_ms))

    @property
    def played_ms(self) -> int:
        """How much of the file has been read."""
        return self._played * 1000 // self._rate

    def read(self, samples: int) -> Pcm:
        """The next samples, filled up with silence at the end."""
        pieces: list[Pcm] = []
        wanted = samples
        while wanted > 0 and not self.finished:
            piece = self._pass.read(wanted)
            if len(piece):
                pieces.append(piece)
                wanted -= len(piece)
                self._in_pass += len(piece)
            if wanted > 0 or self._pass.at_end:
                self._next_pass()
        self._played += samples - wanted
        if wanted == 0 and len(pieces) == 1:
            return pieces[0]
        return np.concatenate([*pieces, silence(wanted)])

    def _start(self, offset_ms: int) -> _ClipPass | _LongPass:
        if self._clip is not None:
            return _ClipPass(self._clip, offset_ms * self._rate // 1000)
        return _LongPass(Decoding(self._path, self._rate, offset_ms))

    def _next_pass(self) -> None:
        if self._passes_left > 0:
            self._passes_left -= 1
        if self._passes_left == 0 or not self._in_pass:  # a pass with nothing in it would go on for ever
            self.finished = True
            return
        try:
            self._pass = self._start(0)
        except UnplayableFile:  # removed while it was playing
            self.finished = True
        self._in_pass = 0


class _ClipPass:
    """One pass through a shared clip."""

    def __init__(self, clip: Clip, position: int) -> None:
        self._clip = clip
        self._position = position

    @property
    def at_end(self) -> bool:
        self._clip.ensure(self._position + 1)
        return self._position >= self._clip.ready

    def read(self, samples: int) -> Pcm:
        piece = self._clip.slice(self._position, samples)
        self._position += len(piece)
        return piece


class _LongPass:
    """One pass through a file that is not kept."""

    def __init__(self, decoding: Decoding) -> None:
        self._decoding = decoding
        self._held = silence(0)
        self.at_end = False

    def read(self, samples: int) -> Pcm:
        pieces = [self._held]
        have = len(self._held)
        while have < samples and not self.at_end:
            chunk = self._decoding.next()
            if chunk is None:
                self.at_end = True
            else:
                pieces.append(chunk)
                have += len(chunk)
        together = np.concatenate(pieces) if len(pieces) > 1 else self._held
        self._held = together[samples:]
        if len(self._held):
            self.at_end = False
        return together[:samples]


# --- music -----------------------------------------------------------------------------------------------------------


class _Playback:
    """Where the one endless playback of some files stands: as far as its foremost listener, in samples since its
    beginning, and as the piece with the place in it."""

    __slots__ = ("at", "piece", "total")

    def __init__(self) -> None:
        self.total = self.piece = self.at = 0


_PLAYBACKS: OrderedDict[tuple[tuple[str, ...], int], _Playback] = OrderedDict()
_MAX_PLAYBACKS = 1000


class MusicSource:
    """Music on hold for one party (VM-9): joins the playback of these files, one after the other and then again, where
    it is. What cannot be played is left out; raises UnplayableFile on creation when nothing is left.

    The playback moves with its listeners, all at the pace of the media loop; while nobody listens it stands still.
    """

    finished = False

    def __init__(self, paths: str | Path | Sequence[str | Path], rate: int, *, cache: ClipCache | None = None) -> None:
        names = (as_path(paths),) if isinstance(paths, str | Path) else tuple(as_path(path) for path in paths)
        self._clips = _playable(names, rate, cache or _CACHE)
        self._playback = _PLAYBACKS.setdefault((names, rate), _Playback())
        _PLAYBACKS.move_to_end((names, rate))
        if len(_PLAYBACKS) > _MAX_PLAYBACKS:
            _PLAYBACKS.popitem(last=False)
        self._total = self._playback.total
        self._piece = self._playback.piece % len(self._clips)
        self._at = self._playback.at

    def read(self, samples: int) -> Pcm:
        """The next samples; always as many as asked for."""
        heard = self._next(samples)
        self._total += samples
        playback = self._playback
        if self._total > playback.total:
            playback.total, playback.piece, playback.at = self._total, self._piece, self._at
        return heard

    def _next(self, samples: int) -> Pcm:
        pieces: list[Pcm] = []
        while samples > 0:
            found = self._clips[self._piece].slice(self._at, samples)
            self._at += len(found)
            samples -= len(found)
            pieces.append(found)
            if samples > 0:  # this one is over
                self._piece = (self._piece + 1) % len(self._clips)
                self._at = 0
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _playable(names: tuple[str, ...], rate: int, cache: ClipCache) -> tuple[Clip, ...]:
    clips: list[Clip] = []
    wrong: UnplayableFile | None = None
    for name in names:
        try:
            clips.append(cache.get(name, rate))
        except UnplayableFile as error:
            wrong = error
    if not clips:
        raise wrong or UnplayableFile("no music")
    return tuple(clips)
