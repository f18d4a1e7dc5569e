"""The engines: espeak-ng really speaks, Piper and an endpoint are fakes; what goes wrong is said and leaves nothing."""

from __future__ import annotations

import os
import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
from speech_rig import RATE, Endpoint, heard, program, tone_wav

from kiestoon.media.audio import dtmf, measure
from kiestoon.media.audio.preparing import TooLong, UnplayableFile, prepare_recording, prepare_speech
from kiestoon.media.audio.resample import Resampler
from kiestoon.speech import Phrase
from kiestoon.speech.composing import compose
from kiestoon.speech.languages import LANGUAGES
from kiestoon.speech.rendering.engines import synthesise
from kiestoon.speech.rendering.jobs import Done, Job
from kiestoon.speech.rendering.problems import SpeechFailed
from kiestoon.speech.rendering.program import run_program
from kiestoon.speech.rendering.renderer import render, serve
from kiestoon.speech.voices import ESPEAK, Engines, Voice, cache_name, read_voices, voices_of

PIPER = Voice("piper", "/voices/nl.onnx")
HTTP = Voice("http", "alloy")


def spoken(folder: Path, text: str, voice: Voice, engines: Engines = Engines()) -> Path:  # noqa: B008 - a constant
    target = folder / "said.ogg"
    done = render(Job(engines, voice, text, str(target)))
    assert done.problem == ""
    assert done.size == target.stat().st_size
    assert [path.name for path in folder.glob("said.*")] == ["said.ogg"]
    return target


# --- espeak-ng -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", ["menu-welcome", "goodbye", "forward-menu"])
def test_espeak_speaks_every_language_as_loud_as_all_others_and_presses_no_keys(
    tmp_path: Path, language: str, key: str
) -> None:
    text = compose(language, Phrase(key))
    pcm = heard(spoken(tmp_path, text, ESPEAK[language]))
    seconds = len(pcm) / RATE
    assert 0.04 < seconds / len(text) < 0.12  # as people speak: 8 to 25 characters a second
    assert -20 < measure.loudness_db(pcm) < -13
    assert np.abs(pcm.astype(int)).max() < 32000
    spectrum = np.abs(np.fft.rfft(pcm.astype(float))) ** 2
    hz = np.fft.rfftfreq(len(pcm), 1 / RATE)
    assert spectrum[(hz > 100) & (hz < 3400)].sum() > 0.8 * spectrum.sum()
    detector = dtmf.Detector(8000)
    narrow = Resampler(RATE, 8000).process(pcm)
    assert [press for start in range(0, len(narrow), 160) for press in detector.feed(narrow[start : start + 160])] == []


def test_speech_begins_and_ends_with_a_short_silence(tmp_path: Path) -> None:
    pcm = heard(spoken(tmp_path, "Hello.", ESPEAK["en"]))
    loud = np.flatnonzero(np.abs(pcm.astype(int)) > 1000)
    assert 0.08 < loud[0] / RATE < 0.2
    assert 0.15 < (len(pcm) - loud[-1]) / RATE < 0.4


def test_the_same_text_makes_the_same_file(tmp_path: Path) -> None:
    first = spoken(tmp_path, "Parked on line 7.", ESPEAK["en"]).read_bytes()
    assert spoken(tmp_path, "Parked on line 7.", ESPEAK["en"]).read_bytes() == first


@pytest.mark.parametrize("text", ["[[h@'loU]] x", "<break time='60s'/> x", "--help x", "-w /tmp/evil x", "x\0y\n\nz"])
def test_nothing_in_a_text_is_a_command_to_espeak(tmp_path: Path, text: str) -> None:
    """Brackets would be phonemes, markup could make it silent for an hour."""
    with_signs = heard(spoken(tmp_path, text, ESPEAK["en"]))
    assert 0.3 < len(with_signs) / RATE < 6
    assert not Path("/tmp/evil").exists()


# --- Piper -----------------------------------------------------------------------------------------------------------


def fake_piper(folder: Path) -> Engines:
    (folder / "voice.wav").write_bytes(tone_wav(440))
    script = f'echo "$@" > {folder}/arguments; cat > {folder}/text; cat {folder}/voice.wav'
    return Engines(piper=program(folder, "piper", script))


