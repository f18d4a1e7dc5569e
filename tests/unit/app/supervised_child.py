"""A child process for the supervisor's tests. Its argument says how it behaves; its pid goes into ``data_dir``."""

from __future__ import annotations

import os
import signal
import sys
import threading

from kiestoon.app.child import Child, run_child
from kiestoon.operator_error import OperatorError


def main(child: Child) -> None:
    name, how = sys.argv[1], sys.argv[2]
    ended = threading.Event()
    signal.signal(signal.SIGTERM, signal.SIG_IGN if how == "stubborn" else lambda *_: ended.set())
    if how == "hopeless":
        raise OperatorError("Port 1 is taken", "Free it")
    if how == "broken":
        raise RuntimeError("a fault of ours")
    with (child.settings.data / f"{name}.pids").open("a") as file:
        file.write(f"{os.getpid()}\n")
    child.ready()
    ended.wait()
    with (child.settings.data / "ended").open("a") as file:
        file.write(f"{name}\n")


if __name__ == "__main__":
    run_child(sys.argv[1], main)
