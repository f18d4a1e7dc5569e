"""A leg: one party's SIP session and, once there is media, one termination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from kiestoon.calls.party import Party

if TYPE_CHECKING:
    from kiestoon.calls.record import Outcome
    from kiestoon.calls.service import Service
    from kiestoon.company.model import DtmfMethod, Encryption
    from kiestoon.company.music import WaitState
    from kiestoon.media.protocol import Codec, Port, Quality, Stream
    from kiestoon.sdp.agreement import Agreed, OfferState
    from kiestoon.sdp.audio import OfferRead
    from kiestoon.sip.deadlines import Deadline
    from kiestoon.sip.session import Session
    from kiestoon.sip.session.unanswered import UnansweredInvite

LegState: TypeAlias = Literal["offered", "dialling", "early", "answered", "ended"]
Step: TypeAlias = Literal["ring", "answer", "end"]

MOVES: dict[tuple[LegState, Step], LegState] = {
    ("offered", "ring"): "early",
    ("offered", "answer"): "answered",
    ("offered", "end"): "ended",
    ("dialling", "ring"): "early",
    ("dialling", "answer"): "answered",
    ("dialling", "end"): "ended",
    ("early", "ring"): "early",
    ("early", "answer"): "answered",
    ("early", "end"): "ended",
    ("answered", "end"): "ended",
}


class Owner(NamedTuple):
    """Whose a SIP session is: outlives the leg, so that its BYE still finds the way to the device."""

    leg: int
    device: int


def is_colleague(leg: Leg) -> bool:
    """Whether somebody of the company speaks there who may command the exchange: on one of its phones, or on a
    telephone of his own that it has called for him (E 5.1.3). What calls us from outside proves nothing by its number.
    """
    return bool(leg.device_id or (leg.party.user_id and not leg.incoming))


class IllegalMove(RuntimeError):
    """Call control asked a leg for something its state does not allow: our bug, never the peer's."""


class Leg:
    """One party. Changes of ``state`` go through ``advance``.

    offered    the party's INVITE is unanswered; nothing sent above 100
    dialling   our INVITE is out; nothing above 100 back
    early      ringing or early media, either direction
    answered   2xx sent or received
    ended      we or they ended it; the SIP session finishes by itself, the leg waits only for its media figures

    ``call`` is the call's id, not the object: legs and calls must not form reference cycles (they would stall the
    exchange in garbage collection).
    """

    __slots__ = (
        "agreed",
        "answer_body",
        "answered_ms",
        "call",
        "cause",
        "confirm",
        "confirmed",
        "contact",
        "device_id",
        "dtmf",
        "encryption",
        "ended_ms",
        "held",
        "holding",
        "id",
        "incoming",
        "invite",
        "keys",
        "keys_timer",
        "language",
        "music",
        "muted",
        "offer",
        "offer_read",
        "offered_body",
        "opened_ms",
        "outcome",
        "owes_answer",
        "party",
        "port",
        "quality",
        "ringing_ms",
        "rtp_lost",
        "secure",
        "session",
        "side",
        "signal",
        "silent",
        "sip_call_id",
        "state",
        "status",
        "stream",
        "termination",
        "transfer_failed_at",
        "trunk_id",
        "unstopped",
        "wait",
        "webrtc",
    )  # fmt: skip

    def __init__(self, leg_id: int, call: str, party: Party, *, incoming: bool, opened_ms: int) -> None:
        self.id = leg_id
        self.call = call
        self.party = party
        self.incoming = incoming
        self.opened_ms = opened_ms
        self.state: LegState = "offered" if incoming else "dialling"
        self.session: Session | None = None
        # Our INVITE to the party as the journal has it (see ``journal``)
        self.invite: UnansweredInvite | None = None
        self.device_id = party.device_id
        self.trunk_id = party.trunk_id
        self.dtmf: DtmfMethod = "rfc4733"
        self.encryption: Encryption = "off"
        self.secure = False
        self.webrtc = False
        """A browser, as far as its signalling tells; what has been agreed counts more."""
        # ``language``: what a room's member was spoken to in as he came (see ``rooms``); the rows that say so may go.
        self.contact = self.language = ""
        self.confirm = False
        """Whoever answers must still press a key to get the call (see ``confirming``)."""
        self.confirmed = False
        """The key has been pressed."""
        self.port: Port | None = None
        self.termination = 0
        self.stream: Stream | None = None
        self.quality: Quality | None = None
        # Offer/answer: what we offered, what they offered, and the answer they got
        self.offer: OfferState | None = None
        self.offered_body = b""
        self.offer_read: OfferRead | None = None
        self.answer_body = b""
        self.agreed: Agreed | None = None
        self.owes_answer = False
        # Hold and signals: ``held`` = this party put us on hold; ``music``, ``signal`` = what it is hearing
        self.held = False
        self.holding = False
        """The party holds from the screen (see ``operations.hold``)."""
        self.muted = False
        self.music = 0
        self.signal = 0
        self.wait: WaitState = "held"
        """Why it hears music, while it does."""
        self.unstopped: tuple[int, ...] = ()
        """Signals to be stopped when the media process is back (see ``signals.stop``)."""
        # ``rtp_lost`` = the media process gets no packets; ``silent`` = and it should, which has been told
        self.rtp_lost = False
        self.silent = False
        # Keys pressed in the conversation that may be a code (see ``keys``)
        self.keys = ""
        self.keys_timer: Deadline[str] | None = None
        self.transfer_failed_at = 0.0
        # A conversation of this party's own while somebody else has custody of it (see ``service``)
        self.side: Service | None = None
        self.ringing_ms = self.answered_ms = self.ended_ms = 0
        self.status = self.cause = 0
        self.outcome: Outcome = "cancelled"
        self.sip_call_id = ""

    def advance(self, step: Step) -> None:
        """Move on by the table; raises IllegalMove for anything it does not list."""
        after = MOVES.get((self.state, step))
        if after is None:
            raise IllegalMove(f"leg {self.id} cannot {step} while {self.state}")
        self.state = after
        if step != "ring":
            self.invite = None

    @property
    def owner(self) -> Owner:
        """What the leg's SIP session remembers of it."""
        return Owner(self.id, self.device_id)

    @property
    def send_codec(self) -> Codec | None:
        """The format we send to this party, once agreed."""
        return self.stream.send if self.stream is not None else None
