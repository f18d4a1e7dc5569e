"""The media processes call control may use, and which of them takes the next call."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiestoon.media.client import MediaLink
    from kiestoon.media.protocol import Port


class MediaPool:
    """Calls are spread over connected media processes in turn; one call stays on one process."""

    __slots__ = ("_turn", "links")

    def __init__(self, links: list[MediaLink]) -> None:
        self.links = links
        self._turn = 0

    def lease(self) -> tuple[MediaLink, Port] | None:
        """A port for a new call's first leg, or None: every process is gone or out of ports."""
        links = self.links
        for _ in range(len(links)):
            self._turn = (self._turn + 1) % len(links)
            link = links[self._turn]
            if link.connected:
                port = link.lease()
                if port is not None:
                    return link, port
        return None

    def find(self, incarnation: str) -> MediaLink | None:
        """The connected media process with this incarnation, for calls adopted after a crash."""
        return next((link for link in self.links if link.connected and link.incarnation == incarnation), None)
