"""/companies/{id}/prompts: what the exchange says, and companies' recordings in place of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from api_rig import Api

from kiestoon.api import uploads
from kiestoon.company.directory import CompanyIndex
from kiestoon.media.audio import measure
from kiestoon.media.audio.player import FileSource
from kiestoon.speech import recordings
from kiestoon.speech.texts import texts_of
from kiestoon.store.feed import changes_after
from kiestoon.store.load import load_company

WAV = {"Content-Type": "audio/wav"}


def audio(container: str = "wav", codec: str = "pcm_s16le", rate: int = 44100, seconds: float = 1.0) -> bytes:
    """A tone of 440 Hz as a file of some format."""
    target = BytesIO()
    with av.open(target, "w", format=container) as written:
        stream = written.add_stream(codec, rate=rate, layout="stereo")
        stream.bit_rate = 96000
        stream.codec_context.open()
        pcm = (np.sin(2 * np.pi * 440 / rate * np.arange(int(rate * seconds))) * 12000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.repeat(pcm, 2)[None], format="s16", layout="stereo")
        frame.sample_rate, frame.pts = rate, 0
        size = stream.codec_context.frame_size or None
        splitter = av.AudioResampler(format=stream.codec_context.format, layout="stereo", rate=rate, frame_size=size)
        for piece in [*splitter.resample(frame), *splitter.resample(None)]:
            written.mux(stream.encode(piece))
        written.mux(stream.encode(None))
    return target.getvalue()


TONE = audio()


@pytest.fixture
def folder(api: Api) -> Iterator[Path]:
    """The company's folder of recordings, left as it was found."""
    assert api.recordings is not None
    own = api.recordings / str(api.organisation.company_id)
    yield own
    for path in api.recordings.glob("*/*"):
        path.unlink()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*"))


async def put(
    api: Api, content: bytes = TONE, key: str = "goodbye", role: str = "company", **more: Any
) -> httpx.Response:
    more.setdefault("headers", WAV)
    return await api.of(role).put(api.path("prompts", f"nl/{key}"), content=content, **more)


async def test_the_list_has_every_text_in_the_companys_language_or_the_one_asked_for(api: Api) -> None:
    client = api.of("company")
    items = (await client.get(api.path("prompts"))).json()["items"]
    assert [item["key"] for item in items] == list(texts_of("nl"))
    parked = next(item for item in items if item["key"] == "parked-on-line")
    assert parked == {
        "key": "parked-on-line",
        "language": "nl",
        "area": "parking",
        "text": "Het gesprek is geparkeerd op lijn {line}.",
        "parameters": ["line"],
        "recording": None,
    }
    latvian = (await client.get(api.path("prompts"), params={"language": "lv"})).json()["items"]
    assert latvian[0]["text"] == "Paldies par zvanu. Uz sadzirdēšanos."
    assert (await client.get(api.path("prompts"), params={"language": "fr"})).status_code == 422


FORMATS = {
    "wav": ("wav", "pcm_s16le", "audio/wav"),
    "mp3": ("mp3", "libmp3lame", "audio/mpeg"),
    "wma": ("asf", "wmav2", "audio/x-ms-wma"),
    "ogg": ("ogg", "libopus", "audio/ogg"),
    "flac": ("flac", "flac", "application/octet-stream"),
}


@pytest.mark.parametrize("name", FORMATS)
async def test_an_uploaded_file_is_heard_in_place_of_the_text(api: Api, folder: Path, name: str) -> None:
    container, codec, kind = FORMATS[name]
    content = audio(container, codec, 48000 if codec == "libopus" else 44100)
    made = await put(api, content, headers={"Content-Type": kind}, params={"source": f"bye.{name}"})
    assert made.status_code == 200, made.text
    recording = made.json()["recording"]
    assert recording["source"] == f"bye.{name}"
    assert recording["duration_ms"] == pytest.approx(1000, abs=120)  # encoders pad
    rows = load_company(api.database, api.vault, api.organisation.company_id)
    (file,) = CompanyIndex(rows).recordings.values()
    assert CompanyIndex(rows).recordings.keys() == {("goodbye", "nl")}
    source = FileSource(folder.parent / file, 16000)
    assert measure.dominant_frequency(source.read(16000), 16000) == pytest.approx(440, abs=3)
    heard = await api.of("company").get(api.path("prompts", "nl/goodbye/audio"))
    assert heard.headers["content-type"] == "audio/ogg"
    assert heard.content == (folder.parent / file).read_bytes()
    assert ("reload", {}) in api.control.asked


async def test_a_second_upload_takes_the_place_of_the_first_and_removal_brings_the_text_back(
    api: Api, folder: Path
) -> None:
    client, path = api.of("company"), api.path("prompts", "nl/goodbye")
    first = await put(api)
    (old,) = files(folder)
    second = await put(api, audio(seconds=2.0), headers={**WAV, "If-Match": first.headers["etag"]})
    assert second.json()["recording"]["version"] == 2
    assert second.json()["recording"]["duration_ms"] == 2000
    (new,) = files(folder)
    assert new != old
    listed = (await client.get(api.path("prompts"), params={"recorded": "true"})).json()["items"]
    assert listed == [second.json()]
    assert (await client.get(path)).json() == second.json()
    assert (await client.delete(path)).status_code == 204
    assert files(folder) == []
    assert (await client.get(path)).json()["recording"] is None
    for gone in (await client.delete(path), await client.get(f"{path}/audio")):
        assert gone.status_code == 404


