"""``python -m kiestoon.media SOCKET FIRST-LAST HOST[=ADVERTISED]…``: a media process by hand or by a supervisor."""

from __future__ import annotations

import argparse
import logging
import sys

import setproctitle
import structlog

from kiestoon.media.ports import MediaAddress
from kiestoon.media.process import run


def configure_logging(level: int = logging.INFO) -> None:
    """JSON lines on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def main(arguments: list[str] | None = None) -> int:
    """Exit status 1 when the process can't start."""
    parser = argparse.ArgumentParser(prog="python -m kiestoon.media")
    parser.add_argument("socket", help="path of the control socket")
    parser.add_argument("ports", help="UDP port range, as FIRST-LAST")
    parser.add_argument("hosts", nargs="+", help="address to bind, with =ADDRESS when the world knows it by another")
    options = parser.parse_args(arguments)
    first, _, last = options.ports.partition("-")
    configure_logging()
    setproctitle.setproctitle("kiestoon: media")
    log = structlog.get_logger("kiestoon.media")
    try:
        addresses = [
            MediaAddress(bind, advertised) for bind, _, advertised in (h.partition("=") for h in options.hosts)
        ]
        run(options.socket, (int(first), int(last)), addresses)
    except (OSError, ValueError) as error:
        log.error("media_not_started", error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
