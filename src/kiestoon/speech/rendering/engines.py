"""The engines: espeak-ng and Piper as programs, anything with OpenAI's interface over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from kiestoon.speech.rendering.problems import SpeechFailed
from kiestoon.speech.rendering.program import run_program
from kiestoon.speech.voices import Engines, Voice

if TYPE_CHECKING:
    import httpx

MOST_BYTES: Final = 24 * 1024 * 1024
"""Three minutes at 48 kHz, and some."""
_ESPEAK_WORDS_PER_MINUTE: Final = 150


def synthesise(engines: Engines, voice: Voice, text: str) -> bytes:
    """The text as the voice speaks it: an audio file of whatever format. Raises SpeechFailed."""
    if voice.engine == "espeak-ng":
        return _espeak(engines, voice, text)
    if voice.engine == "piper":
        return _piper(engines, voice, text)
    return _endpoint(engines, voice, text)


def _espeak(engines: Engines, voice: Voice, text: str) -> bytes:
    speed = str(_ESPEAK_WORDS_PER_MINUTE)
    command = (engines.espeak, "-v", voice.name, "-s", speed, "-g", "2", "-b", "1", "--stdin", "--stdout")
    return run_program(command, _plain(text), engines.timeout_s, MOST_BYTES)


def _piper(engines: Engines, voice: Voice, text: str) -> bytes:
    # Each line would be a file of its own.
    command = (engines.piper, "--model", voice.name, "--output_file", "-")
    return run_program(command, _plain(text).replace("\n", " ") + "\n", engines.timeout_s, MOST_BYTES)


def _plain(text: str) -> str:
    """Both programs take phonemes in double brackets and may take markup, which no text has business with."""
    return text.translate({ord(sign): " " for sign in "[]<>{}\0"})


def _endpoint(engines: Engines, voice: Voice, text: str) -> bytes:
    import httpx  # noqa: PLC0415 - a tenth of a second that only those pay who use it

    if not engines.url:
        raise SpeechFailed("speech.url is not set")
    body = {"model": engines.model, "voice": voice.name, "input": text, "response_format": "wav"}
    try:
        with httpx.stream(
            "POST",
            f"{engines.url.rstrip('/')}/audio/speech",
            json=body,
            headers=_authorisation(engines),
            timeout=engines.timeout_s,
        ) as response:
            return _received(response)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SpeechFailed(f"{engines.url}: {error or type(error).__name__}") from None


def _received(response: httpx.Response) -> bytes:
    if response.status_code != 200:
        raise SpeechFailed(f"{response.url} answered {response.status_code}")
    data = bytearray()
    for piece in response.iter_bytes():
        data += piece
        if len(data) > MOST_BYTES:
            raise SpeechFailed(f"{response.url} gave more than {MOST_BYTES} bytes")
    return bytes(data)


def _authorisation(engines: Engines) -> dict[str, str]:
    if not engines.key_file:
        return {}
    try:
        key = Path(engines.key_file).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SpeechFailed(f"speech.key_file {engines.key_file} cannot be read: {error}") from None
    return {"Authorization": f"Bearer {key}"}