async def test_who_has_seen_an_older_one_replaces_nothing(api: Api, folder: Path) -> None:
    tag = (await put(api)).headers["etag"]
    await put(api, headers={**WAV, "If-Match": tag})
    kept = files(folder)
    stale = {**WAV, "If-Match": tag}
    assert (await put(api, headers=stale)).status_code == 412
    assert (await api.of("company").delete(api.path("prompts", "nl/goodbye"), headers=stale)).status_code == 412
    assert (await put(api, key="echo-end", headers=stale)).status_code == 412  # there is none yet
    assert files(folder) == kept


async def test_every_change_is_in_the_audit_trail(api: Api, folder: Path) -> None:
    with api.database.read() as connection:
        before = changes_after(connection, 0, 10_000)[-1].id
    await put(api)
    await put(api)
    await api.of("company").delete(api.path("prompts", "nl/goodbye"))
    with api.database.read() as connection:
        noted = changes_after(connection, before, 100)
    assert [(change.action, change.table_name) for change in noted] == [
        ("added", "prompts"), ("updated", "prompts"), ("removed", "prompts"),
    ]  # fmt: skip
    assert noted[0].details["key"] == "goodbye"


NO_AUDIO = {
    "nothing": b"",
    "words": b"this is no sound" * 1000,
    "a header only": TONE[:44],
    "a playlist": b"#EXTM3U\nfile:///etc/passwd\n",
    "a playlist for FFmpeg": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "a page": b"<html><script>alert(1)</script></html>",
}


@pytest.mark.parametrize("name", NO_AUDIO)
async def test_what_is_no_sound_is_refused_in_words_and_leaves_nothing(api: Api, folder: Path, name: str) -> None:
    answer = await put(api, NO_AUDIO[name], headers={**WAV, "Accept-Language": "nl"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["code"] == "not_audio"
    assert "geen geluid" in error["message"]
    assert files(folder) == files(folder.parent / "incoming") == []


async def test_a_recording_over_ten_minutes_is_refused(api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recordings.LONGEST_S == 600
    monkeypatch.setattr(recordings, "LONGEST_S", 60)
    answer = await put(api, audio(seconds=61))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["message"] == "The recording lasts longer than 1 minutes. Cut it."
    assert files(folder) == files(folder.parent / "incoming") == []


async def test_an_upload_may_be_larger_than_other_bodies_but_not_without_end(
    api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await put(api, audio(seconds=70))).status_code == 200  # 12 MB
    assert (await api.of("company").patch(api.path("companies", 1), content=bytes(11 << 20))).status_code == 413
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)
    assert (await put(api)).status_code == 413
    too_much = {**WAV, "Content-Length": str(200 << 20)}
    assert (await put(api, b"x", headers=too_much)).status_code == 413
    assert len(files(folder)) == 1
    assert files(folder.parent / "incoming") == []


async def test_other_types_of_content_are_refused(api: Api) -> None:
    for kind in ("text/html", "application/json", "image/png", ""):
        answer = await put(api, headers={"Content-Type": kind})
        assert answer.status_code == 415
        assert "audio/wav" in answer.headers["accept"]


@pytest.mark.parametrize("place", ["fr/goodbye", "nl/no-such-text", "nl/../../x", "nl/Good", "nl/a%00b", "nl/%2e%2e"])
async def test_only_texts_there_are_can_be_replaced(api: Api, folder: Path, place: str) -> None:
    answer = await api.of("company").put(f"{api.path('prompts')}/{place}", content=TONE, headers=WAV)
    assert answer.status_code in {404, 405, 415, 422}
    assert files(folder) == []


@pytest.mark.parametrize("role", ["location", "department", "user"])
async def test_only_company_administrators_and_operators_have_recordings(api: Api, folder: Path, role: str) -> None:
    await put(api)
    client, path = api.of(role), api.path("prompts", "nl/goodbye")
    for answer in (
        await client.get(api.path("prompts")), await client.get(path), await client.get(f"{path}/audio"),
        await client.put(path, content=TONE, headers=WAV), await client.delete(path),
    ):  # fmt: skip
        assert answer.status_code == 403
    assert len(files(folder)) == 1


async def test_another_companys_recordings_are_not_there(api: Api, folder: Path) -> None:
    await put(api)
    foreign = f"/api/v1/companies/{api.organisation.foreign_id}/prompts/nl/goodbye"
    assert (await api.of("company").get(foreign)).status_code == 404
    assert (await api.of("company").put(foreign, content=TONE, headers=WAV)).status_code == 404
    assert (await api.of("operator").get(f"{foreign}/audio")).status_code == 404
    assert (await api.of("operator").put(foreign, content=TONE, headers=WAV)).status_code == 200
    assert len(files(folder)) == 1


async def test_a_full_disk_is_said_and_nothing_is_changed(
    api: Api, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(recordings, "take_in", full)
    assert (await put(api)).status_code == 503
    assert (await api.of("company").get(api.path("prompts", "nl/goodbye"))).json()["recording"] is None
    assert files(folder.parent / "incoming") == []


async def test_what_belongs_to_nobody_is_removed_after_a_day(api: Api, folder: Path) -> None:
    await put(api)
    (kept,) = files(folder)
    lost = [folder / "lost.ogg", folder.parent / "99" / "gone.ogg", folder.parent / "incoming" / "half"]
    fresh = folder / "fresh.ogg"
    for path in (*lost, fresh):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    long_ago = time.time() - 90_000
    for path in (*lost, folder / kept):
        os.utime(path, (long_ago, long_ago))
    assert await uploads.tidy_now(api.backend, folder.parent) == 3
    assert files(folder) == sorted([kept, "fresh.ogg"])
