"""What analyses that add something up over the nodes of a network have in common: a figure per node, also
for nodes that run others inside them."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from archcheck.dims import Size, maximum, total
from archcheck.graph import Node
from archcheck.infer import Walk

Figures = tuple[Size, ...]
Own = Callable[[Walk, int], "Figures | str"]
"""What a node comes to by itself, or why that is not known."""

UNTOLD = "how often its body runs, or what one run comes to, is not known"


@dataclass(frozen=True)
class Missing:
    """A node that a figure leaves out, and why."""

    node: Node
    reason: str


class Fold:
    """Figures of all nodes of a walk, ``width`` each. A node that has bodies comes to what these do, as often
    as they run, and to what it does by itself; where one of two bodies is taken, to the larger of each
    figure. What is not known inside bodies is left out of theirs, as it is of the total."""

    def __init__(self, walk: Walk, width: int, own: Own) -> None:
        self.width, self.own = width, own
        self.missing: list[Missing] = []
        self.by_node = self._nodes(walk)
        self.total = self.sum(self.by_node)

    def sum(self, figures: tuple[Figures | None, ...]) -> Figures:
        """What ``figures`` that are known come to."""
        known = [figure for figure in figures if figure is not None]
        return tuple(total(figure[k] for figure in known) for k in range(self.width))

    def _nodes(self, walk: Walk) -> tuple[Figures | None, ...]:
        return tuple(self._node(walk, index) for index in range(len(walk.effects)))

    def _node(self, walk: Walk, index: int) -> Figures | None:
        effect = walk.effects[index]
        found = (0,) * self.width if index in walk.bodies and effect.reads is None else self._own(walk, index)
        if not isinstance(found, str) and index in walk.bodies and not effect.runs:
            found = UNTOLD
        if isinstance(found, str):
            self.missing.append(Missing(walk.graph.nodes[index], found))
            return None
        if index not in walk.bodies:
            return found
        inside = [self._taken(walk.bodies[index], way) for way in effect.runs]
        return tuple(a + maximum(*parts) for a, *parts in zip(found, *inside))

    def _own(self, walk: Walk, index: int) -> Figures | str:
        try:
            return self.own(walk, index)
        except Exception as error:  # noqa: BLE001 - what fails for one node must not take the others with it
            return f"it could not be worked out ({type(error).__name__})"

    def _taken(self, bodies: Mapping[str, Walk], way: Mapping[str, Size]) -> Figures:
        """What the bodies come to that run one ``way``."""
        figures: Figures = (0,) * self.width
        for name, times in way.items():
            body = self.sum(self._nodes(bodies[name]))
            figures = tuple(a + times * b for a, b in zip(figures, body))
        return figures


def enclosing(walk: Walk) -> Iterator[Walk]:
    """This walk, and those around it whose values its nodes may read."""
    yield walk
    if walk.outer is not None and not walk.is_function:
        yield from enclosing(walk.outer)


def home(walk: Walk, name: str) -> Walk | None:
    """The walk, this one or one around it, in whose graph the value ``name`` is made or stored."""
    return next((outer for outer in enclosing(walk) if name in outer.graph.weights
                 or name in outer.graph.producers or name in outer.graph.inputs), None)


def quotient(a: Size, b: Size) -> Size | None:
    """``a / b`` where that is a whole number for every value of the symbols."""
    whole = None if b == 0 else a // b
    return whole if whole is not None and whole * b == a else None
