"""What runtimes ask of single operators, beyond having them: conditions on nodes, told where they fail."""
from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from archcheck.graph import Graph
from archcheck.report import Report
from archcheck.rules._rule import Site

RANK, RESIZE, CEIL, FIXED, ATTRIBUTE, OUTPUT, ZERO = (
    "rank", "resize", "ceil", "fixed", "attribute", "output", "zero-point")
"""The kinds of conditions; each has a rule of its own."""

Wrong = Callable[[Report, Site], str]


class Clause(NamedTuple):
    """A condition of the ``kind`` on nodes of ``ops``: ``says`` is it in words, ``wrong`` what is not so at a
    node, "" where all is well or nothing is known. It held ``until`` a version of the runtime ("": it still
    does); ``source`` is where that is said."""

    kind: str
    ops: tuple[str, ...]
    says: str
    wrong: Wrong
    source: str
    until: str = ""


def spatial(ops: str, counts: tuple[int, ...], source: str) -> Clause:
    """Windows over so many axes only."""
    known = " or ".join(map(str, counts))

    def wrong(report: Report, site: Site) -> str:
        shape = site.inputs[0].shape
        if shape is None or len(shape) - 2 in counts:
            return ""
        return f"it works on {len(shape) - 2} spatial axes, and only {known} are supported"
    return Clause(RANK, tuple(ops.split()), f"{known} spatial axes", wrong, source)


def ranked(ops: str, ranks: tuple[int, ...], source: str) -> Clause:
    """An input of so many axes only."""
    known = " or ".join(map(str, ranks))

    def wrong(report: Report, site: Site) -> str:
        shape = site.inputs[0].shape
        if shape is None or len(shape) in ranks:
            return ""
        return f"its input has {len(shape)} axes, and only {known} are supported"
    return Clause(RANK, tuple(ops.split()), f"an input of {known} axes", wrong, source)


def fixed(ops: str, position: int, name: str, source: str, until: str = "") -> Clause:
    """An input that has to be a constant of the file."""
    def wrong(report: Report, site: Site) -> str:
        is_left_out = position >= len(site.node.inputs) or not site.node.inputs[position]
        if is_left_out or is_fixed(report, site, position):
            return ""
        is_shape = _follows(site, position)
        why = "depends on sizes that are open" if is_shape else "is computed as the network runs"
        return f"its input {name} {why}, and has to be a constant"
    return Clause(FIXED, tuple(ops.split()), f"a constant for {name}", wrong, source, until)


def is_fixed(report: Report, site: Site, position: int) -> bool:
    """Whether an input follows from the file alone: it is stored, made by nodes that read no data, or known
    by its value."""
    name, walk = site.node.inputs[position], site.walk
    while name not in walk.types and walk.outer is not None:
        walk = walk.outer
    if name in walk.graph.weights or (id(walk.graph), name) in report.weights.constants:
        return True
    value = site.inputs[position].value
    elements = value if isinstance(value, tuple) else getattr(value, "items", None)
    return elements is not None and all(isinstance(element, (int, float, str)) for element in elements)


def _follows(site: Site, position: int) -> bool:
    """Whether an input follows from the sizes of the network's inputs."""
    value = site.inputs[position].value
    return isinstance(value, tuple) and None not in value


def among(kind: str, ops: str, name: str, allowed: tuple[object, ...], default: object,
          source: str) -> Clause:
    """An attribute with one of some values only."""
    known = " or ".join(map(str, allowed))

    def wrong(report: Report, site: Site) -> str:
        value = site.node.attrs.get(name, default)
        if value in allowed or not isinstance(value, (int, str, float)):
            return ""
        return f"{name} is {value}, and only {known} is supported"
    return Clause(kind, tuple(ops.split()), f"{name} {known}", wrong, source)


def alike(ops: str, name: str, only: int, source: str) -> Clause:
    """A list of numbers that all have to be one."""
    def wrong(report: Report, site: Site) -> str:
        value = site.node.attrs.get(name)
        if not isinstance(value, tuple) or all(element == only for element in value):
            return ""
        return f"{name} are {', '.join(map(str, value))}, and only {only} is supported"
    return Clause(ATTRIBUTE, tuple(ops.split()), f"{name} of {only} only", wrong, source)


def without(ops: str, position: int, name: str, source: str) -> Clause:
    """An output that must not be asked for."""
    def wrong(report: Report, site: Site) -> str:
        output = site.node.outputs[position] if position < len(site.node.outputs) else ""
        is_wanted = output and _is_read(site.graph, output)
        return f"its output {name} is read, and is not supported" if is_wanted else ""
    return Clause(OUTPUT, tuple(ops.split()), f"no output {name}", wrong, source)


def _is_read(graph: Graph, name: str) -> bool:
    return name in graph.uses or name in graph.outputs


def zero(ops: str, position: int, name: str, source: str) -> Clause:
    """An input whose elements have to be zero."""
    def wrong(report: Report, site: Site) -> str:
        value = site.inputs[position].value if position < len(site.node.inputs) else None
        elements = value if isinstance(value, tuple) else getattr(value, "items", None)
        if not elements or not any(isinstance(element, int) and element for element in elements):
            return ""
        return f"{name} is not zero, and only symmetric quantization is supported"
    return Clause(ZERO, tuple(ops.split()), f"a {name} of zero", wrong, source)
