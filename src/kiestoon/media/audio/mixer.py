"""Mixing: everybody hears the sum of the others (mix-minus), saturated.

``tick_g711`` does a whole conference's 20 ms in a handful of array operations: decode, sum, subtract, saturate, encode.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kiestoon.media.audio import g711
from kiestoon.media.audio.pcm import Pcm

# A-law has no zero: silence is sent as ±8, which a hundred silent members would add up to a large offset.
_DECODE = {law: np.where(np.abs(table) <= 8, 0, table).astype(np.int16) for law, table in g711.DECODE.items()}


def mix(frames: Sequence[Pcm]) -> Pcm:
    """The saturated sum of equally long frames (at least one)."""
    if len(frames) == 1:
        return frames[0]
    total = np.add.reduce(np.stack(frames), axis=0, dtype=np.int32)
    return _saturated(total)


def mix_minus(frames: Sequence[Pcm] | NDArray[np.int16]) -> list[Pcm]:
    """For each of the equally long frames, the saturated sum of all the others."""
    if len(frames) == 0:
        return []
    return list(_minus(np.asarray(frames, np.int16)))


def _minus(rows: NDArray[np.int16]) -> NDArray[np.int16]:
    others = np.add.reduce(rows, axis=0, dtype=np.int32) - rows
    return _saturated(others)


def _saturated(total: NDArray[np.int32]) -> NDArray[np.int16]:
    np.minimum(total, 32767, out=total)
    np.maximum(total, -32768, out=total)
    return total.astype(np.int16)


def tick_g711(payloads: Sequence[bytes | None], laws: str | Sequence[str] = "PCMA") -> list[bytes]:
    """One tick of a conference of G.711 members: what each sent in, what each shall hear out.

    None (or a payload of another length than most) is a member who said nothing; all silent members of one law share
    one payload. ``laws``: one for all, or one each.
    """
    count = len(payloads)
    length = _usual_length(payloads)
    if not length:
        return [b""] * count
    each = [laws] * count if isinstance(laws, str) else list(laws)
    talking = [i for i, payload in enumerate(payloads) if payload is not None and len(payload) == length]
    spoken = [payloads[i] or b"" for i in talking]
    same = isinstance(laws, str) or len(set(each)) == 1
    rows = _decode_rows(spoken, each[0] if same else [each[i] for i in talking], length)
    total = np.add.reduce(rows, axis=0, dtype=np.int32)
    heard = _encode_rows(_saturated(total - rows), each[0] if same else [each[i] for i in talking])
    out: list[bytes] = [b""] * count
    for position, i in enumerate(talking):
        out[i] = heard[position]
    if len(talking) < count:
        everything = _saturated(total)
        shared = {law: g711.encode(everything, law) for law in set(each)}
        for i in set(range(count)).difference(talking):
            out[i] = shared[each[i]]
    return out


def _usual_length(payloads: Sequence[bytes | None]) -> int:
    """The most frequent payload size, 0 when nobody speaks."""
    sizes = [len(payload) for payload in payloads if payload]
    if not sizes:
        return 0
    first = sizes[0]
    return first if sizes.count(first) == len(sizes) else max(set(sizes), key=sizes.count)


def _decode_rows(payloads: list[bytes], law: str | list[str], length: int) -> NDArray[np.int16]:
    codes = np.frombuffer(b"".join(payloads), np.uint8).reshape(len(payloads), length)
    if isinstance(law, str):
        return _DECODE[law].take(codes)
    rows = np.empty(codes.shape, np.int16)
    for name in set(law):
        chosen = np.array([each == name for each in law])
        rows[chosen] = _DECODE[name].take(codes[chosen])
    return rows


def _encode_rows(rows: NDArray[np.int16], law: str | list[str]) -> list[bytes]:
    names = {law} if isinstance(law, str) else set(law)
    coded = {name: memoryview(g711.ENCODE[name].take(rows.view(np.uint16)).tobytes()) for name in names}
    length = rows.shape[1]
    each = [law] * len(rows) if isinstance(law, str) else law
    return [bytes(coded[name][i * length : (i + 1) * length]) for i, name in enumerate(each)]
