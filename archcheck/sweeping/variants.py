"""A table of variants: what varies and what came of it, a row each; choosing, sorting, and Pareto fronts."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from archcheck.errors import closest
from archcheck.sweeping.arithmetic import evaluated, expression, is_none, names_in
from archcheck.sweeping.axes import SweepError


@dataclass(frozen=True)
class Variants:
    """``parameters`` and masked ``figures`` are columns by name. ``errors`` say why a variant cannot run
    (None: it can), ``lacks`` what figures lack. The names ``opened`` were symbols of closed forms, and
    ``analyses`` of the network were made. ``front`` marks rows where `pareto` was asked."""

    parameters: Mapping[str, Any]
    figures: Mapping[str, Any]
    errors: Any
    lacks: Mapping[str, str]
    opened: tuple[str, ...] = ()
    analyses: int = 0
    front: Any = None

    def __len__(self) -> int:
        return len(self.errors)

    @cached_property
    def columns(self) -> Mapping[str, Any]:
        """All columns by name."""
        return {**self.parameters, **self.figures}

    @cached_property
    def valid(self) -> Any:
        """Which rows are networks that can run."""
        return is_none(self.errors)

    @property
    def faults(self) -> Counter[str]:
        """Why variants cannot run, and how many."""
        return Counter(self.errors[~self.valid].tolist())

    def taken(self, rows: Any) -> Variants:
        """The rows at the places ``rows``, or where it is true."""
        parameters = {name: column[rows] for name, column in self.parameters.items()}
        figures = {name: column[rows] for name, column in self.figures.items()}
        front = None if self.front is None else self.front[rows]
        return replace(self, parameters=parameters, figures=figures, errors=self.errors[rows], front=front)

    def known(self, names: Sequence[str]) -> Any:
        """The rows that can run and have all of the columns ``names``. Raises `SweepError`."""
        import numpy
        known = self.valid.copy()
        for name in names:
            known &= ~numpy.ma.getmaskarray(self.column(name))
        return numpy.flatnonzero(known)

    def column(self, name: str) -> Any:
        """The column called ``name``. Raises `SweepError`."""
        if name not in self.columns:
            close = closest(name, self.columns)
            cure = f"did you mean {close}?" if close else f"there are {', '.join(self.columns)}"
            raise SweepError(f"there is no column called {name}; {cure}")
        return self.columns[name]

    def computed(self, text: str) -> tuple[Any, Any]:
        """Places of the rows that have all the expression ``text`` is about, and what it is in each. Raises
        `SweepError` and `archcheck.expressions.ExpressionError`."""
        import numpy
        found = expression(text)
        names = names_in(found.tree)
        for name in names:
            self.column(name)
        rows = self.known(names)
        value = evaluated(found, self._plain(names, rows))
        return rows, numpy.broadcast_to(numpy.asarray(value), len(rows))

    def _plain(self, names: Sequence[str], rows: Any) -> dict[str, Any]:
        import numpy
        return {name: numpy.ma.getdata(self.columns[name])[rows] for name in names}

    def where(self, text: str) -> Variants:
        """The rows for which a condition such as ``macs < 600e6 and width >= 0.5`` holds; those that cannot
        run, or have no such figures, are left out. Raises `archcheck.expressions.ExpressionError`."""
        rows, holds = self.computed(text)
        if holds.dtype != bool and len(rows):
            raise SweepError(f"{text!r} is no condition; write one such as 'macs < 600e6'")
        return self.taken(rows[holds.astype(bool)])

    def sorted(self, name: str) -> Variants:
        """The rows in the order of a column, the smallest first, with ``-`` in front the largest; those
        without it come last."""
        import numpy
        ranks = self._ranks(name)
        missing = numpy.ma.getmaskarray(self.column(name.removeprefix("-"))) | ~self.valid
        return self.taken(numpy.lexsort((ranks, missing)))

    def _ranks(self, name: str) -> Any:
        """Numbers in the order of a column, with ``-`` in front of its name the other way round."""
        import numpy
        values = numpy.ma.getdata(self.column(name.removeprefix("-")))
        ranks = values if values.dtype == numpy.int64 else numpy.unique(values, return_inverse=True)[1]
        return -ranks if name.startswith("-") else ranks

    def pareto(self, objectives: Sequence[str]) -> Variants:
        """The same with the `front` marked: variants that no other one is at least as good as in all
        ``objectives`` and better in one. Small is good, with ``-`` in front of a name large."""
        import numpy
        rows = self.known([name.removeprefix("-") for name in objectives])
        front = numpy.zeros(len(self), bool)
        ranks = numpy.stack([self._ranks(name)[rows] for name in objectives], axis=1)
        front[rows] = _undominated(ranks)
        return replace(self, front=front)

    def front_first(self) -> Variants:
        """The marked rows, then the others."""
        import numpy
        return self.taken(numpy.argsort(~self.front, kind="stable"))


def _undominated(points: Any) -> Any:
    """Which rows of ``points`` no other row is as small as everywhere and smaller somewhere."""
    import numpy
    if not len(points):
        return numpy.zeros(0, bool)
    order = numpy.lexsort(points.T[::-1])
    new = numpy.append(True, (points[order[1:]] != points[order[:-1]]).any(axis=1))
    unique = points[order[new]]
    kept = numpy.zeros(len(unique), bool)
    kept[list(_front(unique))] = True
    found = numpy.zeros(len(points), bool)
    found[order] = kept[numpy.cumsum(new) - 1]
    return found


def _front(points: Any) -> Iterator[int]:
    """Places of the undominated among ``points`` that all differ and are sorted by their first column, then
    by the second, and so on: nothing dominates what comes before it."""
    import numpy
    if points.shape[1] == 2:
        lowest = numpy.minimum.accumulate(points[:, 1])
        yield 0
        yield from (numpy.flatnonzero(points[1:, 1] < lowest[:-1]) + 1).tolist()
        return
    places = numpy.arange(len(points))
    while len(places):
        yield int(places[0])
        places = places[(points[places] < points[places[0]]).any(axis=1)]
