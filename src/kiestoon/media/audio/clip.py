"""Audio files as PCM at a wanted rate: decoding bit by bit, and a cache of what is decoded.

Files are decoded by PyAV (FFmpeg) in the reading loop itself, packet by packet as samples are asked for: a packet takes
well under a millisecond, whereas a thread would contend for the interpreter with the loop that sends RTP. What has been
decoded once is shared by all who play the file. Opening a file costs a few milliseconds, and a file on a network disk
may cost more: keep prompts on a local disk.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import av.error
import numpy as np

from kiestoon.media.audio.pcm import Pcm

#: FFmpeg demuxers allowed. A file says itself what it is, and some formats (playlists) make FFmpeg open other files
#: and addresses: those must never be reachable through an uploaded "audio file".
FORMATS = "wav,w64,mp3,ogg,flac,asf,aac,aiff,au,mov,mp4,m4a"
_OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": "file", "enable_drefs": "0"}

_MIN_RATE, _MAX_RATE = 4000, 384000
_MAX_BAD_PACKETS = 50
#: Longer files are not kept decoded (20 MB at 16 kHz); longer music starts again after this.
MAX_CLIP_S = 600
CACHE_BYTES = 128 * 1024 * 1024

_DECODING_ERRORS = (av.error.FFmpegError, ValueError, OSError, MemoryError)


class UnplayableFile(ValueError):
    """No such file, no permission, or nothing in it that can be played."""


class Decoding:
    """One pass through a file as chunks of mono PCM at ``rate``. Raises UnplayableFile on opening."""

    def __init__(self, path: str, rate: int, offset_ms: int = 0) -> None:
        _checked(path)
        self._path = path
        try:
            self._container = av.open(path, options=_OPTIONS, metadata_errors="ignore")
        except _DECODING_ERRORS as error:
            raise UnplayableFile(f"{path}: {_reason(error)}") from error
        streams = self._container.streams.audio
        # Where FFmpeg has no decoder, the stream has none of a codec's attributes.
        if not streams or not _MIN_RATE <= (getattr(streams[0], "rate", None) or 0) <= _MAX_RATE:
            self.close()
            raise UnplayableFile(f"{path}: no playable audio in it")
        self._stream = streams[0]
        self._resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
        self._rate = rate
        self._skip_to_s = offset_ms / 1000
        if offset_ms > 0:
            with suppress(*_DECODING_ERRORS):  # cannot seek: the chunks before the offset are thrown away
                self._container.seek(offset_ms * 1000)
        self._chunks = self._decode()

    @property
    def duration_s(self) -> float | None:
        """As the file says, if it does."""
        return self._container.duration / 1_000_000 if self._container.duration else None

    def next(self) -> Pcm | None:
        """The next chunk, usually 10 to 100 ms; None at the end."""
        return next(self._chunks, None)

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def _decode(self) -> Iterator[Pcm]:
        bad = 0
        skipping = self._skip_to_s > 0
        try:
            for packet in self._container.demux(self._stream):
                try:
                    frames = packet.decode()
                except _DECODING_ERRORS:
                    bad += 1
                    if bad > _MAX_BAD_PACKETS:
                        break
                    continue
                for frame in frames:
                    if skipping and self._before_offset(frame):
                        continue
                    skipping = False
                    yield from self._converted(frame)
            yield from self._converted(None)
        except _DECODING_ERRORS:
            return  # broken off in the middle: what was readable has been played
        finally:
            self.close()

    def _before_offset(self, frame: av.AudioFrame) -> bool:
        """Whether all of the frame lies before the offset (a seek lands on a packet at or before it)."""
        return frame.time is not None and frame.time + frame.samples / frame.sample_rate <= self._skip_to_s

    def _converted(self, frame: av.AudioFrame | None) -> Iterator[Pcm]:
        for resampled in self._resampler.resample(frame):
            pcm = resampled.to_ndarray()[0]
            if len(pcm):
                yield pcm.astype(np.int16, copy=False)


class Clip:
    """A file's PCM, decoded as far as anybody has asked. Shared: hands out read-only views."""

    def __init__(self, path: str, rate: int) -> None:
        self._decoding: Decoding | None = Decoding(path, rate)
        self._limit = MAX_CLIP_S * rate
        said_s = self._decoding.duration_s or 10.0
        self._samples: Pcm = np.empty(min(int(said_s * rate) + rate, self._limit), np.int16)
        self.ready = 0
        self.long = said_s > MAX_CLIP_S
        self.ensure(1)
        if not self.ready:
            raise UnplayableFile(f"{path}: nothing to hear in it")

    @property
    def complete(self) -> bool:
        """All of it is decoded."""
        return self._decoding is None

    @property
    def bytes_held(self) -> int:
        """Memory taken."""
        return self._samples.nbytes

    def ensure(self, end: int) -> None:
        """Decode until sample ``end`` is there or the file ends."""
        while self._decoding is not None and self.ready < end:
            chunk = self._decoding.next()
            if chunk is None or self.ready >= self._limit:
                self._decoding.close()
                self._decoding = None
                self._samples = self._samples[: self.ready].copy()
            else:
                self._append(chunk[: self._limit - self.ready])

    def slice(self, start: int, samples: int) -> Pcm:
        """Up to so many samples from ``start`` on; fewer at the end."""
        self.ensure(start + samples)
        view = self._samples[start : min(start + samples, self.ready)]
        view.flags.writeable = False
        return view

    def _append(self, chunk: Pcm) -> None:
        end = self.ready + len(chunk)
        if end > len(self._samples):
            grown = np.empty(min(max(end, 2 * len(self._samples)), self._limit), np.int16)
            grown[: self.ready] = self._samples[: self.ready]
            self._samples = grown
        self._samples[self.ready : end] = chunk
        self.ready = end


class ClipCache:
    """The clips used last, up to ``max_bytes``; a changed file is read anew. What is being played stays alive."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._clips: OrderedDict[tuple[str, int, int, int], Clip] = OrderedDict()

    def get(self, path: str, rate: int) -> Clip:
        """The file at that rate. Raises UnplayableFile."""
        status = _checked(path)
        key = (path, status.st_mtime_ns, status.st_size, rate)
        clip = self._clips.get(key)
        if clip is None:
            clip = self._clips[key] = Clip(path, rate)
        self._clips.move_to_end(key)
        self._shrink()
        return clip

    def _shrink(self) -> None:
        held = sum(clip.bytes_held for clip in self._clips.values())
        while held > self._max_bytes and len(self._clips) > 1:
            held -= self._clips.popitem(last=False)[1].bytes_held


def _checked(path: str) -> os.stat_result:
    """Absolute (so that FFmpeg takes it for no address) and a plain file (a pipe would stop the loop)."""
    if not os.path.isabs(path) or "\0" in path:
        raise UnplayableFile(f"{path!r}: not an absolute path")
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:
        raise UnplayableFile(f"{path}: {_reason(error)}") from error
    if not stat.S_ISREG(status.st_mode):
        raise UnplayableFile(f"{path}: not a plain file")
    return status


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def as_path(path: str | Path) -> str:
    """How the functions here want paths."""
    return os.fspath(path)
