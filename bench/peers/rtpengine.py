"""Debian's rtpengine in user space as a media relay, steered by its ng protocol (bencode over UDP)."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Self

from bench.peers.process import Daemon, Peer, PeerFailed, free_port

Address = tuple[str, int]
Bencodable = str | bytes | int | list["Bencodable"] | dict[str, "Bencodable"]


def bencode(value: Bencodable) -> bytes:
    """Bencode a value; text is UTF-8."""
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(bencode(each) for each in value) + b"e"
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def bdecode(data: bytes) -> dict[str, Bencodable]:
    """Decode one bencoded dictionary; strings stay bytes. Raises ``PeerFailed``."""
    try:
        value, _ = _decode_at(data, 0)
    except (ValueError, IndexError) as error:
        raise PeerFailed(f"not bencode: {data[:80]!r}") from error
    if not isinstance(value, dict):
        raise PeerFailed(f"not a dictionary: {data[:80]!r}")
    return value


def _decode_at(data: bytes, at: int) -> tuple[Bencodable, int]:
    kind = data[at : at + 1]
    if kind == b"i":
        end = data.index(b"e", at)
        return int(data[at + 1 : end]), end + 1
    if kind in (b"l", b"d"):
        items: list[Bencodable] = []
        at += 1
        while data[at : at + 1] != b"e":
            item, at = _decode_at(data, at)
            items.append(item)
        if kind == b"l":
            return items, at + 1
        keys = (key.decode() for key in items[::2] if isinstance(key, bytes))
        return dict(zip(keys, items[1::2], strict=True)), at + 1
    colon = data.index(b":", at)
    end = colon + 1 + int(data[at:colon])
    return data[colon + 1 : end], end


class Rtpengine(Peer):
    """One rtpengine with one worker thread. A context manager."""

    name = "rtpengine"

    def __init__(self, directory: Path, *, core: int | None = None, calls: int = 2000) -> None:
        self.host = "127.0.0.1"
        self.ng: Address = (self.host, free_port(self.host))
        low = 40_000
        self.daemon = Daemon(
            "rtpengine",
            ["rtpengine", "--config-file=none", "--table=-1", f"--interface={self.host}", "--foreground",
             "--log-stderr", "--log-level=3", "--num-threads=1", "--delete-delay=0",
             f"--listen-ng={self.ng[0]}:{self.ng[1]}", f"--port-min={low}", f"--port-max={low + calls * 4 + 200}",
             f"--pidfile={directory / 'rtpengine.pid'}"],
            cwd=directory,
            core=core,
        )  # fmt: skip
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(2.0)
        self._cookie = 0

    def start(self) -> Self:
        """Start it and wait until it answers a ping. Raises ``PeerFailed``."""
        self.daemon.start()
        self.daemon.wait_until(self._pongs, 10, "rtpengine answers")
        return self

    def stop(self) -> None:
        """End it; commands are over then."""
        self._socket.close()
        self.daemon.stop()

    def _pongs(self) -> bool:
        self._socket.settimeout(0.2)
        try:
            return self.command({"command": "ping"}).get("result") == b"pong"
        except PeerFailed:
            return False
        finally:
            self._socket.settimeout(2.0)

    def command(self, command: dict[str, Bencodable]) -> dict[str, Bencodable]:
        """One ng command and its answer. Raises ``PeerFailed`` when refused or unanswered."""
        self._cookie += 1
        cookie = b"%d" % self._cookie
        try:
            self._socket.sendto(cookie + b" " + bencode(command), self.ng)
            while True:
                answered, _, body = self._socket.recvfrom(65535)[0].partition(b" ")
                if answered == cookie:
                    break
        except OSError as error:
            raise PeerFailed(f"rtpengine does not answer {command.get('command')!r}: {error}") from error
        answer = bdecode(body)
        if answer.get("result") == b"error":
            raise PeerFailed(f"rtpengine: {answer.get('error-reason')!r}")
        return answer

    def relay(self, call: str, remote: Address) -> tuple[Address, Address]:
        """Set up a two-way G.711 relay whose parties are both at ``remote``; where each party sends to."""
        common: dict[str, Bencodable] = {"call-id": call, "from-tag": "a", "ICE": "remove", "replace": ["origin"]}
        offered = self.command({**common, "command": "offer", "sdp": _sdp(remote)})
        answered = self.command({**common, "command": "answer", "to-tag": "b", "sdp": _sdp(remote)})
        return _address(answered), _address(offered)

    def delete(self, call: str) -> None:
        """End a relay."""
        self.command({"command": "delete", "call-id": call, "from-tag": "a"})


def _sdp(remote: Address) -> str:
    host, port = remote
    return (
        f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n"
    )


def _address(answer: dict[str, Bencodable]) -> Address:
    sdp = answer["sdp"]
    assert isinstance(sdp, bytes)
    host, port = re.search(rb"c=IN IP4 (\S+)", sdp), re.search(rb"m=audio (\d+)", sdp)
    if host is None or port is None:
        raise PeerFailed(f"no address in {sdp!r}")
    return host[1].decode(), int(port[1])
