"""Receptive fields in words: their sizes, strides and starts along one axis, or several at once."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from archcheck.reporters.text import Script

if TYPE_CHECKING:
    from archcheck.analyses.receptive import AxisField, Remainders

FEW = 3
"""So many sizes are all named; of more, the smallest and the largest."""


def size_of(field: AxisField | None, script: Script) -> str:
    """The size of a field: ``427``; ``188 or 204`` where it depends on the phase; ``all`` of the axis."""
    if field is None:
        return "-"
    if field.is_whole:
        return "all" if not field.upper_bound else "?"
    if None in field.sizes:
        return "?"
    texts = [script.size(size) for size in field.sizes if size is not None]
    text = " or ".join(texts) if len(texts) <= FEW else f"{texts[0]} to {texts[-1]}"
    return f"{'<=' if script.ascii else '≤'} {text}" if field.upper_bound else text


def stride_text(field: AxisField | None, script: Script) -> str:
    """The effective stride: ``32``, ``1/2``; blank where the field does not move, ``?`` where it has none."""
    if field is None or not field.moves:
        return ""
    return "?" if field.stride is None else str(field.stride)


def start_text(field: AxisField | None, script: Script) -> str:
    """The first position that output 0 reads: a number; the smallest and the largest where the size of the
    input decides; or a formula over the symbols."""
    if field is None or field.is_whole or field.is_empty:
        return ""
    table = field.start_by_remainder
    if table:
        return f"{min(table.numbers)} to {max(table.numbers)}"
    return "?" if field.start is None else script.size(field.start)


def table_text(table: Remainders, script: Script) -> str:
    """A number that the remainder of a size decides: ``0, -31, -31, … by H mod 32``."""
    numbers = ", ".join(map(str, table.numbers))
    return f"{numbers} for {script.safe(table.symbol)} mod {len(table.numbers)} = 0, 1, {script.cut}"


def per_axis(text: Callable[[AxisField | None, Script], str]) -> Callable[[Any, Script], str]:
    """A cell for the fields along several axes: once if they are all the same, else joined by ``×``."""
    def cell(fields: Any, script: Script) -> str:
        texts = [text(field, script) for field in fields or ()]
        return texts[0] if len(set(texts)) == 1 else f" {script.times} ".join(filter(None, texts))
    return cell
