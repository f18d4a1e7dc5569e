"""What the benchmarks share: processes, systems under test, probes, results."""
