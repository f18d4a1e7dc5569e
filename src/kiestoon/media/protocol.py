"""What call control and a media process say to each other over the Unix socket.

The model is that of H.248: a *context* holds *terminations*; the context's topology says who hears whom. Call control
chooses every id, so commands are one-way and need no reply: a call is set up without waiting for the media process.
Ports are leased in advance (``Lease`` → ``Leased``); everything that can go wrong comes back as an event.

Framing: 4-byte big-endian length, then a MessagePack array of commands (one way) or events (the other way).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Direction: TypeAlias = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
SrtpSuite: TypeAlias = Literal[
    "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM", "AEAD_AES_256_GCM"
]


class Wire(msgspec.Struct, frozen=True, array_like=True, gc=False, tag=True):
    """Base of everything that crosses the socket."""


class Part(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of the values inside commands and events."""


class Codec(Part, frozen=True, cache_hash=True):
    """One payload format as agreed in SDP. ``name`` is the upper-case RTP encoding name ("PCMA", "G722", "OPUS").

    ``clock_hz`` is the RTP clock (G.722 says 8000 though it samples at 16 kHz, RFC 3551 §4.5.2).
    """

    name: str
    payload_type: int
    clock_hz: int = 8000
    channels: int = 1
    fmtp: str = ""


class SrtpKey(Part, frozen=True):
    """Master key and salt of one direction (RFC 4568 §6.1), already base64-decoded."""

    suite: SrtpSuite
    key_salt: bytes


class IceCredentials(Part, frozen=True):
    """What a party's connectivity checks must know (RFC 8445 §7.1.1): we are ``ufrag`` and ``password``. A lite agent
    sends no checks, so the party's own password is of no use here."""

    ufrag: str
    password: str
    remote_ufrag: str


class DtlsPeer(Part, frozen=True):
    """Our part in the DTLS handshake, and the party's certificate: (hash name, digest) pairs (RFC 8122 §5)."""

    role: Literal["client", "server"]
    fingerprints: tuple[tuple[str, bytes], ...]


class Stream(Part, frozen=True):
    """What offer/answer agreed for one termination, from the exchange's point of view.

    ``direction``: "sendonly" = we send to the party and drop what it sends. ``send`` is the format we send in;
    ``receive`` maps every payload type the party may use. ``dtmf_send``/``dtmf_receive`` are the telephone-event
    payload types (RFC 4733), None where not agreed. ``remote`` None: learn it from the first valid packet.
    ``symmetric``: answer to where packets really come from (NAT), locking on the first validated source.

    ``ice`` and ``dtls`` come together (WebRTC): addresses are then those ICE finds, keys those DTLS agrees, RTCP is
    always beside RTP, and ``remote``, ``remote_rtcp``, ``srtp_send`` and ``srtp_receive`` play no part.
    """

    remote: tuple[str, int] | None
    remote_rtcp: tuple[str, int] | None
    send: Codec | None
    receive: tuple[Codec, ...]
    direction: Direction = "sendrecv"
    ptime_ms: int = 20
    dtmf_send: int | None = None
    dtmf_receive: int | None = None
    rtcp_mux: bool = False
    symmetric: bool = True
    srtp_send: SrtpKey | None = None
    srtp_receive: SrtpKey | None = None
    ice: IceCredentials | None = None
    dtls: DtlsPeer | None = None


class Port(Part, frozen=True):
    """A leased pair of sockets: RTP on ``rtp``, RTCP on ``rtp + 1``. ``host`` is what goes into SDP."""

    host: str
    rtp: int


# --- signals -------------------------------------------------------------------------------------------------------


class Tone(Part, frozen=True, tag=True):
    """A country's tone: "dial", "ringback", "busy", "congestion", "waiting", "sit", "confirm"; "beep", "join", "leave",
    "waiting2" to "waiting4" and "silence" (packets without sound) are the same everywhere. Plays until stopped, "join"
    and "leave" once.
    """

    name: str
    country: str = "NL"


class File(Part, frozen=True, tag=True):
    """An audio file by absolute path, played ``repeat`` times (0 = for ever), from ``offset_ms``."""

    path: str
    repeat: int = 1
    offset_ms: int = 0


class Music(Part, frozen=True, tag=True):
    """On-hold music: one shared, endless playback, joined wherever it happens to be (VM-9): of one file, or of several
    in turn (``then``)."""

    path: str
    then: tuple[str, ...] = ()