def test_piper_gets_the_voice_by_its_path_and_the_text_as_one_line(tmp_path: Path) -> None:
    said = spoken(tmp_path, "Goedendag\n[[x]] <b>", PIPER, fake_piper(tmp_path))
    assert (tmp_path / "arguments").read_text() == "--model /voices/nl.onnx --output_file -\n"
    assert (tmp_path / "text").read_text() == "Goedendag   x    b \n"
    assert measure.dominant_frequency(heard(said), RATE) == pytest.approx(440, abs=2)


def test_a_program_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIESTOON_DATABASE", "postgresql://me:geheim@db")
    listing = program(tmp_path, "listing", "env")
    assert b"geheim" not in run_program([listing], "", 60, 10_000)


# --- what programs do wrong ------------------------------------------------------------------------------------------

WRONG = {
    "exit 3": "ended with 3: without a word",
    "echo no such voice >&2; exit 1": "ended with 1: no such voice",
    "kill -9 $$": "ended with -9",
    "cat /dev/zero": "gave more than 1000 bytes",
    "exec sleep 60": "took longer than 0.5 s",
    "sleep 60 & wait": "took longer than 0.5 s",
    "yes | cat > /dev/null": "took longer than 0.5 s",
}


@pytest.mark.parametrize("script", WRONG)
def test_what_a_program_does_wrong_is_said_and_it_is_gone(tmp_path: Path, script: str) -> None:
    os.mkfifo(tmp_path / "alive")
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    broken = program(tmp_path, "broken", f"exec 9> {tmp_path}/alive\n{script}")
    hangs = WRONG[script].startswith("took")
    with pytest.raises(SpeechFailed, match=WRONG[script]):
        run_program([broken], "text", 0.5 if hangs else 60, 1000)
    last_breath = select.poll()
    last_breath.register(alive, 0)
    assert last_breath.poll(10_000) == [(alive, select.POLLHUP)]  # nor is anything left of what it has started
    os.close(alive)


def test_a_program_that_does_not_read_its_text_is_no_obstacle(tmp_path: Path) -> None:
    deaf = program(tmp_path, "deaf", "exec <&-; echo done")
    assert run_program([deaf], "x" * 60_000, 60, 1000) == b"done\n"


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpeechFailed, match=r"/nowhere/espeak cannot be started: No such file"):
        synthesise(Engines(espeak="/nowhere/espeak"), ESPEAK["nl"], "x")


@pytest.mark.parametrize("output", ["", "no audio at all", "RIFF0000WAVEfmt "])
def test_what_is_no_speech_leaves_no_file(tmp_path: Path, output: str) -> None:
    engines = Engines(piper=program(tmp_path, "piper", f"printf '{output}'"))
    done = render(Job(engines, PIPER, "text", str(tmp_path / "said.ogg")))
    assert done.size == 0
    assert done.problem.startswith("piper: ")
    assert list(tmp_path.glob("said.*")) == []


def test_silence_is_no_speech(tmp_path: Path) -> None:
    (tmp_path / "silent.wav").write_bytes(tone_wav()[:44] + bytes(20_000))
    with pytest.raises(UnplayableFile):
        prepare_speech(tmp_path / "silent.wav", tmp_path / "x.ogg")


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    done = render(Job(Engines(), ESPEAK["en"], "x", "/proc/nowhere/said.ogg"))
    assert "No such file" in done.problem or "not permitted" in done.problem


# --- an endpoint -----------------------------------------------------------------------------------------------------


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint().running() as endpoint:
        yield endpoint


def test_an_endpoint_is_asked_as_openai_documents_it(tmp_path: Path, endpoint: Endpoint) -> None:
    key = tmp_path / "key"
    key.write_text("sk-123\n")
    said = spoken(tmp_path, "Hello [x].", HTTP, Engines(url=endpoint.url, model="tts-1", key_file=str(key)))
    (path, headers, body) = endpoint.asked[0]
    assert path == "/v1/audio/speech"
    assert headers["authorization"] == "Bearer sk-123"
    assert body == {"model": "tts-1", "voice": "alloy", "input": "Hello [x].", "response_format": "wav"}
    assert measure.dominant_frequency(heard(said), RATE) == pytest.approx(660, abs=2)


def test_without_a_key_none_is_sent(tmp_path: Path, endpoint: Endpoint) -> None:
    spoken(tmp_path, "Hello.", HTTP, Engines(url=endpoint.url + "/"))
    assert endpoint.asked[0][0] == "/v1/audio/speech"
    assert "authorization" not in endpoint.asked[0][1]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [((401, b"{}"), "answered 401"), ((500, b""), "answered 500"), ((200, b"{}"), "http: "), ((200, b""), "http: ")],
)
def test_what_an_endpoint_does_wrong_is_said(
    tmp_path: Path, endpoint: Endpoint, answer: tuple[int, bytes], problem: str
) -> None:
    endpoint.answer = answer
    done = render(Job(Engines(url=endpoint.url), HTTP, "x", str(tmp_path / "said.ogg")))
    assert problem in done.problem
    assert list(tmp_path.iterdir()) == []


