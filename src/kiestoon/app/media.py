"""A media process as a child of the supervisor. Argument: its number, from 0."""

from __future__ import annotations

import sys

from kiestoon.app.addresses import media_hosts
from kiestoon.app.child import Child, run_child
from kiestoon.app.os_problems import explain_file
from kiestoon.media.ports import MediaAddress
from kiestoon.media.process import run


def main(child: Child, number: int) -> None:
    """The process."""
    settings = child.settings
    path = settings.media_sockets[number]
    addresses = [MediaAddress(bind, advertised) for bind, advertised in media_hosts(settings)]
    try:
        run(str(path), settings.media_ports(number), addresses, on_started=child.ready)
    except OSError as error:
        raise explain_file(error, path, "the media socket") from None


if __name__ == "__main__":
    run_child(f"media {sys.argv[1]}", lambda child: main(child, int(sys.argv[1])))
