"""An outside line at whose address nobody listens: the kernel says so, and the next line has the call soon."""

from __future__ import annotations

import time

from bench.peers.sipp import expect_all
from parties import FAILING, SECOND_PROVIDER, caller, provider

LINE_PATIENCE_S = 6.0
"""What a line that says nothing at all costs."""


def test_a_line_where_nobody_listens_is_passed_over_before_its_patience_is_over(exchange, sipp):
    second = sipp(provider("second").ring_and_answer().byed(), host=SECOND_PROVIDER[0], port=SECOND_PROVIDER[1])
    began = time.monotonic()
    expect_all(sipp(caller("501", "00205551234", site=FAILING[0]).call().bye()), second)
    assert time.monotonic() - began < LINE_PATIENCE_S
