"""Structured logs on standard error: JSON lines, or readable ones on a terminal."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from kiestoon.app.config import LogSettings


def configure_logs(settings: LogSettings, process: str) -> None:
    """Set up logging for this process; ``process`` is in every line."""
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    level = getattr(logging, settings.level.upper())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=not console),
        _add_process(process),
    ]
    if console:
        shared.append(structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback))
    else:
        # Tracebacks without local variables, here and above: those hold passwords.
        tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        shared += [structlog.processors.ExceptionRenderer(tracebacks), structlog.processors.JSONRenderer()]
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # One write for a whole line: the processes share this stream, and print() writes the line end by itself.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries that use the standard module: warnings and worse, as lines of ours.
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[_Forwarder()], force=True)


def log_to_stderr() -> None:
    """For commands: what they print on standard output is for who asked, and may be JSON. Warnings and worse only."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),  # looked up late: tests replace it
    )


class _Forwarder(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        exception = {"exc_info": record.exc_info} if record.exc_info else {}
        log.log(record.levelno, record.getMessage(), logger=record.name, **exception)


def _add_process(process: str) -> Any:
    def add(_logger: object, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        event["process"] = process
        return event

    return add
