"""Recordings: whole and on the disk before anybody is told, whatever becomes of the party or of the process."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from media_rig import PCMA, Phone, Rig, wav_samples
from media_sound import decoded, level, say, sine, write_wav

from kiestoon.media.audio.player import FileSource
from kiestoon.media.framing import Framer, encode_batch, parse_events
from kiestoon.media.protocol import (
    VERSION,
    Add,
    Command,
    Event,
    File,
    Hello,
    Lease,
    Leased,
    Play,
    Record,
    SignalEnded,
    Stop,
    Stream,
    Subtract,
    Subtracted,
)


def test_a_recording_appears_whole_under_its_name(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "message.wav"
    one = rig.phone()
    rig.do(Record(1, 4, str(path)))
    say(rig, {one: sine(500, 50)})
    assert not path.exists()
    rig.do(Stop(1, 4))
    rig.finish_jobs()
    (ended,) = rig.events(SignalEnded)
    assert (ended.signal, ended.reason) == (4, "stopped")
    assert 960 <= ended.duration_ms <= 1020
    rate, channels, data = wav_samples(path)
    assert (rate, channels) == (8000, 1)
    assert len(data) == ended.duration_ms * 16
    assert level(np.frombuffer(data, np.int16)[1600:], 500) > 6000
    assert [each.name for each in tmp_path.iterdir()] == ["message.wav"]


def test_both_sides_of_a_relayed_call_are_recorded_apart(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    one, other = rig.call()
    rig.do(Record(1, 4, str(path), both=True))
    say(rig, {one: sine(500, 50), other: sine(900, 50)})
    assert len(other.heard()) == 50  # still relayed packet by packet
    rig.do(Subtract(1))
    rig.finish_jobs()
    assert rig.events(SignalEnded)[0].reason == "finished"
    rate, channels, data = wav_samples(path)
    assert (rate, channels) == (8000, 2)
    stereo = np.frombuffer(data, np.int16).reshape(-1, 2)[2400:]
    assert level(stereo[:, 0], 500) > 6000
    assert level(stereo[:, 1], 900) > 6000
    assert level(stereo[:, 0], 900) < 300


def test_a_recording_stops_at_its_longest_time(rig: Rig, tmp_path: Path) -> None:
    one = rig.phone()
    rig.do(Record(1, 4, str(tmp_path / "short.wav"), max_ms=500))
    say(rig, {one: sine(500, 50)})
    rig.finish_jobs()
    assert rig.events(SignalEnded) == [SignalEnded(1, 4, "finished", 500)]


def test_a_recording_that_cannot_be_written_fails(rig: Rig, tmp_path: Path) -> None:
    one = rig.phone()
    rig.do(Record(1, 4, str(tmp_path / "nowhere" / "x.wav")))
    rig.finish_jobs()
    say(rig, {one: sine(500, 3)})
    rig.finish_jobs()
    (ended,) = rig.events(SignalEnded)
    assert ended.reason.startswith("failed: ")


def test_a_party_who_hangs_up_is_recorded_to_the_end_and_control_is_told(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "message.wav"
    one = rig.phone()
    rig.do(Record(1, 4, str(path)))
    say(rig, {one: sine(500, 70)})
    rig.do(Subtract(1))
    assert not path.exists()  # nobody waits for the disk
    rig.finish_jobs()
    told = [event for event in rig.log if isinstance(event, Subtracted | SignalEnded)]
    assert [type(event) for event in told] == [Subtracted, SignalEnded]
    (ended,) = rig.events(SignalEnded)
    assert (ended.termination, ended.signal, ended.reason) == (1, 4, "finished")
    assert 1360 <= ended.duration_ms <= 1400
    rate, channels, data = wav_samples(path)
    assert (rate, channels, len(data)) == (8000, 1, ended.duration_ms * 16)
    assert level(np.frombuffer(data, np.int16)[1600:], 500) > 6000
    assert [each.name for each in tmp_path.iterdir()] == ["message.wav"]


def test_two_recordings_of_one_party_end_apart(rig: Rig, tmp_path: Path) -> None:
    one = rig.phone()
    rig.do(Record(1, 4, str(tmp_path / "a.wav")), Record(1, 5, str(tmp_path / "b.wav")))
    say(rig, {one: sine(500, 20)})
    rig.do(Stop(1, 4))
    say(rig, {one: sine(500, 20)})
    rig.do(Subtract(1))
    rig.finish_jobs()
    ended = {event.signal: event for event in rig.events(SignalEnded)}
    assert (ended[4].reason, ended[5].reason) == ("stopped", "finished")
    assert ended[5].duration_ms - ended[4].duration_ms == 400


def test_a_recording_is_on_the_disk_before_it_has_its_name(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(fd: int) -> None:
        done.append(f"sync {os.path.basename(os.readlink(f'/proc/self/fd/{fd}'))}")
        fsync(fd)

    def watched_replace(source: Path, target: Path) -> None:
        done.append(f"rename {target.name}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    one = rig.phone()
    rig.do(Record(1, 4, str(tmp_path / "a.wav")))
    say(rig, {one: sine(500, 10)})
    rig.do(Stop(1, 4))
    rig.finish_jobs()
    assert done == ["sync a.wav.part", "rename a.wav", f"sync {tmp_path.name}"]


def test_a_disk_that_fails_at_the_end_is_told_and_what_is_there_stays(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = rig.phone()
    rig.do(Record(1, 4, str(tmp_path / "a.wav")))
    say(rig, {one: sine(500, 30)})

    def broken(fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    rig.do(Subtract(1))
    rig.finish_jobs()
    (ended,) = rig.events(SignalEnded)
    assert ended.reason.startswith("failed: ")
    assert "Input/output error" in ended.reason
    assert len(wav_samples(tmp_path / "a.wav.part")[2]) == ended.duration_ms * 16
    assert not (tmp_path / "a.wav").exists()


def test_no_prompt_waits_for_a_recording_to_reach_the_disk(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = threading.Event()
    monkeypatch.setattr(os, "fsync", lambda fd: slow.wait(30))
    path = write_wav(tmp_path / "prompt.wav", sine(600, 25))
    one, other = rig.phone(), rig.phone(context=2)
    rig.do(Record(1, 4, str(tmp_path / "a.wav")))
    say(rig, {one: sine(500, 5)})
    rig.do(Subtract(1), Play(other.number, 3, File(str(path))))
    opened: list[bool] = []
    rig.shared.opener.submit(lambda: None, lambda _, error: opened.append(True))
    while not opened:
        rig.loop.turn(0.5)
    rig.step(0.6)
    assert level(decoded(other.heard()), 600) > 5000
    assert [event.signal for event in rig.events(SignalEnded)] == [3]
    slow.set()
    rig.finish_jobs()
    assert [event.signal for event in rig.events(SignalEnded)] == [4]


# --- the process -----------------------------------------------------------------------------------------------------


class Program:
    """A media process of its own that records one party."""

    def __init__(self, folder: Path, ports: str) -> None:
        path = folder / "media.sock"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kiestoon.media", str(path), ports, "127.0.0.1"], stderr=subprocess.PIPE, text=True
        )
        self.control = socket.socket(socket.AF_UNIX)
        self.control.settimeout(10)
        self.framer = Framer()
        self.phone = Phone()
        self.recording = folder / "message.wav"

    def start(self) -> None:
        assert self.process.stderr is not None
        assert any("media_started" in line for line in self.process.stderr)
        self.control.connect(str(self.recording.with_name("media.sock")))
        self.send(Hello(VERSION, keep=False), Lease(1))
        events: list[Event] = []
        while not (leased := [event for event in events if isinstance(event, Leased)]):
            events += self.read()
        self.phone.port = leased[0].ports[0].rtp
        self.send(Add(1, 1, self.phone.port, Stream(self.phone.address, None, PCMA, (PCMA,))))
        self.send(Record(1, 4, str(self.recording)))

    def send(self, *commands: Command) -> None:
        self.control.sendall(encode_batch(commands))

    def read(self) -> list[Event]:
        data = self.control.recv(65536)
        return [event for frame in self.framer.feed(data) for event in parse_events(frame)]

    def speak_until_written(self, octets: int) -> None:
        """Speak until the file has so many octets."""
        part = self.recording.with_name("message.wav.part")
        deadline = time.monotonic() + 20
        while not part.exists() or part.stat().st_size < octets:
            assert time.monotonic() < deadline
            self.phone.speak()
            select.select([self.control], [], [], 0.02)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()
        self.control.close()
        self.phone.close()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path, "14030-14049")
    try:
        made.start()
        yield made
    finally:
        made.close()


def test_what_was_recorded_when_the_process_is_killed_can_be_played(program: Program) -> None:
    program.speak_until_written(44 + 2 * 8000)
    program.process.send_signal(signal.SIGKILL)
    program.process.wait(10)
    part = program.recording.with_name("message.wav.part")
    with wave.open(str(part)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        frames = file.getnframes()
        assert len(file.readframes(frames)) == 2 * frames
    assert frames >= 4000  # all but the last half second
    assert len(FileSource(str(part), 8000).read(frames)) == frames
    assert not program.recording.exists()


def test_a_process_that_is_asked_to_end_finishes_its_recordings_and_says_so(program: Program) -> None:
    program.speak_until_written(44 + 8000)
    program.process.send_signal(signal.SIGTERM)
    events: list[Event] = []
    while not any(isinstance(event, SignalEnded) for event in events):
        events += program.read()
    assert program.process.wait(10) == 0
    (ended,) = (event for event in events if isinstance(event, SignalEnded))
    assert ended.reason == "finished"
    assert len(wav_samples(program.recording)[2]) == ended.duration_ms * 16
