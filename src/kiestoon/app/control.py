"""The control process: its core, and telephony on top of it. ``telephony`` wires SIP, registrar, media and calls."""

from __future__ import annotations

import asyncio
import signal

import structlog
import uvloop

from kiestoon.app.child import Child, run_child
from kiestoon.app.control_core import ControlCore
from kiestoon.app.telephony import Telephony

log = structlog.get_logger(__name__)


async def serve(child: Child) -> None:
    """Serve until SIGTERM. Raises ``OperatorError`` for what only the operator can put right."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    core = ControlCore(child.settings, loop)
    try:
        telephony = Telephony(core)
        await core.start()
        try:
            await telephony.start()
            child.ready()
            log.info("in service", companies=len(core.directory), devices=core.device_count)
            await ended.wait()
        finally:
            await telephony.stop()
    finally:
        await core.stop()


def main(child: Child) -> None:
    """The process."""
    uvloop.run(serve(child))


if __name__ == "__main__":
    run_child("control", main)
