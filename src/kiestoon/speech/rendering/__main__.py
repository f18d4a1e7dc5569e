"""``python -m kiestoon.speech.rendering FD [idle]``: the renderer, ended by the kernel when its parent is."""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """First see to our end: what follows takes a while to load."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    from kiestoon.speech.rendering import renderer  # noqa: PLC0415 - see above

    renderer.main(int(sys.argv[1]), idle="idle" in sys.argv[2:])


if __name__ == "__main__":
    main()
