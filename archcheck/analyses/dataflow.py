"""How values depend on the network's inputs: what every node reads, folded over the graph.

A value depends on an input through a relation for each axis of the input. An algebra says what relations are:
`tracing.Phases` is free of sizes, `reach.Reach` has a row for every position. The fold is the same.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from archcheck.dims import Size, same
from archcheck.graph import Node, Shape, TensorType
from archcheck.infer import Walk
from archcheck.ops._op import ALL, All, Along, Effect, Reader, Reads

Relations = tuple[Any, ...]
State = Mapping[str, Relations]
"""For each input that a value depends on, its relations: one per axis of the input."""

NOT_STATED = "it is not known how {} reads its inputs"
BRANCHES = "its branches differ in rank"
LOOP = "what a trip of a loop reads is not followed"


class Algebra(Protocol):
    """What a fold needs to know of relations. ``by`` names the value that a relation is for."""

    def identity(self, axis: int, extent: Size) -> Any:
        """An input's ``axis``, of ``extent`` positions, as it reads itself."""

    def moves(self, relation: Any) -> bool:
        """Whether positions of the value read differently."""

    def alike(self, a: Any, b: Any) -> bool:
        """Whether two relations are the same."""

    def part(self, relation: Any, axis: int, first: Size, count: Size, target: Shape) -> Any:
        """A relation for ``count`` positions of ``axis`` from ``first`` on only."""

    def unknown(self, reason: str, by: str, extent: Size) -> Any:
        """The whole axis, of ``extent`` positions, since no more is known for a ``reason``."""

    def through(self, relation: Any, readers: Sequence[Reader], source: Shape, target: Shape, extent: Size,
                by: str) -> Any:
        """A relation of a tensor of shape ``source`` as a reader of shape ``target`` has it."""

    def emptied(self, relations: Relations, readers: Sequence[Reader], source: Shape,
                target: Shape) -> Relations:
        """``relations`` with nothing at positions that read nothing, such as those of a padding."""

    def join(self, a: Any, b: Any, target: Shape, extent: Size, by: str, parts: int | None = None) -> Any:
        """What either of two branches reads, which may be ``parts`` along an axis."""


class Branch(NamedTuple):
    """What an output reads of an input of its node: the state of that input, the readers, and its shape."""

    state: State
    readers: tuple[Reader, ...]
    source: Shape


Watch = Callable[[int, str, int, Any, Any], object]


