"""Fake engines: programs that behave as told, and an endpoint with OpenAI's interface."""

from __future__ import annotations

import json
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from kiestoon.media.audio.player import FileSource

RATE = 16000


def tone_wav(hz: float = 440, rate: int = 22050, seconds: float = 0.5) -> bytes:
    """A synthesiser's voice that can be told from others."""
    pcm = (np.sin(2 * np.pi * hz / rate * np.arange(int(rate * seconds))) * 12000).astype("<i2")
    target = BytesIO()
    with wave.open(target, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(pcm.tobytes())
    return target.getvalue()


def program(folder: Path, name: str, script: str) -> str:
    """A program that can be run; returns its path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def heard(path: str | Path) -> np.ndarray[Any, np.dtype[np.int16]]:
    """All of a file as samples at 16 kHz."""
    source = FileSource(path, RATE)
    pcm = source.read(RATE * 60)
    return pcm[: source.played_ms * RATE // 1000]


class Endpoint:
    """``answer``: status and body. ``asked``: the requests' paths, headers and bodies."""

    def __init__(self) -> None:
        self.answer: tuple[int, bytes] = (200, tone_wav(660))
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                endpoint.asked.append((self.path, headers, json.loads(body)))
                status, content = endpoint.answer
                self.send_response(status)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @contextmanager
    def running(self) -> Iterator[Endpoint]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
