"""Hold fields against measured ones: ``python -m tests.fields.measured FOLDER``.

The folder has models as ``NAME-….onnx.gz`` and a ``receptive_fields.json``: for each NAME the shape of the
input without its batch, the axis along which positions were made NaN, and for each module in turn what a unit
was seen to read: ``rf`` positions, ``jump`` positions after the unit before, from ``left`` on in unit 0; or
the edges of some units where they are unevenly spaced.
"""
from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import archcheck
from archcheck.scopes import scope

Found = tuple[str, Any, Any]
"""What was looked at, what it is said to be, and what was measured."""


def compared(report: archcheck.Report, measured: dict[str, Any]) -> Iterator[Found]:
    """Each module that the graph still has."""
    source, axis = next(iter(report.graph.inputs)), measured["axis"]
    ends = outputs(report)
    shape = report.types[source].shape or ()
    sizes = dict(zip(map(str, shape), (1, *measured["input_shape"])))
    bound = {name: sizes[name] for name in report.symbols if name in sizes}
    for layer in measured["layers"]:
        value = ends.get(tuple(layer["module"].split(".")))
        if value is not None:
            yield from differences(report.fields[value], source, axis, layer, bound)


def outputs(report: archcheck.Report) -> dict[tuple[str, ...], str]:
    """The value that each module ends in, when it is first called."""
    found: dict[tuple[str, ...], str] = {}
    for path, nodes in groupby(report.graph.nodes, scope):
        values = [node.outputs[0] for node in nodes if node.outputs[0] in report.fields]
        if values:
            found.setdefault(path, values[-1])
    return found


def differences(field: Any, source: str, axis: int, layer: dict[str, Any],
                sizes: dict[str, int]) -> Iterator[Found]:
    """One module: size, stride and start; or the edges of the units that were looked at."""
    if not layer.get("irregular"):
        found = field[source][axis]
        said = (found.size, found.stride, found.start)
        yield layer["module"], said, (layer["rf"], layer["jump"], layer["left"])
        return
    reach = field.at(sizes)[source]
    for which, edges in enumerate((layer["left_edges"], layer["right_edges"])):
        for unit, edge in edges.items():
            place = [0] * len(reach.shape)
            place[axis] = int(unit)
            box = reach.box(place)
            yield f"{layer['module']}[{unit}]", box[axis][which] if box else None, edge


def main(folder: str) -> int:
    """How many files differ; prints each module that does."""
    tables = json.loads((Path(folder) / "receptive_fields.json").read_text(encoding="utf-8"))
    faults = 0
    for name, measured in tables.items():
        for path in sorted(Path(folder).glob(f"{name}-*.onnx.gz")):
            report = archcheck.analyze(archcheck.load(gzip.decompress(path.read_bytes())))
            found = list(compared(report, measured))
            wrong = [each for each in found if each[1] != each[2]]
            faults += bool(wrong or not found)
            print(f"{path.name}: {len(found) - len(wrong)} of {len(found)} agree")
            for module, said, seen in wrong:
                print(f"  {module}: {said}, but measured {seen}")
    return faults


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) > 0)
