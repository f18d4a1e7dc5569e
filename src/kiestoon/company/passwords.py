"""The rules of passwords and PINs (ORG-17), and making ones that keep them. Pure; the sentences are in the store.

Web passwords: U 3.2 step 10. PINs of voicemail and phones: V 8.2.1 ("123456 is not valid, 123567 is"), U 4.4 (not one
digit repeated), E 3.1 (0000 must be changed at the first login; 1111 and 1234 are refused).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from random import Random
from secrets import SystemRandom
from typing import Final

import msgspec

MIN_PASSWORD: Final = 8
MAX_PASSWORD: Final = 256
MIN_PIN: Final = 6
MAX_PIN: Final = 12
LONGEST_RUN: Final = 3
INITIAL_PIN: Final = "0000"
"""An administrator may give this one; whoever logs in with it must choose another at once."""

_SHORTEST_WORD: Final = 3  # shorter names and numbers occur by chance
_UPPER: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_LOWER: Final = "abcdefghijkmnpqrstuvwxyz"
_DIGITS: Final = "23456789"  # without what is mistaken for one another: these are read out and copied
_SPECIAL: Final = "!#$%*+-=?@"
_GENERATED_PASSWORD: Final = 14
_SYSTEM: Final = SystemRandom()


class Weakness(msgspec.Struct, frozen=True):
    """A rule that was broken: its ``code`` among the store's problems, and what the sentence needs."""

    code: str
    params: dict[str, str] = {}


def password_weaknesses(password: str, known: Iterable[str] = ()) -> tuple[Weakness, ...]:
    """Which rules a web password breaks. ``known``: names, login and extension of its owner, which it may not hold."""
    return tuple(_password(password, known))


def _password(password: str, known: Iterable[str]) -> Iterator[Weakness]:
    if len(password) < MIN_PASSWORD:
        yield Weakness("password_short", {"low": str(MIN_PASSWORD)})
    if len(password) > MAX_PASSWORD:
        yield Weakness("password_long", {"high": str(MAX_PASSWORD)})
    if not password.isprintable():
        yield Weakness("password_control")
    if not any(character.isupper() for character in password):
        yield Weakness("password_upper")
    if not any(character.islower() for character in password):
        yield Weakness("password_lower")
    if not any(character.isdecimal() for character in password):
        yield Weakness("password_digit")
    if all(character.isalnum() for character in password):
        yield Weakness("password_special")
    folded = password.casefold()
    if any(word in folded for word in _words(known)):
        yield Weakness("password_personal")


def _words(known: Iterable[str]) -> Iterator[str]:
    for text in known:
        local = text.partition("@")[0]
        for word in {local, *local.replace(".", " ").replace("-", " ").replace("_", " ").split()}:
            if len(word) >= _SHORTEST_WORD:
                yield word.casefold()


def pin_weaknesses(pin: str) -> tuple[Weakness, ...]:
    """Which rules a PIN breaks."""
    return tuple(_pin(pin))


def _pin(pin: str) -> Iterator[Weakness]:
    if not (pin.isascii() and pin.isdecimal()):
        yield Weakness("pin_digits")
        return
    if not MIN_PIN <= len(pin) <= MAX_PIN:
        yield Weakness("pin_length", {"low": str(MIN_PIN), "high": str(MAX_PIN)})
    if len(set(pin)) == 1:
        yield Weakness("pin_repeated")
    if longest_run(pin) > LONGEST_RUN:
        yield Weakness("pin_run", {"limit": str(LONGEST_RUN)})


def longest_run(pin: str) -> int:
    """The length of the longest stretch of digits each one more, or each one less, than the one before."""
    longest = run = min(len(pin), 1)
    step = 0
    for before, digit in pairwise(pin):
        change = int(digit) - int(before)
        if change not in {1, -1}:
            run, step = 1, 0
        else:
            run = run + 1 if change == step else 2
            step = change
        longest = max(longest, run)
    return longest


def generate_password(known: Iterable[str] = (), random: Random = _SYSTEM) -> str:
    """A random password that keeps the rules: 14 characters, about 80 bits."""
    known = tuple(known)
    while True:
        parts = [random.choice(kind) for kind in (_UPPER, _LOWER, _DIGITS, _SPECIAL)]
        every = _UPPER + _LOWER + _DIGITS + _SPECIAL
        parts += [random.choice(every) for _ in range(_GENERATED_PASSWORD - len(parts))]
        random.shuffle(parts)
        password = "".join(parts)
        if not password_weaknesses(password, known):
            return password


def generate_pin(random: Random = _SYSTEM) -> str:
    """A random PIN of six digits that keeps the rules."""
    while True:
        pin = "".join(random.choice("0123456789") for _ in range(MIN_PIN))
        if not pin_weaknesses(pin):
            return pin
