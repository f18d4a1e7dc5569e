"""What can be done with running calls: one file for each operation (docs/architecture.md, Operations).

Every operation is a function ``(x, …, now) -> Failure | None``. None: it is done. A ``Failure`` says why it was not
(its ``text`` for people, its ``status`` for SIP), and then nothing has changed: whoever was in conversation still is.
They are called alike for a phone's REFER or Replaces, a feature code, keys in a call, the API and services. An exchange
treats one event after the other, so that of two who want the same call one gets it and the other a defined answer.
"""

from __future__ import annotations

from kiestoon.calls.call import Failure

NOT_IN_CALL = Failure("refused", 481, 101, "This party is in no conversation")
NOT_ALLOWED = Failure("refused", 403, 21, "Not allowed", spoken="not-permitted")
NOT_POSSIBLE = Failure("refused", 488, 29, "Not possible with these calls")
NOTHING_THERE = Failure("not_found", 404, 1, "There is no call")
ALREADY_ANSWERED = Failure("busy", 486, 17, "Already answered")
