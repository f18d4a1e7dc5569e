"""The installation's settings: defaults, then one TOML file, then the environment, each overriding the one before.

Every setting can be given as ``KIESTOON_<SECTION>_<NAME>`` (``KIESTOON_SIP_UDP=5070``, ``KIESTOON_DATA_DIR=/srv/k``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

import msgspec

from kiestoon.operator_error import OperatorError
from kiestoon.speech.voices import read_voices
from kiestoon.unreadable import UNREADABLE

_PREFIX = "KIESTOON_"
_SEARCH = (Path("var/kiestoon.toml"), Path("/etc/kiestoon/kiestoon.toml"))
_MAX_SOCKET_PATH = 100  # sockaddr_un holds 108 bytes


class ConfigError(OperatorError):
    """A setting is wrong."""

    exit_code = 78  # EX_CONFIG


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of the sections."""


class SipSettings(Section, frozen=True):
    """Where SIP is spoken. Ports: 0 = not at all. ``hosts``: addresses to listen on.

    ``advertised_host`` goes into Contact, Via and (an address) SDP for peers outside private networks, which see us by
    it through a router.
    ``allow_bare_ip``: phones may register with the server's address in place of the company's domain (off: scanners
    try addresses only). ``never_banned``: addresses and ranges that failures do not ban and no rate limits.
    ``keep_alive_s``: how often, in seconds at most, phones behind routers, and providers we are logged in at, are asked
    for a sign of life; 0 = never.
    ``udp_limit``: larger requests go to servers by TCP instead of UDP (RFC 3261 §18.1.1), in bytes; 0 = never.
    ``certificate``/``key``: PEM files; "" = made in the data folder, beside an authority.pem that phones can trust.
    """

    hosts: tuple[str, ...] = ("0.0.0.0", "::")  # noqa: S104 - an exchange is there to be reached
    udp: int = 5060
    tcp: int = 5060
    tls: int = 5061
    ws: int = 0
    wss: int = 5443
    advertised_host: str = ""
    allow_bare_ip: bool = False
    certificate: str = ""
    key: str = ""
    never_banned: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    digest: tuple[Literal["SHA-256", "MD5"], ...] = ("SHA-256", "MD5")
    nameservers: tuple[str, ...] = ()
    keep_alive_s: float = 28.0
    udp_limit: int = 1300

    @property
    def nameserver_addresses(self) -> tuple[tuple[str, int], ...]:
        """``nameservers`` as host and port. An IPv6 address with a port stands in brackets."""
        found = []
        for text in self.nameservers:
            host, colon, port = text.rpartition(":")
            has_port = colon and (":" not in host or host.endswith("]"))
            found.append((host.strip("[]"), int(port)) if has_port and port.isdecimal() else (text.strip("[]"), 53))
        return tuple(found)


class MediaSettings(Section, frozen=True):
    """``processes`` 0: one for each core but one. ``first_port`` to ``last_port`` are for RTP and RTCP (UDP).

    ``hosts``: the addresses speech is sent from, each with ``=ADDRESS`` when the world knows it by another; none given:
    the loopback address and the one the routing table uses towards the outside, which the world may know by
    ``sip.advertised_host``.
    """

    processes: int = 0
    first_port: int = 20000
    last_port: int = 29999
    hosts: tuple[str, ...] = ()


class LimitSettings(Section, frozen=True):
    """``max_calls``: live calls at once; above it new ones get 503 with Retry-After, emergency calls excepted. 0 = as
    many as the machine carries: the exchange notices by itself when it is overloaded."""

    max_calls: int = 0


class HepSettings(Section, frozen=True):
    """HEPv3 export of every SIP message, for HOMER. ``target`` is ``host:port``; "" = off."""

    target: str = ""
    capture_id: int = 2001
    password: str = ""


class WebSettings(Section, frozen=True):
    """The web process: the API, ``/health`` and ``/metrics``. ``port`` 0 = off.

    ``requests_per_minute``: of one account; an address may make five times as many. 0 = no limit.
    ``public_url``: where browsers reach us ("" = whatever address they ask for); passkeys and identity providers count
    on it. ``inside_url``: the same from within the office, where it differs; account mails tell both.
    ``private_targets``: whether identity providers and webhooks may have addresses of private networks.
    """

    host: str = "127.0.0.1"
    port: int = 9080
    requests_per_minute: int = 1200
    public_url: str = ""
    inside_url: str = ""
    private_targets: bool = False


