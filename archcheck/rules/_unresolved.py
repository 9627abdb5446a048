"""Where shapes begin not to be known."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from archcheck.dims import COUNTED, Dim, symbols
from archcheck.graph import TensorType
from archcheck.infer import Walk
from archcheck.rules._case import Case
from archcheck.rules._rule import Site


@dataclass
class Cause:
    """The node at ``site`` has a result of unknown size for a ``reason`` of its own, and so have ``behind``
    results after it. Where the size is ``counted`` the data decide it."""

    site: Site
    reason: str
    counted: bool
    behind: int = 0


def unresolved(case: Case) -> tuple[Cause, ...]:
    """The first causes, in the order of the nodes. Nodes that fail, and operators that are not known, are
    told of elsewhere; only the graph itself and its functions are looked into."""
    causes: list[Cause] = []
    _follow(case.report.walk, causes)
    return tuple(causes)


def _follow(walk: Walk, causes: list[Cause]) -> None:
    by_size: dict[object, Cause] = {}
    by_name: dict[str, Cause | None] = {}
    for index, node in enumerate(walk.graph.nodes):
        kinds = [walk.types.get(name) for name in node.outputs if name]
        origins = [origin for kind in kinds for origin in _origins(kind)]
        if not origins and all(kind and kind.shape is not None for kind in kinds):
            continue
        known = next((by_size[origin] for origin in origins if origin in by_size), None) or next(
            (by_name[name] for name in node.inputs if by_name.get(name)), None)
        lost = any(name in by_name and by_name[name] is None for name in node.inputs)
        if known:
            known.behind += 1
        elif not lost and not _fails(walk, index) and not _given(walk, node.inputs, origins):
            known = Cause(Site(walk, index), _reason(walk, index, origins), _is_counted(origins))
            causes.append(known)
        if known:
            for origin in origins:
                by_size.setdefault(origin, known)
        by_name.update(dict.fromkeys(node.outputs, known))


def _fails(walk: Walk, index: int) -> bool:
    """Whether a node fails, or one in a body of it."""
    bodies = walk.bodies.get(index, {}).values()
    return index in walk.failures or any(inner.failures for body in bodies for inner in body.and_inner())


def _origins(kind: TensorType | None) -> list[object]:
    """The sizes of a type that are not known, as atoms."""
    if kind is None or not kind.shape or Dim not in map(type, kind.shape):
        return []
    return [atom for size in kind.shape for atom in symbols(size) if atom.origin]


def _given(walk: Walk, inputs: Iterable[str], origins: list[object]) -> bool:
    """Whether it is the graph's own inputs that are of unknown shape."""
    kinds = [walk.types.get(name) for name in inputs if name in walk.graph.inputs]
    theirs = [atom for kind in kinds for atom in _origins(kind)]
    return any(kind is None or kind.shape is None for kind in kinds) or any(one in theirs for one in origins)


def _reason(walk: Walk, index: int, origins: list[object]) -> str:
    found = next((str(atom.origin) for atom in origins), "its inputs do not decide it")  # type: ignore
    return walk.reasons.get(index, found)


def _is_counted(origins: list[object]) -> bool:
    return bool(origins) and all(atom.origin == COUNTED for atom in origins)  # type: ignore[attr-defined]
