"""Runs the benchmarks and writes what they measured to ``bench/results.md``.

    python -m bench.run            all of them (some minutes)
    python -m bench.run media_relay calls_per_second

A benchmark is a module of this folder that can be run. It prints result lines, ``name: VALUE unit`` with or without
``, peer NAME value, ratio R``, and may print Markdown tables; both are taken over. It is pinned to the server core
unless it declares ``CORE`` (those that only watch what runs on the server core declare the load core).
"""

from __future__ import annotations

import argparse
import ast
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.lib.results import parse_result
from bench.peers.process import debian_version

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.md"
NOT_BENCHMARKS = {"__init__", "run", "rtp_load"}
PEERS = ("kamailio", "rtpengine-daemon", "sip-tester")
LONGEST_S = 1800


@dataclass(frozen=True)
class Benchmark:
    """One module: its name, what it says about itself, the core it asks for."""

    name: str
    purpose: str
    core: int


@dataclass(frozen=True)
class Outcome:
    """What a benchmark printed, and whether it got through."""

    benchmark: Benchmark
    output: str
    code: int
    seconds: float


def discover() -> list[Benchmark]:
    """The modules here that can be run, by name; nothing is imported."""
    found = []
    for path in sorted(FOLDER.glob("*.py")):
        source = path.read_text()
        if path.stem not in NOT_BENCHMARKS and "__main__" in source:
            module = ast.parse(source)
            purpose = (ast.get_docstring(module) or "").partition("\n\n")[0].replace("\n", " ")
            found.append(Benchmark(path.stem, purpose, _declared_core(module)))
    return found


def _declared_core(module: ast.Module) -> int:
    for statement in module.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "CORE" for target in statement.targets
        ):
            return int(ast.literal_eval(statement.value))
    return 0


def run(benchmark: Benchmark) -> Outcome:
    """Run one in a process of its own, showing and keeping what it prints."""
    print(f"\n== {benchmark.name}: {benchmark.purpose}", flush=True)
    core = min(benchmark.core, (os.cpu_count() or 1) - 1)
    command = ["taskset", "-c", str(core), sys.executable, "-m", f"bench.{benchmark.name}"]
    began = time.monotonic()
    lines = []
    with subprocess.Popen(
        command, cwd=FOLDER.parent, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
            if time.monotonic() - began > LONGEST_S:
                process.kill()
    return Outcome(benchmark, "".join(lines), process.returncode, time.monotonic() - began)


def report(outcomes: list[Outcome]) -> str:
    """The results as Markdown: conditions, all figures in one table, then each benchmark's own tables."""
    parts = ["# Benchmark results", "", *conditions(), "", "## Figures", ""]
    parts += ["| benchmark | figure | value | peer | ratio |", "| --- | --- | --- | --- | --- |"]
    for outcome in outcomes:
        for line in outcome.output.splitlines():
            if (result := parse_result(line)) is not None:
                value, _, peer = str(result).partition(": ")[2].partition(", peer ")
                peer, _, ratio = peer.partition(", ratio ")
                parts.append(f"| {outcome.benchmark.name} | {result.name} | {value} | {peer} | {ratio} |")
    for outcome in outcomes:
        tables = _tables(outcome.output)
        failed = [] if outcome.code == 0 else [f"**Failed** with exit code {outcome.code}:", "", _tail(outcome.output)]
        if tables or failed:
            parts += ["", f"## {outcome.benchmark.name}", "", outcome.benchmark.purpose, "", *tables, *failed]
    return "\n".join(parts).rstrip() + "\n"


def _tables(output: str) -> list[str]:
    """The Markdown tables in the output, each with the line that introduces it."""
    lines = output.splitlines()
    kept: list[str] = []
    for number, line in enumerate(lines):
        if line.startswith("|"):
            if not lines[number - 1].startswith("|"):
                before = [each for each in lines[:number] if each.strip() and not each.startswith(("|", " "))]
                kept += ["", before[-1] if before else "", ""]
            kept.append(line.rstrip())
    return kept


def _tail(output: str) -> str:
    return "```\n" + "\n".join(output.splitlines()[-20:]) + "\n```"


def conditions() -> list[str]:
    """What the figures depend on."""
    cores = os.cpu_count() or 1
    peers = ", ".join(f"{name} {version}" for name in PEERS if (version := debian_version(name)))
    return [
        f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {cores} cores of {_cpu_model()}, "
        f"{_memory_gb():.0f} GB memory, {_release()}, Linux {platform.release()}, "
        f"Python {platform.python_version()}; load average before: {os.getloadavg()[0]:.2f}.",
        "",
        f"Peers from the same distribution, measured in the same run on the same core: {peers or 'none installed'}.",
        "The system under test has core 0, load generators and everything else core 1. All traffic is on loopback.",
    ]


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _release() -> str:
    names = platform.freedesktop_os_release()
    return names.get("PRETTY_NAME", platform.system())


def main() -> None:
    """Run what was asked for; results.md is only written by a run of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    wanted = parser.parse_args().names
    known = discover()
    if unknown := set(wanted) - {each.name for each in known}:
        sys.exit(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(each.name for each in known)}")
    outcomes = [run(each) for each in known if not wanted or each.name in wanted]
    text = report(outcomes)
    if wanted:
        print("\n" + text)
    else:
        RESULTS.write_text(text)
        print(f"\nwritten to {RESULTS}")
    if failed := [each.benchmark.name for each in outcomes if each.code]:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
