"""What ONNX Runtime is asked to do: run a model on a device, and say what it found. It is never imported
here, only in the child process (`archcheck.backends.guard`) that the jobs run in."""
from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.errors import UserError
from archcheck.frontends._proto import schema

if TYPE_CHECKING:
    from archcheck.backends.guard import Limits
    from archcheck.report import Report

CPU = "CPUExecutionProvider"
PACKAGES = {"cuda": "archcheck[ort-gpu]", "tensorrt": "archcheck[ort-gpu]"}
"""What brings the providers that the package ``onnxruntime`` is without."""


@dataclass(frozen=True)
class Device:
    """Where a model runs: ``name`` is ``cpu``, ``cuda``, ``cuda:1`` or that of another provider of ONNX
    Runtime; ``threads`` work on one node (None: as many as the runtime likes); ``libraries`` have the custom
    operators. No library is loaded that is not among them."""

    name: str = "cpu"
    threads: int | None = None
    libraries: tuple[Path, ...] = ()

    @property
    def kind(self) -> str:
        """The name without a number: ``cuda``."""
        return self.name.partition(":")[0].lower()

    @property
    def number(self) -> int:
        """Which of several, from 0 on."""
        kind, _, number = self.name.partition(":")
        if number and not number.isdecimal():
            raise UserError(f"--device {self.name} names no device; write cpu, {kind} or {kind}:1")
        return int(number or 0)

    @property
    def options(self) -> dict[str, str]:
        """What its provider is told: the number, if there is one."""
        return {"device_id": str(self.number)} if self.number else {}


class Task(NamedTuple):
    """A model to be run: the ``path`` of an ONNX file; ``feeds``, an array, a list of them or None for each
    input, by name; which outputs are wanted (None: all that the file has); the device; and whether the
    runtime may change the graph. Values that are no outputs of the file may be wanted as well."""

    path: Path
    feeds: Mapping[str, Any]
    wanted: Sequence[str] | None = None
    device: Device = Device()
    optimized: bool = False


class Statistics(NamedTuple):
    """What the elements of a value are like, ``size`` of them: those that are neither NaN nor infinite have
    the ``least``, ``most``, ``mean`` and ``std`` (None where there is none, or the elements are texts);
    ``nan``, ``infinite`` and ``zeros`` count."""

    size: int
    least: float | None
    most: float | None
    mean: float | None
    std: float | None
    nan: int
    infinite: int
    zeros: int


class Measured(NamedTuple):
    """A value as it came out: ``dtype`` is ONNX's (`archcheck.dtypes`, with ``seq(…)`` around it for a
    sequence); ``shape`` is a tuple, for a sequence a list of them, None for an optional that is empty;
    ``data`` are its elements where they were asked for: an array, or a list of arrays. Elements that numpy
    has no type for come as ``float32`` or ``int8``, which hold them exactly."""

    name: str
    dtype: str
    shape: Any
    statistics: Statistics | None = None
    data: Any = None


class Run(NamedTuple):
    """Outputs by name as arrays; their ONNX dtypes; the provider that ran; and the seconds that it took."""

    values: dict[str, Any]
    dtypes: dict[str, str]
    provider: str
    seconds: float


class Started(NamedTuple):
    """The first record of a job: the session is there, on ``provider``, after ``seconds``."""

    provider: str
    seconds: float


class Finished(NamedTuple):
    """The last record of a job: the runs took ``seconds``."""

    seconds: float


def run(model: Path, feeds: Mapping[str, Any], *, outputs: Sequence[str] | None = None,
        device: Device = Device(), limits: Limits | None = None, optimized: bool = False) -> Run:
    """Run ``model`` once. Raises `archcheck.backends.guard.Crashed` where it does not come to its end, and
    `UserError` where the device is not there."""
    values, dtypes, provider, seconds = dict[str, Any](), dict[str, str](), "", 0.0
    for record in measure(Task(model, feeds, outputs, device, optimized), keep=True, limits=limits):
        if isinstance(record, Measured):
            values[record.name], dtypes[record.name] = record.data, record.dtype
        elif isinstance(record, Started):
            provider = record.provider
        else:
            seconds = record.seconds
    return Run(values, dtypes, provider, seconds)


