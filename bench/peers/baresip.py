"""baresip as a real phone under remote control: it sends a tone, records what it hears and tells what happens.

baresip 1.0.0 stops recording what it receives once its own media session was changed by a re-INVITE, its own or the
exchange's (it drops the receiving filter chain and does not set it up again). The other party still records: after a
hold and resume, ask the party that was held.

Control goes over its ``ctrl_tcp`` module: JSON in netstrings, commands one way, responses and events the other.
Nothing here sleeps: everything waits for an event of the phone or for audio in its recording, each with a deadline.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.peers.ears import Ears
from bench.peers.namespace import inside
from bench.peers.process import Daemon, Peer, PeerFailed, free_port

MODULES = Path("/usr/lib/baresip/modules")

CONTROL_HOST = "127.0.0.1"

RTP_PORTS = 20

CODECS = {"PCMA": "pcma", "PCMU": "pcmu", "G722": "g722", "opus": "opus/48000/2"}


@dataclass(frozen=True)
class Account:
    """How the phone logs in. ``proxy`` is where its requests go; ``encryption`` is "", "srtp" or "srtp-mand"."""

    user: str
    domain: str
    password: str
    proxy: tuple[str, int]
    transport: str = "udp"
    codecs: Sequence[str] = ("PCMA",)
    encryption: str = ""
    register: bool = True
    answer: str = "manual"
    extra: str = ""

    def line(self) -> str:
        """The line for baresip's ``accounts`` file."""
        host, port = self.proxy
        parts = [
            f'"Phone {self.user}" <sip:{self.user}@{self.domain};transport={self.transport}>',
            f"auth_user={self.user}",
            f"auth_pass={self.password}",
            f'outbound="sip:{bracketed(host)}:{port};transport={self.transport}"',
            f"regint={60 if self.register else 0}",
            f"answermode={self.answer}",
            "audio_codecs=" + ",".join(CODECS[codec] for codec in self.codecs),
        ]
        if self.encryption:
            parts.append(f"mediaenc={self.encryption}")
        return ";".join(parts) + self.extra + "\n"


@dataclass
class Event:
    """Something the phone told: ``type`` is baresip's ("CALL_ESTABLISHED"), ``param`` its detail."""

    type: str
    param: str = ""
    data: dict[str, object] = field(default_factory=dict)


