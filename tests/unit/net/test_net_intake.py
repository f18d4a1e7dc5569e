"""Messages that are none, on their way in."""

from __future__ import annotations

import pytest
from net_peers import Recorder, options

from kiestoon.net.intake import Intake
from kiestoon.sip.flow import Flow

FLOW = Flow("udp", "192.0.2.1", 5060, "192.0.2.9", 40000)


@pytest.mark.parametrize(
    "via",
    ["SIP/7.0/UDP c.example.com", "SIP/2.0/UDP 192.0.2.9:n060", "SIP/2.0/UDP 192.0.2.9;;=x", "\0", "SIP/2.0/U\xff"],
)
def test_a_message_with_an_unreadable_via_is_answered_to_its_source_and_never_raises(via: str) -> None:
    sink = Recorder()
    answers: list[tuple[bytes, str, int]] = []
    data = options().replace(b"SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKc1;rport", via.encode("latin-1"))
    Intake(sink).datagram(data, FLOW, lambda raw, host, port: answers.append((raw, host, port)))
    bad, _ = sink.bad.get_nowait()
    for raw, host, port in answers:
        assert raw.startswith(b"SIP/2.0 %d " % bad.status)
        assert (host, port) == (FLOW.remote_host, FLOW.remote_port)
