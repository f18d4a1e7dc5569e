"""Following the control process' events over the admin socket, for the web process and the notifier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Final

import msgspec
import structlog

from kiestoon.app.framing import AdminReply, AdminRequest, encode_message, read_message
from kiestoon.notify.live import Batch

log = structlog.get_logger(__name__)

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
_decoder = msgspec.msgpack.Decoder(AdminReply)


async def follow_events(path: Path, epoch: str = "", after: int = 0) -> AsyncGenerator[Batch, None]:
    """Batches for ever; connects again, where it left off, whenever the control process has gone."""
    pause_s = _FIRST_PAUSE_S
    told = False
    while True:
        try:
            async with aclosing(_follow_once(path, epoch, after)) as batches:
                async for batch in batches:
                    epoch, after, pause_s = batch.epoch, batch.last, _FIRST_PAUSE_S
                    if told:
                        log.info("live events are back", epoch=epoch)
                        told = False
                    yield batch
        except (OSError, asyncio.IncompleteReadError, msgspec.MsgspecError, ValueError) as error:
            if not told:
                log.warning("live events are away; trying again", cause=str(error) or type(error).__name__)
                told = True
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)


async def _follow_once(path: Path, epoch: str, after: int) -> AsyncGenerator[Batch, None]:
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(encode_message(AdminRequest("events", {"epoch": epoch, "after": after})))
        while True:
            reply = _decoder.decode(await read_message(reader))
            if reply.error:
                raise ValueError(reply.error)
            yield msgspec.convert(reply.result, Batch)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
