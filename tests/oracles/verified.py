"""Run real models: ``python -m tests.oracles.verified FOLDER [--only GLOB] [--results FILE]`` holds every
value of every model in a folder (``.onnx`` and ``.onnx.gz``), of the specifications that ship with archcheck
(FOLDER ``specs:``) or of the networks that ship with onnx (``onnx:``) against runs at several sizes. With
``--free`` sizes of models that fix them all are drawn as well, where the network runs with others.

FILE gets a line of JSON for each model; those that it has already are passed over, so that a long run can be
taken up again. Small models come first.
"""
from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import onnx

import archcheck
from archcheck.analyses import freeing
from archcheck.backends.draws import draw
from archcheck.backends.guard import Limits
from archcheck.backends.measure import How, Verified, verify
from archcheck.errors import UserError
from archcheck.frontends._zoo import names
from archcheck.graph import Graph

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


def sources(folder: str) -> Iterator[tuple[str, str]]:
    """The names of models, and what archcheck calls them."""
    if folder == "specs:":
        yield from ((name, f"specs:{name}") for name in names())
        return
    path = LIGHT if folder == "onnx:" else Path(folder)
    for entry in sorted(path.iterdir()):
        if entry.name.endswith((".onnx", ".onnx.gz")):
            yield entry.name.removesuffix(".gz").removesuffix(".onnx"), str(entry)


def weight(source: str) -> float:
    """About how long a model runs."""
    report = archcheck.analyze(source)
    try:
        macs = archcheck.evaluate(report.macs, draw(report, 1)[0])
    except UserError:
        macs = None
    return float(macs) if isinstance(macs, int) else 0.0


def summary(name: str, found: Verified, seconds: float) -> dict[str, Any]:
    """One model as a line of the results."""
    kinds = Counter(verdict.kind for verdict, _ in found.values.values())
    return {"name": name, "sizes": [dict(run.sizes) for run in found.runs], "values": len(found.values),
            "kinds": dict(kinds), "right": found.is_right, "made": found.made,
            "measured": [len(run.verdicts) for run in found.runs],
            "outputs": len(found.ops), "refused": [run.refused for run in found.refused],
            "wrong": [[verdict.kind, verdict.value, verdict.why, dict(run.sizes)]
                      for kind in ("disagrees", "declared", "unknown", "data")
                      for verdict, run in found.of(kind)[:8]],
            "seconds": round(seconds, 1)}


def freed(source: str) -> list[str]:
    """What can be drawn of a model without symbols, as ``--free`` names it: the first axes of all inputs that
    have the first one's, or if these can have no other size the axes from the third on."""
    graph = archcheck.load(source)
    shapes = {name: kind.shape or () for name, kind in graph.inputs.items()}
    if any(not isinstance(size, int) for shape in shapes.values() for size in shape):
        return []
    batch = next((shape[0] for shape in shapes.values() if shape), None)
    ways = ([f"{name}:0" for name, shape in shapes.items() if shape and shape[0] == batch],
            [f"{name}:{','.join(map(str, range(2, len(shape))))}" for name, shape in shapes.items()
             if len(shape) > 2])
    return next((axes for axes in ways if axes and others(graph, axes)), [])


def others(graph: Graph, axes: list[str]) -> bool:
    """Whether these axes can have sizes that they have not in the file."""
    free, which = freeing.free(graph, axes)
    file = {one.symbol: one.size for one in which}
    try:
        return any(sizes != file for sizes in draw(archcheck.analyze(free), 2))
    except UserError:
        return False


def verified(name: str, source: str, count: int, free: bool, limits: Limits) -> dict[str, Any]:
    """What came of one model."""
    start = time.perf_counter()
    try:
        axes = freed(source) if free else []
        found = verify(source, count=count, free=axes, how=How(limits=limits))
        return summary(name, found, time.perf_counter() - start)
    except UserError as error:
        return {"name": name, "error": str(error)}
    except Exception as error:
        return {"name": name, "error": f"internal: {type(error).__name__}: {error}"}


def told(result: Mapping[str, Any]) -> str:
    """A result as a line for people."""
    if "error" in result:
        return f"{result['name']:44} {result['error'][:200]}"
    head = (f"{result['name']:44} {result['seconds']:6} s {result['values']:5} values "
            f"{len(result['sizes'])} sizes {result['kinds']}")
    more = [*result["refused"], *map(str, result["wrong"])]
    return "\n".join([head, *(f"      {text}" for text in more)])


def main() -> None:
    """Run a folder and print what comes out, model by model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--only", default="*", help="names of the models, as a shell pattern")
    parser.add_argument("--results", type=Path, help="where a line for each model goes")
    parser.add_argument("--count", type=int, default=2, help="sizes of each")
    parser.add_argument("--free", action="store_true", help="also draw sizes that a file fixes")
    parser.add_argument("--timeout", type=float, default=900)
    arguments = parser.parse_args()
    done = {json.loads(line)["name"] for line in arguments.results.read_text().splitlines()} \
        if arguments.results and arguments.results.exists() else set()
    chosen = [(name, source) for name, source in sources(arguments.folder)
              if fnmatch(name, arguments.only) and name not in done]
    right = 0
    for name, source in sorted(chosen, key=lambda pair: weight(pair[1])):
        result = verified(name, source, arguments.count, arguments.free, Limits(arguments.timeout))
        print(told(result), flush=True)
        right += result.get("right", False)
        if arguments.results:
            with arguments.results.open("a") as file:
                file.write(json.dumps(result) + "\n")
    print(f"{right} of {len(chosen)} agree in all values")
    sys.exit(right != len(chosen))


if __name__ == "__main__":
    main()
