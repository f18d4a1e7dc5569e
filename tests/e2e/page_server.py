"""Serves the telephone's page on http://localhost: browsers give a page a microphone there, as they do on https.

A page that did not really come from this machine may not connect to an exchange on it (Local Network Access).
"""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.peers.process import PeerFailed

PHONE = Path(__file__).parent / "phone"


@contextmanager
def serve_phone(folder: Path) -> Iterator[str]:
    """Build the page in ``folder`` and serve it; its address."""
    _build(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://localhost:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def _build(folder: Path) -> None:
    """The page, and the telephone's program with JsSIP in one file beside it."""
    esbuild = PHONE / "node_modules" / ".bin" / "esbuild"
    if not esbuild.exists():
        raise PeerFailed(f"{esbuild} is missing: run make setup, which installs it")
    output = folder / "phone.bundle.js"
    subprocess.run([esbuild, PHONE / "phone.js", "--bundle", "--log-level=warning", f"--outfile={output}"], check=True)
    (folder / "index.html").write_bytes((PHONE / "index.html").read_bytes())


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what went wrong shows in the browser."""
