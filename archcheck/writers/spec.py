"""A network as a specification: what `archcheck convert` writes.

Weights become the layers that have them, constants the numbers and formulas that shapes are made from;
branches, repetitions and blocks are found again. What was written is read back and held against the network
before anybody sees it, so that a specification is the network's or there is none.
"""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from archcheck.dims import symbols
from archcheck.dtypes import BITS
from archcheck.frontends.spec._frame import RESERVED
from archcheck.graph import Graph
from archcheck.report import Report
from archcheck.writers._spec_check import Truth
from archcheck.writers._spec_fold import Block, blocks_of, repeated
from archcheck.writers._spec_items import ConvertError, Formulas, Item, Param
from archcheck.writers._spec_read import Reading
from archcheck.writers._spec_tree import nested
from archcheck.writers._spec_yaml import Pen

__all__ = ["ConvertError", "specification"]


def specification(report: Report) -> str:
    """The text of a specification of the same network. Raises `ConvertError` where there is none."""
    called = _symbols(report)
    formulas = Formulas(called)
    graph = report.graph
    for index, failure in report.failures.items():
        raise ConvertError(f"{graph.nodes[index].op} ({graph.nodes[index].name}) does not fit its inputs: "
                           f"{failure.message}; mend the model first")
    if not graph.inputs:
        raise ConvertError("the network has no input, which a specification begins with")
    items = _living(Reading(report, formulas).items(), report)
    truth = Truth(report, items, called)
    items = nested(items, graph.inputs, graph.outputs)
    truth.order = [index for item in items for one in _in_order(item) for index in one.nodes]
    begin, kept = next(iter(graph.inputs)), set(graph.outputs)
    items = repeated(items, begin, kept)
    blocks = blocks_of(items, begin, kept)
    items = repeated(items, begin, kept)
    blocks = [block._replace(body=repeated(block.body, block.begin, kept)) for block in blocks]
    text = "\n".join(_text(report, formulas, items, blocks)) + "\n"
    truth.check(text)
    return text


def _in_order(item: Item) -> Iterator[Item]:
    """What is in an item, then it."""
    for inner in item.lists:
        for one in inner:
            yield from _in_order(one)
    yield item


def _living(items: list[Item], report: Report) -> list[Item]:
    """``items`` without those that nothing reads and that cost nothing."""
    read, out = set(report.graph.outputs), list[Item]()
    for item in reversed(items):
        if not read.isdisjoint(item.outputs) or any(report.layers[index].macs != 0 for index in item.nodes):
            out.append(item)
            read.update(item.reads())
    return out[::-1]


# ------------------------------------------------------------------------------------------------- names
def _identifier(name: str, taken: Iterable[str], otherwise: str) -> str:
    """``name`` as one of the language, unlike those ``taken``."""
    plain = re.sub(r"\W+", "_", name).strip("_")
    plain = plain if plain and not plain[0].isdigit() else otherwise
    found, number = plain, 1
    while found in taken:
        number += 1
        found = f"{plain}_{number}"
    return found


def _symbols(report: Report) -> dict[str, str]:
    """The symbols in the shapes of the inputs, and what they are called in the specification."""
    found: dict[str, str] = {}
    for name in report.graph.inputs:
        for size in report.types[name].shape or ():
            for atom in symbols(size):
                if atom.args[0] not in found:
                    found[atom.args[0]] = _identifier(atom.args[0], {*found.values(), *RESERVED}, "N")
    return found


def _input_names(graph: Graph, taken: Iterable[str]) -> dict[str, str]:
    if len(graph.inputs) == 1:
        return {next(iter(graph.inputs)): "input"}
    found: dict[str, str] = {}
    for name in graph.inputs:
        found[name] = _identifier(name, {*found.values(), *taken, *RESERVED}, "input")
    return found


# ------------------------------------------------------------------------------------------------- the text
def _text(report: Report, formulas: Formulas, items: list[Item], blocks: list[Block]) -> Iterator[str]:
    graph = report.graph
    inputs = _input_names(graph, formulas.symbols.values())
    defaults = _defaults([*items, *(item for block in blocks for item in block.body)])
    pen = Pen(formulas, inputs, defaults, blocks, formulas.symbols.values())
    begin = next(iter(graph.inputs))
    last = items[-1].outputs[0] if items else begin
    single = graph.outputs == (last,)
    for name in () if single else graph.outputs:
        if name not in pen.names:
            pen.called(name, _identifier(name, pen.taken, "output"))
    lines = pen.lines(items, begin, set() if single else set(graph.outputs)) or ["- pass"]
    yield f"name: {_identifier(graph.name, (), 'network')}"
    yield from _inputs(report, formulas, inputs)
    if defaults:
        yield "defaults:"
        for kind in dict.fromkeys(kind for kind, _ in defaults):
            options = [_default(key, value) for (of, key), value in defaults.items() if of == kind]
            yield f"  {kind}: {' '.join(options)}"
    if blocks:
        yield "blocks:"
        for block in reversed(blocks):
            yield from pen.block(block)
    yield "layers:"
    yield from lines
    if not single:
        yield f"outputs: [{', '.join(pen.names[name] for name in graph.outputs)}]"


def _inputs(report: Report, formulas: Formulas, names: Mapping[str, str]) -> Iterator[str]:
    told = [f"{names[name]}: {_input(report, name, formulas)}" for name in report.graph.inputs]
    shapes = [size for name in report.graph.inputs for size in report.types[name].shape or ()]
    alone = {formulas.written(size) for size in shapes}
    loose = [name for name in formulas.symbols.values() if name not in alone]
    if loose:
        yield f"params: {{{', '.join(f'{name}: ' for name in loose)}}}"
    if len(told) == 1:
        yield told[0]
    else:
        yield "inputs:"
        yield from (f"  {line}" for line in told)


def _input(report: Report, name: str, formulas: Formulas) -> str:
    kind = report.types[name]
    if kind.shape is None or kind.dtype not in BITS:
        raise ConvertError(f"the input {name!r} is {kind.dtype or 'of no known type'} of a shape that is not "
                           "known; inputs of a specification are tensors with as many axes as they say")
    sizes = " x ".join(map(formulas.written, kind.shape))
    return sizes if kind.dtype == "float32" and sizes else f"{kind.dtype} {sizes}".strip()


def _defaults(items: Sequence[Item]) -> dict[tuple[str, str], Any]:
    """Switches that all layers of a kind have alike."""
    found: dict[tuple[str, str], list[Any]] = {}
    for item in items:
        for one in item.walk():
            for arg in one.args:
                key = arg.form.partition("=")[0]
                if one.kind in ("conv", "depthwise", "deconv", "dense", "fc") and key in ("same", "bias"):
                    found.setdefault((one.kind, key), []).append((arg.slots[0], arg.default))
    return {key: values[0][0] for key, values in found.items()
            if len(values) > 1 and len(set(values)) == 1 and not isinstance(values[0][0], Param)
            and values[0][0] != values[0][1]}


def _default(key: str, value: bool) -> str:
    return key if value else f"{key}=no"
