"""Measure and print: ``python -m tests.benchmarks [speed] [zoo] [analyses] [process] [memory] [weights]
[lint] [bench] [sweep] [--repeat 7]``.

CPU times are medians over the repetitions. A line says the limit it is held against; the exit code is 1 if
one is over. Measure on a machine that does nothing else.
"""
from __future__ import annotations

import argparse
import gc
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from tests.benchmarks import graphs

STATUS = "/proc/self/status"


class Measured(NamedTuple):
    """One line: what was measured, the number, its unit, and the limit it is held against (None: none)."""

    what: str
    number: float
    unit: str
    limit: float | None = None

    def __str__(self) -> str:
        limit = "" if self.limit is None else f"limit {self.limit:g}{', EXCEEDED' if self.over else ''}"
        return f"{self.what:<48}{self.number:>9.2f} {self.unit:<6}{limit}".rstrip()

    @property
    def over(self) -> bool:
        """Whether the number is above its limit."""
        return self.limit is not None and self.number > self.limit


def speed(repeat: int) -> Iterator[Measured]:
    """CPU time of reading and analyzing generated graphs, and how it grows with them."""
    for name, make, limit in (("mixed", graphs.mixed, 100), ("pyramid", graphs.pyramid, 150)):
        for kind in ("symbolic", "static"):
            read, analyze = _phases(make(5000, kind == "symbolic"), repeat)
            yield Measured(f"{name}, 5,000 nodes, {kind}: read", 1000 * read, "ms")
            yield Measured(f"{name}, 5,000 nodes, {kind}: analyze", 1000 * analyze, "ms", limit)
        once, twice = (sum(_phases(make(count), repeat)) for count in (5000, 10_000))
        yield Measured(f"{name}, 10,000 nodes against 5,000", twice / once, "times", 2.2)


def _phases(model: bytes, repeat: int) -> tuple[float, float]:
    """Median CPU seconds to read ``model``, and to analyze it down to the totals. Each repetition runs in a
    process of its own, which has the code loaded but has seen no size before."""
    _timed(graphs.mixed(1))
    with get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        reads, analyses = zip(*pool.map(_timed, [model] * repeat, chunksize=1), strict=True)
    return median(reads), median(analyses)


def _timed(model: bytes) -> tuple[float, float]:
    import archcheck
    gc.collect()
    start = time.process_time()
    graph = archcheck.load(model)
    read = time.process_time()
    report = archcheck.analyze(graph)
    assert report.macs != 0
    done = time.process_time()
    assert not report.reasons, f"not all is known: {next(iter(report.reasons.values()))}"
    return read - start, done - read


def zoo(repeat: int) -> Iterator[Measured]:
    """CPU time of reading and analyzing all specifications that ship, one after the other in one process."""
    with get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        seconds = pool.map(_zoo, range(repeat), chunksize=1)
    yield Measured("all specifications: read and analyze", median(seconds), "s", 3)


def _zoo(_: int) -> float:
    import archcheck
    from archcheck.frontends._zoo import PREFIX, names
    start = time.process_time()
    for name in names():
        report = archcheck.analyze(f"{PREFIX}{name}")
        assert report.params != 0 or report.macs != 0
    return time.process_time() - start


def analyses(repeat: int) -> Iterator[Measured]:
    """CPU time of what is worked out of a report on demand, each on a new one."""
    import numpy  # noqa: F401 - importing it is not what is measured

    from tests.fields.decoders import wavenet
    deep = graphs.pyramid(5000, False)
    long = wavenet(3).SerializeToString()
    for what, model, sizes, ask, limit in (
            ("fields", deep, {}, lambda report: report.fields, 300),
            ("fields at 224", deep, {}, _reach, 1000),
            ("cost", deep, {}, lambda report: (report.traffic, report.exact, report.training), None),
            ("memory, peak and best order", deep, {}, lambda report: report.memory.schedule(), None),
            ("valid sizes", graphs.pyramid(5000), {}, lambda report: report.valid, None)):
        yield Measured(f"5,000 nodes: {what}", 1000 * _asked(model, sizes, ask, repeat), "ms", limit)
    exact = _asked(long, {"T": 4096}, lambda report: _reach(report, True), repeat)
    yield Measured("WaveNet, 3 blocks, 4,096 samples: exact fields", 1000 * exact, "ms", 300)


