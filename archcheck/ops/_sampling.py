"""How resizing samples an axis: which size comes out, and which input positions an output position reads.

An output position ``o`` lies at a coordinate of the input, which advances by ``q`` when ``o`` advances by
``p``: the scale is ``p/q``. So what is read is a table of ``p`` phases, whatever the sizes are.
"""
from __future__ import annotations

import math
import struct
from typing import Any, NamedTuple

from archcheck.dims import Dim, Size, least, maximum, minimum, same
from archcheck.graph import Element
from archcheck.ops._op import ONLY, Along, Picked, Reader, Spread, require, unknown_size
from archcheck.ops._slide import TABLE

DENOMINATORS = (*range(1, 17), 20, 25, 32, 50, 64, 100, 128)
EXACT = "the ratio of the sizes"
"""Stands for a scale that is exactly that. Other scales are numbers, or None where they are not known."""


def single(number: float) -> float:
    """``number`` rounded to float32."""
    return float(struct.unpack("f", struct.pack("f", number))[0])


# ---------------------------------------------------------------------------------- sizes
def scaled(size: Size, scale: Element) -> Size:
    """``⌊size · scale⌋`` as runtimes compute it, in float32."""
    if scale is None:
        return unknown_size("a scale")
    if isinstance(scale, Dim):
        return size * scale
    if not isinstance(scale, (int, float)):
        return unknown_size("how the runtime rounds size · scale")
    require(0 < scale < math.inf, "a scale is {}, but must be positive", scale)
    if isinstance(size, int):
        return math.floor(single(single(size) * single(scale)))
    p, q = simple(scale) or (0, 0)
    return size * p // q if q else unknown_size("how the runtime rounds size · scale")


def simple(scale: float) -> tuple[int, int] | None:
    """The fraction ``p/q`` for which ``⌊size · scale⌋`` in float32 is exactly ``⌊size · p/q⌋``, or None.

    A scale below the fraction by more than a quarter of float32's precision can make a whole product round
    down to the number before. One that is closer, or above, cannot, below some 80,000 positions."""
    for q in DENOMINATORS:
        p = round(scale * q)
        if p and -2**-25 <= scale * q / p - 1 <= 2**-24:
            return p, q
    return None


def fitted(sizes: list[Size], targets: list[Size], policy: str) -> list[Size]:
    """``sizes`` scaled by one factor: the largest with which none exceeds its target (``not_larger``), or the
    smallest with which all reach theirs (``not_smaller``)."""
    require(0 not in sizes, "an empty axis has no aspect ratio that could be kept: {}", sizes)
    if all(isinstance(size, int) for size in (*sizes, *targets)):
        scales = [single(target / size) for size, target in zip(sizes, targets)]  # type: ignore[operator]
        scale: Any = min(scales) if policy == "not_larger" else max(scales)
        return [math.floor(single(scale * size) + 0.5) for size in sizes]
    pick = minimum if policy == "not_larger" else maximum
    return [pick(*(target if same(size, other) else (2 * target * size + other) // (2 * other)
                   for other, target in zip(sizes, targets))) for size in sizes]


# ---------------------------------------------------------------------------------- what is read
class Sampling(NamedTuple):
    """How an axis is sampled, in the words of ONNX's Resize. ``nearest`` is its ``nearest_mode``, empty for
    what it was before there was one: rounded down, but up where sizes shrink."""

    mode: str
    coordinates: str = "asymmetric"
    nearest: str = ""
    antialias: bool = False

    def reader(self, axis: int, source: Size, target: Size, scale: Element) -> Reader:
        """How an axis of ``target`` positions reads one of ``source``."""
        if same(source, target) and scale in (EXACT, 1) and self.coordinates != "tf_crop_and_resize":
            return Along(axis)
        if source == 1 or target == 1 and self.coordinates in ("align_corners", "pytorch_half_pixel"):
            return ONLY
        p, q = self._proportion(source, target, scale) or (0, 0)
        phases = min(p, target) if isinstance(target, int) else p
        if not 0 < phases <= TABLE or self.coordinates == "half_pixel_symmetric" and scale != EXACT:
            return self._written_out(axis, source, target, p, q)
        table = [self._read(phase, p, q) for phase in range(phases)]
        end = source if phases < p else q + (self.coordinates == "align_corners")
        if any(last < 0 or least(first - end) >= 0 for first, last in table):
            return self._written_out(axis, source, target, p, q)  # clamped: what phases cannot say
        first, last = zip(*table)
        return Spread(axis, q, first, last)

    def _written_out(self, axis: int, source: Size, target: Size, p: int, q: int) -> Reader:
        """The same position by position, clamped to the borders, where sizes and scale are known."""
        if not (p and isinstance(source, int) and isinstance(target, int) and 0 < target <= TABLE):
            return Picked(axis, None)
        moved = source * p - target * q if self.coordinates == "half_pixel_symmetric" else 0
        table = [[min(max(end, 0), source - 1) for end in self._read(o, p, q, moved)] for o in range(target)]
        first, last = zip(*table)
        return Spread(axis, source, first, last)

    def taps(self, source: Size, target: Size, scale: Element) -> int | None:
        """How many positions are combined along one axis, or None if that is not known."""
        reach = {"nearest": 1, "cubic": 4}.get(self.mode, 2)
        if same(source, target):
            return 1
        if not self.antialias:
            return reach
        p, q = self._proportion(source, target, scale) or (0, 0)
        return max(reach, -(-reach * q // p)) if p else None

    def _proportion(self, source: Size, target: Size, scale: Element) -> tuple[int, int] | None:
        """``p`` outputs for every ``q`` inputs, or None where that is not known."""
        if self.coordinates == "align_corners":
            return _ratio(target - 1, source - 1)
        if self.coordinates == "tf_crop_and_resize":
            return None
        if scale == EXACT:
            return _ratio(target, source)
        if not isinstance(scale, (int, float)):
            return None
        return simple(scale) or float(scale).as_integer_ratio()

    def _read(self, o: int, p: int, q: int, moved: int = 0) -> tuple[int, int]:
        """The first and the last input position that output ``o`` reads, all coordinates ``moved`` by so many
        halves of the ``p``-th part of a position."""
        shift = {"asymmetric": 0, "align_corners": 0, "tf_half_pixel_for_nn": q}.get(self.coordinates, q - p)
        x, unit = 2 * o * q + shift + moved, 2 * p  # the coordinate is x/unit
        if self.mode == "nearest":
            place = self._rounded(x, p, q)
            return place, place
        if x % unit == 0 and not self.antialias:
            return x // unit, x // unit
        support = (2 if self.mode == "cubic" else 1) * 2 * (max(p, q) if self.antialias else p)
        return (x - support) // unit + 1, -(-(x + support) // unit) - 1

    def _rounded(self, x: int, p: int, q: int) -> int:
        """The whole position that stands for the coordinate ``x/2p``."""
        mode = self.nearest or ("ceil" if p < q else "floor")
        if mode in ("ceil", "round_prefer_floor"):
            return -(-(x - (p if mode != "ceil" else 0)) // (2 * p))
        return (x + (p if mode != "floor" else 0)) // (2 * p)


def _ratio(target: Size, source: Size) -> tuple[int, int] | None:
    """``target/source`` in lowest terms, or None where it depends on the sizes."""
    if isinstance(target, int) and isinstance(source, int):
        divisor = math.gcd(target, source)
        return (target // divisor, source // divisor) if target and source else None
    for a, b in (target, source), (source, target):
        whole = a // b if b != 0 else 0
        if isinstance(whole, int) and whole and same(whole * b, a):
            return (whole, 1) if a is target else (1, whole)
    return None
