"""What the links to the media processes tell of them."""

from __future__ import annotations

from kiestoon.app.media_links import MediaLinks
from kiestoon.media.protocol import RtpResumed, StatsReported


def stats(worst_turn_ms: float, received: int = 0) -> StatsReported:
    return StatsReported(
        contexts=2, terminations=4, ports_free=9, packets_received=received, packets_sent=7, packets_dropped=3,
        drops={"source": 2, "srtp": 1}, ticks=50, late_ticks=1, worst_turn_ms=worst_turn_ms, failed_commands=0,
    )  # fmt: skip


def build() -> tuple[MediaLinks, list[object]]:
    heard: list[object] = []
    links = MediaLinks(["/nowhere/media-0.sock"], heard.append, lambda *_: None, lambda *_: None)
    links.clients[0]._connected = True
    return links, heard


def figures(links: MediaLinks) -> dict[str, float]:
    return {"/".join([metric.name, *map(str, metric.labels.values())]): metric.value for metric in links.metrics()}


def test_nothing_is_told_of_a_process_that_has_not_reported_yet() -> None:
    links, _ = build()
    assert set(figures(links)) == {"media_connected/0", "media_ports_in_stock/0"}


def test_the_latest_report_is_told_and_the_worst_turn_since_somebody_looked() -> None:
    links, heard = build()
    for report in (stats(30.0), stats(2.0, received=100)):
        links.clients[0].on_event(report)
    told = figures(links)
    assert told["media_packets_received/0"] == 100
    assert (told["media_contexts/0"], told["media_terminations/0"], told["media_late_ticks/0"]) == (2, 4, 1)
    assert told["media_packets_dropped/0/source"] == 2
    assert told["media_worst_turn_seconds/0"] == 0.03
    links.clients[0].on_event(stats(4.0))
    assert figures(links)["media_worst_turn_seconds/0"] == 0.004
    assert heard == []
    links.clients[0].on_event(RtpResumed(1))
    assert heard == [RtpResumed(1)]


def test_figures_of_a_process_that_is_away_are_not_told() -> None:
    links, _ = build()
    links.clients[0].on_event(stats(1.0))
    links.clients[0]._connected = False
    assert set(figures(links)) == {"media_connected/0", "media_ports_in_stock/0"}
