"""The media processes call control may use, and which of them takes the next call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from kiestoon.registrar.sources import LOOPBACK, PRIVATE

if TYPE_CHECKING:
    from kiestoon.media.client import MediaLink
    from kiestoon.media.protocol import Port

Reach: TypeAlias = Literal["machine", "house", "world"]
_ORDER: dict[Reach, tuple[Reach, ...]] = {
    "machine": ("machine", "house", "world"),
    "house": ("house", "world", "machine"),
    "world": ("world", "house", "machine"),
}


class MediaPool:
    """Companies are spread over the media processes. A company's calls share one, because their legs may meet: a
    transfer, a pickup or a conference joins legs of different calls. Others take over while it is gone or full."""

    __slots__ = ("links",)

    def __init__(self, links: list[MediaLink]) -> None:
        self.links = links

    def lease(self, towards: str, company_id: int = 0) -> tuple[MediaLink, Port] | None:
        """A port for a new call's first leg, on an address that ``towards`` (an IP literal or "") can reach.

        None: every process is gone or out of ports.
        """
        links = self.links
        for turn in range(len(links)):
            link = links[(company_id + turn) % len(links)]
            if link.connected:
                port = link.lease(host_for(link.hosts, towards))
                if port is not None:
                    return link, port
        return None

    def find(self, incarnation: str) -> MediaLink | None:
        """The connected media process with this incarnation, for calls adopted after a crash."""
        return next((link for link in self.links if link.connected and link.incarnation == incarnation), None)


def host_for(hosts: tuple[str, ...], towards: str) -> str:
    """The media address to offer a party: of its own family; in its own house the private one, outside the public one,
    loopback for loopback only. With none of that sort, what comes nearest."""
    version_6 = ":" in towards
    fitting = [host for host in hosts if (":" in host) == version_6] or list(hosts)
    order = _ORDER[_reach(towards)]
    return min(fitting, key=lambda host: order.index(_reach(host)), default="")


def _reach(host: str) -> Reach:
    """From how far an address can be reached; a name not looked up yet is taken to be outside."""
    if host in LOOPBACK:
        return "machine"
    return "house" if host in PRIVATE else "world"
