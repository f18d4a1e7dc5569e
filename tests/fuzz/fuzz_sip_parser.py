"""Coverage-guided fuzzing of the SIP parser. By hand, for as long as you like:

    python tests/fuzz/fuzz_sip_parser.py -max_total_time=600

Finds are written as crash-* files into the current directory.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "unit" / "sip" / "torture")]

with atheris.instrument_imports(include=["kiestoon.sip"]):
    from kiestoon.sip.framing import FramingLost, StreamFramer
    from kiestoon.sip.message import Request, Response
    from kiestoon.sip.parse import BadMessage, parse_message
    from kiestoon.sip.validate import Supports, check_request

SUPPORTS = Supports(frozenset({"INVITE", "OPTIONS", "REGISTER"}), body_types=frozenset({"application/sdp"}))


def fuzz_one(data: bytes) -> None:
    """One datagram and the same bytes as a stream: only the documented exceptions may come out."""
    with contextlib.suppress(FramingLost):
        StreamFramer().feed(data)
    try:
        message = parse_message(data)
    except BadMessage as bad:
        if bad.response is not None:
            bad.response.encode()
        return
    again = parse_message(message.encode())
    if list(again.items()) != list(message.items()) or again.body != message.body:
        raise AssertionError("a message changed on its way out and in again")
    _ = message.supported, message.required, message.allowed, message.content_type
    if isinstance(message, Request):
        check_request(message, SUPPORTS, forwarding=True)
        Response.answer(message, 200, to_tag="t").encode()


def main() -> None:
    from loader import RFC4475, RFC5118

    with tempfile.TemporaryDirectory() as corpus:
        for name, data in {**RFC4475, **RFC5118}.items():
            (Path(corpus) / name).write_bytes(data)
        atheris.Setup([*sys.argv, corpus], fuzz_one)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
