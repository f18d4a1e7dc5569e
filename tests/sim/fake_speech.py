"""Speech for simulations: everything lies ready at once, as files named by their keys."""

from __future__ import annotations

from collections.abc import Sequence

from kiestoon.speech import Phrase
from kiestoon.speech.composing import Utterance, utterances
from kiestoon.speech.languages import spoken_language


class FakeSpeech:
    """Implements ``calls.exchange.Speech``. A phrase that cannot be said raises: the service has a mistake.

    ``slow``: nothing lies ready until ``finish`` is called. ``unsayable``: keys no file can be made of.
    ``said``: the texts, in the order in which services asked for them.
    """

    def __init__(self) -> None:
        self.slow = False
        self.unsayable: set[str] = set()
        self.said: list[str] = []
        self.requested: list[tuple[str, str]] = []
        self._done: set[str] = set()

    def plan(self, company_id: int, language: str, phrases: Sequence[Phrase]) -> tuple[Utterance, ...]:
        self.said += [each.text for each in utterances(language, phrases, {}, "NL")]
        return tuple(Utterance(spoken_language(language), phrase.key) for phrase in phrases)

    def ready(self, utterance: Utterance) -> str | None:
        if utterance.text in self.unsayable:
            return ""
        if self.slow and utterance.text not in self._done:
            return None
        return f"/prompts/{utterance.language}/{utterance.text}.ogg"

    def request(self, utterance: Utterance, call: str) -> None:
        self.requested.append((utterance.text, call))

    def finish(self, key: str) -> set[str]:
        """A phrase lies ready from now on; the calls that wait for it."""
        self._done.add(key)
        return {call for requested, call in self.requested if requested == key}
