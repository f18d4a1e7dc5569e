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

    def lease(self, towards: str) -> tuple[MediaLink, Port] | None:
        """A port for a new call's first leg, on an address that ``towards`` (an IP literal or "") can reach.

        None: every process is gone or out of ports.
        """
        links = self.links
        for _ in range(len(links)):
            self._turn = (self._turn + 1) % len(links)
            link = links[self._turn]
            if link.connected:
                port = link.lease(host_for(link.hosts, towards))
                if port is not None:
                    return link, port
        return None

    def find(self, incarnation: str) -> MediaLink | None:
        """The connected media process with this incarnation, for calls adopted after a crash."""
        return next((link for link in self.links if link.connected and link.incarnation == incarnation), None)


def host_for(hosts: tuple[str, ...], towards: str) -> str:
    """The media address to offer a party: of its own family, loopback for loopback only, else the first outward one."""
    version_6, loopback = ":" in towards, towards.startswith("127.") or towards == "::1"
    fitting = [host for host in hosts if (":" in host) == version_6] or list(hosts)
    for host in fitting:
        if (host.startswith("127.") or host == "::1") == loopback:
            return host
    return fitting[0] if fitting else ""
