"""Log lines of several processes share one stream."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from kiestoon.app.config import LogSettings
from kiestoon.app.logs import configure_logs, log_to_stderr


class Recorder(io.StringIO):
    """Keeps every write by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    recorder = Recorder()
    handlers = logging.root.handlers[:]
    monkeypatch.setattr(sys, "stderr", recorder)
    configure_logs(LogSettings(level="info", format="json"), "some process")
    yield recorder
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers


def test_a_line_is_written_whole_so_that_processes_do_not_mix_theirs(stream: Recorder) -> None:
    structlog.get_logger("test").info("something happened", count=2)
    (line,) = stream.writes
    assert line.endswith("}\n")
    entry = json.loads(line)
    assert (entry["event"], entry["count"], entry["process"]) == ("something happened", 2, "some process")


def test_hostile_text_stays_on_one_line(stream: Recorder) -> None:
    structlog.get_logger("test").warning("bad message", text='a\r\n{"event": "forged"}\n')
    (line,) = stream.writes
    assert line.count("\n") == 1


def test_what_commands_print_is_not_mixed_with_what_they_log(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr()
    try:
        structlog.get_logger("test").warning("unusable answer")
    finally:
        structlog.reset_defaults()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "unusable answer" in printed.err