SignalSource: TypeAlias = Tone | File | Music


# --- commands: call control → media --------------------------------------------------------------------------------


class Hello(Wire, frozen=True):
    """First command on every connection. ``keep``: contexts of an earlier connection stay (adoption)."""

    version: int
    keep: bool


class Lease(Wire, frozen=True):
    """Bind ``count`` more port pairs for us; answered by ``Leased`` (fewer when the range is exhausted).

    ``host`` is one of ``Welcome.hosts`` (say, the IPv6 one); "" = the first of them.
    """

    count: int
    host: str = ""


class Release(Wire, frozen=True):
    """Give leased, unused ports back."""

    ports: tuple[int, ...]


class Add(Wire, frozen=True):
    """Create a termination on a leased port inside a context (which springs into being)."""

    context: int
    termination: int
    port: int
    stream: Stream | None = None


class Modify(Wire, frozen=True):
    """A new agreement for a termination. The RTP stream we send goes on (SSRC, sequence, timestamp)."""

    termination: int
    stream: Stream


class Move(Wire, frozen=True):
    """Put a termination into another context, with no edges there yet. An emptied context vanishes."""

    termination: int
    context: int


class Subtract(Wire, frozen=True):
    """End a termination; its port returns to the media process. Answered by ``Subtracted``."""

    termination: int


class Topology(Wire, frozen=True):
    """Replace who hears whom in a context. Not listed = not heard. New contexts have none.

    ``edges`` are (talker, listener) pairs. For conferences, without naming every pair: everybody in ``mixed`` hears all
    others in it, and those ``listening`` hear all of ``mixed`` but are not heard by them. Edges may be added to these.
    """

    context: int
    edges: tuple[tuple[int, int], ...] = ()
    mixed: tuple[int, ...] = ()
    listening: tuple[int, ...] = ()


class Play(Wire, frozen=True):
    """Play to the termination's party, in place of what it would hear (``mix``: on top of it).

    A second one in place of others ends the first ("stopped").
    """

    termination: int
    signal: int
    source: SignalSource
    mix: bool = False


class Stop(Wire, frozen=True):
    """Stop a signal; ``SignalEnded`` follows with reason "stopped"."""

    termination: int
    signal: int


class SendDigits(Wire, frozen=True):
    """Send DTMF digits (0-9 * # A-D) to the party by RFC 4733, or in-band when no event payload is agreed."""

    termination: int
    digits: str
    duration_ms: int = 100
    gap_ms: int = 60


class Record(Wire, frozen=True):
    """Record what the termination's party says (and, ``both``, hears: the right channel) to a WAV file until stopped.

    The file appears under ``path`` when it is whole and synced to the disk; ``SignalEnded`` follows, which may be after
    ``Subtracted``. Until then it is ``path`` + ".part", playable up to the last half second.
    """

    termination: int
    signal: int
    path: str
    both: bool = False
    max_ms: int = 0


class Watch(Wire, frozen=True):
    """Report ``RtpLost`` after this long without packets and ``SilenceHeard`` after this long of silence; 0 = never.

    ``digits_in_band``: also detect DTMF in decoded audio (devices with DTMF method in-band).
    """

    termination: int
    no_rtp_ms: int = 0
    silence_ms: int = 0
    digits_in_band: bool = False


class Measure(Wire, frozen=True):
    """Ask for ``QualityMeasured`` now."""

    termination: int


class Audit(Wire, frozen=True):
    """Ask for ``Audited``: every context alive."""


class Stats(Wire, frozen=True):
    """Ask for ``StatsReported``: the process's counters, for metrics."""


class Shutdown(Wire, frozen=True):
    """End every context and exit cleanly."""


Command: TypeAlias = (
    Hello | Lease | Release | Add | Modify | Move | Subtract | Topology | Play | Stop | SendDigits | Record | Watch
    | Measure | Audit | Stats | Shutdown
)  # fmt: skip


# --- events: media → call control ----------------------------------------------------------------------------------


