"""What the SIP engine asks about its own addresses; answered by ``net`` on real sockets and by the sim on fake ones."""

from __future__ import annotations

from typing import Protocol

from kiestoon.sip.flow import Destination
from kiestoon.sip.uri import Uri


class Local(Protocol):
    """Our own addresses as the peer at ``destination`` sees them. Implementations answer from a cache: both are asked
    on every call."""

    def sent_by(self, destination: Destination) -> tuple[str, int]:
        """Host and port for the Via of a request to ``destination``.

        The host is an IP literal without brackets, or a name in lower case.
        """
        ...

    def contact(self, destination: Destination) -> Uri:
        """The Contact URI under which ``destination`` can reach us, ``transport`` parameter included."""
        ...
