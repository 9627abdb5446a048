"""The networks that a file of claims speaks of: its own, and those that ship with archcheck."""
from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yaml.nodes import MappingNode

from archcheck.binding import BindingError
from archcheck.claims._parts import Part, part
from archcheck.claims._tree import Claims
from archcheck.dims import symbol
from archcheck.errors import closest
from archcheck.frontends import _zoo
from archcheck.frontends.spec._frame import CONSTANTS as SWITCHES

if TYPE_CHECKING:
    from archcheck.graph import Graph
    from archcheck.report import Report

Bindings = tuple[tuple[str, Any], ...]


@cache
def _shipped(name: str) -> Graph:
    """A specification that ships with archcheck, read once."""
    from archcheck.frontends import load
    return load(f"{_zoo.PREFIX}{name}")


@cache
def _shipped_report(name: str, bindings: Bindings) -> Report:
    return _analyzed(_shipped(name), bindings)


def _analyzed(graph: Graph, bindings: Bindings) -> Report:
    from archcheck.infer import analyze
    try:
        return analyze(graph, dict(bindings))
    except BindingError as problem:
        raise ValueError(str(problem)) from None


class Networks:
    """The networks of one file by name, each read when it is first asked for, and analysed once for each way
    that its parameters are set."""

    def __init__(self, claims: Claims) -> None:
        self.claims = claims
        self.symbols = {text.value for text in claims.symbols}
        self.shipped = frozenset(_zoo.names())
        self._graphs: dict[str, Graph] = {}
        self._reports: dict[tuple[str, Bindings], Report] = {}

    def named(self, name: str) -> Any:
        """What a name stands for: a part of a network, a symbol or a truth value. Raises `ValueError`."""
        if name in self.symbols:
            return symbol(name)
        if name in SWITCHES:
            return SWITCHES[name]
        network, _, member = name.partition(".")
        return self.part(network, member, {})

    def part(self, network: str, member: str, bindings: Mapping[str, Any]) -> Part:
        """A part of a network whose parameters are set. Raises `ValueError`."""
        return part(self.report(network, tuple(sorted(bindings.items(), key=lambda pair: pair[0]))), network,
                    member)

    def report(self, network: str, bindings: Bindings) -> Report:
        """The analysis of a network. Raises `ValueError` for one that there is not."""
        if network not in self.claims.networks:
            if network not in self.shipped:
                raise ValueError(self._missing(network))
            return _shipped_report(network, bindings)
        if self.claims.networks[network].node is self.claims.document.root and self.ships:
            return _shipped_report(Path(self.claims.path).stem, bindings)
        if (network, bindings) not in self._reports:
            self._reports[network, bindings] = _analyzed(self._graph(network), bindings)
        return self._reports[network, bindings]

    @cached_property
    def ships(self) -> bool:
        """Whether this file is a specification that ships with archcheck, of which other files may speak
        too."""
        path = Path(self.claims.path)
        return path.stem in self.shipped and path.resolve() == Path(_zoo.path_of(path.stem)).resolve()

    def _graph(self, network: str) -> Graph:
        if network not in self._graphs:
            self._graphs[network] = self._read(network)
        return self._graphs[network]

    def _read(self, network: str) -> Graph:
        """A network that is written out in the file, or lies in another one beside it."""
        from archcheck.frontends import LoadError, load
        from archcheck.frontends.spec import of_document
        document, node = self.claims.document, self.claims.networks[network].node
        if isinstance(node, MappingNode):
            inner = copy.copy(document)
            inner.root = node
            return of_document(inner)
        said = document.scalar(node, "a network is a specification, or the path of a file").value
        is_named = said.startswith((_zoo.PREFIX, "onnx:"))
        try:
            return load(said if is_named else Path(self.claims.path).parent / said)
        except LoadError as problem:
            raise document.error(node, str(problem)) from None

    def _missing(self, name: str) -> str:
        known = [*self.claims.networks, *self.symbols, *self.shipped]
        close = closest(name, known)
        own = ", ".join([*self.claims.networks, *self.symbols]) or "none"
        cure = f"did you mean {close}?" if close else f"this file has {own}; others ship with archcheck"
        return f"there is no network called {name}; {cure}"