def _reach(report: Any, exact: bool = False) -> object:
    last = next(name for name in report.graph.outputs if name in report.fields)
    return report.fields[last].at(exact=exact)


def _asked(model: bytes | Path, sizes: Mapping[str, int], ask: Callable[[Any], object], repeat: int) -> float:
    """Median CPU seconds that ``ask`` takes of a new report."""
    import archcheck
    graph = archcheck.load(model)
    seconds = []
    for _ in range(repeat):
        report = archcheck.analyze(graph, sizes)
        gc.collect()
        start = time.process_time()
        ask(report)
        seconds.append(time.process_time() - start)
    return median(seconds)


def process(repeat: int) -> Iterator[Measured]:
    """CPU time of whole processes, against that of an interpreter that imports onnx."""
    with tempfile.TemporaryDirectory() as folder:
        resnet, vgg = Path(folder, "resnet50.onnx"), Path(folder, "vgg16.onnx")
        graphs.resnet50(resnet)
        graphs.vgg16(vgg)
        bare = _process(["-c", "pass"], repeat)
        onnx = _process(["-c", "import onnx"], repeat)
        small, large = (_process(["-m", "archcheck", "summary", str(path)], repeat) for path in (resnet, vgg))
        yield Measured("import onnx", 1000 * onnx, "ms")
        imported = _process(["-c", "import archcheck"], repeat)
        helped = _process(["-m", "archcheck", "--help"], repeat)
        yield Measured("import archcheck", 1000 * (imported - bare), "ms", 50)
        yield Measured("archcheck --help", 1000 * helped, "ms", 150)
        yield Measured("summary of ResNet-50, 102 MB", 1000 * small, "ms")
        yield Measured("summary of ResNet-50 against import onnx", small / onnx, "times", 1.6)
        yield Measured("summary of VGG-16, 553 MB", 1000 * large, "ms")
        yield Measured("summary of VGG-16 against ResNet-50", large / small, "times", 1.1)


