"""Playing files: formats, repeats, offsets, shared music, and everything a file can have wrong."""

from __future__ import annotations

import os
import struct
import time
import wave

import av
import numpy as np
import pytest

from kiestoon.media.audio import clip, measure
from kiestoon.media.audio.clip import ClipCache
from kiestoon.media.audio.player import FileSource, MusicSource, UnplayableFile, preload

FORMATS = [
    ("wav", "wav", "pcm_s16le", 44100), ("alaw.wav", "wav", "pcm_alaw", 8000), ("mp3", "mp3", "libmp3lame", 44100),
    ("wma", "asf", "wmav2", 44100), ("ogg", "ogg", "libopus", 48000), ("flac", "flac", "flac", 48000),
]  # fmt: skip


def write_wav(path, pcm, rate=8000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
    return str(path)


def write_with(path, container_format, codec, rate, pcm):
    """Encode PCM of 48 kHz with FFmpeg."""
    with av.open(str(path), "w", format=container_format) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.layout = "mono"
        stream.bit_rate = 128000
        context = stream.codec_context
        context.format = context.codec.audio_formats[0]
        context.open()
        convert = av.AudioResampler(context.format, "mono", rate, frame_size=context.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        for piece in [*convert.resample(frame), *convert.resample(None)]:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


def play(source, frame=160, most_s=60):
    pieces = []
    while not source.finished and len(pieces) < most_s * 50:
        pieces.append(source.read(frame))
        assert len(pieces[-1]) == frame
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


@pytest.fixture
def ramp(tmp_path):
    """A second of samples that say where they are."""
    return write_wav(tmp_path / "ramp.wav", np.arange(8000).astype(np.int16))


@pytest.mark.parametrize(("suffix", "container_format", "codec", "rate"), FORMATS)
def test_every_format_is_played(suffix, container_format, codec, rate, tmp_path, signals):
    path = tmp_path / f"tone.{suffix}"
    write_with(path, container_format, codec, rate, signals.sine(440, 48000, 2.0))
    pcm = play(FileSource(path, 8000))
    assert len(pcm) == pytest.approx(16000, abs=900)
    inner = pcm[800:15000]
    assert measure.dominant_frequency(inner, 8000) == pytest.approx(440, abs=0.5)
    assert measure.loudness_db(inner) == pytest.approx(-9.1, abs=0.7)
    assert measure.gap_ms(inner, 8000, 440) == 0


def test_a_file_at_its_own_rate_is_played_sample_by_sample(ramp):
    assert np.array_equal(play(FileSource(ramp, 8000)), np.arange(8000))


def test_stereo_is_mixed_to_mono(tmp_path, signals):
    tone = signals.sine(440, 8000)
    path = tmp_path / "stereo.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(np.stack([tone, tone], axis=1).tobytes())
    assert measure.loudness_db(play(FileSource(path, 8000))) == pytest.approx(measure.loudness_db(tone), abs=0.2)


def test_repeats_follow_without_a_gap(ramp):
    source = FileSource(ramp, 8000, repeat=3)
    assert np.array_equal(play(source), np.tile(np.arange(8000), 3))
    assert source.played_ms == 3000


def test_the_end_is_filled_up_with_silence_and_stays_silent(ramp):
    source = FileSource(ramp, 8000)
    heard = source.read(8100)
    assert source.finished
    assert heard[7999] == 7999
    assert not np.any(heard[8000:])
    assert not np.any(source.read(160))
    assert source.played_ms == 1000


def test_for_ever_does_not_end(ramp):
    source = FileSource(ramp, 8000, repeat=0)
    for _ in range(500):
        source.read(160)
    assert not source.finished
    assert source.read(160)[0] == 0


def test_an_offset_concerns_the_first_pass_only(ramp):
    heard = play(FileSource(ramp, 8000, repeat=2, offset_ms=500))
    assert np.array_equal(heard[:12000], np.concatenate([np.arange(4000, 8000), np.arange(8000)]))


@pytest.mark.parametrize("repeat", [0, 1, 5])
def test_an_offset_beyond_the_end_plays_nothing(ramp, repeat):
    source = FileSource(ramp, 8000, repeat=repeat, offset_ms=5000)
    assert not np.any(source.read(160))
    assert source.finished
    assert source.played_ms == 0


def test_long_files_are_streamed_with_seeking(tmp_path, monkeypatch):
    monkeypatch.setattr(clip, "MAX_CLIP_S", 1)
    path = write_wav(tmp_path / "long.wav", (np.arange(40000) % 30000).astype(np.int16))
    whole = play(FileSource(path, 8000, repeat=2, cache=ClipCache()))
    assert np.array_equal(whole[:80000], np.tile(np.arange(40000) % 30000, 2))
    late = play(FileSource(path, 8000, offset_ms=4000, cache=ClipCache()))
    assert late[0] == pytest.approx((32000 % 30000), abs=4096)  # to the packet
    assert len(late) <= 8000 + 4096 + 160


# --- music ------------------------------------------------------------------------------------------------------------


def test_music_is_joined_where_it_is_and_loops_without_a_seam(tmp_path):
    path = write_wav(tmp_path / "music.wav", np.arange(8000).astype(np.int16))
    first = MusicSource(path, 8000)
    heard = np.concatenate([first.read(160) for _ in range(30)])
    second = MusicSource(path, 8000)
    for _ in range(100):
        one, other = first.read(160), second.read(160)
        assert np.array_equal(one, other)
        heard = np.concatenate([heard, one])
    assert np.array_equal(heard, np.arange(len(heard)) % 8000)
    assert not first.finished


def test_files_of_a_playlist_follow_each_other_and_begin_again(tmp_path):
    paths = [write_wav(tmp_path / f"{n}.wav", np.arange(n * 1000, n * 1000 + 500).astype(np.int16)) for n in (1, 2, 3)]
    whole = np.concatenate([np.arange(n * 1000, n * 1000 + 500) for n in (1, 2, 3)])
    first = MusicSource(paths, 8000)
    heard = np.concatenate([first.read(160) for _ in range(12)])
    second = MusicSource(paths, 8000)  # joins where the first is, in the second round
    for _ in range(10):
        one, other = first.read(160), second.read(160)
        assert np.array_equal(one, other)
        heard = np.concatenate([heard, one])
    assert np.array_equal(heard, np.resize(whole, len(heard)))
    assert np.array_equal(MusicSource(paths, 8000).read(4000), np.resize(whole, len(heard) + 4000)[len(heard) :])


def test_what_cannot_be_played_is_left_out_of_a_playlist(tmp_path):
    good = write_wav(tmp_path / "good.wav", np.arange(100).astype(np.int16))
    assert np.array_equal(MusicSource([tmp_path / "none.wav", good], 8000).read(100), np.arange(100))
    with pytest.raises(UnplayableFile):
        MusicSource([tmp_path / "none.wav"], 8000)


def test_one_read_may_span_several_rounds(tmp_path):
    path = write_wav(tmp_path / "short.wav", np.arange(100).astype(np.int16))
    assert np.array_equal(MusicSource(path, 8000).read(1000), np.tile(np.arange(100), 10))


def test_a_thousand_listeners_share_one_copy(tmp_path):
    path = write_wav(tmp_path / "shared.wav", np.arange(8000).astype(np.int16))
    cache = ClipCache()
    sources = [MusicSource(path, 8000, cache=cache) for _ in range(1000)]
    assert len({id(clip) for source in sources for clip in source._clips}) == 1


# --- the cache --------------------------------------------------------------------------------------------------------


def test_a_changed_file_is_read_anew(tmp_path):
    path = write_wav(tmp_path / "a.wav", np.full(800, 1, np.int16))
    cache = ClipCache()
    assert FileSource(path, 8000, cache=cache).read(10)[0] == 1
    write_wav(path, np.full(800, 2, np.int16))
    os.utime(path, ns=(0, 1))
    assert FileSource(path, 8000, cache=cache).read(10)[0] == 2


def test_the_cache_is_bounded_and_what_plays_goes_on(tmp_path):
    cache = ClipCache(max_bytes=100_000)
    paths = [write_wav(tmp_path / f"{i}.wav", np.full(16000, i + 1, np.int16)) for i in range(20)]
    sources = [FileSource(path, 8000, cache=cache) for path in paths]
    assert sum(held.bytes_held for held in cache._clips.values()) <= 150_000
    assert [play(source)[-1] for source in sources] == list(range(1, 21))


def test_what_is_handed_out_cannot_be_written(ramp):
    with pytest.raises(ValueError, match="read-only"):
        FileSource(ramp, 8000).read(160)[0] = 1


def test_preloading_decodes_everything(ramp):
    preload(ramp, 8000)
    with pytest.raises(UnplayableFile):
        preload("/nowhere.wav", 8000)


# --- what can be wrong ------------------------------------------------------------------------------------------------


def broken_files(folder):
    """Paths of everything unplayable."""
    (folder / "empty.wav").write_bytes(b"")
    (folder / "text.mp3").write_text("this is no music\n" * 100)
    (folder / "noise.wma").write_bytes(np.random.default_rng(0).bytes(5000))
    (folder / "header.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
    (folder / "slow.wav").write_bytes(
        b"RIFF" + struct.pack("<I", 1036) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 1, 2, 2, 16)
        + b"data" + struct.pack("<I", 1000) + bytes(1000)
    )  # fmt: skip
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    (folder / "concat.wav").write_text("ffconcat version 1.0\nfile /etc/hostname\n")
    (folder / "folder.wav").mkdir()
    os.mkfifo(folder / "pipe.wav")
    return [folder / name for name in os.listdir(folder)] + [folder / "missing.wav", "a.wav", "", "http://127.0.0.1/a"]


def test_unplayable_files_are_told_at_once(tmp_path):
    for path in broken_files(tmp_path):
        for source in (FileSource, MusicSource):
            with pytest.raises(UnplayableFile):
                source(path, 8000)


def test_a_path_with_a_nul_byte_is_unplayable():
    with pytest.raises(UnplayableFile):
        FileSource("/tmp/a\0b.wav", 8000)


def test_a_video_without_sound_is_unplayable(tmp_path):
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 16
        container.mux(stream.encode(av.VideoFrame(16, 16, "yuv420p")))
        container.mux(stream.encode(None))
    with pytest.raises(UnplayableFile):
        FileSource(path, 8000)


@pytest.mark.parametrize(("suffix", "container_format", "codec", "rate"), FORMATS)
def test_damaged_files_end_or_are_unplayable_but_nothing_else(suffix, container_format, codec, rate, tmp_path, signals):
    whole = tmp_path / f"whole.{suffix}"
    write_with(whole, container_format, codec, rate, signals.sine(440, 48000, 0.5))
    data = whole.read_bytes()
    rng = np.random.default_rng(7)
    for attempt in range(12):
        broken = bytearray(data[: int(rng.integers(20, len(data)))] if attempt % 2 else data)
        for place in rng.integers(0, len(broken), 20):
            broken[int(place)] = int(rng.integers(0, 256))
        path = tmp_path / f"{attempt}.{suffix}"
        path.write_bytes(broken)
        try:
            source = FileSource(path, 8000, cache=ClipCache())
        except UnplayableFile:
            continue
        play(source, most_s=20)


def test_reading_20_ms_takes_no_noticeable_time(tmp_path, signals):
    path = tmp_path / "long.mp3"
    write_with(path, "mp3", "libmp3lame", 44100, signals.sine(440, 48000, 20.0))
    source = FileSource(path, 8000, cache=ClipCache())
    started = time.perf_counter()
    reads = 0
    while not source.finished:
        source.read(160)
        reads += 1
    assert (time.perf_counter() - started) / reads < 0.002
