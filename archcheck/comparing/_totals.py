"""The figures of two networks as a whole."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import NamedTuple

from archcheck.comparing._sizes import Symbols
from archcheck.dims import Size, is_known
from archcheck.report import Report

PARAMS, MACS, FLOPS = "params", "macs", "flops"
BYTES = frozenset(("peak_memory", "weight_bytes", "file_size"))
"""The figures that count bytes."""


class Total(NamedTuple):
    """A figure in both networks, both in the old one's symbols; None is not known, ``least`` says of each
    whether it leaves out what is not known. ``growth`` is the change as a part of the old figure, None where
    it depends on sizes, or is not known."""

    name: str
    old: Size | None
    new: Size | None
    least: tuple[bool, bool]

    @property
    def is_same(self) -> bool:
        """Whether the figure is as it was."""
        return self.old == self.new and self.least[0] == self.least[1]

    @property
    def growth(self) -> Fraction | None:
        """The change as a part of the old figure."""
        if self.old is None or self.new is None or any(self.least):
            return None
        if self.old == self.new:
            return Fraction(0)
        old, new = _leading(self.old), _leading(self.new)
        return Fraction(new - old, old) if old > 0 and self.old * new == self.new * old else None


def totals(old: Report, new: Report, symbols: Symbols) -> Iterator[Total]:
    """Parameters, MACs, FLOPs, bytes and nodes."""
    for name, of, lacks in _FIGURES:
        a, b = of(old), of(new)
        yield Total(name, _known(a), _known(b if b is None else symbols.size(b)), (lacks(old), lacks(new)))


def _known(size: Size | None) -> Size | None:
    return size if is_known(size) else None


def _uncounted(report: Report) -> bool:
    return bool(report.uncounted)


def _has_unknown(report: Report) -> bool:
    return bool(report.memory.unknown)


def _nothing(_: Report) -> bool:
    return False


_FIGURES: tuple[tuple[str, Callable[[Report], Size | None], Callable[[Report], bool]], ...] = (
    (PARAMS, lambda report: report.params, _nothing),
    (MACS, lambda report: report.macs, _uncounted),
    (FLOPS, lambda report: report.flops, _uncounted),
    ("peak_memory", lambda report: report.memory.peak.bytes, _has_unknown),
    ("weight_bytes", lambda report: report.memory.weights, _nothing),
    ("file_size", lambda report: report.graph.file_size or None, _nothing),
    ("nodes", lambda report: len(report.graph.nodes), _nothing))


def _leading(size: Size) -> int:
    """The coefficient of the last term of a formula; a number itself."""
    return size if isinstance(size, int) else size.terms[-1][1]
