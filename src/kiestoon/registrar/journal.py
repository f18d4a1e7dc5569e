"""Bindings in their journal: changes as bytes and back."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kiestoon.registrar.bindings import BindingChanged
from kiestoon.unreadable import UNREADABLE

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(BindingChanged)


def encode_change(change: BindingChanged) -> bytes:
    """One change as a journal entry."""
    return _encoder.encode(change)


def decode_changes(entries: Iterable[bytes]) -> list[BindingChanged]:
    """The journal's changes; entries of another version are passed over (those phones register again)."""
    changes = []
    for entry in entries:
        try:
            changes.append(_decoder.decode(entry))
        except UNREADABLE:
            continue
    return changes
