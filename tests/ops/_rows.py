"""Operator tests as tables: one row is one node, checked against an outside oracle at several sizes.

A row says what archcheck must answer, and lets ONNX Runtime, or else ONNX's reference evaluator, run the
node::

    row("Conv", "float32[N,3,H,W]", "float32[8,3,3,3]", strides=[2, 2], pads=[1, 1, 1, 1],
        out="float32[N, 8, (H + 1)//2, (W + 1)//2]")

A row passes when the answer reads as ``out``, and when every output of the oracle has the dtype, the shape
and, where archcheck knows them, the elements that the answer has at those sizes. Each row is asked in three
ways: with symbols, with the sizes put in for them, and with all inputs known.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import onnx
import pytest
from onnx import TypeProto, helper, numpy_helper

import archcheck
from archcheck.dims import (
    Dim,
    bcast,
    bounds,
    counted,
    is_known,
    maximum,
    minimum,
    substitute,
    symbol,
    symbols,
)
from archcheck.elements import Ratio
from archcheck.graph import Graph, TensorType
from archcheck.report import Report
from archcheck.values import items
from tests.ops import _oracles, _reach

Array = np.ndarray[Any, Any]
Sizes = Mapping[str, int]

DEFAULT_SIZES = (5, 7, 9, 11, 13, 15, 3, 2), (8, 6, 12, 10, 4, 14, 5, 3)
EDGE_SIZES = (1,) * 8, (0,) * 8
_TYPE = re.compile(r"(?P<dtype>[\w(),?]+)(?:\[(?P<sizes>.*)\])?")
_FUNCTIONS = {"Max": maximum, "Min": minimum, "Mod": lambda a, b: a % b, "bcast": bcast}


class Spec(NamedTuple):
    """A type as rows write it: ``seq(float32)[N, 3]`` has the dtype ``seq(float32)`` and the sizes ``("N",
    3)``. ``?`` becomes ``"None"``; ``sizes`` is None where there are no brackets: the rank is unknown."""

    dtype: str
    sizes: tuple[int | str, ...] | None

    @classmethod
    def parse(cls, text: str) -> Spec:
        """Read ``dtype[size, …]``."""
        found = _TYPE.fullmatch(text.strip())
        assert found, f"{text!r} is not of the form dtype[size, …]"
        if found["sizes"] is None:
            return cls(found["dtype"], None)
        listed = ast.parse(f"[{found['sizes'].replace('?', 'None')}]", mode="eval").body
        assert isinstance(listed, ast.List)
        sizes = map(ast.unparse, listed.elts)
        return cls(found["dtype"], tuple(int(size) if size.isdigit() else size for size in sizes))

    @property
    def symbols(self) -> list[str]:
        """The names in the sizes, in order of appearance."""
        return [name for size in self.sizes or () for name in re.findall(r"[A-Za-z_]\w*", str(size))]

    def shape(self, numbers: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """The sizes with ``numbers`` put in for the names."""
        if self.sizes is None:
            return None
        return tuple(eval(size, dict(numbers)) if isinstance(size, str) else size for size in self.sizes)

    @property
    def element(self) -> str:
        """The dtype of the tensors inside a sequence or an optional value."""
        return re.sub(r"(?:seq|opt)\(|\)", "", self.dtype)


@dataclass(frozen=True)
class Row:
    """One node with its inputs and what must come out of it; made by `row`, which says what the fields
    mean."""

    op: str
    inputs: tuple[Spec | Array | None, ...]
    attrs: Mapping[str, Any]
    out: tuple[str | None, ...]
    opset: int
    domain: str = ""
    at: Sizes | Sequence[Sizes] | None = None
    oracle: str = ""
    why: str = ""
    data: Mapping[int, Any] = field(default_factory=dict)
    fails: str = ""
    around: int = 0

    @property
    def label(self) -> str:
        """What pytest calls the row."""
        domain = f"{self.domain.split('.')[-1]}." if self.domain else ""
        inputs = ",".join(_brief(entry) for entry in self.inputs)
        attrs = ",".join(f"{name}={value!r}" for name, value in self.attrs.items()
                         if not isinstance(value, (onnx.GraphProto, np.ndarray)))
        text = f"{domain}{self.op}-{self.opset}({inputs}{';' if attrs else ''}{attrs})"
        return re.sub(r"\s", "", text)[:120]

    @property
    def asked(self) -> list[int]:
        """Which outputs are asked for."""
        return [index for index, text in enumerate(self.out) if text is not None]

    @property
    def names(self) -> list[str]:
        """The outputs that are asked for: ``y0``, ``y1``, …"""
        return [f"y{index}" for index in self.asked]

    @property
    def symbols(self) -> list[str]:
        """The symbols of the inputs, in order of appearance."""
        specs = [entry for entry in self.inputs if isinstance(entry, Spec)]
        return list(dict.fromkeys(name for spec in specs for name in spec.symbols))

    @property
    def sizes(self) -> list[dict[str, int]]:
        """The sizes at which the node must run."""
        if isinstance(self.at, Sequence):
            return [dict(one) for one in self.at]
        given = [{**one, **(self.at or {})} for one in self._numbered(DEFAULT_SIZES)]
        return [dict(one) for one in dict.fromkeys(tuple(each.items()) for each in given)]

    @property
    def edges(self) -> list[dict[str, int]]:
        """Sizes of 1 and of 0, for rows that do not say themselves where they run."""
        return self._numbered(EDGE_SIZES) if self.at is None and self.symbols else []

    def _numbered(self, sets: Iterable[Sequence[int]]) -> list[dict[str, int]]:
        return [dict(zip(self.symbols, numbers, strict=False)) for numbers in sets]

    def arrays(self, sizes: Sizes) -> list[Any]:
        """What is fed to each input at ``sizes``: an array, a list of them for a sequence, None if left
        out."""
        draw = np.random.default_rng(crc32(self.label.encode()))
        return [self.data[index] if index in self.data else
                _random(draw, entry, sizes) if isinstance(entry, Spec) else entry
                for index, entry in enumerate(self.inputs)]

    @cached_property
    def graph(self) -> Graph:
        """The node as archcheck reads it from a file, with symbolic inputs."""
        weights = {f"x{i}": entry for i, entry in enumerate(self.inputs) if isinstance(entry, np.ndarray)}
        specs = {f"x{i}": entry for i, entry in enumerate(self.inputs) if isinstance(entry, Spec)}
        read = _read(self.model(weights, [_value_info(name, spec) for name, spec in specs.items()]))
        named = {name: symbol(name) for name in self.symbols}
        types = {name: TensorType(spec.dtype, spec.shape(named)) for name, spec in specs.items()}
        return replace(read, inputs=types)

    def model(self, weights: Mapping[str, Array], inputs: Sequence[onnx.ValueInfoProto]) -> onnx.ModelProto:
        """A model of this one node; input ``i`` is called ``x{i}``, output ``k`` is called ``y{k}``."""
        given = self.inputs[:len(self.inputs) - self.around]
        read = [f"x{index}" if entry is not None else "" for index, entry in enumerate(given)]
        made = [f"y{index}" if text is not None else "" for index, text in enumerate(self.out)]
        node = onnx.NodeProto(op_type=self.op, domain=self.domain, input=read, output=made, name="node")
        node.attribute.extend(_attribute(self, name, value) for name, value in self.attrs.items())
        outputs = [onnx.ValueInfoProto(name=name) for name in self.names]
        stored = [numpy_helper.from_array(array, name) for name, array in weights.items()]
        graph = helper.make_graph([node], "row", inputs, outputs, stored)
        imports = {"": _oracles.newest("", ""), self.domain: self.opset}
        opsets = [helper.make_opsetid(domain, version) for domain, version in imports.items()]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)

    def concrete(self, arrays: Sequence[Any]) -> tuple[onnx.ModelProto, dict[str, Any]]:
        """The model with all tensors known, and the feeds for what cannot be an initializer."""
        weights, feeds, inputs = {}, {}, []
        for index, (entry, array) in enumerate(zip(self.inputs, arrays, strict=True)):
            if isinstance(array, np.ndarray):
                weights[f"x{index}"] = array
            elif isinstance(entry, Spec):
                feeds[f"x{index}"] = array
                inputs.append(_value_info(f"x{index}", entry))
        return self.model(weights, inputs), feeds

    def run(self, arrays: Sequence[Any], only: str = "") -> list[Any]:
        """What an oracle makes of ``arrays``; `Rejected` if none runs the node."""
        return _oracles.run(*self.concrete(arrays), only=only or self.oracle)


def row(op: str, /, *inputs: str | Array | None, out: str | Sequence[str | None] = (), opset: int = 0,
        domain: str = "", at: Sizes | Sequence[Sizes] | None = None, oracle: str = "", why: str = "",
        data: Mapping[int, Any] | None = None, fails: str = "", around: Sequence[str | Array] = (),
        **attrs: Any) -> Row:
    """One test of the operator ``op``.

    ``inputs`` are ``"dtype[sizes]"`` (names in it are symbols, the data are random), arrays (known
    initializers) or None (left out). ``out`` is what archcheck must answer: one text or one per output, with
    None for an output that is not asked for, sizes as ``repr`` writes them, ``?`` for one that is not known,
    no brackets for an unknown rank. ``at`` gives the sizes of symbols for the oracle: some of them, or a list
    of complete sets. ``data`` feeds arrays (lists of arrays for sequences) to inputs by position. ``oracle``
    is ``ort`` or ``reference`` to accept no other, or ``published`` with a reason ``why`` where none runs the
    node. ``fails`` is a pattern of the message for a node that cannot run; ONNX Runtime must reject it too.
    Everything else is an attribute; a `GraphProto` is a body, which may read the inputs as ``x0``,
    ``x1``, … and, counted on, the values in ``around``, which the node itself does not read.
    """
    assert oracle in ("", "ort", "reference", "published"), oracle
    assert bool(why) == (oracle == "published"), "why= goes with oracle='published', and that needs it"
    expected = (out,) if isinstance(out, str) else tuple(out) or ("?",) * bool(fails)
    entries = tuple(map(_entry, (*inputs, *around)))
    opset = opset or _oracles.newest(domain, op)
    return Row(op, entries, attrs, expected, opset, domain, at, oracle, why, data or {}, fails, len(around))


def rows_test(rows: Sequence[Row]) -> Callable[[Row], None]:
    """The pytest test that checks every row of a table."""
    @pytest.mark.parametrize("case", [pytest.param(one, id=one.label) for one in rows])
    def test_row(case: Row) -> None:
        check(case)
    return test_row


# ------------------------------------------------------------------------------------------------ checking
def check(case: Row) -> None:
    """Assert that archcheck answers ``case`` as it says, and that the oracle agrees at every size."""
    report = archcheck.analyze(case.graph)
    messages = [failure.message for failure in report.failures.values()]
    if case.fails:
        _check_failure(case, messages)
        return
    assert not messages, f"archcheck finds {messages}"
    for name, text in zip(case.names, filter(None, case.out), strict=True):
        answer = report.types[name]
        right = _reads_as(answer, Spec.parse(text), case.symbols)
        assert right, f"archcheck answers {_told(answer)}, not {text}"
    for sizes in case.sizes:
        _check_effect(case, report, sizes)
    if case.oracle != "published":
        for sizes in case.sizes:
            _check_at(case, report, sizes, case.run(case.arrays(sizes)))
        for sizes in case.edges:
            _check_edge(case, report, sizes)
        _check_reach(case, case.sizes[0])


def _check_failure(case: Row, messages: Sequence[str]) -> None:
    assert any(re.search(case.fails, message) for message in messages), f"archcheck says {messages}"
    for sizes in case.sizes if case.oracle != "published" else ():
        with pytest.raises(_oracles.Rejected):
            case.run(case.arrays(sizes), case.oracle or "ort")


def _check_at(case: Row, report: Report, sizes: Sizes, seen: Sequence[Any]) -> None:
    """The answers with symbols, with sizes and with known inputs must all be what the oracle saw."""
    bound = archcheck.analyze(case.graph, sizes=sizes)
    known = archcheck.analyze(_read(case.concrete(case.arrays(sizes))[0]))
    for name, actual in zip(case.names, seen, strict=True):
        for way, answers in (("symbolic", report), ("sizes given", bound), ("inputs known", known)):
            wrong = disagreement(answers.types[name], actual, sizes)
            assert not wrong, f"{way}, at {dict(sizes)}, output {name}: {wrong}"
        for size, number in zip(report.types[name].shape or (), bound.types[name].shape or (), strict=False):
            settled = isinstance(number, int) or not is_known(size)
            assert settled, f"{size!r} becomes {number!r} at {dict(sizes)}"


def _check_effect(case: Row, report: Report, sizes: Sizes) -> None:
    """Cost and readers must be well formed, with symbols and with numbers."""
    for answers in (report, archcheck.analyze(case.graph, sizes=sizes)):
        shapes = [answers.types[name].shape if name else None for name in case.graph.nodes[0].inputs]
        found = _reach.faults(answers.effects[0], shapes, case.asked, sizes)
        found += _reach.odd_products(answers, sizes)
        assert not found, f"at {dict(sizes)}: {found}"


def _check_reach(case: Row, sizes: Sizes) -> None:
    """No output may change with an element of an input that it does not read."""
    effect = archcheck.analyze(case.graph, sizes=sizes).effects[0]
    arrays = case.arrays(sizes)
    found = _reach.undeclared(effect, arrays, len(arrays) - case.around, case.asked, case.run)
    assert not found, f"at {dict(sizes)}: {found[:3]}"


def _check_edge(case: Row, report: Report, sizes: Sizes) -> None:
    """Where ONNX Runtime runs the node with empty or broadcast axes, the answers must hold there as well. It
    is not always right about empty axes: the reference evaluator settles a disagreement."""
    if archcheck.analyze(case.graph, sizes=sizes).failures or case.oracle == "reference":
        return
    try:
        _check_at(case, report, sizes, case.run(case.arrays(sizes), "ort"))
    except _oracles.Rejected:
        return
    except AssertionError:
        _check_at(case, report, sizes, case.run(case.arrays(sizes), "reference"))


def disagreement(answer: TensorType, actual: Any, sizes: Sizes) -> str:
    """What of ``answer`` is not true of what the oracle saw; empty if all is."""
    seen = _oracles.described(actual, answer.dtype)
    if answer.dtype is not None and seen.dtype is not None and answer.dtype != seen.dtype:
        return f"dtype {answer.dtype}, but the oracle has {seen.dtype}"
    for shape, elements in seen.tensors:
        if answer.shape is not None and not _fits(answer.shape, shape, sizes):
            told = [archcheck.evaluate(size, sizes) for size in answer.shape]
            return f"shape {told}, but the oracle has {list(shape)}"
        nested = str(answer.dtype).startswith(("seq(", "opt("))  # their value is a type, not an element
        if not nested and (wrong := _wrong_elements(answer, elements, sizes)):
            return wrong
    return ""


def _fits(shape: Sequence[Any], actual: Sequence[int], sizes: Sizes) -> bool:
    return len(shape) == len(actual) and all(
        _may_be(size, number, sizes) for size, number in zip(shape, actual, strict=True))


def _may_be(size: Any, number: int, sizes: Sizes) -> bool:
    """Whether ``size`` is ``number`` at ``sizes``, or is not known and within its bounds there."""
    found = archcheck.evaluate(size, sizes)
    if isinstance(found, int) or is_known(size):
        return found == number
    if found is None:
        return True
    limits = {atom: counted(atom.key, archcheck.evaluate(atom.limit, sizes)) for atom in symbols(found)}
    lo, hi = bounds(substitute(found, limits))
    return (lo is None or lo <= number) and (hi is None or number <= hi)


def _wrong_elements(answer: TensorType, actual: Sequence[Any] | None, sizes: Sizes) -> str:
    """Which known elements of ``answer`` are not those the oracle has."""
    found = items(answer)
    if found is None or actual is None:
        return ""
    told = [_number(element, sizes) for element in found]
    if len(told) != len(actual):
        return f"{len(told)} elements, but the oracle has {len(actual)}"
    wrong = [(a, b) for a, b in zip(told, actual, strict=True) if a is not None and not _close(a, b)]
    return f"an element {wrong[0][0]!r}, but the oracle has {wrong[0][1]!r}" if wrong else ""


def _number(element: Any, sizes: Sizes) -> Any:
    if isinstance(element, Ratio):
        num, den = archcheck.evaluate(element.num, sizes), archcheck.evaluate(element.den, sizes)
        return num / den if isinstance(num, int) and isinstance(den, int) and den else None
    value = archcheck.evaluate(element, sizes) if isinstance(element, Dim) else element
    return None if isinstance(value, Dim) else value


def _close(a: Any, b: Any) -> bool:
    if isinstance(a, (str, int)):
        return bool(a == b)
    return bool(np.isclose(a, b, rtol=1e-3, atol=1e-3, equal_nan=True))


def _reads_as(answer: TensorType, spec: Spec, names: Iterable[str]) -> bool:
    """Whether ``answer`` is what a row says; ``?`` stands for what is not known."""
    shape = spec.shape({**_FUNCTIONS, **{name: symbol(name) for name in names}})
    told = answer.shape and tuple(size if is_known(size) else None for size in answer.shape)
    return (answer.dtype or "?") == spec.dtype and told == shape


def _told(answer: TensorType) -> str:
    """``answer`` as rows write it."""
    sizes = answer.shape and ", ".join(repr(size) if is_known(size) else "?" for size in answer.shape)
    return (answer.dtype or "?") + ("" if sizes is None else f"[{sizes or ''}]")


# ------------------------------------------------------------------------------------------- making the model
def _entry(given: str | Array | None) -> Spec | Array | None:
    return Spec.parse(given) if isinstance(given, str) else None if given is None else np.asarray(given)


def _brief(entry: Spec | Array | None) -> str:
    if isinstance(entry, np.ndarray):
        return str(entry.tolist()) if entry.size <= 8 else f"{entry.dtype}{list(entry.shape)}"
    if entry is None or entry.sizes is None:
        return "" if entry is None else entry.dtype
    return f"{entry.dtype}[{','.join(map(str, entry.sizes))}]"


def _read(model: onnx.ModelProto) -> Graph:
    """The model, as archcheck reads its bytes."""
    graph = archcheck.load(model.SerializeToString())
    assert not graph.irregularities, graph.irregularities
    return graph


def _attribute(case: Row, name: str, value: Any) -> onnx.AttributeProto:
    """An attribute of the type its schema says, or of the one its value has."""
    if isinstance(value, np.ndarray):
        value = numpy_helper.from_array(value, name)
    try:
        kind = onnx.defs.get_schema(case.op, case.opset, case.domain).attributes[name].type
    except (onnx.defs.SchemaError, KeyError):
        return helper.make_attribute(name, value)
    return helper.make_attribute(name, value, attr_type=int(kind))


def _value_info(name: str, spec: Spec) -> onnx.ValueInfoProto:
    return helper.make_value_info(name, _type(spec.dtype, spec.sizes))


def _type(dtype: str, shape: Sequence[Any] | None) -> TypeProto:
    if dtype.startswith("seq("):
        return helper.make_sequence_type_proto(_type(dtype[4:-1], shape))
    if dtype.startswith("opt("):
        return helper.make_optional_type_proto(_type(dtype[4:-1], shape))
    if dtype.startswith("map("):
        key, value = dtype[4:-1].split(",")
        return helper.make_map_type_proto(_oracles.code(key), _type(value, shape))
    return helper.make_tensor_type_proto(_oracles.code(dtype), shape)


def _random(draw: np.random.Generator, spec: Spec, sizes: Sizes) -> Any:
    """Random data of a type: floats in [-1, 1), integers 1 … 3, and three elements for a sequence."""
    shape = spec.shape(sizes)
    assert shape is not None, "an input of unknown rank needs data="
    dtype = _oracles.numpy_dtype(spec.element)
    arrays = [np.asarray(_drawn(draw, dtype, shape)).astype(dtype) for _ in range(3)]
    return arrays if "seq(" in spec.dtype else arrays[0]


def _drawn(draw: np.random.Generator, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
    if dtype.kind == "O":
        return draw.choice(np.array(["ab", "cde", "f"], object), shape)
    if dtype.kind == "b":
        return draw.integers(0, 2, shape)
    if "int" in dtype.name:
        return draw.integers(1, 2 if "int2" in dtype.name else 4, shape)
    return draw.uniform(-1, 1, shape)
