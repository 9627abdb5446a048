"""Parts of networks in sessions of ONNX Runtime: what is fed to them, and what comes out. Used in the child
process only."""
from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from archcheck.backends import jobs
from archcheck.backends.guard import tidy
from archcheck.backends.ort import Device, Task
from archcheck.claims._parts import NotKnown, Part
from archcheck.dims import prod
from archcheck.dtypes import NAMES
from archcheck.errors import UserError, closest
from archcheck.frontends._proto import schema
from archcheck.graph import TensorType
from archcheck.report import Report
from archcheck.writers._spans import Spans
from archcheck.writers.onnx import export

Array = Any
MAX_BYTES = 1 << 28
"""The weights of a network that claims run take no more."""
MAX_LISTED = 1 << 16
"""A value with more elements is not made a list."""
GRID = 8
"""Numbers that are drawn are eighths from -1 to 1 without 0, so that sums of products are exact."""


class Refused(NotKnown):
    """ONNX Runtime does not run a network."""


class Runner:
    """What runs the networks of one file of claims, on a ``device``; their models lie in ``folder``.
    ``notes`` are what the runs have shown, counterexamples above all; ``provider`` is what ran, empty where
    nothing did."""

    def __init__(self, folder: Path, device: Device) -> None:
        self.folder, self.device = folder, replace(device, threads=device.threads or 1)
        self.notes: list[str] = []
        self.provider = ""
        self._ready: dict[tuple[int, str], Ready] = {}

    def ready(self, x: Part) -> Ready:
        """A part that can be run."""
        key = id(x.report), x.output
        if key not in self._ready:
            self._ready[key] = Ready(x, self.folder / f"{len(self._ready)}.onnx", self.device)
        self.provider = self._ready[key].provider
        return self._ready[key]

    def noted(self, counterexample: str) -> bool:
        """Whether there is no counterexample; one is kept."""
        if counterexample:
            self.notes.append(counterexample)
        return not counterexample


class Ready:
    """A part of a network in a session that takes weights as well as inputs. Those that the network comes
    with are there unless others are fed; the rest is drawn."""

    def __init__(self, x: Part, path: Path, device: Device) -> None:
        self.part, self.report = x, x.report
        self.inputs = {name: x.report.types[name] for name in x.report.graph.inputs}
        _require_sizes(x)
        self.session = _session(x, path, device)
        self.provider = jobs.provider_of(self.session)
        spans = Spans(self.report)
        self.open = {name: kind for name, kind in _numbers(self.report).items()
                     if kind.value is None and spans.of(name, kind)[0] < 0}

    @property
    def input(self) -> str:
        """The one input. Raises `ValueError` where there are several."""
        if len(self.inputs) != 1:
            raise ValueError(f"{self.part.name} has {len(self.inputs)} inputs; name one, which has one")
        return next(iter(self.inputs))

    def output(self, feeds: Mapping[str, Array]) -> Array:
        """What comes out. Raises `Refused`."""
        try:
            return self.session.run([self.part.output], dict(feeds))[0]
        except Exception as error:  # noqa: BLE001 - the runtime has many
            raise Refused(f"ONNX Runtime does not run {self.part.name}: {tidy(str(error))}") from None

    def feeds(self, seed: int) -> dict[str, Array]:
        """All that is drawn from a seed, weights that the network does not come with and inputs."""
        return {name: _drawn_as(name, kind, seed) for name, kind in {**self.open, **self.inputs}.items()}

    def fed(self, name: str, seed: int) -> dict[str, Array]:
        """`feeds`, with an input or weight that is drawn in any case."""
        kind = {**_numbers(self.report), **self.inputs}[name]
        return {**self.feeds(seed), name: _drawn_as(name, kind, seed)}

    def drawn_output(self, seed: int) -> Array:
        """The output for all that is drawn from a seed."""
        return self.output(self.feeds(seed))

    def ran(self, value: Any, more: Sequence[Any]) -> Array:
        """The output for an input, and for weights or other inputs that are given by name."""
        if len(more) % 2:
            raise ValueError("behind the input stand pairs of a name and a value")
        first = next(iter(self.inputs))
        pairs = [(first, value), *((self.named(name), given) for name, given in zip(more[::2], more[1::2]))]
        kinds = {**_numbers(self.report), **self.inputs}
        given = {name: fitted(value, kinds[name], name) for name, value in pairs}
        return self.output({**self.feeds(0), **given})

    def named(self, name: Any) -> str:
        """The input or weight that is called so; the name of a layer stands for its weight, and scopes may be
        left out of it."""
        known = {**self.inputs, **_numbers(self.report)}
        for candidate in (name, f"{name}.weight"):
            inner = [key for key in known if key.endswith(f".{candidate}")]
            if candidate in known or len(inner) == 1:
                return str(candidate) if candidate in known else inner[0]
        close = closest(str(name), [*known, *(key.removesuffix(".weight") for key in known)])
        cure = f"did you mean {close!r}?" if close else f"it has {', '.join(known)}"
        raise ValueError(f"{self.part.name} has no input and no layer with weights called {name!r}; {cure}")


