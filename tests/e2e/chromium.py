"""Chromium for the end-to-end tests: one process for each tone that a microphone is to hear, on Debian's package.

Nothing is downloaded: Playwright drives ``/usr/bin/chromium``. The exchange's own certificate authority is trusted as a
user would: it is imported into the certificate store of the browser's home folder.
"""

from __future__ import annotations

import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
from bench.peers.process import PeerFailed
from playwright.async_api import Browser, Playwright

CHROMIUM = Path("/usr/bin/chromium")
RATE_HZ = 48_000
TONE_S = 5
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",  # the exchange's address for speech is 127.0.0.1
)


async def launch(playwright: Playwright, home: Path, tone_hz: int, authority: Path) -> Browser:
    """A browser whose microphone hears this tone, with a home folder that trusts ``authority`` (a PEM file)."""
    if not CHROMIUM.exists():
        raise PeerFailed(f"{CHROMIUM} is missing: run make setup, which installs it")
    home.mkdir(parents=True, exist_ok=True)
    _trust(home, authority)
    tone = home / "tone.wav"
    _write_tone(tone, tone_hz)
    return await playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[*ARGUMENTS, f"--use-file-for-fake-audio-capture={tone}"],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )


def _trust(home: Path, authority: Path) -> None:
    """NSS' certificate store, where Chromium on Linux looks for authorities of the user's own."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    for arguments in (
        ("-N", "--empty-password"),
        ("-A", "-t", "C,,", "-n", "exchange", "-i", str(authority)),
    ):
        subprocess.run(
            [_certutil(), "-d", f"sql:{store}", *arguments], check=True, capture_output=True, stdin=subprocess.DEVNULL
        )


def _certutil() -> str:
    found = shutil.which("certutil")
    if found is None:
        raise PeerFailed("certutil is missing: run make setup, which installs it (package libnss3-tools)")
    return found


def _write_tone(path: Path, hz: int) -> None:
    """Whole periods, so that the browser, which plays it in a circle, goes over the seam without a click."""
    samples = 10_000 * np.sin(2 * np.pi * hz * np.arange(RATE_HZ * TONE_S) / RATE_HZ)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
