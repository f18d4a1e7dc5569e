"""Speak the demo's own recordings: ``python tools/make_prompts.py`` (needs espeak-ng; Debian: espeak-ng).

Reads ``src/kiestoon/app/demo/prompts/LANGUAGE.toml`` (file name = text) and writes a file for each text beside it. They
are kept in the repository: the demo shows with them that a menu has a greeting of its own. Files without a text go.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from kiestoon.speech.rendering.jobs import Job
from kiestoon.speech.rendering.renderer import render
from kiestoon.speech.voices import ESPEAK, Engines

FOLDER = Path(__file__).parent.parent / "src/kiestoon/app/demo/prompts"


def make(source: Path) -> None:
    """All recordings of one language."""
    texts: dict[str, str] = tomllib.loads(source.read_text("utf-8"))
    folder = source.with_suffix("")
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.ogg"):
        if old.stem not in texts:
            old.unlink()
    for key, text in texts.items():
        done = render(Job(Engines(), ESPEAK[source.stem], text, str(folder / f"{key}.ogg")))
        if done.problem:
            sys.exit(done.problem)
        print(f"{source.stem}/{key}: {done.size} bytes")


if __name__ == "__main__":
    for found in sorted(FOLDER.glob("*.toml")):
        make(found)
