"""What positions of values read at given sizes: `rows.Rows` as people ask for them."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archcheck.analyses.dataflow import Fold, State
from archcheck.analyses.reach import Reach
from archcheck.analyses.rows import Array, Rows
from archcheck.dims import Size, evaluate, symbols
from archcheck.errors import UserError
from archcheck.graph import Shape

if TYPE_CHECKING:
    from archcheck.report import Report

Box = tuple[tuple[int, int], ...]


class ReachError(UserError):
    """What a position reads is asked for without numbers for all sizes, or of one that there is not."""


class InputReach:
    """What the positions of a value of ``shape`` (None: not known) read of an input with axes of ``extents``.
    With ``upper_bound`` that may be less than is said, for a ``reason``."""

    def __init__(self, hulls: Sequence[Rows], sets: Sequence[Rows] | None, extents: Shape,
                 shape: Shape | None) -> None:
        self.hulls, self.sets, self.extents, self.shape = tuple(hulls), sets, extents, shape

    @property
    def upper_bound(self) -> bool:
        """Whether some axis may be read less than is said."""
        return any(rows.bound for rows in self.hulls)

    @property
    def reason(self) -> str:
        """Why it may."""
        return next((rows.reason for rows in self.hulls if rows.reason), "")

    def box(self, index: Sequence[int]) -> Box | None:
        """The first and the last position read along each axis of the input, both included, by the value at
        ``index``; None if it reads nothing. Raises `ReachError` for an index outside the value."""
        self._check(index)
        box = tuple((int(_row(rows, 0, index)), int(_row(rows, 1, index))) for rows in self.hulls)
        return None if any(first > last for first, last in box) else box

    def positions(self, index: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """The positions read along each axis of the input by the value at ``index``: holes are left out."""
        self._check(index)
        found = tuple(_bits(int(_row(rows, 0, index))) for rows in self._exact)
        return found if all(found) else ((),) * len(found)

    def hull(self, axis: int) -> tuple[tuple[int, ...], Array, Array]:
        """The rows for one axis of the input: the axes of the value that they are over, and the first and the
        last position read. A first beyond the last reads nothing."""
        rows = self.hulls[axis]
        return rows.axes, rows.data[0], rows.data[1]

    def readers(self, axis: int, position: int) -> tuple[tuple[int, ...], Array]:
        """The projective field of one position of an axis of the input: the value's axes that decide it, and
        for each of their positions whether it reads that one."""
        import numpy as np
        rows = self._exact[axis]
        return rows.axes, np.asarray((rows.data[0] >> position) & 1, bool)

    def unread(self, axis: int) -> tuple[int, ...]:
        """The positions of an axis of the input that no position of the value reads."""
        import numpy as np
        read = int(np.bitwise_or.reduce(self._exact[axis].data[0], axis=None, initial=0))
        extent: Any = self.extents[axis]
        return tuple(place for place in range(extent) if not read >> place & 1)

    @property
    def _exact(self) -> Sequence[Rows]:
        if self.sets is None:
            raise ReachError("the exact positions were not worked out: ask with exact=True")
        return self.sets

    def _check(self, index: Sequence[int]) -> None:
        shape: Any = self.shape
        if shape is None or not all(isinstance(size, int) for size in shape):
            raise ReachError("the value has sizes that are not known, so that no position can be named")
        if len(index) != len(shape) or not all(0 <= place < size for place, size in zip(index, shape)):
            sizes = " × ".join(map(str, shape)) or "a scalar"
            raise ReachError(f"there is no position {', '.join(map(str, index))} in a value of {sizes}: give "
                             f"one index per axis, counted from 0")


def _row(rows: Rows, which: int, index: Sequence[int]) -> Any:
    return rows.data[which][tuple(index[axis] for axis in rows.axes)]


def _bits(number: int) -> tuple[int, ...]:
    return tuple(place for place in range(number.bit_length()) if number >> place & 1)


class ValueReach(Mapping[str, InputReach]):
    """What the positions of a value read, by the name of the input."""

    def __init__(self, name: str, shape: Shape | None, inputs: Mapping[str, InputReach]) -> None:
        self.name, self.shape, self._inputs = name, shape, inputs

    def __getitem__(self, source: str) -> InputReach:
        return self._inputs[source]

    def __iter__(self) -> Iterator[str]:
        return iter(self._inputs)

    def __len__(self) -> int:
        return len(self._inputs)


class Reached(Mapping[str, ValueReach]):
    """What every value of a network reads, at the sizes that ``report`` has."""

    def __init__(self, report: Report, exact: bool = False, local: bool = False) -> None:
        from archcheck.analyses.receptive import extents_of
        self.report, self.extents, self.exact = report, extents_of(report), exact
        self._hulls = self._states(False, local)
        self._sets = self._states(True, local) if exact else None

    def _states(self, exact: bool, local: bool) -> Mapping[str, State]:
        fold = Fold(Reach(exact), self.extents, local)
        return fold.run(self.report.walk, fold.inputs(self.extents))

    def __getitem__(self, name: str) -> ValueReach:
        shape = self.report.types[name].shape
        sets = self._sets[name] if self._sets is not None else {}
        return ValueReach(name, shape, {
            source: InputReach(rows, sets.get(source), self.extents[source], shape)
            for source, rows in self._hulls[name].items()})

    def __iter__(self) -> Iterator[str]:
        return iter(self._hulls)

    def __len__(self) -> int:
        return len(self._hulls)


def reach(report: Report, sizes: Mapping[str, int], exact: bool = False, local: bool = False) -> Reached:
    """What every value reads with ``sizes`` put in for the symbols of the inputs. Raises `ReachError` where
    one is left without a number."""
    key = (tuple(sorted(sizes.items())), exact, local)
    if key not in report.reached:
        from archcheck.infer import analyze
        bound = analyze(report.graph, _together(report.sizes, sizes)) if sizes else report
        left = bound.symbols
        if left:
            names = ", ".join(left)
            raise ReachError(f"what a position reads depends on the sizes: give numbers for {names}, such as "
                             f"{left[0]}=64")
        report.reached[key] = Reached(bound, exact, local)
    return report.reached[key]


def _together(known: Mapping[str, Size], sizes: Mapping[str, int]) -> dict[str, Size]:
    """``sizes`` and those that a report was made with, which may be formulas over symbols of their own."""
    own = {atom.args[0] for size in known.values() for atom in symbols(size)}
    put_in = {name: evaluate(size, sizes) for name, size in known.items()}
    return {**{name: size for name, size in put_in.items() if size is not None},
            **{name: size for name, size in sizes.items() if name not in own}}
