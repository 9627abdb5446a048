"""The case that rules judge: one analysed model, how it is to be judged, and facts that several rules ask
for."""
from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from archcheck.config import Settings
from archcheck.graph import Graph
from archcheck.report import Report
from archcheck.rules._rule import Site


class Case:
    """A ``report`` and the ``settings`` to judge it by."""

    def __init__(self, report: Report, settings: Settings) -> None:
        self.report, self.settings = report, settings
        self.graph: Graph = report.graph

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every node, those of bodies included, in the order in which they run."""
        return tuple(Site(walk, index) for walk in self.report.walk.and_inner()
                     for index in range(len(walk.graph.nodes)))

    @cached_property
    def by_op(self) -> dict[str, tuple[Site, ...]]:
        """The nodes of each operator, by its name, with the domain where that is not ONNX's own."""
        found: dict[str, list[Site]] = {}
        for site in self.sites:
            found.setdefault(site.op, []).append(site)
        return {name: tuple(sites) for name, sites in found.items()}

    def of(self, *ops: str) -> Iterator[Site]:
        """The nodes of these operators."""
        for name in ops:
            yield from self.by_op.get(name, ())