class Quality(Part, frozen=True):
    """One termination's figures, as seen at the exchange. Loss is in packets, times in ms, MOS by G.107 (1.0-4.5).

    ``delay_ms`` is the one-way delay the MOS reckons with, an estimate (``quality.one_way_delay_ms``)."""

    codec: str = ""
    packets_received: int = 0
    packets_sent: int = 0
    packets_lost: int = 0
    packets_late: int = 0
    jitter_ms: float = 0.0
    max_jitter_ms: float = 0.0
    round_trip_ms: float = 0.0
    remote_lost: int = 0
    remote_jitter_ms: float = 0.0
    mos: float = 0.0
    delay_ms: float = 0.0


class Welcome(Wire, frozen=True):
    """First event on every connection. ``incarnation`` differs after a restart of the media process.

    ``capacity`` is the number of port pairs the range can hold, ``hosts`` the advertised addresses ports are leased on.
    ``fingerprint`` is that of the process's certificate, as it goes into SDP ("sha-256 AB:CD:…"); it stays for as long
    as the incarnation.
    """

    version: int
    incarnation: str
    capacity: int
    hosts: tuple[str, ...] = ()
    fingerprint: str = ""


class Leased(Wire, frozen=True):
    """Ports ready for use. ``exhausted``: the range has no more."""

    ports: tuple[Port, ...]
    exhausted: bool = False
    host: str = ""


class AuditedTermination(Part, frozen=True):
    """One live termination in an audit."""

    termination: int
    port: Port
    stream: Stream | None


class AuditedContext(Part, frozen=True):
    """One live context in an audit."""

    context: int
    terminations: tuple[AuditedTermination, ...]


class Audited(Wire, frozen=True):
    """Every context alive at the time of ``Audit``."""

    contexts: tuple[AuditedContext, ...]


class Subtracted(Wire, frozen=True):
    """A termination has ended, with its final figures: after ``Subtract``, or by itself after an internal error
    (``CommandFailed`` with an empty command name comes first)."""

    termination: int
    quality: Quality


class DigitReceived(Wire, frozen=True):
    """The party pressed a key (RFC 4733 or, where watched, in-band); once per press, when it is over."""

    termination: int
    digit: str
    duration_ms: int


class SignalEnded(Wire, frozen=True):
    """A signal or recording ended. ``reason``: "finished", "stopped", "failed: …".

    ``duration_ms`` is how much was played or recorded.
    """

    termination: int
    signal: int
    reason: str
    duration_ms: int = 0


class SourceLatched(Wire, frozen=True):
    """The termination locked on this source address (strict RTP)."""

    termination: int
    host: str
    port: int


class RtpLost(Wire, frozen=True):
    """No packet for the watched time."""

    termination: int
    since_ms: int


class RtpResumed(Wire, frozen=True):
    """Packets again after ``RtpLost``."""

    termination: int


class MediaFailed(Wire, frozen=True):
    """The party cannot be spoken with any more: its certificate is another's, the handshake failed, it proved no
    address in time, or it is gone. Nothing flows until a new agreement; the termination stays."""

    termination: int
    reason: str


class SilenceHeard(Wire, frozen=True):
    """The party has been silent for the watched time."""

    termination: int


class QualityMeasured(Wire, frozen=True):
    """Figures so far."""

    termination: int
    quality: Quality


class StatsReported(Wire, frozen=True):
    """Counters since the process started, except ``contexts``, ``terminations`` and ``ports_free``, which are now.

    ``packets_dropped`` were read and thrown away, ``drops`` says why; ``late_ticks`` are audio ticks begun more than
    one frame (20 ms) after they were due; ``worst_turn_ms`` is the longest turn of the loop since the last report.
    ``dtls_*`` are handshakes with browsers.
    """

    contexts: int
    terminations: int
    ports_free: int
    packets_received: int
    packets_sent: int
    packets_dropped: int
    drops: dict[str, int]
    ticks: int
    late_ticks: int
    worst_turn_ms: float
    failed_commands: int
    dtls_completed: int = 0
    dtls_failed: int = 0


class CommandFailed(Wire, frozen=True):
    """A command could not be carried out. ``command`` is its name; the termination is 0 where it names none."""

    command: str
    termination: int
    reason: str


Event: TypeAlias = (
    Welcome | Leased | Audited | Subtracted | DigitReceived | SignalEnded | SourceLatched | RtpLost | RtpResumed
    | MediaFailed | SilenceHeard | QualityMeasured | StatsReported | CommandFailed
)  # fmt: skip

VERSION = 2