def memory(repeat: int) -> Iterator[Measured]:
    """The largest resident memory of a summary of a file of 553 MB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "vgg16.onnx")
        graphs.vgg16(path)
        summary = "from archcheck.cli import main; main(sys.argv[1:])"
        yield Measured("import onnx, peak memory", _peak("import onnx", [], repeat), "MiB")
        used = _peak(summary, ["summary", str(path)], repeat)
        yield Measured("summary of VGG-16, 553 MB, peak memory", used, "MiB", 80)


def weights(repeat: int) -> Iterator[Measured]:
    """CPU time of all rules about values together over 512 MiB of weights: normal numbers, and zeros."""
    with tempfile.TemporaryDirectory() as folder:
        for what in ("normal", "zeros"):
            path = graphs.matrices(Path(folder), what == "normal")
            seconds = _asked(path, {}, _values, repeat)
            yield Measured(f"rules about values, 512 MiB, {what}", 1e9 * seconds / (512 << 20), "s/GB", 2)


def _values(report: Any) -> object:
    import archcheck
    return archcheck.check(report, archcheck.Settings(select=("NUM", "SIZ", "QNT")))


def lint(repeat: int) -> Iterator[Measured]:
    """How long judging takes, against a summary of the same file, and over many models."""
    from tests.benchmarks import lint as judging
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.onnx")
        for what, make in (("mixed", graphs.mixed), ("pyramid", graphs.pyramid)):
            path.write_bytes(make(5000))
            judged = judging.in_process(path.read_bytes(), repeat)
            yield Measured(f"{what}, 5,000 nodes: judge", 1000 * judged, "ms")
            summary = _process(["-m", "archcheck", "summary", str(path)], repeat)
            check = _process(["-m", "archcheck", "check", str(path), *judging.FEW], repeat)
            yield Measured(f"{what}, 5,000 nodes: check against summary", check / summary, "times", 1.3)
    with tempfile.TemporaryDirectory() as folder:
        judging.many(Path(folder), 200)
        alone, together = judging.jobs(Path(folder), min(repeat, 3))
        yield Measured("200 models: all processors against one", together / alone, "times", 1)


def bench(repeat: int) -> Iterator[Measured]:
    """How near what ``archcheck bench`` says of ResNet-50 is to ONNX Runtime by itself, in turn in one
    process; and how much of a run its rows leave over."""
    from archcheck.backends.bench import Setting, measured
    from archcheck.backends.clock import Plan
    from archcheck.backends.guard import Limits
    from archcheck.backends.ort import Device
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "resnet50.onnx")
        graphs.resnet50(path)
        ours, plain = _in_turn(path, 10 * repeat)
        yield Measured("ResNet-50: clock of bench against plain", ours / plain, "times", 1.05)
        sizes = {"N": 1, "H": 224, "W": 224}
        found = measured(str(path), Setting(sizes, Device(), Limits(), plan=Plan(3, 10 * repeat, 60)))
    profile = found.joined.profile
    whole = profile.whole.typical
    yield Measured("ResNet-50: with the profiler against without", whole / found.seconds, "times", 1.05)
    yield Measured("ResNet-50: part of a run between nodes", 100 * profile.between / whole, "%", 5)


def sweep(repeat: int) -> Iterator[Measured]:
    """CPU time of sweeps: a million variants of sizes, and structures that are analyzed."""
    sizes, widths = ("N=1:100", "H=33:132", "W=33:132"), ("width=0.25:1:0.25", "H,W=128:224:32")
    with get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        times = pool.map(_swept, [sizes] * repeat, chunksize=1)
        yield Measured("mobilenet_v1: a million sizes", median(times), "s", 5)
        times = pool.map(_swept, [widths] * repeat, chunksize=1)
        yield Measured("mobilenet_v1: 4 widths, 4 resolutions", median(times), "s")


def _swept(axes: tuple[str, ...]) -> float:
    from archcheck.sweeping import Plan, axis
    from archcheck.sweeping import sweep as swept
    start = time.process_time()
    found = swept(Plan("specs:mobilenet_v1", tuple(map(axis, axes))))
    front = found.pareto(["macs", "memory"]).where("macs < 300e6")
    assert not found.faults and len(front)
    return time.process_time() - start


def _in_turn(path: Path, count: int) -> tuple[float, float]:
    """The seconds of a quick run of ResNet-50, quicker than three quarters: as ``archcheck bench`` measures
    them, and as a plain session takes."""
    import numpy
    import onnxruntime

    from archcheck.backends import clock_jobs, jobs
    from archcheck.backends.clock import Plan
    from archcheck.backends.ort import Task
    plain = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    image = numpy.random.default_rng(0).standard_normal((1, 3, 224, 224), "float32")
    feeds = {plain.get_inputs()[0].name: image}
    task = Task(path, feeds, optimized=True)
    call = clock_jobs._caller(jobs.opened(task), task)
    ours, others = [], []
    for turn in range(count):
        once = Plan(warmup=int(turn == 0), runs=1)
        ours += [second for ran in clock_jobs._runs(call, once, path / "stop") for second in ran.seconds]
        start = time.perf_counter()
        plain.run(None, feeds)
        others.append(time.perf_counter() - start)
    return tuple(sorted(times)[len(times) // 4] for times in (ours, others))  # type: ignore[return-value]


def _process(arguments: list[str], repeat: int) -> float:
    """The median CPU seconds of a Python process with these arguments, after one that is not counted."""
    return median([_once(arguments) for _ in range(repeat + 1)][1:])


def _once(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _peak(code: str, arguments: list[str], repeat: int) -> float:
    """The median of the largest resident memory of a process that runs ``code``, in MiB. The process tells it
    itself: what the system says of a child counts the parent's memory as well."""
    code = f"import atexit, sys; atexit.register(lambda: sys.stderr.write(open({STATUS!r}).read())); {code}"
    command = [sys.executable, "-c", code, *arguments]
    runs = [subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
            for _ in range(repeat)]
    return median(int(run.stderr.split("VmHWM:")[1].split()[0]) / 1024 for run in runs)


BENCHMARKS = {"speed": speed, "zoo": zoo, "analyses": analyses, "process": process, "memory": memory,
              "weights": weights, "lint": lint, "bench": bench, "sweep": sweep}


def main() -> int:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="|".join(BENCHMARKS))
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    over = False
    for name in options.names or BENCHMARKS:
        for line in BENCHMARKS[name](options.repeat):
            print(line, flush=True)
            over |= line.over
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
