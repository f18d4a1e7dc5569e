"""PUBLISH: what phones tell of their users, who sees it, and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from lamp_world import PRESENCE, LampWorld, WatchingPhone
from test_lamps import replaced
from world import DOMAIN, EXCHANGE, sample_rows

from kiestoon.company.model import Presence as PresenceRow
from kiestoon.phones.lamps.publishing import parse_published
from kiestoon.sip import events
from kiestoon.sip.digest import Credentials
from kiestoon.sip.flow import Target
from kiestoon.sip.message import Response
from kiestoon.sip.subscription.presence import CONTENT_TYPE, Presence


def office(**changes: Any) -> tuple[LampWorld, WatchingPhone, WatchingPhone]:
    """Bert publishes, Carla watches him."""
    world = LampWorld(rows=replaced(sample_rows(), 2, **changes))
    return world, world.watcher("bert", "192.0.2.2"), world.watcher("carla", "192.0.2.3")


def publish(
    phone: WatchingPhone, body: bytes = b"", *, etag: str = "", expires: str = "3600", of: str = "102",
    event: str = PRESENCE, content_type: str = CONTENT_TYPE,
) -> Response:  # fmt: skip
    headers = [("Event", event), ("Expires", expires), *([("SIP-If-Match", etag)] if etag else [])]
    phone.endpoint.request(
        phone.now, method="PUBLISH", uri=f"sip:{of}@{DOMAIN}", from_=f"<sip:{phone.name}@{DOMAIN}>",
        to=f"<sip:{of}@{DOMAIN}>", destination=[Target("udp", *EXCHANGE)], headers=headers, body=body,
        content_type=content_type if body else "", credentials=Credentials(phone.name, f"secret of {phone.name}"),
    )  # fmt: skip
    phone.network.run(0.3)
    response = phone.last(events.ResponseReceived).response
    assert response is not None
    return response


def says(*, is_open: bool = True, activity: Any = "", note: str = "") -> bytes:
    return Presence(is_open, activity, note).encode(f"sip:102@{DOMAIN}")


def test_what_a_phone_publishes_is_seen_renewed_changed_and_removed() -> None:
    world, bert, carla = office()
    seen = carla.watch("102", PRESENCE)
    first = publish(bert, says(activity="away", note="Fetching coffee"))
    assert first.status == 200
    assert (seen.basic, seen.activity, seen.note) == ("open", "away", "Fetching coffee")
    renewed = publish(bert, etag=first.get("SIP-ETag") or "")
    assert renewed.status == 200
    assert renewed.get("SIP-ETag") != first.get("SIP-ETag")
    assert publish(bert, etag=first.get("SIP-ETag") or "").status == 412
    changed = publish(bert, says(is_open=False), etag=renewed.get("SIP-ETag") or "")
    assert (seen.basic, seen.activity) == ("closed", "")
    gone = publish(bert, etag=changed.get("SIP-ETag") or "", expires="0")
    assert (gone.status, gone.get("Expires")) == (200, "0")
    assert (seen.basic, seen.activity, seen.note) == ("open", "", "")


def test_what_was_published_goes_with_whoever_leaves_the_phone() -> None:
    world, bert, carla = office()
    seen = carla.watch("102", PRESENCE)
    first = publish(bert, says(activity="away"))
    world.change(world.rows)
    assert seen.activity == "away"
    guest = (
        msgspec.structs.replace(each, logged_in_user_id=1) if each.id == 2 else each for each in world.rows.devices
    )
    world.change(msgspec.structs.replace(world.rows, devices=tuple(guest)))
    assert seen.activity == ""
    assert publish(bert, etag=first.get("SIP-ETag") or "").status == 403  # it is no phone of 102's any more


def test_what_is_not_renewed_is_forgotten() -> None:
    world, bert, carla = office()
    seen = carla.watch("102", PRESENCE)
    publish(bert, says(activity="busy"), expires="120")
    assert seen.activity == "busy"
    world.run(130)
    assert seen.activity == ""
    assert world.lamps.next_deadline(world.network.now) is None


def test_what_the_person_has_set_here_counts_more() -> None:
    rows = sample_rows()
    meeting = PresenceRow(id=1, company_id=1, user_id=2, status="meeting")
    world = LampWorld(rows=msgspec.structs.replace(rows, presences=(meeting,)))
    bert, carla = world.watcher("bert", "192.0.2.2"), world.watcher("carla", "192.0.2.3")
    seen = carla.watch("102", PRESENCE)
    publish(bert, says(activity="away"))
    assert seen.activity == "meeting"


def test_published_presence_that_is_not_for_colleagues_stays_unseen() -> None:
    _, bert, carla = office(presence_visibility="none")
    seen = carla.watch("102", PRESENCE)
    publish(bert, says(is_open=False, activity="away", note="secret"))
    assert (seen.basic, seen.activity, seen.note) == ("open", "", "")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"of": "103"}, 403),
        ({"event": "dialog"}, 489),
        ({"expires": "10"}, 423),
        ({"content_type": "text/plain"}, 415),
        ({"body": b"not xml"}, 400),
        ({"body": b""}, 400),
        ({"etag": "unknown"}, 412),
    ],
)
def test_what_is_refused(options: dict[str, Any], status: int) -> None:
    world, bert, _ = office()
    assert publish(bert, **{"body": says()} | options).status == status
    assert world.lamps.next_deadline(world.network.now) is None


def test_a_stranger_publishes_nothing() -> None:
    world, _, _ = office()
    assert publish(WatchingPhone(world, "nobody", "192.0.2.66"), says()).status == 403


def test_a_phone_that_forgets_its_tag_fills_nothing_up() -> None:
    world, bert, carla = office()
    for _ in range(20):
        publish(bert, says(activity="away"))
    assert len(world.lamps._publishing) == 4
    world.lamps.forget_device(2, world.network.now)
    assert len(world.lamps._publishing) == 0
    assert carla.watch("102", PRESENCE).activity == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<presence/>",
        b"\xff\xfe<\x00p\x00",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><presence xmlns="urn:ietf:params:xml:ns:pidf">&a;</presence>',
        "<!DOCTYPE x>".encode("utf-16"),
        b'<presence xmlns="urn:ietf:params:xml:ns:pidf">' + b"<a>" * 20_000,
        b'<?xml version="1.0" encoding="utf-7"?><presence xmlns="urn:ietf:params:xml:ns:pidf"',
    ],
)
def test_hostile_bodies_are_nothing(body: bytes) -> None:
    assert parse_published(body) is None


def test_a_body_is_read_for_reachability_activity_and_words() -> None:
    found = parse_published(says(is_open=False, activity="lunch", note="x" * 500))
    assert found is not None
    assert (found.open, found.activity, len(found.note)) == (False, "lunch", 80)
    bare = parse_published(b'<presence xmlns="urn:ietf:params:xml:ns:pidf"/>')
    assert bare is not None
    assert bare.open
