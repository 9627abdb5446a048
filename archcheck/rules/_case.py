"""The case that rules judge: one analysed model, how it is to be judged, and facts that several rules ask
for."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from archcheck.config import Settings
from archcheck.graph import Graph
from archcheck.report import Report
from archcheck.rules._payloads import SMALL, Payloads, stored_bytes
from archcheck.rules._places import Place, places
from archcheck.rules._rule import Site, is_malformed
from archcheck.rules.targets import Limits, Target, canonical, limits, runtime_target

T = TypeVar("T")


class Kind(NamedTuple):
    """What a node calls, and the version of its domain that is imported (None: it is not)."""

    domain: str
    op: str
    overload: str
    opset: int | None


class Case:
    """A ``report`` and the ``settings`` to judge it by."""

    def __init__(self, report: Report, settings: Settings) -> None:
        self.report, self.settings = report, settings
        self.graph: Graph = report.graph
        self._facts: dict[Any, Any] = {}

    def fact(self, of: Callable[[Case], T]) -> T:
        """What ``of`` says of this case, asked only once."""
        if of not in self._facts:
            self._facts[of] = of(self)
        found: T = self._facts[of]
        return found

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """Every node, those of bodies included, in the order in which they run; malformed ones are left
        out."""
        return tuple(Site(walk, index) for walk in self.report.walk.and_inner()
                     for index in range(len(walk.graph.nodes)) if not is_malformed(walk, index))

    @cached_property
    def payloads(self) -> Payloads:
        """The stored bytes of weights and constants."""
        return Payloads(self.graph)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every graph of the model, those that the analysis did not walk too; the main one is the first."""
        return places(self.report)

    @cached_property
    def kinds(self) -> Mapping[Kind, Sequence[tuple[Place, int]]]:
        """The nodes of those graphs by what they call, each as its graph and its index in that."""
        found: dict[Kind, list[tuple[Place, int]]] = {}
        for place in self.places:
            opsets = place.opsets
            for index, node in enumerate(place.graph.nodes):
                kind = Kind(node.domain, node.op, node.overload, opsets.get(node.domain))
                found.setdefault(kind, []).append((place, index))
        return found

    @property
    def operators(self) -> Iterator[tuple[Kind, Sequence[tuple[Place, int]]]]:
        """`kinds` without the functions that the model itself defines."""
        return ((kind, nodes) for kind, nodes in self.kinds.items() if kind[:3] not in self.graph.functions)

    @cached_property
    def limits(self) -> tuple[tuple[str, Limits], ...]:
        """What each target can read."""
        return tuple((target, limits(target)) for target in self.settings.targets)

    def aims_at(self, *targets: str) -> bool:
        """Whether one of ``targets`` is among those of the settings. A rule that is on without any was asked
        for by its name: then True."""
        named = {canonical(target).partition("==")[0] for target in self.settings.targets}
        return not named or not named.isdisjoint(targets)

    @cached_property
    def runtimes(self) -> tuple[Target, ...]:
        """The targets that are runtimes."""
        return tuple(found for target in self.settings.targets if (found := runtime_target(target)))

    @property
    def reads_weights(self) -> bool:
        """Whether rules about weights run without being selected: where there is little to read."""
        wanted = self.settings.weights
        return stored_bytes(self.report.walk) <= SMALL if wanted is None else wanted

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
