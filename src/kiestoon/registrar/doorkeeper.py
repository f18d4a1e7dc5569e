"""Who is asking? Devices by digest, outside lines by their address; everybody else gets nothing.

Unknown users and wrong passwords are answered alike and cost the same. In-dialog requests are not the doorkeeper's:
whoever knows both tags of a dialog is its peer.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

import msgspec
import structlog

from kiestoon.company.directory import CompanyIndex, Directory
from kiestoon.company.model import Device, Trunk
from kiestoon.registrar.algorithms import MD5_ONLY, AlgorithmMemory
from kiestoon.registrar.guard import Guard
from kiestoon.registrar.sources import source_key
from kiestoon.registrar.verdicts import Challenge, DeviceCaller, Drop, RefuseCaller, TrunkCaller, Verdict
from kiestoon.sip.digest import Authorization, Challenger, find_authorization
from kiestoon.sip.flow import RELIABLE, SECURE, Flow
from kiestoon.sip.message import Request

log = structlog.get_logger("registrar")

SCANNERS: Final = (
    "friendly-scanner",
    "friendly-request",
    "sipvicious",
    "sip-scan",
    "sipcli",
    "sundayddr",
    "sipsak",
    "iwar",
    "vaxsipuseragent",
    "pplsip",
    "smap",
    "gulp",
    "mr.sip",
    "sipptk",
)
"""Beginnings (lower case) of User-Agent values that only scanners send."""

FORBIDDEN: Final = RefuseCaller(403, "Forbidden")
ENCRYPTION_REQUIRED: Final = RefuseCaller(403, "Encryption Required")
_NAME_LENGTH: Final = 64


class DoorkeeperSettings(msgspec.Struct, frozen=True):
    """``bare_ip_domain``: the company domain meant by an IP address as host; "" (the default) lets nobody in by the
    bare address. ``trunk_realm`` is the realm for outside lines that log in here."""

    bare_ip_domain: str = ""
    trunk_realm: str = "kiestoon"


class Doorkeeper:
    """Tells who sent a request. Remembers the addresses of the providers we are logged in at, and which phones know MD5
    only."""

    def __init__(
        self, directory: Directory, challenger: Challenger, guard: Guard, settings: DoorkeeperSettings | None = None
    ) -> None:
        self.directory = directory
        self.guard = guard
        self.settings = settings or DoorkeeperSettings()
        self._challenger = challenger
        self._algorithms = AlgorithmMemory()
        self._providers: dict[str, dict[int, str]] = {}
        """Address of a provider we are logged in at → trunk id → the user part of our Contact there."""

    # --- outside lines we are logged in at ---------------------------------------------------------------------------

    def trunk_registered(self, trunk_id: int, contact_user: str, hosts: Iterable[str]) -> None:
        """We are logged in at a provider; its calls come from ``hosts`` (IP literals it was reached at)."""
        self.trunk_unregistered(trunk_id)
        for host in hosts:
            self._providers.setdefault(host, {})[trunk_id] = contact_user

    def trunk_unregistered(self, trunk_id: int) -> None:
        """The login has ended: its addresses are strangers again."""
        for host in list(self._providers):
            self._providers[host].pop(trunk_id, None)
            if not self._providers[host]:
                del self._providers[host]

    def knows(self, host: str, now: float) -> bool:
        """Whether anybody we have to do with is at this address: an outside line, a registered phone, ourselves.

        Strangers get no answer to a question either: it would tell scanners that somebody is here.
        """
        if self._peers(host) or self.guard.is_exempt(host) or self.guard.devices_at(source_key(host)):
            return True
        self.guard.admit(host, now)  # asking costs
        return False

    # --- the question ------------------------------------------------------------------------------------------------

    def identify(self, request: Request, flow: Flow, now: float) -> Verdict:
        """Who sent this request outside any dialog. Never raises for messages that ``parse_message`` let through."""
        host = flow.remote_host
        peers = self._peers(host)
        if not peers:  # an outside line is trusted not to flood, and brings a whole city's calls from one address
            if not self.guard.admit(host, now):
                return Drop("rate limit or ban")
            if _is_scanner(request):
                self.guard.suspicious(host, now, "scanner", weight=self.guard.settings.failures)
                return Drop("scanner")
        if request.method == "REGISTER":
            index = self._company_of_host(request.to.uri.host)
            if index is not None:
                return self._device(request, flow, index, now)
            return self._unknown(host, peers, now)
        index = self._company_of_host(request.from_.uri.host)
        if index is not None and request.from_.uri.user in index.devices:
            return self._device(request, flow, index, now)
        if peers:
            return self._from_peer(request, peers, flow)
        login = self._trunk_login(request.from_.uri.user)
        if login is not None:
            return self._trunk_by_digest(request, login, flow, now)
        if index is None:  # an anonymous From hides the domain (RFC 3323 §4.1.1.3)
            index = self._company_of_host(request.target.host)
        return self._device(request, flow, index, now) if index is not None else self._unknown(host, peers, now)

    def _unknown(self, host: str, peers: dict[int, Trunk], now: float) -> Drop:
        if not peers:
            self.guard.suspicious(host, now, "unknown domain")
        return Drop("unknown domain")

    def _company_of_host(self, host: str) -> CompanyIndex | None:
        if not host:
            return None
        index = self.directory.company_by_domain(host)
        if index is None and self.settings.bare_ip_domain and _is_address(host):
            index = self.directory.company_by_domain(self.settings.bare_ip_domain)
        return index

    # --- devices -----------------------------------------------------------------------------------------------------

    def _device(self, request: Request, flow: Flow, index: CompanyIndex, now: float) -> Verdict:
        realm = index.company.domain
        credentials = find_authorization(request, realm)
        if credentials is None:
            return self._challenge(request, realm, now, self._limit(request, flow, now))
        host = flow.remote_host
        login = credentials.login[:_NAME_LENGTH]
        self._algorithms.answered(host, login)
        if self.guard.locked(host, login, now):
            return FORBIDDEN
        secrets = index.devices
        verdict = self._challenger.verify(
            credentials, request.method, request.uri, lambda user, _: _secret(secrets.get(user)), now
        )
        if verdict.outcome == "stale":
            return self._challenge(request, realm, now, self._same_again(credentials), stale=True)
        if verdict.outcome == "malformed":
            return RefuseCaller(400, "Bad Credentials")
        if not verdict.accepted:
            self._failed(credentials, flow, login, known=login in secrets, now=now)
            return FORBIDDEN
        self.guard.succeeded(host, login)
        device = secrets[verdict.username]
        if request.method == "REGISTER" and request.to.uri.user != device.username:
            log.warning("device registers for another", device=device.username)
            return FORBIDDEN  # §10.3 step 4: not its address-of-record
        if device.encryption == "required" and flow.transport not in SECURE:
            return ENCRYPTION_REQUIRED
        info = self._challenger.authentication_info(verdict, now)
        return DeviceCaller(device, () if info is None else (("Authentication-Info", info),))

    def _failed(self, credentials: Authorization, flow: Flow, login: str, *, known: bool, now: float) -> None:
        proven = flow.transport in RELIABLE or self._challenger.issued(credentials.nonce, credentials.realm)
        log.warning("login failed", source=flow.remote_host, username=login, known=known)
        self.guard.failed(flow.remote_host, login, now, proven=proven, weight=1.0 if known else 2.0)

    def _limit(self, request: Request, flow: Flow, now: float) -> tuple[str, ...] | None:
        username = request.from_.uri.user[:_NAME_LENGTH]
        limited = self._algorithms.limit(flow.remote_host, username, request.get("User-Agent") or "", now)
        return MD5_ONLY if limited else None

    @staticmethod
    def _same_again(credentials: Authorization) -> tuple[str, ...] | None:
        """A phone that answered with MD5 is asked for MD5 again."""
        return MD5_ONLY if credentials.algorithm == "MD5" else None

    def _challenge(
        self, request: Request, realm: str, now: float, algorithms: tuple[str, ...] | None, stale: bool = False
    ) -> Challenge:
        values = self._challenger.challenge(realm, now, stale, algorithms)
        if request.method == "REGISTER":
            return Challenge(401, "Unauthorized", tuple(("WWW-Authenticate", value) for value in values))
        return Challenge(407, "Proxy Authentication Required", tuple(("Proxy-Authenticate", v) for v in values))

    # --- outside lines -----------------------------------------------------------------------------------------------

    def _peers(self, host: str) -> dict[int, Trunk]:
        """The outside lines whose calls come from this address."""
        peers = {trunk.id: trunk for trunk in self.directory.trunks_by_source(host)}
        for trunk_id in self._providers.get(host, ()):
            trunk = self.directory.trunk(trunk_id)
            if trunk is not None:
                peers.setdefault(trunk_id, trunk)
        return peers

    def _from_peer(self, request: Request, peers: dict[int, Trunk], flow: Flow) -> Verdict:
        """Providers send calls either to the number, or to the Contact we registered, the number then being in To."""
        if flow.transport not in SECURE:  # keys would be readable, and a UDP source can be forged
            peers = {trunk_id: trunk for trunk_id, trunk in peers.items() if trunk.srtp != "required"}
            if not peers:
                return ENCRYPTION_REQUIRED
        called = request.target.user
        contacts = self._providers.get(flow.remote_host, {})
        meant = tuple(trunk for trunk_id, trunk in peers.items() if called and contacts.get(trunk_id) == called)
        if meant:
            return TrunkCaller(meant, request.to.uri.user)
        return TrunkCaller(tuple(peers.values()), called)

    def _trunk_login(self, username: str) -> Trunk | None:
        if not username:
            return None
        for trunk in self.directory.trunks():
            if trunk.kind == "peer" and trunk.username == username and trunk.secret and not trunk.sources:
                return trunk
        return None

    def _trunk_by_digest(self, request: Request, trunk: Trunk, flow: Flow, now: float) -> Verdict:
        host = flow.remote_host
        realm = trunk.domain or self.settings.trunk_realm
        credentials = find_authorization(request, realm)
        if credentials is None:
            return self._challenge(request, realm, now, self._limit(request, flow, now))
        self._algorithms.answered(host, trunk.username)
        if self.guard.locked(host, trunk.username, now):
            return FORBIDDEN
        secrets = {trunk.username: trunk.secret}
        verdict = self._challenger.verify(
            credentials, request.method, request.uri, lambda user, _: secrets.get(user), now
        )
        if verdict.outcome == "stale":
            return self._challenge(request, realm, now, self._same_again(credentials), stale=True)
        if not verdict.accepted:
            self._failed(credentials, flow, trunk.username, known=True, now=now)
            return FORBIDDEN
        self.guard.succeeded(host, trunk.username)
        if trunk.srtp == "required" and flow.transport not in SECURE:
            return ENCRYPTION_REQUIRED
        return TrunkCaller((trunk,), request.target.user)


def _secret(device: Device | None) -> str | None:
    return None if device is None else device.secret


def _is_scanner(request: Request) -> bool:
    agent = request.get("User-Agent")
    return agent is not None and agent[:24].lower().startswith(SCANNERS)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