def _session(x: Part, path: Path, device: Device) -> Any:
    """A session that has the part's output, and takes all weights as inputs. Raises `Refused`."""
    try:
        export(x.report.graph, path, x.report.sizes)
    except UserError as error:
        raise ValueError(str(error)) from None
    with path.open("ab") as model:
        model.write(_as_inputs(_numbers(x.report)))
    try:
        return jobs.opened(Task(path, {}, (x.output,), device), (x.output,))
    except UserError:
        raise  # a device that is not there is no fault of the network
    except Exception as error:  # noqa: BLE001 - the runtime has many
        raise Refused(f"ONNX Runtime does not take {x.name}: {tidy(str(error))}") from None


def _numbers(report: Report) -> dict[str, TensorType]:
    """The weights that are floating-point numbers."""
    return {name: kind for name, kind in report.graph.weights.items() if kind.dtype in ("float32", "float64")}


def _as_inputs(weights: Mapping[str, TensorType]) -> bytes:
    """What makes weights inputs with a default where it is appended to the bytes of a model: protobuf merges
    the graphs of a model that is in two pieces."""
    pb = schema()
    inputs = [pb.ValueInfoProto(name=name) for name in weights]
    for value, kind in zip(inputs, weights.values()):
        value.type.tensor_type.elem_type = NAMES.index(kind.dtype or "")
        for size in kind.shape or ():
            value.type.tensor_type.shape.dim.add().dim_value = size
    message: bytes = pb.ModelProto(graph=pb.GraphProto(input=inputs)).SerializeToString()
    return message


def _require_sizes(x: Part) -> None:
    graph, types = x.report.graph, x.report.types
    for name, kind in ((name, types[name]) for name in (*graph.inputs, *graph.weights)):
        if kind.shape is None or not all(isinstance(size, int) for size in kind.shape):
            shape = "is not known" if kind.shape is None else " × ".join(map(str, kind.shape))
            raise ValueError(f"the shape of {name} in {x.name} {'' if kind.shape is None else 'is '}{shape}; "
                             "to run it, set what is open, as in net[W=8]")
    bytes_ = [kind.bytes for kind in graph.weights.values()]
    total = sum(count for count in bytes_ if isinstance(count, int))
    if total > MAX_BYTES:
        raise ValueError(f"{x.name} has {total:,} bytes of weights, and claims run networks of at most "
                         f"{MAX_BYTES:,}; write a smaller one")


# ------------------------------------------------------------------------------------------------ numbers
def drawn(name: str, shape: Any, seed: int) -> Array:
    """Numbers on the `GRID`; name and seed decide which."""
    key = np.random.SeedSequence((seed, zlib.crc32(name.encode())))
    words = np.random.PCG64(key).random_raw(prod(shape))  # type: ignore[arg-type]
    sizes = (words >> np.uint64(1)) % np.uint64(GRID) + np.uint64(1)
    found: Array = np.where(words & np.uint64(1), -1.0, 1.0) * sizes.astype(float) / GRID
    return found.reshape(shape)


def _drawn_as(name: str, kind: TensorType, seed: int) -> Array:
    found = drawn(name, kind.shape, seed)
    if kind.dtype in ("float32", "float64"):
        return found.astype(kind.dtype)
    if kind.dtype in ("bool", "int64", "int32"):
        return (found > 0).astype(kind.dtype)
    raise ValueError(f"{name} is of {kind.dtype}; claims run networks of numbers in float32")


def bare(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape without the axes of size 1 that stand in front; one axis is left."""
    found = tuple(shape) or (1,)
    while len(found) > 1 and found[0] == 1:
        found = found[1:]
    return found


def _solid(shape: Sequence[int]) -> list[int]:
    """A shape without its axes of size 1."""
    return [size for size in shape if size != 1]


def fitted(value: Any, kind: TensorType, name: str) -> Array:
    """A list as a tensor; axes of size 1 need not be there. Raises `ValueError` where it has another
    shape."""
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is given as something else than numbers in lists of equal length") from None
    shape: Any = kind.shape
    if _solid(array.shape) != _solid(shape):
        said = " × ".join(map(str, array.shape)) or "one number"
        raise ValueError(f"{name} is {' × '.join(map(str, shape))}, and given as {said}")
    return array.reshape(shape).astype(kind.dtype)


def listed(array: Array, name: str) -> Any:
    """An array as a list of claims, `bare`."""
    if array.size > MAX_LISTED:
        raise ValueError(f"{name} has {array.size:,} elements, and lists at most {MAX_LISTED:,}")
    return nested(array.reshape(bare(array.shape)))


def nested(array: Array) -> Any:
    """An array as a list of lists: whole numbers, and others in as many digits as tell them apart."""
    if array.dtype.kind != "f":
        return _tuples(array.tolist())
    if array.ndim:
        return tuple(map(nested, array))
    return int(array) if np.isfinite(array) and array == np.floor(array) else float(str(array))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
