"""ICE from the side of a server everybody can reach: a lite agent (RFC 8445 §2.5) with one host candidate.

It never sends a check. It answers the full agent's, remembers which addresses proved that they know the password, and
follows the newest nomination; the full agent's checks for consent (RFC 7675) are answered like any other. Nobody
becomes a source by sending packets alone.
"""

from __future__ import annotations

import msgspec

from kiestoon.media import stun
from kiestoon.media.lock import Address
from kiestoon.media.protocol import IceCredentials
from kiestoon.media.stun import BadStun, StunMessage

MAX_ADDRESSES = 16
"""Proven addresses remembered: a browser tries a handful."""
CONSENT_S = 30.0
"""RFC 7675 §5.1: without a check for so long a path counts for nothing."""
REFUSALS_PER_S = 10
"""Answers to checks that prove nothing; more would serve those who forge their source."""


class Checked(msgspec.Struct, frozen=True, gc=False):
    """What a packet came to: what to send back to its source, and what it proved."""

    response: bytes = b""
    proven: bool = False
    nominated: bool = False


_NOTHING = Checked()


class IceAgent:
    """Answers checks. ``selected`` is the nominated address, ``checked_at`` when a check last proved itself."""

    __slots__ = ("_addresses", "_credentials", "_former", "_refusals", "_second", "checked_at", "selected")

    def __init__(self, credentials: IceCredentials, now: float) -> None:
        self._credentials = credentials
        self._former: IceCredentials | None = None
        self._addresses: dict[Address, float] = {}
        self._refusals = 0
        self._second = 0.0
        self.selected: Address | None = None
        self.checked_at = now

    def restart(self, credentials: IceCredentials) -> None:
        """New credentials (RFC 8445 §9): the old path carries media until a check under the new ones is nominated."""
        if credentials != self._credentials:
            self._former, self._credentials = self._credentials, credentials

    def proves(self, address: Address, now: float) -> bool:
        """Whether packets from there are the party's."""
        if address == self.selected:
            return True
        at = self._addresses.get(address)
        return at is not None and now - at < CONSENT_S

    def receive(self, data: bytes, address: Address, now: float) -> Checked:
        """Treat what looks like STUN. Never raises; nothing comes back for what is no Binding request."""
        try:
            message = stun.parse_stun(data)
        except BadStun:
            return _NOTHING
        if message.kind != stun.REQUEST:
            return _NOTHING
        if message.username is None or message.integrity is None:
            return self._refused(message, 400, now)
        credentials = self._authenticated(message)
        if credentials is None:
            return self._refused(message, 401, now)
        if message.not_understood:
            names = b"".join(name.to_bytes(2) for name in message.not_understood)
            return Checked(_error(message, 420, credentials, (stun.UNKNOWN_ATTRIBUTES, names)))
        if stun.ICE_CONTROLLED in message.attributes:
            # A lite agent cannot control: the full one has to switch, whatever the tie-breakers say (RFC 8445 §6.1.1).
            return Checked(_error(message, 487, credentials))
        return self._proven(message, credentials, address, now)

    def _authenticated(self, message: StunMessage) -> IceCredentials | None:
        for credentials in (self._credentials, self._former):
            if (
                credentials is not None
                and message.username == f"{credentials.ufrag}:{credentials.remote_ufrag}"
                and message.is_authentic(credentials.password)
            ):
                return credentials
        return None

    def _proven(self, message: StunMessage, credentials: IceCredentials, address: Address, now: float) -> Checked:
        self.checked_at = now
        self._addresses.pop(address, None)
        self._addresses[address] = now
        if len(self._addresses) > MAX_ADDRESSES:
            del self._addresses[next(iter(self._addresses))]  # the one not heard from for longest
        nominated = stun.USE_CANDIDATE in message.attributes and credentials is self._credentials
        if nominated:
            self.selected, self._former = address, None
        mapped = (stun.XOR_MAPPED_ADDRESS, stun.xor_address(address, message.transaction))
        response = stun.encode_stun(stun.SUCCESS, message.transaction, (mapped,), credentials.password)
        return Checked(response, proven=True, nominated=nominated)

    def _refused(self, message: StunMessage, code: int, now: float) -> Checked:
        if now - self._second >= 1.0:
            self._second, self._refusals = now, 0
        self._refusals += 1
        return Checked(_error(message, code)) if self._refusals <= REFUSALS_PER_S else _NOTHING


def _error(
    message: StunMessage, code: int, credentials: IceCredentials | None = None, *more: tuple[int, bytes]
) -> bytes:
    """An error response; signed only where the request was authentic (RFC 8489 §9.1.4)."""
    attributes = ((stun.ERROR_CODE, stun.error_value(code)), *more)
    password = credentials.password if credentials is not None else None
    return stun.encode_stun(stun.ERROR, message.transaction, attributes, password)