class MailSettings(Section, frozen=True):
    """The server that takes our mail. ``host`` "" = no mail is sent. ``sender`` is ``Name <address>``.

    ``tls``: "starttls", "tls" (from the first byte, port 465) or "none" (a server on this machine). ``password_file``
    holds the password of ``user``.
    """

    host: str = ""
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_file: str = ""
    sender: str = ""


class SpeechSettings(Section, frozen=True):
    """What speaks. ``voices``: ``LANGUAGE=ENGINE:VOICE`` where it is not espeak-ng with its usual voice.

    ``espeak`` and ``piper`` are programs. ``url`` is the base of an endpoint with OpenAI's interface, ``model`` what it
    speaks with; ``key_file`` holds its key. ``timeout_s``: for one text. ``cache_mb``: of spoken texts on the disk.
    """

    voices: tuple[str, ...] = ()
    espeak: str = "espeak-ng"
    piper: str = "piper"
    url: str = ""
    model: str = ""
    key_file: str = ""
    timeout_s: float = 15.0
    cache_mb: int = 256


class LogSettings(Section, frozen=True):
    """``format`` "auto": console on a terminal, JSON lines elsewhere."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class DemoSettings(Section, frozen=True):
    """The demo's outside world listens on ``outside_port`` (UDP and TCP) of 127.0.0.2."""

    outside_port: int = 5070


class Settings(Section, frozen=True):
    """Everything. ``database`` "" is an SQLite file in the data folder."""

    data_dir: str = "/var/lib/kiestoon"
    database: str = ""
    sip: SipSettings = SipSettings()
    media: MediaSettings = MediaSettings()
    limits: LimitSettings = LimitSettings()
    hep: HepSettings = HepSettings()
    web: WebSettings = WebSettings()
    mail: MailSettings = MailSettings()
    speech: SpeechSettings = SpeechSettings()
    log: LogSettings = LogSettings()
    demo: DemoSettings = DemoSettings()

    @property
    def data(self) -> Path:
        return Path(self.data_dir)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.data / 'kiestoon.db').absolute()}"

    @property
    def key_path(self) -> Path:
        return self.data / "installation.key"

    @property
    def admin_socket(self) -> Path:
        return self.data / "run" / "admin.sock"

    @property
    def notifier_socket(self) -> Path:
        return self.data / "run" / "notifier.sock"

    @property
    def media_sockets(self) -> tuple[Path, ...]:
        """One Unix socket for each media process."""
        return tuple(self.data / "run" / f"media-{number}.sock" for number in range(self.media_processes))

    @property
    def media_processes(self) -> int:
        return self.media.processes or max(1, (os.cpu_count() or 1) - 1)

    def media_ports(self, number: int) -> tuple[int, int]:
        """The RTP ports of one media process, first and last: each process has its own share of the range."""
        share = (self.media.last_port - self.media.first_port + 1) // self.media_processes // 2 * 2
        first = self.media.first_port + self.media.first_port % 2 + number * share
        return first, min(first + share - 1, self.media.last_port)

    @property
    def spool_dir(self) -> Path:
        return self.data / "spool"

    @property
    def speech_dir(self) -> Path:
        """Spoken texts: made anew when they are missing."""
        return self.data / "speech"

    @property
    def recordings_dir(self) -> Path:
        """Companies' own recordings in place of texts, in a folder for each."""
        return self.data / "prompts"

    @property
    def journal_dir(self) -> Path:
        return self.data / "journal"

    @property
    def voicemail_dir(self) -> Path:
        """Recorded messages, a folder for each company."""
        return (self.data / "voicemail").absolute()

    @property
    def certificate(self) -> Path:
        return Path(self.sip.certificate) if self.sip.certificate else self.data / "tls" / "server.pem"

    @property
    def certificate_key(self) -> Path:
        return Path(self.sip.key) if self.sip.key else self.data / "tls" / "server.key"


def load_settings(
    path: Path | None = None, environment: Mapping[str, str] | None = None, *, defaults: Settings | None = None
) -> Settings:
    """Read the settings; raises ``ConfigError``. Without ``path`` the usual places are tried.

    ``defaults`` stand in for ours (the demo's differ).
    """
    environment = os.environ if environment is None else environment
    cells = _as_dict(defaults if defaults is not None else Settings())
    found = _find_file(path, environment)
    if found is not None:
        _merge(cells, _read(found), str(found))
    _apply_environment(cells, environment)
    return _checked(cells, str(found) if found else "the environment")


