"""Models that are well-formed files and make no sense: analysing and showing them never fails.

``ARCHCHECK_FUZZ`` says how many to try.
"""
from __future__ import annotations

import gzip
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import AttributeProto, GraphProto, ModelProto

from archcheck import analyze
from archcheck.reporters import records, table
from archcheck.reporters.summary import View
from archcheck.reporters.text import Script

COUNT = int(os.environ.get("ARCHCHECK_FUZZ", "120"))
PARTS = 4
SECONDS = 10

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data"
STORED = sorted((Path(__file__).parents[1] / "data").glob("*.onnx.gz"))
NUMBERS = 0, 1, -1, 2, 3, 7, -2, 100, 2 ** 31, 2 ** 62, -(2 ** 63)
DTYPES = 0, 1, 2, 6, 7, 8, 9, 10, 11, 14, 16, 22, 27, 99
OPERATORS = ("Relu", "Conv", "MatMul", "Reshape", "Shape", "Gather", "Slice", "Concat", "Resize", "Loop",
             "If", "Pad", "ConstantOfShape", "Range", "Expand", "NonZero", "Einsum", "LSTM", "TopK", "Split")


def seeds() -> list[bytes]:
    """Small real networks, and onnx's own models of single operators."""
    single = sorted((LIGHT / "node").glob("*/model.onnx"))
    names = "squeezenet", "bvlc_alexnet"
    shipped = [(LIGHT / "light" / f"light_{name}.onnx").read_bytes() for name in names]
    return [*shipped, *(gzip.decompress(path.read_bytes()) for path in STORED),
            *(path.read_bytes() for path in single)]


def graphs(graph: GraphProto) -> list[GraphProto]:
    """A graph and those in its nodes."""
    inner = [attribute.g for node in graph.node for attribute in node.attribute if attribute.HasField("g")]
    return [graph, *(found for body in inner for found in graphs(body))]


# -------------------------------------------------------------------------------------- ways to make no sense
def attribute(graph: GraphProto, chance: random.Random) -> None:
    found = [attribute for node in graph.node for attribute in node.attribute]
    if not found:
        return
    one: Any = chance.choice(found)
    match chance.randrange(5):
        case 0:
            one.i = chance.choice(NUMBERS)
            one.type = AttributeProto.INT
        case 1:
            del one.ints[:]
            one.ints.extend(chance.choices(NUMBERS, k=chance.randrange(6)))
            one.type = AttributeProto.INTS
        case 2:
            one.f = chance.choice((float("nan"), float("inf"), -1.5, 0.0))
            one.type = AttributeProto.FLOAT
        case 3:
            one.s = chance.choice((b"", b"SAME_UPPER", b"\xff\xfe", b"ij,jk->ik", b"..."))
            one.type = AttributeProto.STRING
        case _:
            one.name = chance.choice(("axis", "axes", "perm", "pads", "group", "to", "body", "value", "odd"))


def drop_attribute(graph: GraphProto, chance: random.Random) -> None:
    node = chance.choice(graph.node)
    if node.attribute:
        del node.attribute[chance.randrange(len(node.attribute))]


def inputs(graph: GraphProto, chance: random.Random) -> None:
    node = chance.choice(graph.node)
    made = [name for other in graph.node for name in other.output]
    names = [*made, *(weight.name for weight in graph.initializer), "", "?"]
    match chance.randrange(3):
        case 0 if node.input:
            node.input[chance.randrange(len(node.input))] = chance.choice(names)
        case 1 if node.input:
            del node.input[chance.randrange(len(node.input)):]
        case _:
            node.input.append(chance.choice(names))


def outputs(graph: GraphProto, chance: random.Random) -> None:
    node = chance.choice(graph.node)
    if chance.random() < 0.5 and node.output:
        del node.output[-1]
    else:
        node.output.extend(chance.choices(("", "x", "y", "extra"), k=chance.randrange(1, 5)))


def sizes(graph: GraphProto, chance: random.Random) -> None:
    value = chance.choice([*graph.input, *graph.output, *graph.value_info])
    dims = value.type.tensor_type.shape.dim
    match chance.randrange(4):
        case 0 if dims:
            chance.choice(dims).dim_value = chance.choice(NUMBERS)
        case 1 if dims:
            chance.choice(dims).dim_param = chance.choice(("N", "M", "", "N*2", "x\n\x1b[1m"))
        case 2 if dims:
            del dims[chance.randrange(len(dims)):]
        case _:
            dims.add(dim_param="N")


def dtypes(graph: GraphProto, chance: random.Random) -> None:
    if graph.initializer and chance.random() < 0.5:
        chance.choice(graph.initializer).data_type = chance.choice(DTYPES)
    elif graph.input:
        chance.choice(graph.input).type.tensor_type.elem_type = chance.choice(DTYPES)


def weights(graph: GraphProto, chance: random.Random) -> None:
    if graph.initializer:
        tensor: Any = chance.choice(graph.initializer)
        if chance.random() < 0.5 and tensor.dims:
            tensor.dims[chance.randrange(len(tensor.dims))] = chance.choice(NUMBERS)
        else:
            tensor.dims.append(chance.choice(NUMBERS))


def operators(graph: GraphProto, chance: random.Random) -> None:
    chance.choice(graph.node).op_type = chance.choice(OPERATORS)


def order(graph: GraphProto, chance: random.Random) -> None:
    nodes = list(graph.node)
    chance.shuffle(nodes)
    del graph.node[:]
    graph.node.extend(nodes)


NONSENSE = (attribute, attribute, drop_attribute, inputs, inputs, outputs, sizes, sizes, dtypes, weights,
            weights, operators, order)


def nonsense(data: bytes, chance: random.Random) -> ModelProto:
    model = ModelProto.FromString(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        graph = chance.choice(graphs(model.graph))
        if graph.node and (graph.input or graph.output):
            chance.choice(NONSENSE)(graph, chance)
    if chance.random() < 0.1 and model.opset_import:
        model.opset_import[0].version = chance.choice((0, 1, 6, 9, 12, 999, -1))
    return model


# -------------------------------------------------------------------------------------- analysing it
def look(model: ModelProto) -> list[str]:
    """Analyse and show a model in every way; the kinds of failures it has."""
    report = analyze(model)
    script = Script(names={name: name for name in report.symbols})
    view = View(everything=True, columns=tuple(table.COLUMNS))
    json.loads(records.render_json(report))
    records.render_csv(report, view)
    records.render_markdown(report, View(sort="flops"), script)
    plain = table.render_plain(report, View(wide=True), script)
    shown = table.render_terminal(report, View(), Script(ascii=True, names=script.names), 80, colour=False)
    assert "\x1b" not in plain + shown
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert isinstance(list(report.contradictions()), list)
    return [failure.kind for failure in report.failures.values()]


@pytest.mark.parametrize("part", range(PARTS))
def test_nonsense_is_analysed(part: int):
    chance, originals = random.Random(part), seeds()
    kinds: list[str] = []
    for _ in range(COUNT // PARTS):
        model = nonsense(chance.choice(originals), chance)
        start = time.process_time()
        kinds += look(model)
        assert time.process_time() - start < SECONDS
    assert len(kinds) > COUNT // PARTS // 4, "most of them made sense"
    assert kinds.count("internal") <= len(kinds) / 100, "say what is wrong in the words of the network"
