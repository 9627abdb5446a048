"""The payload skimmer, held against protobuf's own parser."""
from __future__ import annotations

import mmap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import AttributeProto, FunctionProto, GraphProto, ModelProto, SparseTensorProto, TensorProto

from archcheck.frontends._wire import LIMIT, MAX_DEPTH, WireError, encoded, fields, skim

LARGE = LIMIT + 1
NUMBERS = {"float_data": 1.5, "int32_data": -3, "int64_data": 1 << 40, "double_data": 2.5, "uint64_data": 7}
PAYLOADS = (*NUMBERS, "raw_data", "string_data")
NUMBER_OF = {name: TensorProto.DESCRIPTOR.fields_by_name[name].number for name in PAYLOADS}


def field(number: int, body: bytes) -> bytes:
    """A length-delimited field."""
    return encoded(number << 3 | 2) + encoded(len(body)) + body


def payload(name: str, size: int):
    """About ``size`` bytes for the field ``name`` of a tensor."""
    if name == "raw_data":
        return b"r" * size
    return [b"s" * 62] * (size // 64) if name == "string_data" else [NUMBERS[name]] * (size // 4)


def located(data: bytes, tensor: TensorProto, cut: dict[tuple[int, int], str]) -> bytes | None:
    """The payload that was cut out of ``tensor``, or None if none was."""
    place = tensor.segment.begin, tensor.segment.end
    return data[slice(*place)] if place in cut else None


# -------------------------------------------------------------------------------------- any model
@st.composite
def tensors(draw):
    name, size = draw(st.sampled_from(PAYLOADS)), draw(st.sampled_from([0, 100, LIMIT - 9, LIMIT, 2 * LARGE]))
    return TensorProto(name=draw(st.sampled_from("ab")), dims=[1], **{name: payload(name, size)})


def sparse():
    return st.builds(lambda values: SparseTensorProto(values=values, indices=values, dims=[3]), tensors())


def attributes(graphs):
    return st.one_of(
        st.builds(lambda tensor: AttributeProto(name="t", type=4, t=tensor), tensors()),
        st.builds(lambda tensor: AttributeProto(name="ts", type=9, tensors=[tensor, tensor]), tensors()),
        st.builds(lambda found: AttributeProto(name="s", type=12, sparse_tensors=[found]), sparse()),
        st.builds(lambda graph: AttributeProto(name="g", type=5, g=graph), graphs),
        st.builds(lambda graph: AttributeProto(name="gs", type=10, graphs=[graph]), graphs))


def built(initializers, sparse_initializers, nodes) -> GraphProto:
    graph = GraphProto(initializer=initializers, sparse_initializer=sparse_initializers)
    graph.doc_string = "d" * LARGE
    for found in nodes:
        graph.node.add(op_type="Op", input=["a", ""], output=["b"], attribute=[found])
    return graph


def graphs():
    return st.recursive(st.builds(GraphProto), lambda inner: st.builds(
        built, st.lists(tensors(), max_size=2), st.lists(sparse(), max_size=1),
        st.lists(attributes(inner), max_size=2)), max_leaves=3)


@st.composite
def models(draw):
    model = ModelProto(ir_version=8, graph=draw(graphs()))
    model.producer_name = "p" * draw(st.sampled_from([0, LARGE]))
    model.training_info.add(algorithm=draw(graphs()))
    model.functions.append(FunctionProto(name="f", node=draw(graphs()).node))
    return model


def all_tensors(message):
    """Every tensor in a message, in the order of the format."""
    if isinstance(message, TensorProto):
        yield message
        return
    for found, value in message.ListFields():
        if found.message_type is not None:
            for part in value if hasattr(value, "extend") else [value]:
                yield from all_tensors(part)


@settings(max_examples=30, deadline=None)
@given(models())
def test_only_large_payloads_are_missing(model):
    data = model.SerializeToString()
    message, cut = skim(data)
    reduced, missing = ModelProto.FromString(message), 0
    for tensor in all_tensors(reduced):
        stored = located(data, tensor, cut)
        if stored is not None:
            name = cut[tensor.segment.begin, tensor.segment.end]
            tensor.ClearField("segment")
            tensor.MergeFromString(stored if name == "row" else field(NUMBER_OF[name], stored))
            missing += 1
            assert len(stored) > LIMIT
    assert reduced == model
    assert missing == len(cut)
    assert len(message) < len(data) or not cut


# -------------------------------------------------------------------------------------- how it is stored
UNPACKED = {
    "float_data": b"\x25\0\0\x80\x3f", "int32_data": b"\x28\x85\x01", "int64_data": b"\x38\x85\x01",
    "double_data": b"\x51\0\0\0\0\0\0\xf0\x3f", "uint64_data": b"\x58\x85\x01", "string_data": b"\x32\x03abc"}


@pytest.mark.parametrize("name", UNPACKED)
def test_rows_of_single_numbers_are_cut_as_one(name):
    row = UNPACKED[name] * LIMIT
    head, tail = TensorProto(dims=[LIMIT], data_type=1), TensorProto(name="w")
    data = field(7, field(5, head.SerializeToString() + row + tail.SerializeToString()))
    message, cut = skim(data)
    tensor = ModelProto.FromString(message).graph.initializer[0]
    assert (tensor.name, list(tensor.dims), len(getattr(tensor, name))) == ("w", [LIMIT], 0)
    assert located(data, tensor, cut) == row
    assert list(cut.values()) == ["row"]


@pytest.mark.parametrize("name", UNPACKED)
def test_short_rows_stay(name):
    data = field(7, field(5, UNPACKED[name] * 10 + field(12, b"d" * LARGE)))
    assert skim(data) == (data, {})


def test_a_segment_in_the_file_is_not_believed():
    model = ModelProto()
    model.graph.initializer.add(raw_data=b"x" * LARGE).segment.end = 12
    model.graph.initializer.add(name="liar").segment.end = 99
    message, cut = skim(model.SerializeToString())
    first, liar = ModelProto.FromString(message).graph.initializer
    assert (first.segment.begin, first.segment.end) in cut
    assert (liar.segment.begin, liar.segment.end) not in cut


def test_payloads_are_not_touched():
    read: list[tuple[int, int]] = []

    class Watched(bytes):
        def __getitem__(self, key):
            read.append((key.start, key.stop) if isinstance(key, slice) else (key, key + 1))
            return super().__getitem__(key)

    model = ModelProto(ir_version=8)
    for size in (LARGE, 10 * LIMIT, 10):
        model.graph.initializer.add(name="w", raw_data=b"x" * size)
    data = Watched(model.SerializeToString())
    _, cut = skim(data)
    assert len(cut) == 2
    assert all(end <= begin or start >= stop for start, end in read for begin, stop in cut)


def test_files_beyond_what_protobuf_can_read(tmp_path):
    size = 3 << 30
    tensor = TensorProto(name="huge", data_type=1, dims=[size // 4]).SerializeToString()
    tensor += encoded(9 << 3 | 2) + encoded(size)
    graph = encoded(5 << 3 | 2) + encoded(len(tensor) + size) + tensor
    head = encoded(7 << 3 | 2) + encoded(len(graph) + size) + graph
    path = tmp_path / "huge.onnx"
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(len(head) + size)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        message, cut = skim(data)
    assert cut == {(len(head), len(head) + size): "raw_data"}
    assert ModelProto.FromString(message).graph.initializer[0].name == "huge"


# -------------------------------------------------------------------------------------- hostile bytes
@pytest.mark.parametrize(("data", "said"), [
    (b"\x3a\x05ab", "cut off"),
    (b"\x3a", "cut off"),
    (b"\x3a" + encoded(1 << 31), "cut off"),
    (b"\x3a" + encoded((1 << 64) - 1) + b"abc", "cut off"),
    (field(7, field(5, b"x" * LARGE)[:-1]), "cut off"),
    (field(7, b"\x2a" + encoded(LIMIT) + bytes(LIMIT) + b"\x2a" + encoded(9999)) + bytes(9999), "damaged"),
    (b"\x3b" + b"\x80" * 20, "no field"),
    (bytes(9999), "no field of a protobuf message starts at byte 0"),
    (b"\x80" * 20, "longer than any"),
    (b"\x08" + b"\xff" * 11, "longer than any"),
])
def test_damaged_bytes_are_named(data, said):
    with pytest.raises(WireError, match=said):
        skim(data)


def nested(levels: int) -> bytes:
    graph = field(10, b"d" * LARGE)
    for _ in range(levels):
        graph = field(1, field(5, field(6, graph)))
    return field(7, graph)


def test_nesting_is_bounded():
    skim(nested(MAX_DEPTH // 3 - 1))
    with pytest.raises(WireError, match="nest"):
        skim(nested(MAX_DEPTH))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    try:
        message, cut = skim(field(7, data * (LARGE // (len(data) + 1) + 1)))
    except WireError:
        return
    assert all(0 <= begin < end for begin, end in cut)
    assert isinstance(message, bytes)


# -------------------------------------------------------------------------------------- fields, numbers
@given(st.integers(0, (1 << 64) - 1))
def test_numbers_are_encoded_as_protobuf_does(value):
    tensor = TensorProto(uint64_data=[value]).SerializeToString()
    assert tensor.endswith(encoded(value))


def test_fields_cover_a_message():
    data = TensorProto(name="w", dims=[3, 4], data_type=1, raw_data=b"abc").SerializeToString()
    found = list(fields(data, 0, len(data)))
    assert [number for number, *_ in found] == [1, 1, 2, 8, 9]
    assert [start for _, start, _, _ in found] == [0, *(end for *_, end in found[:-1])]
    assert data[found[-1][2]:found[-1][3]] == b"abc"
