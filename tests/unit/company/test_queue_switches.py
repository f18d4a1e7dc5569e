"""Who may switch a queue by hand, and what stands in the way of it (V 23.3.2, V 23.3.4)."""

from __future__ import annotations

import pytest

from kiestoon.company.model import Destination, Queue, QueueMember, User
from kiestoon.company.queue_switches import hindrance, may_switch

TO_BERT = Destination("extension", "102")


def queue(**fields):
    return Queue(id=1, company_id=1, extension="301", name="Support", **fields)


@pytest.mark.parametrize(
    ("supervisor", "configures_time", "member", "may"),
    [
        (True, False, "101", True),
        (True, False, "102", False),
        (False, False, "101", False),
        (False, True, "102", True),
        (True, True, "102", True),
    ],
)
def test_supervisors_of_the_queue_may_and_who_may_configure_time(supervisor, configures_time, member, may):
    anna = User(
        id=1, company_id=1, extension="101", name="Anna", is_supervisor=supervisor, may_configure_time=configures_time
    )
    assert may_switch(anna, [QueueMember(id=1, company_id=1, queue_id=1, extension=member, logged_in=False)]) is may


@pytest.mark.parametrize(
    ("what", "fields", "on", "off"),
    [
        ("forced", {"forced_to": TO_BERT}, "", ""),
        ("forced", {}, "nowhere", ""),
        ("forced", {"forced_to": TO_BERT, "forced_by_code": False}, "by_code", "by_code"),
        ("forced", {"forced_to": TO_BERT, "night_by_code": False}, "", ""),
        ("night", {"night": "busy"}, "", ""),
        ("night", {"night": "forward", "night_to": TO_BERT}, "", ""),
        ("night", {}, "nowhere", ""),
        ("night", {"night": "busy", "night_by_code": False}, "by_code", "by_code"),
    ],
)
def test_a_switch_needs_leave_and_somewhere_to_send_calls(what, fields, on, off):
    assert (hindrance(queue(**fields), what, True), hindrance(queue(**fields), what, False)) == (on, off)