def test_an_endpoint_that_sends_without_end_is_cut_off(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiestoon.speech.rendering.engines.MOST_BYTES", 1000)
    endpoint.answer = (200, bytes(5000))
    with pytest.raises(SpeechFailed, match="gave more than 1000 bytes"):
        synthesise(Engines(url=endpoint.url), HTTP, "x")


def test_an_endpoint_that_is_not_there_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(SpeechFailed, match=url):
            synthesise(Engines(url=url), HTTP, "x")
    with pytest.raises(SpeechFailed, match="key_file /nowhere"):
        synthesise(Engines(url="http://127.0.0.1:1/v1", key_file="/nowhere"), HTTP, "x")


# --- the process -----------------------------------------------------------------------------------------------------


def test_a_renderer_does_one_job_after_the_other_until_the_line_is_closed(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=serve, args=(theirs,))
    thread.start()
    with ours, ours.makefile("rb") as lines:
        for text, engines in (("One.", Engines()), ("Two.", Engines(espeak="/nowhere")), ("Three.", Engines())):
            ours.sendall(msgspec.json.encode(Job(engines, ESPEAK["en"], text, str(tmp_path / f"{text}ogg"))) + b"\n")
            done = msgspec.json.decode(lines.readline(), type=Done)
            assert bool(done.problem) == (text == "Two.")
        ours.shutdown(socket.SHUT_WR)
        thread.join(5)
    assert not thread.is_alive()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["One.ogg", "Three.ogg"]


# --- voices ----------------------------------------------------------------------------------------------------------


def test_voices_are_read_as_the_settings_have_them() -> None:
    entries = ("nl=piper:/srv/nl.onnx", "en=http:alloy", "de=espeak-ng:de+f3")
    assert read_voices(entries) == {"nl": Voice("piper", "/srv/nl.onnx"), "en": HTTP, "de": Voice("espeak-ng", "de+f3")}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("fr=http:alloy", "no language we speak"), ("piper:/x.onnx", "no language we speak"),
        ("nl=festival:x", "ENGINE"),
        ("nl=piper", "ENGINE:VOICE"), ("nl=piper:voices/nl.onnx", "absolute path"), ("nl=espeak-ng:-w", "ENGINE:VOICE"),
    ],
)  # fmt: skip
def test_a_voice_written_wrongly_is_refused(entry: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_voices([entry])


def test_espeak_stands_in_for_every_other_voice() -> None:
    assert voices_of("nl", {"nl": PIPER}) == (PIPER, ESPEAK["nl"])
    assert voices_of("nl", {"en": HTTP}) == (ESPEAK["nl"],)
    assert voices_of("de", {"de": Voice("espeak-ng", "de+f3")}) == (Voice("espeak-ng", "de+f3"), ESPEAK["de"])


def test_a_name_in_the_cache_stands_for_all_that_makes_the_sound() -> None:
    engines = Engines(url="http://a/v1", model="m")
    names = {
        cache_name(ESPEAK["en"], engines, "en", "x"), cache_name(ESPEAK["en"], engines, "en", "y"),
        cache_name(ESPEAK["nl"], engines, "nl", "x"), cache_name(PIPER, engines, "en", "x"),
        cache_name(HTTP, engines, "en", "x"), cache_name(HTTP, Engines(url="http://b/v1", model="m"), "en", "x"),
        cache_name(HTTP, Engines(url="http://a/v1", model="n"), "en", "x"),
    }  # fmt: skip
    assert len(names) == 7
    assert cache_name(ESPEAK["en"], Engines(), "en", "x") == cache_name(ESPEAK["en"], engines, "en", "x")


# --- uploads ---------------------------------------------------------------------------------------------------------


def test_a_recording_longer_than_allowed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "long.wav").write_bytes(tone_wav(seconds=3.0))
    with pytest.raises(TooLong):
        prepare_recording(tmp_path / "long.wav", tmp_path / "x.ogg", 2)
    assert prepare_recording(tmp_path / "long.wav", tmp_path / "x.ogg", 4) == pytest.approx(3000, abs=20)
