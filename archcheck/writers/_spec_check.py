"""What was written, held against the network."""
from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from archcheck.dims import Dim, Size, substitute, symbol, symbols
from archcheck.errors import UserError
from archcheck.report import Report
from archcheck.writers._spec_items import ConvertError, Item

Row = tuple[Any, Any]
NOT_FAITHFUL = "the network has no faithful specification"


class Truth:
    """What must be the same: the shapes and MACs of all layers that have MACs, in their ``order``, what they
    and the outputs are made from, the shapes of the outputs, and the number of parameters."""

    def __init__(self, report: Report, items: Sequence[Item], called: Mapping[str, str]) -> None:
        self.report = report
        self.order: Sequence[int] = ()
        self.values = {atom: symbol(called[atom.args[0]]) for name in report.graph.inputs
                       for size in report.types[name].shape or () for atom in symbols(size)}
        self.ways = _ways(report, ((list(item.reads()), item.outputs, self.rows(report, item.nodes))
                                   for item in items))

    def check(self, text: str) -> None:
        """Read a specification and raise `ConvertError` if it is one of another network."""
        from archcheck.frontends import spec
        from archcheck.infer import analyze
        try:
            found = analyze(spec.read(text.encode(), "converted.yaml"))
        except UserError as error:
            raise ConvertError(f"{NOT_FAITHFUL}: {error}") from None
        for index, failure in found.failures.items():
            op = found.graph.nodes[index].op
            raise ConvertError(f"{NOT_FAITHFUL}: its {op} fails there ({failure.message})")
        self.compare(found)

    def compare(self, found: Report) -> None:
        """Hold all figures against each other."""
        mine = self.rows(found, range(len(found.layers)), False)
        truth = self.rows(self.report, self.order)
        for index, one, other in zip((k for k in self.order if self.report.layers[k].macs != 0), mine, truth):
            layer = self.report.layers[index]
            _alike(f"shape and MACs of {layer.op} ({layer.name})", one, other)
        _alike("the number of layers with MACs", len(mine), len(truth))
        _alike("the output shapes", _ends(found), [self.put(shape) for shape in _ends(self.report)])
        _alike("the number of parameters", found.params, self.size(self.report.params))
        _alike("the number of MACs", found.macs, self.size(self.report.macs))
        steps = (([name for name in node.inputs if name not in found.graph.weights], node.outputs,
                  self.rows(found, (index,), False)) for index, node in enumerate(found.graph.nodes))
        if _ways(found, steps) != self.ways:
            raise ConvertError(f"{NOT_FAITHFUL}: its outputs would be made another way")

    def rows(self, report: Report, indices: Iterable[int], ours: bool = True) -> tuple[Row, ...]:
        """The shape and MACs of those nodes that have MACs, with the symbols of the specification."""
        layers = [report.layers[index] for index in indices if report.layers[index].macs != 0]
        if not ours:
            return tuple((layer.out_shape, layer.macs) for layer in layers)
        return tuple((self.put(layer.out_shape), None if layer.macs is None else self.size(layer.macs))
                     for layer in layers)

    def size(self, size: Size) -> Size:
        """A size with the symbols of the specification."""
        return substitute(size, self.values) if isinstance(size, Dim) else size

    def put(self, shape: Any) -> Any:
        """A shape with them."""
        return None if shape is None else tuple(map(self.size, shape))


def _alike(what: str, mine: Any, truth: Any) -> None:
    if mine != truth:
        raise ConvertError(f"{NOT_FAITHFUL}: {what} is {truth}, and would be {mine}")


def _ends(report: Report) -> list[Any]:
    return [report.types[name].shape for name in report.graph.outputs]


Step = tuple[Sequence[str], Sequence[str], tuple[Row, ...]]


def _ways(report: Report, steps: Iterable[Step]) -> list[Hashable]:
    """For each output a number for how it is made: from which inputs, through which layers with MACs. Where
    several values meet, only which counts, not how; constants do not."""
    ways: dict[str, Hashable] = {name: hash(("input", k)) for k, name in enumerate(report.graph.inputs)}
    for inputs, outputs, rows in steps:
        met = frozenset(way for way in _known(inputs, ways))
        if rows or len(met) > 1:
            ways.update((name, hash((rows, met))) for name in outputs)
        elif met:
            ways.update((name, next(iter(met))) for name in outputs)
    return [ways.get(name) for name in report.graph.outputs]


def _known(names: Iterable[str], ways: Mapping[str, Hashable]) -> Iterator[Hashable]:
    for name in names:
        if name in ways:
            yield ways[name]
