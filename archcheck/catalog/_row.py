"""The row of one model: what a catalogue says of it, in numbers and texts that every format of tables has."""
from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.errors import UserError

if TYPE_CHECKING:
    from archcheck.dims import Size
    from archcheck.frontends import Source
    from archcheck.graph import Graph, TensorType
    from archcheck.lint._one import Task
    from archcheck.report import Report

TEXT, NUMBER, COUNTS, VALUES, TEXTS = "text", "number", "counts", "values", "texts"
"""Kinds of columns: a text, an integer of 64 bits, integers by name, values (``name``, ``dtype``
and ``shape``, a text for each size), texts."""

COLUMNS = {
    "path": TEXT, "size": NUMBER, "sha256": TEXT, "version": TEXT, "structure": TEXT, "format": TEXT,
    "producer": TEXT, "ir_version": NUMBER, "opset": NUMBER, "opsets": COUNTS, "inputs": VALUES,
    "outputs": VALUES, "symbols": TEXTS, "nodes": NUMBER, "operators": COUNTS, "params": NUMBER,
    "params_formula": TEXT, "weight_bytes": NUMBER, "weight_bytes_formula": TEXT, "macs": NUMBER,
    "macs_formula": TEXT, "flops": NUMBER, "flops_formula": TEXT, "peak_memory": NUMBER,
    "peak_memory_formula": TEXT, "not_counted": COUNTS, "not_sized": NUMBER, "failures": NUMBER,
    "findings": COUNTS, "errors": NUMBER, "warnings": NUMBER, "advice": NUMBER, "bytes_read": NUMBER,
    "error": TEXT,
}
"""The columns of models. A figure that depends on symbols has no number, and the formula beside it."""

LAYER_COLUMNS = {
    "path": TEXT, "index": NUMBER, "name": TEXT, "op": TEXT, "scope": TEXT, "dtype": TEXT, "shape": TEXTS,
    "params": NUMBER, "params_formula": TEXT, "macs": NUMBER, "macs_formula": TEXT, "flops": NUMBER,
    "flops_formula": TEXT, "unknown": TEXT,
}
"""The columns of layers, one for each node of the main graph."""

LARGEST = (1 << 63) - 1

Row = dict[str, Any]


class Ask(NamedTuple):
    """What a row is made from: how the lint takes the model, what the catalogue calls it, the hash of its
    file and what the store says of its version, whether its ``layers`` are wanted, and the file that holds
    what is needed of it where that has been read already."""

    task: Task
    path: str
    sha256: str | None = None
    version: str | None = None
    layers: bool = False
    held: str | None = None


class Made(NamedTuple):
    """A row, those of the layers, the files beside the model that they follow from, whether they are the same
    another time (``is_stable``), and the seconds that it took to read the model, to analyze it, and to ask
    the rules."""

    row: Row
    layers: tuple[Row, ...] = ()
    beside: tuple[str, ...] = ()
    is_stable: bool = False
    seconds: tuple[float, float, float] = (0.0, 0.0, 0.0)


def make(ask: Ask) -> Made:
    """The row of a model; why it has none is part of it."""
    begun = time.perf_counter()
    try:
        return _made(ask, begun)
    except UserError as error:
        said = str(error).replace(ask.task.path, ask.path)
        return Made(lost(ask, said), seconds=(time.perf_counter() - begun, 0.0, 0.0))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a model that fails must not take the others with it
        what = f"{type(error).__name__}: {error}"
        return Made(lost(ask, f"{ask.path}: archcheck failed ({what}), which is a defect of it"))


def prepare() -> None:
    """Load what rows are made with, so that processes that are forked from this one share it."""
    from archcheck import rules
    from archcheck.frontends._proto import schema
    for module in ("infer", "frontends.onnx", "lint._one", "cache", "rules._judge", "analyses.memory"):
        import_module(f"archcheck.{module}")
    rules.known()
    schema()


def lost(ask: Ask, error: str) -> Row:
    """The row of a model of which nothing is known but the ``error``."""
    return {**dict.fromkeys(COLUMNS), "path": ask.path, "sha256": ask.sha256, "version": ask.version,
            "error": error}


def _made(ask: Ask, begun: float) -> Made:
    from archcheck.cache import externals, has_foreign
    from archcheck.frontends import bytes_of
    from archcheck.frontends._tar import held
    from archcheck.lint._one import analyzed_in, load_plugins
    from archcheck.rules._case import Case
    from archcheck.rules._judge import judge
    load_plugins(ask.task.settings)
    source = held(ask.held, ask.path) if ask.held else bytes_of(ask.task.path, ranges=True)
    report, read = analyzed_in(source, ask.task), time.perf_counter()
    row = {**lost(ask, ""), "error": None, **_identity(report.graph), **_figures(report)}
    layers, analyzed = tuple(_layers(ask.path, report)) if ask.layers else (), time.perf_counter()
    judged = judge(Case(report, ask.task.settings))
    row.update(_found(judged.findings), bytes_read=_read(source))
    if judged.broken:
        row["error"] = "; ".join(f"the rule {code} failed ({why})" for code, why in judged.broken)
    beside = tuple(sorted(set(externals(report.graph))))
    is_stable = not (row["error"] or ask.task.settings.plugins or has_foreign(report.graph))
    ended = time.perf_counter()
    return Made(row, layers, beside, is_stable, (read - begun, analyzed - read, ended - analyzed))


