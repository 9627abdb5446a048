"""Receptive fields held against runs: where an input is made NaN, all that reads it turns NaN, and that has
to lie within the field that was predicted."""
from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from archcheck.backends import guard, ort
from archcheck.backends.draws import draw
from archcheck.backends.feeds import shape_at
from archcheck.backends.guard import Crashed, Limits
from archcheck.backends.measure import DEFAULT, opened
from archcheck.errors import UserError
from archcheck.frontends import Source, bytes_of, graph_in
from archcheck.frontends._source import said
from archcheck.graph import Graph
from archcheck.infer import analyze

if TYPE_CHECKING:
    from archcheck.probing.judge import Fault, Verdict

POINTS, RUNS = 8, 16
"""How many positions of each value are looked at, and how many runs there are for each axis of an input."""


@dataclass(frozen=True)
class Probed:
    """What came of the fields of a network: the ``sizes`` it ran at; how many ``values`` were looked at; how
    many ``claims`` there were, each that a position reads from here to there along an axis of an input, and
    how many of them were ``proved``: they read exactly so much. ``unsound`` ones read more than was
    predicted, ``loose`` ones less; ``undecided`` counts why others are neither, and ``refused`` says why
    nothing came of it, short for ``reason`` if that is known, and is empty where something did."""

    name: str
    sizes: Mapping[str, int]
    values: int = 0
    claims: int = 0
    proved: int = 0
    unsound: tuple[Fault, ...] = ()
    loose: tuple[Fault, ...] = ()
    undecided: Mapping[str, int] | None = None
    refused: str = ""
    reason: str = ""

    @property
    def open(self) -> int:
        """How many claims no run spoke against, though none proved them either."""
        return self.claims - self.proved - len(self.unsound) - len(self.loose)

    @property
    def is_right(self) -> bool:
        """Whether no position read more than was predicted."""
        return not self.refused and not self.unsound


def probe(source: str | bytes | Source, sizes: Mapping[str, Any] | None = None, *, seed: int = 0,
          points: int = POINTS, runs: int = RUNS, limits: Limits = DEFAULT,
          plugins: Sequence[str] = ()) -> Probed:
    """Probe the network in ``source``, as `archcheck.backends.measure.verify` takes it, on the processor, at
    the first sizes that are drawn for it. ``plugins`` are those whose operators it has. Raises `UserError`
    where there is nothing to run it with."""
    ort.require_runtime()
    found = source if isinstance(source, Source) else bytes_of(source)
    graph, name = graph_in(found), said(found.name)
    drawn = draw(analyze(graph, opened(graph, sizes or {})), 1, seed)[0]
    at = {**(sizes or {}), **drawn}
    with TemporaryDirectory(prefix="archcheck-", ignore_cleanup_errors=True) as folder:
        network = _as_file(found, graph, Path(folder))
        model = _model(network, graph, at, Path(folder))
        try:
            judgement = guard.call(judged, model, network, at, (points, runs, seed), tuple(plugins),
                                   limits=limits, about=name)
        except Crashed as crash:
            return Probed(name, drawn, refused=str(crash), reason=crash.reason)
    if isinstance(judgement, str):
        return Probed(name, drawn, refused=judgement)
    return _probed(name, drawn, judgement)


def _probed(name: str, sizes: Mapping[str, int], found: Verdict) -> Probed:
    return Probed(name, sizes, len(found.values), found.claims, found.proved, tuple(found.of("unsound")),
                  tuple(found.of("loose")), Counter(found.undecided))


def _as_file(found: Source, graph: Graph, folder: Path) -> Path:
    """The network as a file that is not packed, beside its weights if they are in files of their own."""
    if found.folder is not None and os.path.exists(found.name) and not found.name.endswith(".gz"):
        return Path(found.name)
    path = folder / f"network{'.yaml' if graph.family else '.onnx'}"
    path.write_bytes(found.data)
    return path


def _model(network: Path, graph: Graph, sizes: Mapping[str, Any], folder: Path) -> Path:
    """The same as an ONNX file. The large weights of a specification are left to the probe, which draws such
    that a change gets through."""
    if not graph.family:
        return network
    from archcheck.writers.onnx import export
    path = folder / "model.onnx"
    export(network, path, sizes, weights="none")
    return path


def judged(model: Path, network: Path, sizes: Mapping[str, Any], how: tuple[int, int, int],
           plugins: Sequence[str]) -> Iterator[Verdict | str]:
    """The job of `probe`: the verdict, or in words why there is none."""
    from archcheck.plugins import load_plugin
    from archcheck.probing.judge import judged as held
    from archcheck.probing.judge import of_report
    from archcheck.probing.network import Network
    from archcheck.probing.prepare import Unprobed
    for plugin in plugins:
        load_plugin(plugin)
    report = analyze(network, sizes)
    points, runs, seed = how
    try:
        shapes = {name: shape_at(name, report.types[name], {}) for name in report.graph.inputs}
        yield held(Network(_read(model), shapes, seed), of_report(report), points, runs)
    except Unprobed as why:
        yield f"it cannot be probed: {why}"


def _read(path: Path) -> Any:
    """The model with the weights that are there."""
    import onnx
    try:
        return onnx.load_model(path)
    except (OSError, onnx.checker.ValidationError):
        return onnx.load_model(path, load_external_data=False)
    except Exception as error:  # noqa: BLE001 - protobuf has its own
        raise UserError(f"onnx cannot read {path.name}: {error}") from None
