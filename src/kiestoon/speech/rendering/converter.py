"""Converting an uploaded file, in a process of its own: decoders are large, and the file is whatever somebody sent.

``python -m kiestoon.speech.rendering.converter SOURCE TARGET LONGEST_S`` prints a ``Converted`` as JSON.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import msgspec

from kiestoon.media.audio.preparing import TooLong, UnplayableFile, prepare_recording
from kiestoon.speech.rendering.jobs import Converted

_NICENESS = 10
_LIMITS = {
    resource.RLIMIT_AS: 4 << 30,
    resource.RLIMIT_CPU: 120,
    resource.RLIMIT_FSIZE: 32 << 20,
    resource.RLIMIT_CORE: 0,
}


def main() -> None:
    """The process."""
    os.nice(_NICENESS)
    for limit, value in _LIMITS.items():
        resource.setrlimit(limit, (value, value))
    source, target, longest_s = sys.argv[1:4]
    try:
        converted = Converted(prepare_recording(Path(source), Path(target), int(longest_s)))
    except UnplayableFile:
        converted = Converted(problem="not_audio")
    except TooLong:
        converted = Converted(problem="too_long")
    except OSError as error:
        converted = Converted(problem=f"it cannot be written: {error.strerror or error}")
    sys.stdout.buffer.write(msgspec.json.encode(converted))


if __name__ == "__main__":
    main()
