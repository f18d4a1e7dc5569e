"""Recordings made by telephone (E App. A, 905)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from kiestoon.calls.requests import Changed, Failed, KeepRecording, Kept
from kiestoon.company.model import Recording, User
from kiestoon.speech import recordings
from kiestoon.store.phone_requests.acting import as_person
from kiestoon.store.phone_requests.office import Office
from kiestoon.store.rules.peek import Peek
from kiestoon.store.write import Changes

MOST: Final = 500
"""Recordings a company may have; ten minutes each take 5 MB."""


def keep(office: Office, request: KeepRecording) -> Any:
    """File first, row second: a row never lacks its sound."""
    source, folder = Path(request.path), Path(request.folder)
    try:
        taken = recordings.take_in(source, folder, request.company_id)
    except recordings.NotAudio:
        return Failed("There is nothing to hear", "short")
    except (recordings.TooLong, OSError) as error:
        return Failed(f"{source}: {error}")
    finally:
        source.unlink(missing_ok=True)
    kept: list[int] = []

    @as_person
    def add(changes: Changes, peek: Peek, user: User, request: KeepRecording) -> Failed | None:
        taken_numbers = {row.number for row in peek.find(Recording)}
        if len(taken_numbers) >= MOST:
            return Failed(f"There are {MOST} recordings already", "full")
        number = next(number for number in range(1, MOST + 1) if number not in taken_numbers)
        changes.add(
            Recording(
                id=0, company_id=request.company_id, number=number, name=f"{user.name} {number}"[-80:],
                file=taken.file, duration_ms=taken.duration_ms, made_by=user.extension, made_ms=request.at_ms,
            )
        )  # fmt: skip
        kept.append(number)
        return None

    reply = add(office, request)
    if isinstance(reply, Changed):
        return Changed(Kept(kept[0]))
    recordings.remove(folder, request.company_id, taken.file)
    return reply
