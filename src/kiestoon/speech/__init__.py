"""What the exchange says to people: texts in five languages, and the voices that speak them.

``phrase`` is what services ask for, ``texts`` and ``languages`` turn it into words, ``service`` into files to play.
"""

from __future__ import annotations

from kiestoon.speech.phrase import BadPhrase, Moment, Phrase, moment

__all__ = ["BadPhrase", "Moment", "Phrase", "moment"]
