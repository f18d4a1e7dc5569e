"""PUBLISH (RFC 3903): phones that tell how their user is. Kept in memory, for as long as the phone says so.

What a person has set here counts more; a published state fills in where that is "office". After a restart of the
exchange phones are asked to publish anew: their entity-tag is not known any more (412).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from kiestoon.phones.lamps.live_calls import PERSON
from kiestoon.phones.lamps.state import Published
from kiestoon.sip.deadlines import Deadline, DeadlineQueue
from kiestoon.sip.events import RequestReceived
from kiestoon.sip.headers.grammar import lenient
from kiestoon.sip.headers.timers import parse_expires
from kiestoon.sip.subscription import presence, xml
from kiestoon.sip.subscription.notifier import DEFAULT_EXPIRES_S, MIN_EXPIRES_S, read_event
from kiestoon.sip.subscription.presence import ACTIVITIES, Activity

if TYPE_CHECKING:
    from kiestoon.calls.exchange import Exchange
    from kiestoon.company.model import Device
    from kiestoon.registrar import DeviceCaller

MOST_PER_DEVICE: Final = 4
LONGEST_BODY: Final = 16_384
LONGEST_NOTE: Final = 80
_PIDF: Final = "{urn:ietf:params:xml:ns:pidf}"
_RPID: Final = "{urn:ietf:params:xml:ns:pidf:rpid}"
Identify: TypeAlias = Callable[[RequestReceived, float], "DeviceCaller | None"]
Touch: TypeAlias = Callable[[str, int, str], None]


class _Publication:
    """One phone's, under its entity-tag."""

    __slots__ = ("company_id", "deadline", "device_id", "etag", "says", "user_id")

    def __init__(self, device: Device, user_id: int, etag: str, says: Published) -> None:
        self.company_id = device.company_id
        self.device_id = device.id
        self.user_id = user_id
        self.etag = etag
        self.says = says
        self.deadline: Deadline[_Publication] | None = None


class Publishing:
    """Answers PUBLISHes, and knows what is published of a person; ``touch`` is called when that changes."""

    def __init__(self, exchange: Exchange, identify: Identify, touch: Touch) -> None:
        self._x = exchange
        self._identify = identify
        self._touch = touch
        self._by_user: dict[int, list[_Publication]] = {}
        self._expiry: DeadlineQueue[_Publication] = DeadlineQueue()

    def __len__(self) -> int:
        return len(self._expiry)

    def of(self, user_id: int) -> Published | None:
        """The newest that is published of a person."""
        publications = self._by_user.get(user_id)
        return publications[-1].says if publications else None

    def requested(self, event: RequestReceived, now: float) -> None:
        """Authenticate as for a call; then keep, renew, change or remove (RFC 3903 §6)."""
        caller = self._identify(event, now)
        if caller is None:
            return
        request, device = event.request, caller.device
        index = self._x.directory.company(device.company_id)
        user = index.user_of(device) if index is not None else None
        if read_event(request)[0] != presence.PACKAGE:
            self._answer(event, 489, now, ("Allow-Events", presence.PACKAGE))
        elif user is None or request.target.user not in (user.extension, device.username):
            self._answer(event, 403, now)
        else:
            self._publish(event, device, user.id, now)

    def _publish(self, event: RequestReceived, device: Device, user_id: int, now: float) -> None:
        request = event.request
        asked_s = lenient(parse_expires, request.get("Expires"))
        expires_s = min(DEFAULT_EXPIRES_S if asked_s is None else asked_s, DEFAULT_EXPIRES_S)
        if 0 < expires_s < MIN_EXPIRES_S:
            self._answer(event, 423, now, ("Min-Expires", str(MIN_EXPIRES_S)))
            return
        etag = request.get("SIP-If-Match") or ""
        before = self._find(user_id, device.id, etag) if etag else None
        if etag and before is None:
            self._answer(event, 412, now)
            return
        says = before.says if before is not None else None
        if request.body:
            if request.content_type != presence.CONTENT_TYPE:
                self._answer(event, 415, now, ("Accept", presence.CONTENT_TYPE))
                return
            says = parse_published(request.body)
        if says is None:
            self._answer(event, 400, now)
            return
        if before is not None:
            self._remove(before)
        new_tag = self._x.endpoint.tokens.new_tag()
        if expires_s:
            self._keep(_Publication(device, user_id, new_tag, says), now + expires_s)
        self._touch(PERSON, device.company_id, str(user_id))
        self._answer(event, 200, now, ("SIP-ETag", new_tag), ("Expires", str(expires_s)))

    def handle_timers(self, now: float) -> None:
        """Forget what was not renewed."""
        for publication, _ in self._expiry.due(now):
            publication.deadline = None
            self._remove(publication)
            self._touch(PERSON, publication.company_id, str(publication.user_id))

    def next_deadline(self) -> float | None:
        """When something runs out."""
        return self._expiry.next_deadline()

    def forget_device(self, device_id: int) -> None:
        """A device was deleted or locked, or has a new password."""
        self._forget(lambda each: each.device_id == device_id)

    def configuration_changed(self, company_id: int) -> None:
        """What was published on a phone that somebody else uses now says nothing of whoever did so."""
        self._forget(lambda each: each.company_id == company_id and self._user_on(each.device_id) != each.user_id)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _user_on(self, device_id: int) -> int | None:
        device = self._x.directory.device_by_id(device_id)
        return device.user_id if device is not None else None

    def _forget(self, gone: Callable[[_Publication], bool]) -> None:
        for publication in [each for known in self._by_user.values() for each in known if gone(each)]:
            self._remove(publication)
            self._touch(PERSON, publication.company_id, str(publication.user_id))

    def _find(self, user_id: int, device_id: int, etag: str) -> _Publication | None:
        known = self._by_user.get(user_id, ())
        return next((each for each in known if (each.device_id, each.etag) == (device_id, etag)), None)

    def _keep(self, publication: _Publication, until: float) -> None:
        known = self._by_user.get(publication.user_id, [])
        alike = [each for each in known if each.device_id == publication.device_id]
        for surplus in alike[: max(0, len(alike) + 1 - MOST_PER_DEVICE)]:
            self._remove(surplus)
        self._by_user.setdefault(publication.user_id, []).append(publication)
        publication.deadline = self._expiry.start(until, "published", publication)

    def _remove(self, publication: _Publication) -> None:
        if publication.deadline is not None:
            self._expiry.stop(publication.deadline)
            publication.deadline = None
        known = self._by_user.get(publication.user_id, [])
        if publication in known:
            known.remove(publication)
            if not known:
                del self._by_user[publication.user_id]

    def _answer(self, event: RequestReceived, status: int, now: float, *headers: tuple[str, str]) -> None:
        self._x.endpoint.respond(now, event.transaction, status, headers=headers)


def parse_published(body: bytes) -> Published | None:
    """A PIDF body (RFC 3863, RFC 4480) as far as it matters here; None for what is none."""
    root = xml.read(body, LONGEST_BODY)
    if root is None or root.tag != f"{_PIDF}presence":
        return None
    basics = [(each.text or "").strip().lower() for each in root.iter(f"{_PIDF}basic")]
    notes = [(each.text or "").strip() for each in root.iter(f"{_PIDF}note")]
    names = [each.tag.removeprefix(_RPID) for found in root.iter(f"{_RPID}activities") for each in found]
    activity: Activity = next((known for name in names for known in ACTIVITIES if known == name), "")
    note = next((note for note in notes if note), "")
    return Published("open" in basics or not basics, activity, note[:LONGEST_NOTE])
