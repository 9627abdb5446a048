"""How long judging takes: against a summary of the same file, and over many models."""
from __future__ import annotations

import gc
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from tests.benchmarks import graphs

FEW = ["--no-weights", "--no-cache", "--fail-on", "never"]
"""What `archcheck check` is asked for besides the model: everything but weights, whatever is found."""


def in_process(model: bytes, repeat: int) -> float:
    """Median CPU seconds to judge ``model``, analyzed down to its totals. Each repetition is in a process of
    its own, which has the code loaded but has seen no size before."""
    _judged(graphs.mixed(1))
    with get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        return median(pool.map(_judged, [model] * repeat, chunksize=1))


def _judged(model: bytes) -> float:
    import archcheck
    report = archcheck.analyze(model)
    assert (report.macs, report.params) != (0, 0)
    gc.collect()
    start = time.process_time()
    archcheck.check(report, archcheck.Settings(weights=False))
    return time.process_time() - start


def many(folder: Path, count: int) -> None:
    """``count`` models of about 300 nodes, no two alike."""
    for number in range(count):
        (folder / f"m{number}.onnx").write_bytes(graphs.mixed(250 + number))


def jobs(folder: Path, repeat: int) -> Iterator[float]:
    """Median seconds to judge all models of ``folder`` in one process, and in as many as there are
    processors."""
    for options in (["--jobs", "1"], []):
        command = [sys.executable, "-m", "archcheck", "check", str(folder), *FEW, "--quiet", *options]
        seconds = []
        for _ in range(repeat):
            start = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
            seconds.append(time.perf_counter() - start)
        yield median(seconds)
