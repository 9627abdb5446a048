"""Damaged files: whatever the bytes are, reading gives a graph or one sentence, soon and in little memory.

``ARCHCHECK_FUZZ`` says how many damaged files to try.
"""
from __future__ import annotations

import gzip
import os
import random
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from archcheck import LoadError, load
from archcheck.graph import Graph, Literal, TensorType

COUNT = int(os.environ.get("ARCHCHECK_FUZZ", "6000"))
PARTS = 8
SECONDS, GROWTH = 5, 200 << 20

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
SEEDS = [f"light_{name}" for name in ("bvlc_alexnet", "inception_v1", "squeezenet", "vgg19", "zfnet512")]
STORED = sorted((Path(__file__).parents[1] / "data").glob("*.onnx.gz"))


def of_everything() -> bytes:
    """A model that uses each corner of the format once."""
    tensor = numpy_helper.from_array(np.arange(2000, dtype=np.int64), "large")
    codes = 1, 6, 7, 9, 10, 11, 16, 17, 21, 22
    small = [helper.make_tensor(f"w{code}", code, [3], [1, 0, 1]) for code in codes]
    small.append(helper.make_tensor("text", TensorProto.STRING, [2], [b"a", b"b"]))
    outside = TensorProto(name="outside", data_type=1, dims=[2], data_location=1)
    outside.external_data.add(key="location", value="w.bin")
    ones = numpy_helper.from_array(np.ones(2, np.float32), "sparse")
    sparse = helper.make_sparse_tensor(ones, small[2], [9])
    body = helper.make_graph([helper.make_node("Neg", ["x"], ["n"])], "body", [],
                             [helper.make_tensor_value_info("n", 1, None)], [tensor])
    nodes = [helper.make_node("If", ["c"], ["y"], then_branch=body, else_branch=body, name="choice"),
             helper.make_node("Constant", [], ["k"], value=tensor),
             helper.make_node("F", ["k"], ["z"], domain="acme")]
    nodes[0].metadata_props.add(key="namespace", value=": a.B/c: d.E/op: f")
    nodes[1].attribute.append(AttributeProto(name="many", type=9, tensors=small))
    function = helper.make_function("acme", "F", ["a"], ["b"], [helper.make_node("Abs", ["a"], ["b"])],
                                    [helper.make_opsetid("", 18)], ["p"])
    sequence = helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, ["N", None]))
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("x", 1, ["N", None, 3]),
                                             helper.make_value_info("s", sequence)],
                              [helper.make_tensor_value_info("y", 1, ["N"])], [*small, outside],
                              sparse_initializer=[sparse])
    model = helper.make_model(graph, functions=[function])
    model.training_info.add(algorithm=body)
    return model.SerializeToString()


def seeds() -> list[bytes]:
    shipped = [(LIGHT / f"{name}.onnx").read_bytes() for name in SEEDS]
    return [*shipped, *(gzip.decompress(path.read_bytes()) for path in STORED), *[of_everything()] * 6]


# -------------------------------------------------------------------------------------- ways to damage a file
def flip_bits(data: bytearray, chance: random.Random, _) -> None:
    for _ in range(chance.choice((1, 1, 2, 20))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def truncate(data: bytearray, chance: random.Random, _) -> None:
    del data[chance.randrange(len(data)):]


def lie_about_a_length(data: bytearray, chance: random.Random, _) -> None:
    at = chance.randrange(len(data))
    lies = b"\x7f", b"\xff\x7f", b"\xff\xff\xff\xff\x07", b"\xff" * 9 + b"\1"
    data[at:at + chance.randrange(3)] = chance.choice(lies)


def splice(data: bytearray, chance: random.Random, other: bytes) -> None:
    start = chance.randrange(len(other))
    at = chance.randrange(len(data))
    data[at:at + chance.randrange(300)] = other[start:start + chance.randrange(300)]


def repeat(data: bytearray, chance: random.Random, _) -> None:
    start = chance.randrange(len(data))
    part = data[start:start + chance.randrange(1, 400)]
    data[start:start] = part * chance.choice((1, 2, 50))


def overwrite(data: bytearray, chance: random.Random, _) -> None:
    at, length = chance.randrange(len(data)), chance.randrange(1, 40)
    data[at:at + length] = chance.choice((bytes(length), b"\xff" * length, chance.randbytes(length)))


DAMAGE = flip_bits, truncate, lie_about_a_length, splice, repeat, overwrite


def damaged(chance: random.Random, originals: list[bytes]) -> bytes:
    data, other = bytearray(chance.choice(originals)), chance.choice(originals)
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        if data:
            chance.choice(DAMAGE)(data, chance, other)
    return bytes(data)


# -------------------------------------------------------------------------------------- reading them
def look_everywhere(graph: Graph) -> None:
    """Ask a graph for all that is read only when it is asked for."""
    for claim in graph.declared.values():
        assert isinstance(claim, TensorType)
    values = [*graph.weights.values(), *(value for node in graph.nodes for value in node.attrs.values())]
    for value in values:
        if isinstance(value, Graph):
            look_everywhere(value)
        elif isinstance(value, TensorType) and isinstance(value.value, Literal):
            assert value.value.items is None or isinstance(value.value.items, tuple)
    for inner in (*graph.functions.values(), *graph.training):
        look_everywhere(inner)
    assert all(isinstance(found.message, str) for found in graph.irregularities)
    assert isinstance(graph.free_names, tuple)


def refusal(data: bytes) -> str:
    """Why ``data`` is not read; empty if it is."""
    try:
        look_everywhere(load(data))
    except LoadError as error:
        return str(error)
    return ""


def peak_memory() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    lines = status.read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


@pytest.mark.parametrize("part", range(PARTS))
def test_damaged_files_are_read_or_refused(part):
    chance, originals, before = random.Random(part), seeds(), peak_memory()
    refused = 0
    for _ in range(COUNT // PARTS):
        data = damaged(chance, originals)
        start = time.process_time()
        said = refusal(data)
        assert time.process_time() - start < SECONDS
        assert "\n" not in said
        assert len(said) < 400
        refused += said != ""
    assert peak_memory() - before < GROWTH
    assert 0 < refused < COUNT // PARTS


def test_undamaged_files_are_read():
    for data in seeds():
        look_everywhere(load(data))