class Fold:
    """Folds an algebra over a graph. With ``local``, statistics are read where the output stands, and factors
    that only scale are left out. ``watch(node, input, axis, a, b)`` is told of branches that meet."""

    def __init__(self, algebra: Algebra, extents: Mapping[str, Shape], local: bool = False,
                 watch: Watch | None = None) -> None:
        self.algebra, self.extents, self.local, self.watch = algebra, extents, local, watch

    def inputs(self, names: Iterable[str]) -> dict[str, State]:
        """The states of the network's inputs ``names`` themselves."""
        return {name: {name: tuple(self.algebra.identity(axis, extent)
                                   for axis, extent in enumerate(self.extents[name]))} for name in names}

    def run(self, walk: Walk, states: dict[str, State]) -> dict[str, State]:
        """The states of all values of ``walk`` that depend on those in ``states``, which grows."""
        for index, (node, effect) in enumerate(zip(walk.graph.nodes, walk.effects)):
            if index in walk.bodies and effect.reads is None:
                self._bodies(walk, index, node, states)
            elif any(name in states for name in node.inputs):
                self._node(walk, index, node, effect, states)
        return states

    def _node(self, walk: Walk, index: int, node: Node, effect: Effect, states: dict[str, State]) -> None:
        for k, name in enumerate(node.outputs):
            reads = _stated(effect, k) if name else ()
            target = walk.types[name].shape if name else ()
            if reads is None or target is None:
                seen = [states[source] for source in node.inputs if source in states]
                found: State = self._whole(seen, NOT_STATED.format(node.op), name)
            else:
                found = self._read(index, name, target, list(_branches(walk, node, reads, states)))
            if found:
                states[name] = found

    def _read(self, index: int, name: str, target: Shape, branches: list[Branch]) -> State:
        """What the value ``name`` reads through all ``branches``."""
        if self.local:
            branches = [_at_own_place(branch, target) for branch in branches
                        if not self._only_scales(branch, target, branches)]
        if len(branches) == 1:
            return self._through(branches[0], target, name)
        parts = _parts(branches)
        found: dict[str, tuple[Any, ...]] = {}
        for source, several in _by_input(self._through(branch, target, name) for branch in branches):
            if parts is not None and len(several) == len(branches):
                several = self._apart(several, branches, parts, target)
            found[source] = several[0]
            for relations in several[1:]:
                found[source] = self._joined(index, source, found[source], relations, target, name, parts)
        return found

    def _apart(self, several: list[Relations], branches: Sequence[Branch], parts: int,
               target: Shape) -> list[Relations]:
        """Each branch's relations for its own part of the axis ``parts`` only, where they differ."""
        differ = [not all(self.algebra.alike(one[0], other) for other in one[1:]) for one in zip(*several)]
        return [tuple(self._part(relation, branch, parts, target) if differs else relation
                      for relation, differs in zip(relations, differ))
                for relations, branch in zip(several, branches)]

    def _part(self, relation: Any, branch: Branch, parts: int, target: Shape) -> Any:
        for size, reader in zip(branch.source, branch.readers):
            if isinstance(reader, Along) and reader.axis == parts:
                return self.algebra.part(relation, parts, -reader.start, size, target)
        return relation

    def _through(self, branch: Branch, target: Shape, name: str) -> State:
        state, readers, source = branch
        if source == target and readers == _IDENTITIES[:len(readers)]:
            return state
        found = {graph_input: tuple([self.algebra.through(relation, readers, source, target, extent, name)
                                     for relation, extent in zip(relations, self.extents[graph_input])])
                 for graph_input, relations in state.items()}
        return {graph_input: self.algebra.emptied(relations, readers, source, target)
                for graph_input, relations in found.items()}

    def _joined(self, index: int, source: str, a: Relations, b: Relations, target: Shape, name: str,
                parts: int | None) -> Relations:
        if a is b:
            return a
        if self.watch:
            for axis, (one, other) in enumerate(zip(a, b)):
                self.watch(index, source, axis, one, other)
        extents = self.extents[source]
        return tuple([self.algebra.join(one, other, target, extent, name, parts)
                      for one, other, extent in zip(a, b, extents)])

    def _whole(self, states: Iterable[State], reason: str, name: str) -> State:
        """All of every input that ``states`` depend on."""
        names = dict.fromkeys(graph_input for state in states for graph_input in state)
        return {graph_input: tuple(self.algebra.unknown(reason, name, extent)
                                   for extent in self.extents[graph_input]) for graph_input in names}

    def _only_scales(self, branch: Branch, target: Shape, branches: Sequence[Branch]) -> bool:
        """Whether a branch only scales what another reads, by one factor for all positions of some axis."""
        ahead = len(target) - len(branch.readers)
        is_factor = any(_is_statistic(reader) and same(size, 1) and not same(target[axis], 1)
                        for axis, (reader, size) in enumerate(zip(branch.readers, branch.source), ahead))
        others = [other.state for other in branches if other is not branch]
        return is_factor and any(self._is_wider(branch.state, other, source) for other in others
                                 for source in other.keys() & branch.state.keys())

    def _is_wider(self, factor: State, scaled: State, source: str) -> bool:
        """Whether ``factor`` stays the same along an axis of the input ``source`` along which ``scaled``
        moves, and does not move along any other on its own."""
        pairs = list(zip(factor[source], scaled[source]))
        moves, alike = self.algebra.moves, self.algebra.alike
        return (any(moves(b) and not moves(a) for a, b in pairs)
                and all(alike(a, b) or not moves(a) for a, b in pairs))

    # ------------------------------------------------------------------------------------------ bodies
    def _bodies(self, walk: Walk, index: int, node: Node, states: dict[str, State]) -> None:
        """The outputs of a node with bodies: those of a function, of the branches of a condition; everything
        that a loop's body can see."""
        bodies = walk.bodies[index].values()
        if any(body.graph.inputs and not body.is_function for body in bodies):
            names = {*node.inputs, *(name for body in bodies for name in body.graph.free_names)}
            seen = [states[name] for name in names if name in states]
            results = [{name: self._whole(seen, LOOP, name) for name in node.outputs}]
        else:
            results = [self._body(body, node, states) for body in bodies]
        for name in node.outputs:
            found = [result[name] for result in results if result.get(name)]
            if name and found:
                states[name] = self._either(index, name, found, walk.types[name].shape)

    def _body(self, body: Walk, node: Node, states: Mapping[str, State]) -> dict[str, State]:
        """The states of a body's outputs, by the names of the node's."""
        given = zip(body.graph.inputs, node.inputs) if body.is_function else ()
        inner = {name: states[outer] for name, outer in given if outer in states}
        if not body.is_function:
            inner.update({name: states[name] for name in body.graph.free_names if name in states})
        inner = Fold(self.algebra, self.extents, self.local).run(body, inner)  # whose nodes are not told of
        return {outer: inner[name] for name, outer in zip(body.graph.outputs, node.outputs) if name in inner}

    def _either(self, index: int, name: str, found: list[State], target: Shape | None) -> State:
        """The state of a value that is one of several."""
        if target is None and len(found) > 1:
            return self._whole(found, BRANCHES, name)
        merged = dict(found[0])
        for state in found[1:]:
            for source, relations in state.items():
                merged[source] = self._joined(index, source, merged[source], relations, target or (), name,
                                              None) if source in merged else relations
        return merged


