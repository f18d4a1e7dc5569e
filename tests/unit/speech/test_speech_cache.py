"""What lies ready: found, used, bounded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kiestoon.speech.cache import KEPT_S, SpeechCache


@pytest.fixture
def cache(tmp_path: Path) -> SpeechCache:
    cache = SpeechCache(tmp_path / "speech", 1000)
    cache.scan()
    return cache


def test_a_file_is_found_once_it_is_there(cache: SpeechCache) -> None:
    assert cache.find("a.ogg", 0) is None
    assert cache.add("a.ogg", 400, 0) == []
    assert cache.find("a.ogg", 1) == cache.path("a.ogg") == str(cache.folder / "a.ogg")
    assert cache.bytes_held == 400


def test_what_was_used_longest_ago_goes_first(cache: SpeechCache) -> None:
    for number, name in enumerate(("a.ogg", "b.ogg", "c.ogg")):
        cache.add(name, 300, number)
    cache.find("a.ogg", 10)
    assert cache.add("d.ogg", 300, KEPT_S + 11) == [cache.path("b.ogg")]
    assert cache.find("b.ogg", 500) is None
    assert cache.bytes_held == 900


def test_what_somebody_was_just_told_of_stays(cache: SpeechCache) -> None:
    cache.add("a.ogg", 900, 0)
    cache.find("a.ogg", 100)
    assert cache.add("b.ogg", 900, 101) == []
    assert cache.add("c.ogg", 900, 100 + KEPT_S) == [cache.path("a.ogg")]
    assert cache.add("d.ogg", 900, 1000) == [cache.path("b.ogg"), cache.path("c.ogg")]


def test_a_file_made_anew_counts_once(cache: SpeechCache) -> None:
    cache.add("a.ogg", 300, 0)
    cache.add("a.ogg", 500, 1)
    assert (len(cache), cache.bytes_held) == (1, 500)


def test_a_new_process_finds_what_is_whole_and_removes_the_rest(tmp_path: Path) -> None:
    folder = tmp_path / "speech"
    folder.mkdir()
    for age, (name, size) in enumerate({"new.ogg": 10, "old.ogg": 900, "empty.ogg": 0, "x.part": 5}.items()):
        (folder / name).write_bytes(b"x" * size)
        os.utime(folder / name, (1000 - age, 1000 - age))
    cache = SpeechCache(folder, 1000)
    cache.scan()
    assert sorted(path.name for path in folder.iterdir()) == ["new.ogg", "old.ogg"]
    assert cache.bytes_held == 910
    assert cache.add("more.ogg", 500, 0) == [str(folder / "old.ogg")]


def test_the_folder_is_closed_to_others(cache: SpeechCache) -> None:
    assert cache.folder.stat().st_mode & 0o077 == 0