def settings_from_json(text: str) -> Settings:
    """The settings as ``settings_to_json`` wrote them for a child process."""
    return msgspec.json.decode(text, type=Settings)


def settings_to_json(settings: Settings) -> str:
    """For handing over to a child process."""
    return msgspec.json.encode(settings).decode()


def _find_file(path: Path | None, environment: Mapping[str, str]) -> Path | None:
    if path is None and environment.get("KIESTOON_CONFIG"):
        path = Path(environment["KIESTOON_CONFIG"])
    if path is not None:
        if not path.is_file():
            raise ConfigError(f"The configuration file {path} does not exist", "Check the path given with --config")
        return path
    return next((candidate for candidate in _SEARCH if candidate.is_file()), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})", "Make it readable for this user") from None
    except UNREADABLE as error:
        raise ConfigError(f"{path} is not valid TOML: {error}", "Correct that line") from None


def _as_dict(settings: Settings) -> dict[str, Any]:
    cells: dict[str, Any] = msgspec.to_builtins(settings)
    return cells


def _merge(cells: dict[str, Any], given: dict[str, Any], source: str) -> None:
    for name, value in given.items():
        held = cells.get(name)
        if isinstance(held, dict) and isinstance(value, dict):
            held.update(value)
        elif isinstance(held, dict):
            raise ConfigError(f"{name} in {source} is a section", f"Write [{name}] and its settings below it")
        else:
            cells[name] = value


def _apply_environment(cells: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name, held in list(cells.items()):
        if not isinstance(held, dict):
            cells[name] = environment.get(f"{_PREFIX}{name.upper()}", held)
            continue
        for field, value in held.items():
            text = environment.get(f"{_PREFIX}{name.upper()}_{field.upper()}")
            if text is not None:
                held[field] = text.replace(",", " ").split() if isinstance(value, list | tuple) else text


def _checked(cells: dict[str, Any], source: str) -> Settings:
    try:
        settings = msgspec.convert(cells, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"A setting in {source} is wrong: {error}", "docs/admin/configuration.md lists every setting"
        ) from None
    _check_ports(settings, source)
    _check_networks(settings.sip.never_banned, source)
    _check_speech(settings.speech, source)
    if len(os.fsencode(settings.admin_socket.absolute())) > _MAX_SOCKET_PATH:
        raise ConfigError(f"The path of data_dir {settings.data_dir} is too long", "Use one of under 80 characters")
    return settings


def _check_networks(networks: Sequence[str], source: str) -> None:
    for text in networks:
        try:
            ip_network(text, strict=False)
        except ValueError as error:
            raise ConfigError(
                f"sip.never_banned in {source} is wrong: {error}", "Write addresses and ranges like 192.0.2.0/24"
            ) from None


def _check_speech(speech: SpeechSettings, source: str) -> None:
    try:
        voices = read_voices(speech.voices)
    except ValueError as error:
        raise ConfigError(
            f"speech.voices in {source} is wrong: {error}", "docs/admin/speech.md shows how voices are written"
        ) from None
    if any(voice.engine == "http" for voice in voices.values()) and not speech.url.startswith(("https://", "http://")):
        raise ConfigError(f"speech.url in {source} is not set", "Give the endpoint's base, as in https://host/v1")
    if speech.timeout_s <= 0 or speech.cache_mb <= 0:
        raise ConfigError(f"speech.timeout_s and speech.cache_mb in {source} must be above 0", "Correct them")


def _check_ports(settings: Settings, source: str) -> None:
    sip, media = settings.sip, settings.media
    ports = {name: getattr(sip, name) for name in ("udp", "tcp", "tls", "ws", "wss")} | {"web.port": settings.web.port}
    for name, port in ports.items():
        if not 0 <= port <= 65535:
            raise ConfigError(f"Port {port} ({name}) in {source} is out of range", "Use 1 to 65535, or 0 for none")
    streams = [port for name, port in ports.items() if name != "udp" and port]
    if len(set(streams)) != len(streams):
        raise ConfigError(f"Two listeners in {source} use the same TCP port", "Give each a port of its own")
    if not 1024 <= media.first_port < media.last_port <= 65535:
        raise ConfigError(
            f"The RTP ports {media.first_port} to {media.last_port} in {source} are no usable range",
            "Use a range within 1024 to 65535, by default 20000 to 29999",
        )
    if sip.udp and media.first_port <= sip.udp <= media.last_port:
        raise ConfigError(f"SIP's UDP port {sip.udp} lies in the RTP range ({source})", "Move one of the two")