_IDENTITIES = tuple(Along(axis) for axis in range(64))


def _stated(effect: Effect, k: int) -> Reads | None:
    """How output ``k`` reads the node's inputs; None where that is not stated."""
    try:
        return effect.reads(k) if effect.reads else None
    except Exception:  # noqa: BLE001 - what cannot be worked out must not take the others with it
        return None


def _by_input(states: Iterable[State]) -> Iterator[tuple[str, list[Relations]]]:
    """The relations that several states have, by the network's input."""
    found: dict[str, list[Relations]] = {}
    for state in states:
        for source, relations in state.items():
            found.setdefault(source, []).append(relations)
    yield from found.items()


def _branches(walk: Walk, node: Node, reads: Reads, states: Mapping[str, State]) -> Iterator[Branch]:
    """The inputs of a node that are read and depend on the network's inputs."""
    for name, readers in zip(node.inputs, reads):
        state = states.get(name)
        if readers is not None and state is not None:
            kind: TensorType = walk.types[name]
            source = kind.shape if kind.shape is not None else ()
            fits = len(readers) == len(source)  # a limit of shape [1] passes where a scalar is meant
            yield Branch(state, readers if fits else (ALL,) * len(source), source)


def _parts(branches: Sequence[Branch]) -> int | None:
    """The axis along which an output is made of parts, if it is: where its branches stand apart."""
    if len(branches) < 2:
        return None
    for readers in zip(*(branch.readers for branch in branches)):
        starts = {reader.start for reader in readers if isinstance(reader, Along) and reader.taps == 1}
        if len(starts) > 1:
            return next(reader.axis for reader in readers if isinstance(reader, Along))
    return None


# ------------------------------------------------------------------------------------------- local fields
def _at_own_place(branch: Branch, target: Shape) -> Branch:
    """``branch`` with statistics over an axis read where the output stands."""
    if len(branch.source) != len(target):
        return branch
    readers = tuple(Along(axis) if _is_statistic(reader) and same(branch.source[axis], target[axis])
                    else reader for axis, reader in enumerate(branch.readers))
    return branch._replace(readers=readers)


def _is_statistic(reader: Reader) -> bool:
    return isinstance(reader, All) and reader.statistic
