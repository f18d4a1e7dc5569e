"""The media process: ``run`` is its whole life."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType

import structlog

from kiestoon.media.engine import Engine
from kiestoon.media.loop import Loop
from kiestoon.media.ports import QUARANTINE_S, MediaAddress, PortPool
from kiestoon.media.server import Server
from kiestoon.media.shared import Shared

log = structlog.get_logger(__name__)

COLLECT_EVERY_S = 2.0
MAX_POSTPONED = 15
"""Times a collection gives way to packets."""
SWITCH_S = 0.0005
"""How long a packet may have to wait for the worker thread to let go of the interpreter."""
PREPARED = 256
"""Port pairs bound at the start, so that the first calls don't wait for them."""


def build(
    socket_path: str,
    port_range: tuple[int, int],
    addresses: Sequence[MediaAddress],
    *,
    quarantine_s: float = QUARANTINE_S,
    loop: Loop | None = None,
) -> Server:
    """The parts of a media process, joined but not running. Raises OSError or ValueError when it can't start."""
    loop = loop or Loop()
    pool = PortPool(*port_range, addresses, quarantine_s=quarantine_s)
    pool.prepare(PREPARED, loop.now)
    shared = Shared(loop)
    try:
        return Server(Engine(shared, pool), loop, socket_path)
    except OSError:
        shared.close()
        raise


def run(
    socket_path: str,
    port_range: tuple[int, int],
    addresses: Sequence[MediaAddress],
    *,
    on_started: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM, SIGINT or ``Shutdown``. Raises OSError or ValueError when it can't start.

    ``port_range`` is inclusive at both ends. ``on_started`` is called once the control socket listens.
    Logging and the process' title are the caller's to set (see ``media.__main__``).
    """
    loop = Loop()
    server = build(socket_path, port_range, addresses, loop=loop)

    def stop(number: int, frame: FrameType | None) -> None:
        loop.stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.setswitchinterval(SWITCH_S)
    _tame_collector(loop, server.engine)
    log.info("media_started", socket=socket_path, ports=port_range, hosts=server.engine.pool.hosts)
    on_started()
    try:
        loop.run()
    finally:
        server.close()
        loop.close()
        log.info("media_stopped")


def _tame_collector(loop: Loop, engine: Engine) -> None:
    """No collection at a random moment: terminations hold no cycles once ended, and a full collection of a busy
    process would delay every call. Young garbage is collected when no packets are waiting, all of it between calls."""
    gc.collect()
    gc.freeze()
    gc.disable()
    postponed = 0

    def collect() -> None:
        nonlocal postponed
        loop.call_at(loop.now + COLLECT_EVERY_S, collect)
        if not engine.terminations:
            gc.collect()
        elif loop.ready == 0 or postponed >= MAX_POSTPONED:
            gc.collect(0)
        else:
            postponed += 1
            return
        postponed = 0

    loop.call_at(loop.now + COLLECT_EVERY_S, collect)
