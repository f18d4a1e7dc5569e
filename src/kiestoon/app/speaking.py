"""The speech service as the settings want it, and its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kiestoon.app.config import Settings
from kiestoon.app.metrics import Metric
from kiestoon.app.os_problems import explain_file
from kiestoon.company.directory import Directory
from kiestoon.speech.service import Settings as ServiceSettings
from kiestoon.speech.service import SpeechService
from kiestoon.speech.voices import Engines, read_voices


class Speaking(SpeechService):
    """Speech of the control process."""

    def __init__(self, settings: Settings, directory: Directory, on_ready: Callable[[str], None]) -> None:
        chosen = settings.speech
        engines = Engines(
            chosen.espeak, chosen.piper, chosen.url, chosen.model, chosen.key_file, timeout_s=chosen.timeout_s
        )
        service = ServiceSettings(engines, read_voices(chosen.voices), cache_bytes=chosen.cache_mb << 20)
        super().__init__(directory, settings.speech_dir, settings.recordings_dir, service, on_ready)

    async def start(self) -> None:
        """Begin. Raises ``OperatorError`` when the cache cannot be used."""
        try:
            await super().start()
        except OSError as error:
            raise explain_file(error, self.folder, "the folder of spoken texts") from None

    def metrics(self) -> Iterable[Metric]:
        """What has been spoken."""
        figures = self.figures
        yield Metric("speech_rendered", "counter", "Texts spoken into files", figures.rendered)
        yield Metric("speech_failed", "counter", "Texts that could not be spoken", figures.failed)
        yield Metric("speech_turned_away", "counter", "Texts not spoken because too many waited", figures.turned_away)
        yield Metric("speech_waiting", "gauge", "Texts to be spoken", self.waiting)
        yield Metric("speech_cache_bytes", "gauge", "Spoken texts on the disk", self.bytes_held)