def _read(source: Source) -> int | None:
    """How many bytes of a model at a URL were read, packed ones as they are unpacked; None for one of this
    machine."""
    from archcheck.frontends import is_url
    place = source.name.partition("::")[2] or source.name
    return getattr(source.data, "fetched", len(source.data)) if is_url(place) else None


def _identity(graph: Graph) -> Row:
    """What a model is, before anything is worked out."""
    opsets = {domain or "ai.onnx": version for domain, version in sorted(graph.opsets.items())}
    return {"size": graph.file_size, "structure": structure(graph),
            "format": "spec" if graph.family else "onnx", "producer": graph.producer,
            "ir_version": graph.ir_version or None, "opset": graph.opsets.get(""), "opsets": opsets,
            "nodes": len(graph.nodes), "operators": _counted(map(_name, graph.nodes))}


def _figures(report: Report) -> Row:
    memory, types = report.memory, report.types
    row: Row = {"symbols": list(report.symbols), "failures": len(report.failures),
                "not_counted": dict(sorted(report.uncounted.items())), "not_sized": len(memory.unknown)}
    for name, size in (("params", report.params), ("weight_bytes", memory.weights), ("macs", report.macs),
                       ("flops", report.flops), ("peak_memory", memory.peak.bytes)):
        row.update(_figure(name, size))
    row["inputs"] = [_value(name, types.get(name)) for name in report.graph.inputs]
    row["outputs"] = [_value(name, types.get(name)) for name in report.graph.outputs]
    return row


def _found(findings: tuple[Any, ...]) -> Row:
    """How many findings count, by code and by severity."""
    active = [found for found in findings if found.suppressed is None]
    by_severity = Counter(found.severity for found in active)
    return {"findings": _counted(found.code for found in active), "errors": by_severity["error"],
            "warnings": by_severity["warning"], "advice": by_severity["advice"]}


def _layers(path: str, report: Report) -> Iterator[Row]:
    for layer in report.layers:
        row = {"path": path, "index": layer.index, "name": layer.name, "op": layer.op,
               "scope": "/".join(layer.scope), "dtype": layer.dtype, "shape": _shape(layer.out_shape)}
        for name, size in (("params", layer.params), ("macs", layer.macs), ("flops", layer.flops)):
            row.update(_figure(name, size))
        yield {**row, "unknown": layer.unknown}


def _figure(name: str, size: Size | None) -> Row:
    """A size as a number, or where it is none, or too large for a column of numbers, as a formula."""
    is_number = isinstance(size, int) and -LARGEST <= size <= LARGEST
    formula = None if is_number or size is None else repr(size)
    return {name: size if is_number else None, f"{name}_formula": formula}


def _value(name: str, kind: TensorType | None) -> Row:
    return {"name": name, "dtype": kind and kind.dtype, "shape": kind and _shape(kind.shape)}


def _shape(shape: Any) -> list[str] | None:
    return None if shape is None else [str(size) for size in shape]


def _name(node: Any) -> str:
    return f"{node.domain}.{node.op}" if node.domain else str(node.op)


def _counted(names: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))


# ------------------------------------------------------------------------------------------------ structure
def structure(graph: Graph) -> str:
    """A hash that two models share if they are the same but for names and the contents of weights: the same
    operators, attributes and connections, weights of the same types, and inputs of the same types."""
    digest = hashlib.sha256()
    for part in _parts(graph):
        digest.update(part.encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()


def _parts(graph: Graph) -> Iterator[str]:
    """The graph as lines, values by the order in which they first appear."""
    numbers: dict[str, int] = {"": -1}

    def number(name: str) -> int:
        return numbers.setdefault(name, len(numbers))

    for name, kind in graph.inputs.items():
        yield f"input {number(name)} {kind.dtype} {_shape(kind.shape)}"
    for node in graph.nodes:
        for name in node.inputs:
            if name in graph.weights and name not in numbers:
                kind = graph.weights[name]
                yield f"weight {number(name)} {kind.dtype} {_shape(kind.shape)}"
        attrs = [(name, _plain(value)) for name, value in sorted(node.attrs.items())]
        yield (f"{_name(node)} {node.overload} {list(map(number, node.inputs))} "
               f"{list(map(number, node.outputs))} {attrs}")
    yield f"outputs {list(map(number, graph.outputs))}"
    for key in sorted(graph.functions):
        yield f"function {key}"
        yield from _parts(graph.functions[key])


def _plain(value: Any) -> Any:
    """An attribute as a text says it: a tensor by its type, a body by its hash."""
    from archcheck.graph import Graph, TensorType
    if isinstance(value, Graph):
        return structure(value)
    if isinstance(value, TensorType):
        return value.dtype, _shape(value.shape)
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value
