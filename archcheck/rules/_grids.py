"""Windows of known size on maps of known size, and how fields and grids of branches lie to each other."""
from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import gcd
from typing import Any, NamedTuple

from archcheck.analyses.flows import read_by
from archcheck.dims import Size
from archcheck.infer import Walk
from archcheck.ops._op import Along
from archcheck.rules._case import Case
from archcheck.rules._paths import before, reads, windows
from archcheck.rules._rule import Site

JOINS = ("Add", "Sub", "Concat", "Sum", "Max", "Min", "Mean")


def reach_of(along: Along) -> Size:
    """How many positions a window spans."""
    return (along.taps - 1) * along.dilation + 1


class Slide(NamedTuple):
    """A window of ``reach`` positions that moves by ``stride`` over an axis of ``size`` positions, the first
    from ``start`` on (below 0 in the padding), for so many ``outputs``. ``padded`` is the size with padding.
    ``is_map`` tells a window over several axes from one over a signal."""

    site: Site
    axis: int
    size: int
    reach: int
    stride: int
    start: int
    outputs: int
    padded: int
    is_map: bool

    @property
    def key(self) -> int:
        """Which node it belongs to."""
        return hash((id(self.site.walk), self.site.at))

    @property
    def left(self) -> int:
        """Padded positions behind the last window."""
        return self.padded - (self.outputs - 1) * self.stride - self.reach

    @property
    def lost(self) -> int:
        """Positions of the axis behind the last window."""
        return max(0, self.size - self.start - (self.outputs - 1) * self.stride - self.reach)

    @property
    def inside(self) -> int:
        """How many windows do not reach into the padding."""
        first = max(0, -(self.start // self.stride))
        last = min(self.outputs - 1, (self.size - self.reach - self.start) // self.stride)
        return max(0, last - first + 1)

    @property
    def is_transposed(self) -> bool:
        """Whether it is a transposed convolution that only looks like a window."""
        return "Transpose" in self.site.op


def slides(case: Case) -> tuple[Slide, ...]:
    """The windows of more than one position, of sizes that are numbers, axis by axis."""
    return case.fact(_slides)


def _slides(case: Case) -> tuple[Slide, ...]:
    sites = (site for site in case.sites if not WINDOWED.isdisjoint(site.node.attrs))
    return tuple(slide for site in sites for slide in _of(site))


WINDOWED = frozenset(("kernel_shape", "strides", "pads", "auto_pad", "dilations"))
"""Attributes that a node with a window has one of, unless it has a window of one position."""


def _of(site: Site) -> Iterator[Slide]:
    found = [(axis, along) for axis, along in enumerate(reads(site)) if isinstance(along, Along)
             and axis > 1 and not along.border]
    if not found or site.inputs[0].shape is None or site.outputs[0].shape is None:
        return
    given, made = site.inputs[0].shape, site.outputs[0].shape
    for axis, along in found:
        sizes: Any = given[axis], reach_of(along), along.start, made[along.axis]
        is_map = sum(given[place] != 1 for place, _ in found) > 1
        if all(isinstance(size, int) for size in sizes) and along.taps != 1:
            size, reach, start, outputs = sizes
            after = _after(site, axis - 2, len(found), outputs, along, size)
            yield Slide(site, axis, size, reach, along.stride, start, outputs, size - start + after, is_map)


def _after(site: Site, place: int, count: int, outputs: int, along: Along, size: int) -> int:
    """How much is padded at the end of an axis: as the attribute says, or what the windows reach."""
    pads = site.node.attrs.get("pads")
    mode = site.node.attrs.get("auto_pad", "NOTSET")
    if isinstance(pads, tuple) and len(pads) == 2 * count and mode == "NOTSET":
        return int(pads[count + place])
    end: Any = (outputs - 1) * along.stride + along.start + reach_of(along)
    return max(0, end - size) if mode in ("SAME_UPPER", "SAME_LOWER") else 0


def unread(case: Case, slide: Slide) -> int:
    """How many positions at the end of a network's input nothing sees through the positions that ``slide``
    reads of its map; 0 where that is not known, or where the map is not all that is made of the input."""
    name, last = slide.site.node.inputs[0], slide.size - 1 - slide.lost
    fields = case.report.fields.get(name) if is_only_way(case, slide.site) else None
    for axes in fields.values() if fields else ():
        for field in axes:
            if field.axis == slide.axis and field.period == 1 and isinstance(field.stride, int) \
                    and isinstance(field.end, int) and isinstance(field.extent, int):
                return max(0, field.extent - 1 - (field.end + last * field.stride))
    return 0


def is_only_way(case: Case, site: Site) -> bool:
    """Whether all that is made of an input of the network goes through the first input of a node."""
    found: Site | None = site
    while found is not None and found.node.inputs:
        name = found.node.inputs[0]
        if is_read_twice(found.walk, name):
            return False
        if name in case.graph.inputs:
            return found.walk is case.report.walk
        found = found.producer()
    return False


def is_read_twice(walk: Walk, name: str) -> bool:
    """Whether the elements of a value are read by more than one node, or by the caller too."""
    uses = set(walk.graph.uses.get(name, ()))
    return name in walk.graph.outputs or sum(name in read_by(walk, index) for index in uses) > 1


def is_padded(site: Site) -> bool:
    """Whether a node reads what a Pad of its own made."""
    found = before(site)
    return found is not None and found.op == "Pad"


# ------------------------------------------------------------------------------------------ joins
MOVING = ("Slice", "Pad", "Resize", "Upsample", "ConvTranspose", "Gather", "Split", "DepthToSpace",
          "CenterCropPad", "GridSample", "Tile", "Expand")


def moves_maps(case: Case) -> bool:
    """Whether anything in a network can bring two of its maps out of line: a node that moves or resizes
    them, or a window whose centre lies half a step or more beside its result. Fields take longer."""
    return any(op in case.by_op for op in MOVING) or any(
        abs(2 * slide.start + slide.reach - slide.stride) >= slide.stride for slide in slides(case))


def misaligned(case: Case) -> Iterator[tuple[Site, tuple[Fraction, Fraction], tuple[float, int] | None]]:
    """Joins of branches that do not lie on each other: their strides, and where these are alike how far the
    centres lie apart, and the size of the larger field."""
    if not moves_maps(case):
        return
    walk, fields, seen = case.report.walk, case.report.fields, set()
    for index, source, axis, meeting in fields.meetings:
        site = Site(walk, index)
        if index in seen or site.op not in JOINS:
            continue
        sides = [fields[name][source][axis] for name in site.node.inputs
                 if name in fields and source in fields[name]]
        sizes = [size for side in sides for size in side.sizes if isinstance(size, int)]
        offset = meeting.offset
        if meeting.strides[0] != meeting.strides[1]:
            seen.add(index)
            yield site, meeting.strides, None
        elif offset is not None and len(set(sizes)) > 1 and not all(side.is_causal for side in sides) \
                and abs(offset) >= min(map(abs, meeting.strides)) and 4 * abs(offset) > max(sizes):
            seen.add(index)
            yield site, meeting.strides, (float(offset), max(sizes))


# ------------------------------------------------------------------------------------------ gridding
def _keeps_places(site: Site) -> bool:
    """Whether a node works on each position of a map by itself."""
    places = list(enumerate(reads(site)))[2:]
    return bool(places) and all(reader == Along(axis) for axis, reader in places)


def gridded(case: Case) -> Iterator[tuple[Site, int, int]]:
    """The last of several dilated layers in a row whose dilations share a factor, that, and their number."""
    grids: dict[tuple[int, str], tuple[Site, int, int]] = {}
    ended: dict[tuple[int, str], tuple[Site, int, int]] = {}
    for site in case.sites:
        if not site.node.inputs:
            continue
        key, made = (id(site.walk), site.node.inputs[0]), (id(site.walk), site.node.outputs[0])
        grid, found = grids.get(key), windows(site)
        slid = [along for along in found if along.taps != 1]
        if any(along.stride != 1 for along in found):
            continue
        if slid:
            ended.pop(key if grid is None else (id(site.walk), grid[0].node.outputs[0]), None)
            factor = gcd(grid[1] if grid else 0, *(along.dilation for along in slid))
            grids[made] = ended[made] = site, factor, (grid[2] if grid else 0) + 1
        elif grid and _keeps_places(site):
            grids[made] = grid
    return (grid for grid in ended.values() if grid[1] > 1 and grid[2] > 1)
