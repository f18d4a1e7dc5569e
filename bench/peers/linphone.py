"""Linphone's console program as a real phone under remote control: it plays a tone, records what it hears.

linphone 5.1 does not come up without its data folder: its database cannot be opened and it ends up with no listening
point and no word about it on the console. Its TLS library knows no addresses in certificates: it only checks who signed
them. Commands go in over a named pipe; what it says is in its log.
"""

from __future__ import annotations

import os
import re
import wave
from pathlib import Path
from typing import Self

import numpy as np

from bench.peers.baresip import Account
from bench.peers.ears import Ears
from bench.peers.process import Daemon, Peer, PeerFailed, free_port

RATE_HZ = 8000
TONE_S = 60
LEVEL = 8000

CONFIGURATION = """[sip]
sip_port={sip_port}
sip_tcp_port=0
sip_tls_port={tls_port}
default_proxy=0
media_encryption={encryption}
media_encryption_mandatory={must_encrypt}
root_ca={authority}
verify_server_cn=0
[net]
firewall_policy=0
[rtp]
audio_rtp_port={rtp_port}
[video]
enabled=0
[sound]
echocancellation=0
[proxy_0]
reg_proxy=<sip:{server};transport={transport}>
reg_route=<sip:{server};transport={transport};lr>
reg_identity=sip:{user}@{domain}
reg_expires=60
reg_sendregister=1
[auth_info_0]
username={user}
passwd={password}
realm={domain}
"""


class Linphone(Ears, Peer):
    """One phone with one account. A context manager: registered on entry. ``authority`` must sign certificates."""

    def __init__(self, account: Account, directory: Path, *, tone_hz: int = 440, authority: Path | None = None) -> None:
        self.account = account
        self.directory = directory / f"linphone-{account.user}"
        self.recordings = self.directory / "recordings"
        home = self.directory / "home"
        for folder in (self.recordings, home / ".local/share/linphone", home / ".config/linphone"):
            folder.mkdir(parents=True, exist_ok=True)
        host, port = account.proxy
        (self.directory / "rc").write_text(
            CONFIGURATION.format(
                tls_port=free_port() if account.transport == "tls" else 0,
                sip_port=free_port(), rtp_port=free_port(adjacent=2), server=f"{host}:{port}",
                transport=account.transport, user=account.user, domain=account.domain, password=account.password,
                encryption="srtp" if account.encryption else "none",
                must_encrypt=int(account.encryption == "srtp-mand"), authority=authority or "",
            )
        )  # fmt: skip
        _write_tone(self.directory / "tone.wav", tone_hz)
        self._keyboard = self.directory / "keyboard"
        os.mkfifo(self._keyboard)
        command = ["sh", "-c", "exec linphonec -c rc -d 6 < keyboard"]
        self.daemon = Daemon(self.directory.name, command, cwd=self.directory, env={"HOME": str(home)})
        self._pipe = -1
        self._told = 0

    # --- life ---

    def start(self) -> Self:
        """Start and wait for the registration."""
        self._pipe = os.open(self._keyboard, os.O_RDWR)  # both ways, so that it never sees an end
        self.daemon.start()
        self.command("soundcard use files")
        self.command("play tone.wav")
        self.command("record recordings/heard.wav")
        self.wait_for(r"to \[LinphoneRegistrationOk\]")
        return self

    def stop(self) -> None:
        """End the phone."""
        if self._pipe >= 0:
            self.command("quit")
            os.close(self._pipe)
            self._pipe = -1
        self.daemon.stop(timeout_s=2.0)

    # --- control ---

    def command(self, text: str) -> None:
        """Type a line."""
        os.write(self._pipe, f"{text}\n".encode())

    def wait_for(self, pattern: str, timeout_s: float = 10.0) -> re.Match[str]:
        """Wait until it says something that matches, after what was waited for before."""
        found: re.Match[str] | None = None

        def said() -> bool:
            nonlocal found
            found = re.compile(pattern).search(self.daemon.log_path.read_text(errors="replace"), self._told)
            return found is not None

        try:
            self.daemon.wait_until(said, timeout_s, pattern)
        except PeerFailed as failed:
            raise PeerFailed(f"{self.name}: {failed}\n{self.report()}") from None
        assert found is not None
        self._told = found.end()
        return found

    # --- a user's hands ---

    def dial(self, number: str) -> None:
        """Call a number in the phone's own domain."""
        self.command(f"call {number}")

    def accept(self) -> None:
        """Answer the incoming call, once there is one, and wait until it stands."""
        call = self.wait_for(r"new incoming call from .*, assigned id (\d+)")[1]
        self.command(f"answer {call}")
        self.wait_for("Media streams established")

    def hold(self) -> None:
        """Put the current call on hold."""
        self.command("pause")

    def resume(self) -> None:
        """Take the call off hold."""
        self.command("resume")

    def hang_up(self) -> None:
        """End the current call."""
        self.command("terminate")


def _write_tone(path: Path, frequency_hz: int) -> None:
    at = np.arange(RATE_HZ * TONE_S) / RATE_HZ
    samples = (LEVEL * np.sin(2 * np.pi * frequency_hz * at)).astype(np.int16)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(samples.tobytes())