def measure(task: Task, slices: Sequence[Sequence[str]] | None = None, *, keep: bool = False,
            statistics: bool = False, limits: Limits | None = None,
            about: str = "") -> Iterator[Started | Measured | Finished]:
    """What comes of running a model: `Started`, a `Measured` for each value that is wanted, in their order,
    and `Finished`. ``slices`` are values to be had in one run each, in place of ``task.wanted``: see
    `sliced`. With ``keep`` they have their data, with ``statistics`` what these are like."""
    from archcheck.backends import guard, jobs
    require_runtime()
    yield from guard.stream(jobs.measured, task, slices, keep, statistics, limits=limits or guard.Limits(),
                            about=about or task.path.name)


def require_runtime() -> None:
    """Raise `UserError` with the cure where ONNX Runtime is not installed."""
    if importlib.util.find_spec("onnxruntime") is None:
        raise UserError("running a model needs ONNX Runtime, which is not installed: "
                        "pip install 'archcheck[ort]'")


def sliced(names: Sequence[str], bytes_of: Mapping[str, int], room: int) -> list[list[str]]:
    """``names`` in their order, cut into runs of values that take at most ``room`` bytes together; one that
    is larger by itself is alone. Values that are not in ``bytes_of`` count nothing."""
    found: list[list[str]] = []
    used = room + 1
    for name in names:
        size = bytes_of.get(name, 0)
        if used + size > room:
            found.append([])
            used = 0
        found[-1].append(name)
        used += size
    return found


def inner_values(report: Report) -> list[str]:
    """The names of all values that the nodes of a network's main graph make, in the order in which they
    are."""
    return list(dict.fromkeys(name for node in report.graph.nodes for name in node.outputs if name))


def slices_at(report: Report, sizes: Mapping[str, int], limits: Limits,
              names: Sequence[str] | None = None) -> list[list[str]]:
    """The values ``names``, or all inner values, in slices for `measure`, none of which takes more than a
    quarter of the memory at ``sizes``: the runtime has each of them twice, beside what it works in."""
    from archcheck.dims import evaluate
    names, memory = inner_values(report) if names is None else list(names), limits.bytes
    if memory is None:
        return [names]
    taken = {name: evaluate(kind.bytes, sizes) for name in names
             if (kind := report.types.get(name)) is not None and kind.bytes is not None}
    return sliced(names, {name: size for name, size in taken.items() if isinstance(size, int)}, memory // 4)


def exposing(names: Sequence[str]) -> bytes:
    """What turns the values ``names`` into outputs where it is appended to the bytes of a model: protobuf
    merges the graphs of a model that is in two pieces, and the runtime infers the outputs' types."""
    pb = schema()
    outputs = [pb.ValueInfoProto(name=name) for name in names]
    message: bytes = pb.ModelProto(graph=pb.GraphProto(output=outputs)).SerializeToString()
    return message if names else b""


# ------------------------------------------------------------------------------------------------ providers
def provider_for(device: Device, available: Sequence[str]) -> str:
    """The provider of ``available`` ones that ``device`` names. Raises `UserError` where there is none."""
    known = {name.removesuffix("ExecutionProvider").lower(): name for name in available}
    if device.kind in known:
        return known[device.kind]
    package = PACKAGES.get(device.kind)
    cure = f"install it: pip install '{package}'" if package else f"it has {', '.join(sorted(known))}"
    raise UserError(f"--device {device.name}: the ONNX Runtime that is installed has no provider for "
                    f"{device.kind}; {cure}")


def require_taken(device: Device, wanted: str, taken: Sequence[str], why: str = "") -> None:
    """Raise `UserError` where a session was made without the provider that was ``wanted``."""
    if wanted not in taken:
        said = f" ({why})" if why else ""
        raise UserError(f"--device {device.name}: {wanted} is installed, but did not start{said}; nothing "
                        "was run in its place: mend its driver or libraries, or use --device cpu")
