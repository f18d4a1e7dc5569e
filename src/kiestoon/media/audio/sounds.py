"""Where the sounds that come with the exchange lie (how they are made: ``assets/README.md``)."""

from __future__ import annotations

from pathlib import Path

#: System music on hold (VM-9).
MUSIC_ON_HOLD = str(Path(__file__).parent / "assets" / "music_on_hold.flac")
