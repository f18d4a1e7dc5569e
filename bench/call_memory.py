"""Memory of calls that stand, in the control process and in the media process, growth with their number."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.lib.results import Result, table
from bench.lib.systems import LOAD_CORE, WholeExchange
from bench.peers.process import rss_bytes, wait_until
from bench.peers.sipp import SCENARIOS, Sipp

NAME = "call_memory"
CORE = 1
STEPS = (250, 500, 1000, 2000)
RATE = 200


def main() -> None:
    """Set up ever more calls that stand, and look at both processes each time."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        with WholeExchange(directory) as exchange:
            phone = Sipp(SCENARIOS / "uas_call.xml", cwd=directory, core=LOAD_CORE)
            callees = exchange.callees(phone.address, 500)
            with phone:
                _warm_up(exchange, directory, [callee.user for callee in callees])
                control, media = exchange.control_pid, exchange.media_pid
                before = rss_bytes(control), rss_bytes(media)
                with _held_calls(exchange, directory, [callee.user for callee in callees]):
                    for calls in STEPS:
                        rows.append((calls, *_look(exchange, calls, control, media, before)))
    print("\nCalls that stand, without speech\n")
    print(table(("calls", "control KB per call", "media KB per call"), rows), "\n")
    _, control_kb, media_kb = rows[-1]
    print(Result("call_memory_control_process", control_kb, "KB"))
    print(Result("call_memory_media_process", media_kb, "KB"))
    print(Result(NAME, control_kb + media_kb, "KB"))


def _warm_up(exchange: WholeExchange, directory: Path, users: list[str]) -> None:
    """A second of short calls, so that what is allocated once is not counted."""
    with _calls(exchange, directory, users, "uac_call", calls=RATE) as short:
        short.expect_success(15)


def _held_calls(exchange: WholeExchange, directory: Path, users: list[str]) -> Sipp:
    return _calls(exchange, directory, users, "uac_held_call", calls=STEPS[-1], options=("-d", "300000"))


def _calls(exchange: WholeExchange, directory: Path, users: list[str], scenario: str, **options: object) -> Sipp:
    return Sipp(
        SCENARIOS / f"{scenario}.xml",
        cwd=directory,
        remote=exchange.address,
        core=LOAD_CORE,
        rate=RATE,
        at_once=STEPS[-1],
        keys={"target": exchange.host, "domain": exchange.domain},
        rows=[(user, f"+31209{number:06d}") for number, user in enumerate(users)],
        **options,  # type: ignore[arg-type]  # passed through
    )


def _look(
    exchange: WholeExchange, calls: int, control: int, media: int, before: tuple[int, int]
) -> tuple[float, float]:
    """KB per call in the control process and in the media process."""
    wait_until(lambda: exchange.ask("inventory")["calls"] >= calls, 60, f"{calls} calls stand")
    at_least = exchange.ask("inventory")["calls"]
    kilobytes = [
        (rss_bytes(pid) - start) / at_least / 1024 for pid, start in zip((control, media), before, strict=True)
    ]
    return kilobytes[0], kilobytes[1]


if __name__ == "__main__":
    main()