class Baresip(Ears, Peer):
    """One phone with one account. A context manager: registered on entry (when the account registers).

    ``host`` is its address, of either family; ``namespace`` the network namespace that has it, "" for this one.
    ``port``: where it listens, for TLS the one after; 0 takes a free one. ``watches``: users to whose presence it
    subscribes; None: it knows nothing of presence. (The module ``mwi`` of 1.0.0 now and then subscribes without end.)
    """

    recorded_as = "dump-*-dec.wav"

    def __init__(
        self,
        account: Account,
        directory: Path,
        *,
        tone_hz: int = 440,
        host: str = "127.0.0.1",
        ca_file: Path | None = None,
        certificate: Path | None = None,
        core: int | None = None,
        namespace: str = "",
        port: int = 0,
        watches: Sequence[str] | None = None,
    ) -> None:
        self.account = account
        self.watches = watches
        self.tone_hz = tone_hz
        self.host = host
        self.namespace = namespace
        self.directory = directory / f"baresip-{account.user}"
        self.recordings = self.directory / "recordings"
        self.recordings.mkdir(parents=True, exist_ok=True)
        with inside(namespace):
            self.sip_port = port or free_port(host)
            self._control_port = free_port(CONTROL_HOST)
            self._rtp_port = free_port(host, adjacent=RTP_PORTS)
        self._write_configuration(tone_hz, ca_file, certificate)
        family = "-6" if ":" in host else "-4"
        command: list[str | Path] = ["baresip", family, "-f", self.directory, "-s"]
        ports = {self._control_port, *range(self._rtp_port, self._rtp_port + RTP_PORTS)}
        ports |= set() if port else {self.sip_port}
        self.daemon = Daemon(f"baresip-{account.user}", command, cwd=self.directory, core=core, ports=ports)
        self._control: socket.socket | None = None
        self._buffer = b""
        self._events: list[Event] = []
        self._responses: list[dict[str, object]] = []
        self.history: list[Event] = []

    def _write_configuration(self, tone_hz: int, ca_file: Path | None, certificate: Path | None) -> None:
        modules = ["g711", "g722", "opus", "srtp", "ausine", "aubridge", "sndfile"]
        lines = [
            "poll_method epoll",
            f"sip_listen {bracketed(self.host)}:{self.sip_port}",
            "call_local_timeout 60",
            "call_max_calls 4",
            f"net_interface {self.host}",
            "statmode_default off",
            "audio_player aubridge,unheard",
            f"audio_source ausine,{tone_hz}",
            "audio_alert aubridge,unheard",
            "ausrc_srate 48000",
            "ausrc_channels 2",
            f"rtp_ports {self._rtp_port}-{self._rtp_port + RTP_PORTS - 2}",
            "jitter_buffer_delay 1-5",
            "snd_path recordings",  # beneath where it runs: it has room for 128 characters with the name
            f"ctrl_tcp_listen {CONTROL_HOST}:{self._control_port}",
            "opus_bitrate 28000",
            f"module_path {MODULES}",
            *(f"module {name}.so" for name in modules),
            *(f"module_tmp {name}.so" for name in ("uuid", "account")),
            *(f"module_app {name}.so" for name in ("ctrl_tcp", "menu")),
            *(f"module_app {name}.so" for name in ("contact", "presence") if self.watches is not None),
        ]
        if ca_file is not None:
            lines.append(f"sip_cafile {ca_file}")
        if certificate is not None:
            lines.append(f"sip_certificate {certificate}")
        (self.directory / "config").write_text("\n".join(lines) + "\n")
        (self.directory / "accounts").write_text(self.account.line())
        contacts = (f'"User {user}" <sip:{user}@{self.account.domain}>;presence=p2p\n' for user in self.watches or ())
        (self.directory / "contacts").write_text("".join(contacts))

    # --- life ---

    def start(self) -> Self:
        """Start, connect to its control port, and wait for the registration."""
        with inside(self.namespace):
            self.daemon.start()
        self.daemon.wait_until(self._connects, 5, f"{self.name} control port")
        if self.account.register:
            # It may have registered before we could listen for events, so ask.
            self.daemon.wait_until(self._registered, 5, f"{self.name} is registered")
        return self

    def _registered(self) -> bool:
        return "OK" in str(self.command("reginfo").get("data"))

    def _connects(self) -> bool:
        try:
            with inside(self.namespace):
                self._control = socket.create_connection((CONTROL_HOST, self._control_port), timeout=1)
        except OSError:
            return False
        return True

    def stop(self) -> None:
        """End the phone; it unregisters when it can."""
        if self._control is not None:
            self._control.close()
            self._control = None
        self.daemon.stop(timeout_s=2.0)

    def report(self) -> str:
        """What it did and saw, for a failure report."""
        events = ", ".join(f"{event.type} {event.param}".strip() for event in self.history)
        return f"--- {self.name} events: {events}\n{self.daemon.log_tail(200)}"

    # --- control ---

    def command(self, name: str, params: str = "") -> dict[str, object]:
        """Give a command and return its response. Raises ``PeerFailed`` when refused or unanswered."""
        assert self._control is not None
        body = json.dumps({"command": name, "params": params, "token": name}).encode()
        self._control.sendall(b"%d:%s," % (len(body), body))
        deadline = time.monotonic() + 5
        while not self._responses:
            self._read(deadline, f"response to {name}")
        response = self._responses.pop(0)
        if not response.get("ok"):
            raise PeerFailed(f"{self.name} refuses {name} {params}: {response}\n{self.report()}")
        return response

    def wait_for(self, *types: str, timeout_s: float = 10.0) -> Event:
        """The next event of one of these types; earlier events of other types are passed over."""
        deadline = time.monotonic() + timeout_s
        while True:
            while self._events:
                if (event := self._events.pop(0)).type in types:
                    return event
            self._read(deadline, f"event {' or '.join(types)}")

    def _read(self, deadline: float, what: str) -> None:
        assert self._control is not None
        left_s = deadline - time.monotonic()
        try:
            if left_s <= 0:
                raise TimeoutError
            self._control.settimeout(left_s)
            data = self._control.recv(65536)
        except TimeoutError:
            raise PeerFailed(f"{self.name}: no {what}\n{self.report()}") from None
        if not data:
            raise PeerFailed(f"{self.name} closed its control connection\n{self.report()}")
        self._buffer += data
        while (message := self._next_message()) is not None:
            if message.get("event"):
                event = Event(str(message.get("type")), str(message.get("param", "")), message)
                self.history.append(event)
                self._events.append(event)
            elif "response" in message:
                self._responses.append(message)

    def _next_message(self) -> dict[str, object] | None:
        digits, colon, rest = self._buffer.partition(b":")
        if not colon or len(rest) < int(digits) + 1:
            return None
        self._buffer = rest[int(digits) + 1 :]
        message: dict[str, object] = json.loads(rest[: int(digits)])
        return message

    # --- a user's hands ---

    def dial(self, target: str) -> None:
        """Call a number in the phone's own domain, or a full SIP URI."""
        self.command("dial", target if ":" in target else f"sip:{target}@{self.account.domain}")

    def accept(self) -> None:
        """Answer the incoming call, once there is one, and wait until it stands."""
        self.wait_for("CALL_INCOMING")
        self.command("accept")
        self.wait_for("CALL_ESTABLISHED")

    def hang_up(self) -> None:
        """End the current call."""
        self.command("hangup")

    def hold(self) -> None:
        """Put the current call on hold (re-INVITE with sendonly or inactive)."""
        self.command("hold")

    def resume(self) -> None:
        """Take the current call off hold."""
        self.command("resume")

    def send_digits(self, digits: str) -> None:
        """Press keys: RFC 4733 telephone events."""
        for digit in digits:
            self.command("sndcode", digit)


def bracketed(host: str) -> str:
    """An address as URIs write it (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host
