"""Who is at the end of a leg, and what another party may be shown of him."""

from __future__ import annotations

from typing import Literal

import msgspec

from kiestoon.sip.headers import NameAddr
from kiestoon.sip.uri import Uri

ANONYMOUS = Uri("sip", "anonymous", host="anonymous.invalid")


class Party(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A person or outside number. ``number`` is an extension (inside) or E.164 with plus; "" = unknown.

    ``withheld``: the number is known but must not be shown (RFC 3323 §4.1.2 "id").
    """

    kind: Literal["device", "trunk", "service"]
    number: str = ""
    name: str = ""
    withheld: bool = False
    user_id: int = 0
    device_id: int = 0
    trunk_id: int = 0


def labelled(label: str, party: Party, between: str = ": ") -> Party:
    """A party with a word before it, for displays: "recall: Sam Jones"; the word alone for who is withheld."""
    who = "" if party.withheld else party.name or party.number
    if not who:
        return Party("service", name=label)
    return msgspec.structs.replace(party, name=f"{label}{between}{who}")


def shown_address(party: Party, host: str, *, trusted: bool) -> NameAddr:
    """The From (and P-Asserted-Identity) address a party is announced with.

    A withheld identity goes out in full only in P-Asserted-Identity towards trusted peers (RFC 3325 §5).
    """
    if party.withheld and not trusted:
        return NameAddr("Anonymous", ANONYMOUS)
    if not party.number:
        return NameAddr(party.name or "Anonymous", ANONYMOUS)
    return NameAddr(party.name, Uri("sip", party.number, host=host))
