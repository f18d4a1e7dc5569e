"""What every child process of the supervisor does first and last.

The supervisor hands over the settings in the environment and the writing end of a pipe. The child says over it that it
is ready, or why it cannot be: the supervisor then knows whether another try makes sense.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

import msgspec
import structlog

from kiestoon.app.config import Settings, settings_from_json
from kiestoon.app.logs import configure_logs
from kiestoon.operator_error import OperatorError

SETTINGS_VARIABLE = "KIESTOON_CHILD_SETTINGS"
READY_VARIABLE = "KIESTOON_CHILD_READY_FD"
PARENT_VARIABLE = "KIESTOON_CHILD_PARENT"
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger(__name__)


class Report(msgspec.Struct, frozen=True):
    """What a child says about its start: ready, or ``what`` is wrong and what to ``do``."""

    ready: bool
    what: str = ""
    do: str = ""
    exit_code: int = 1


class Child:
    """This process, as a child of the supervisor."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.settings = _take_settings()
        self._report_to = int(os.environ.pop(READY_VARIABLE, "-1"))
        _die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's; it tells us by SIGTERM
        _raise_file_limit()
        _set_title(f"kiestoon: {name}")
        configure_logs(self.settings.log, name)

    def ready(self) -> None:
        """Tell the supervisor that this process does its work now."""
        self._report(Report(ready=True))

    def fail(self, problem: OperatorError) -> None:
        """Tell the supervisor what the operator must do."""
        self._report(Report(ready=False, what=problem.what, do=problem.do, exit_code=problem.exit_code))

    def _report(self, report: Report) -> None:
        if self._report_to < 0:
            return
        with suppress(OSError):  # a supervisor that has gone needs no report
            os.write(self._report_to, msgspec.json.encode(report) + b"\n")
            os.close(self._report_to)
        self._report_to = -1


def run_child(name: str, main: Callable[[Child], None]) -> None:
    """Run ``main`` as a child process: operator errors are reported, everything else is logged; then exit."""
    child = Child(name)
    try:
        main(child)
    except OperatorError as problem:
        child.fail(problem)
        log.error("cannot go on", problem=str(problem))
        sys.exit(problem.exit_code)
    except Exception:
        log.exception("process failed")
        sys.exit(70)  # EX_SOFTWARE
    sys.exit(0)


def _take_settings() -> Settings:
    text = os.environ.pop(SETTINGS_VARIABLE, None)
    if text is None:
        sys.exit("kiestoon: this process is started by the supervisor. Run: kiestoon serve.")
    return settings_from_json(text)


def _die_with_parent() -> None:
    """Leave no orphan when the supervisor is killed: the kernel then ends this process too."""
    parent = int(os.environ.pop(PARENT_VARIABLE, "0"))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent and os.getppid() != parent:  # it died before we asked
        sys.exit(1)


def _raise_file_limit() -> None:
    """Every call and every connection holds descriptors; the soft limit of 1024 is for programs that use select()."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _set_title(title: str) -> None:
    from setproctitle import setproctitle  # noqa: PLC0415 - kept off the import path of tools that only want Report

    setproctitle(title)
