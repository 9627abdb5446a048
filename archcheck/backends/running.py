"""A run of a network on what the user gives it: which values are wanted, in which slices, and where they are
saved."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archcheck.backends import ort
from archcheck.backends.blame import blamed
from archcheck.backends.draws import draw
from archcheck.backends.feeds import feeds
from archcheck.backends.filled import Ready
from archcheck.backends.given import Given, given
from archcheck.backends.guard import Limits
from archcheck.backends.images import Scaling
from archcheck.backends.saving import saving
from archcheck.errors import UserError, closest
from archcheck.frontends import Source, graph_in
from archcheck.infer import analyze
from archcheck.report import Report


@dataclass(frozen=True)
class Wanted:
    """What is asked of a run: ``every`` inner value, those that are ``chosen``, or else the outputs; and the
    file to save them in, if any."""

    every: bool = False
    chosen: tuple[str, ...] = ()
    output: Path | None = None

    def names(self, report: Report) -> list[str]:
        """The values that are wanted. Raises `UserError` where a network has none of that name."""
        made = ort.inner_values(report)
        for name in self.chosen:
            if name not in made:
                close = closest(name, made)
                cure = f"did you mean {close}?" if close else "archcheck summary lists its nodes"
                raise UserError(f"no node of the network makes a value called {name}; {cure}")
        return made if self.every else list(dict.fromkeys(self.chosen or report.graph.outputs))


@dataclass
class Ran:
    """A run of ``ready``, given ``given``, from ``seed``: the ``shapes`` of its inputs; the values that came
    out; the provider that ran; seconds for the first session and for the runs."""

    ready: Ready
    given: Given
    wanted: Wanted
    seed: int
    shapes: Mapping[str, Any]
    values: list[ort.Measured] = field(default_factory=list)
    provider: str = ""
    loading: float = 0.0
    seconds: float = 0.0

    @property
    def report(self) -> Report:
        """What is known of the network."""
        return self.ready.report

    def first(self, what: str) -> str | None:
        """The first value in which the statistic ``what`` counts something, None where there is none."""
        return next((value.name for value in self.values
                     if value.statistics and getattr(value.statistics, what)), None)


def prepared(source: Source, said: Sequence[str], sizes: Mapping[str, Any], scaling: Scaling,
             seed: int) -> Given:
    """What the network in ``source`` is to be run on: see `archcheck.backends.given`. Symbols that neither
    ``sizes`` nor a file binds are drawn from ``seed`` so that the network runs."""
    graph = graph_in(source)
    found = given(analyze(graph, sizes), said, sizes, scaling)
    here = analyze(graph, found.sizes)
    if not here.symbols:
        return found
    drawn = draw(here, 1, seed)[0]
    return found._replace(sizes={**found.sizes, **drawn}, drawn=tuple(drawn))


def ran(ready: Ready, known: Given, wanted: Wanted, device: ort.Device, limits: Limits, seed: int,
        tick: Callable[[], None]) -> Ran:
    """Run the network and save what is wanted; ``tick`` is called for each value that has come."""
    report = ready.report
    fed = feeds(report, known.sizes, seed, known.values)
    names = wanted.names(report)
    done = Ran(ready, known, wanted, seed, {name: _shape(value) for name, value in fed.items()})
    task = ort.Task(ready.path, fed, names, device)
    slices = _slices(report, names, known.sizes, limits)
    with saving(wanted.output, names) as put, blamed(task, len(report.graph.nodes), limits):
        for record in ort.measure(task, slices, keep=wanted.output is not None, statistics=True,
                                  limits=limits, about=ready.name):
            if isinstance(record, ort.Measured):
                put(record)
                done.values.append(record._replace(data=None))
                tick()
            elif isinstance(record, ort.Started):
                done.provider, done.loading = record
            else:
                done.seconds = record.seconds
    return done


def _slices(report: Report, names: Sequence[str], sizes: Mapping[str, int],
            limits: Limits) -> list[list[str]] | None:
    """The values in slices that fit the memory; None where the file's outputs are all that is wanted."""
    return None if tuple(names) == report.graph.outputs else ort.slices_at(report, sizes, limits, names)


def _shape(value: Any) -> Any:
    return [part.shape for part in value] if isinstance(value, list) else value.shape
