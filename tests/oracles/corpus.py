"""Probe real models: ``python -m tests.oracles.corpus FOLDER [--only GLOB]`` holds what archcheck says of the
fields of every model in a folder (``.onnx`` and ``.onnx.gz``) against runs, and prints what it finds.

Weights that are not in a file are drawn. Sizes that are symbolic get small numbers.
"""
from __future__ import annotations

import argparse
import gzip
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import onnx

import archcheck
from archcheck.dims import Dim
from archcheck.probing.judge import Verdict, judged, of_report
from archcheck.probing.network import Network
from archcheck.probing.prepare import Unprobed

SIZES = ({"N": 2, "H": 64, "W": 32}, {"N": 1, "H": 96, "W": 64}, {"N": 1, "H": 224, "W": 224},
         {"N": 1, "T": 400, "S": 24, "H": 256, "W": 256}, {"N": 1, "T": 11, "S": 20, "L": 4000})
"""What symbols are set to, the first for which the network runs."""
OTHERS = 12
"""What symbols of other names are set to."""


class Probed(NamedTuple):
    """What became of one model: its verdict, or why there is none; the sizes it ran at, and the seconds."""

    name: str
    verdict: Verdict | None
    skipped: str
    sizes: Mapping[str, int]
    seconds: float


def probed(name: str, data: bytes, points: int = 12, runs: int = 40,
           candidates: Sequence[Mapping[str, int]] = SIZES) -> Probed:
    """Probe one model: at most ``points`` positions of each value and ``runs`` cuts of each axis, at the
    first sizes of the ``candidates`` at which it runs."""
    start = time.perf_counter()
    sizes: dict[str, int] = {}
    try:
        sizes, network = _network(data, candidates)
        report = archcheck.analyze(data, sizes=sizes)
        verdict, skipped = judged(network, of_report(report), points, runs), ""
    except Unprobed as why:
        verdict, skipped = None, str(why)
    except Exception as error:
        verdict, skipped = None, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return Probed(name, verdict, skipped, sizes, time.perf_counter() - start)


def _network(data: bytes, candidates: Sequence[Mapping[str, int]]) -> tuple[dict[str, int], Network]:
    """The network at the first sizes at which it runs."""
    graph = archcheck.load(data)
    symbols = {str(size) for kind in graph.inputs.values() for size in kind.shape or ()
               if isinstance(size, Dim)}
    refused = ""
    for given in candidates:
        sizes = {name: given.get(name, OTHERS) for name in symbols}
        shapes = {name: tuple(int(archcheck.evaluate(size, sizes)) for size in kind.shape or ())
                  for name, kind in graph.inputs.items()}
        try:
            network = Network(onnx.load_model_from_string(data), shapes)
            assert network.values
            return sizes, network
        except Exception as error:
            refused = str(error).splitlines()[0] if str(error) else type(error).__name__
            if not symbols:
                break
    raise Unprobed(refused)


def models(folder: Path, only: str = "*") -> Iterator[tuple[str, bytes]]:
    """The names and bytes of the models in a folder."""
    for path in sorted(folder.iterdir()):
        name = path.name.removesuffix(".gz").removesuffix(".onnx")
        if path.name.endswith((".onnx", ".onnx.gz")) and fnmatch(name, only):
            data = path.read_bytes()
            yield name, gzip.decompress(data) if path.suffix == ".gz" else data


def described(found: Probed) -> str:
    """One model's outcome in a few lines."""
    head = f"{found.name:46} {found.seconds:6.1f} s "
    if found.verdict is None:
        return f"{head} skipped: {found.skipped}"
    verdict = found.verdict
    kinds: Counter[str] = Counter(fault.kind for fault in verdict.faults)
    counts = f"{len(verdict.values):5} values {verdict.claims:7} claims {verdict.proved:7} proved"
    lines = [f"{head} {counts} {kinds['unsound']:5} unsound {kinds['loose']:5} loose"]
    lines += [f"      {count} undecided: {reason}" for reason, count in verdict.undecided.most_common()]
    shown: set[tuple[str, str]] = set()
    for fault in verdict.faults:
        if (fault.kind, fault.input) not in shown:
            shown.add((fault.kind, fault.input))
            lines.append(f"      the first {fault.kind}: {fault.value} {list(fault.position)} reads "
                         f"{fault.said} of axis {fault.axis} of {fault.input}, measured {fault.measured}")
    return "\n".join(lines)


def main() -> None:
    """Probe a folder and print what comes out, model by model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="*", help="names of the models, as a shell pattern")
    parser.add_argument("--points", type=int, default=12, help="positions of each value")
    parser.add_argument("--runs", type=int, default=40, help="runs for each axis of an input")
    arguments = parser.parse_args()
    total: Counter[str] = Counter()
    for name, data in models(arguments.folder, arguments.only):
        found = probed(name, data, arguments.points, arguments.runs)
        print(described(found), flush=True)
        total["models"] += 1
        total["skipped"] += found.verdict is None
        if found.verdict:
            total += Counter({"values": len(found.verdict.values), "claims": found.verdict.claims,
                              "proved": found.verdict.proved,
                              **Counter(fault.kind for fault in found.verdict.faults)})
    print(", ".join(f"{count} {what}" for what, count in total.items()))


if __name__ == "__main__":
    main()
