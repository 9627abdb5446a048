"""Repetitions, and blocks: parts that stand several times with other numbers."""
from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

from archcheck.dims import Dim
from archcheck.writers._spec_items import Arg, Item, Param, Ref, Window

MAX_PERIOD = 32
"""The longest part that is looked for in repetition."""

MAX_PARAMS = 6
MAX_BLOCKS, MAX_TRIED = 12, 64
MIN_SAVED, COST = 2, 0.34
"""A block saves so many layers at least; giving it an argument costs this part of one."""

MIN_LAYERS = 4
"""A block has so many layers at least."""

HEAVY = frozenset(("conv", "depthwise", "deconv", "fc", "dense", "MatMul", "Gemm", "Conv"))
NUMBERS = (int, Dim, Window)


class Block(NamedTuple):
    """A part with a name: its parameters, and what it is made of; ``begin`` is the value that it reads."""

    name: str
    params: tuple[str, ...]
    body: list[Item]
    begin: str | None


# ------------------------------------------------------------------------------------------------ signatures
class _Level:
    """A list while it is read: the place of every value in it, the one before its first included."""

    def __init__(self, items: Sequence[Item], begin: str | None) -> None:
        self.places = {} if begin is None else {begin: (-1, 0)}
        self.begin, self.at, self.current = begin, 0, begin
        for place, item in enumerate(items):
            self.places.update({name: (place, k) for k, name in enumerate(item.outputs)})


class Sign(NamedTuple):
    """What an item goes on from, and all else about it."""

    source: Hashable
    rest: Hashable


class _Place:
    """Where a value stands from its reader. Two are equal that are so many places back each, or the same."""

    __slots__ = ("name", "way")

    def __init__(self, out: int, back: int, number: int, name: str) -> None:
        self.way, self.name = (out, back, number), name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Place) and (self.way == other.way or self.name == other.name)

    def __hash__(self) -> int:
        return hash(self.way)


class _Inner(NamedTuple):
    """A value that a part makes itself, by its number; -1 is what it begins with."""

    number: int


class _Signer:
    """What two items must have in common to be equal; with ``loose`` numbers do not matter."""

    def __init__(self, loose: bool) -> None:
        self.loose = loose

    def all(self, items: Sequence[Item], begin: str | None, levels: tuple[_Level, ...] = ()) -> list[Sign]:
        level = _Level(items, begin)
        found = list[Sign]()
        for place, item in enumerate(items):
            goes_on = item.source is None or item.source == level.current
            level.at, level.current = place, item.source or level.current
            source = "here" if goes_on else self.value(str(item.source), (*levels, level), False, True)
            found.append(Sign(source, self.one(item, (*levels, level))))
            level.current = item.outputs[0]
        return found

    def one(self, item: Item, levels: tuple[_Level, ...]) -> Hashable:
        args = tuple((arg.form, tuple(self.slot(slot, levels) for slot in arg.slots)) for arg in item.args)
        inner = item.branches if item.body is None else (item.body,)
        return (item.kind, args, item.source is None, item.all_named and len(item.outputs),
                tuple(tuple(self.all(branch, item.source, levels)) for branch in inner))

    def slot(self, slot: Any, levels: tuple[_Level, ...]) -> Hashable:
        if isinstance(slot, Ref):
            return self.value(slot, levels, self.loose)
        return type(slot) is bool if self.loose and not isinstance(slot, Param) else (type(slot), slot)

    def value(self, name: str, levels: tuple[_Level, ...], loose: bool,
              is_source: bool = False) -> Hashable:
        """Where a value stands from here: a level out, and so many places back."""
        if loose:
            return "value"
        for out, level in enumerate(reversed(levels)):
            if name == level.current and not (is_source and out == 0):
                return out, "here"
            if name in level.places:
                place, number = level.places[name]
                return _Place(out, level.at - place, number, name)
        return name


# ------------------------------------------------------------------------------------------------ closedness
class _Reach:
    """For each place of a list, the places whose values it reads, and the last that reads its own."""

    def __init__(self, items: Sequence[Item], begin: str | None, kept: set[str]) -> None:
        level = _Level(items, begin)
        self.reads = [[level.places[name] for name in item.reads() if name in level.places
                       and level.places[name][0] < place] for place, item in enumerate(items)]
        self.last = [{k: len(items) + 1 for k, name in enumerate(item.outputs) if name in kept}
                     for item in items]
        inner = [{name for one in item.walk() for name in one.outputs} for item in items]
        self.sources = [[level.places[one.source] for one in item.walk() if one.source in level.places]
                        for item in items]
        self.outside = {place for place, item in enumerate(items) for one in item.walk()
                        if one.source is not None and one.source not in level.places
                        and one.source not in inner[place]}
        for place, reads in enumerate(self.reads):
            for made, number in reads:
                if made >= 0:
                    self.last[made][number] = max(self.last[made].get(number, 0), place)

    def lengths(self, begin: int) -> Iterator[int]:
        """The lengths up to `MAX_PERIOD` of what begins at a place and is closed, and begins with the value
        before it."""
        last = 0
        for end in range(begin + 1, min(begin + MAX_PERIOD, len(self.reads)) + 1):
            if end - 1 in self.outside or any(made < begin - 1 or made == begin - 1 and number
                                              for made, number in self.sources[end - 1]):
                return
            others = max((reader for number, reader in self.last[end - 1].items() if number), default=0)
            if max(last, others) < end:
                yield end - begin
            last = max(last, others, self.last[end - 1].get(0, 0))

    def closed(self, begin: int, end: int, last: int | None = None) -> bool:
        """Whether of the values that the places from ``begin`` to before ``end`` make only the last is read
        behind them, up to ``last``."""
        for place in range(begin, end):
            for number, reader in self.last[place].items():
                is_end = place == end - 1 and number == 0
                if reader >= end and (not is_end or last is not None and reader >= last):
                    return False
        return True


# ------------------------------------------------------------------------------------------------ repetitions
def repeated(items: list[Item], begin: str | None, kept: set[str]) -> list[Item]:
    """``items`` with equal neighbours, or sequences of them, as one repetition; and so in all lists."""
    for item in items:
        if item.body is not None:
            item.body = repeated(item.body, item.source, kept)
        item.branches = tuple(repeated(branch, item.source, kept) for branch in item.branches)
    out, at = list[Item](), 0
    for start, period, count in _runs(_Signer(False).all(items, begin), _Reach(items, begin, kept), items):
        out += items[at:start]
        at = start + period * count
        source = items[start].source or (items[start - 1].outputs[0] if start else begin)
        body = repeated(items[start:start + period], source, kept)
        out.append(Item("repeat", (Arg("{}", (count,), "times"),), None if source is None else Ref(source),
                        (items[at - 1].outputs[0],), body=body))
    return [*out, *items[at:]]


def _runs(kinds: Sequence[Sign], reach: _Reach, items: Sequence[Item]) -> list[tuple[int, int, int]]:
    """Runs ``(start, period, count)`` that do not overlap, in order; those that save most are taken first,
    and of equal ones the last to begin."""
    found = [run for period in range(1, min(MAX_PERIOD, len(kinds) // 2) + 1)
             for run in _of_period(kinds, reach, period)]
    layers = [item.layers for item in items]
    found.sort(key=lambda run: (-sum(layers[run[0]:run[0] + run[1]]) * (run[2] - 1), run[1], not _heavy(
        items[run[0]]), -run[0]))
    taken, runs = [False] * len(kinds), []
    for start, period, count in found:
        span = slice(start, start + period * count)
        if not any(taken[span]) and sum(layers[start:start + period]) * (count - 1) > 1:
            taken[span] = [True] * (period * count)
            runs.append((start, period, count))
    return sorted(runs)


def _of_period(kinds: Sequence[Sign], reach: _Reach, period: int) -> Iterator[tuple[int, int, int]]:
    """The longest runs of ``period`` from each place."""
    equal = [0] * (len(kinds) + 1)  # how far from here on each is as the one a period later
    for at in range(len(kinds) - period - 1, -1, -1):
        equal[at] = equal[at + 1] + 1 if kinds[at] == kinds[at + period] else 0
    for start in range(len(kinds) - 2 * period + 1):
        first, second = kinds[start], kinds[start + period]
        more = equal[start + 1] + 1 if first.rest == second.rest and second.source == "here" else 0
        count = more // period + 1
        if start >= period and equal[start - period] > period and count > 1 and reach.closed(
                start - period, start, start + period):
            continue  # it began earlier
        while count > 1 and not _whole(reach, start, period, count):
            count -= 1
        if count > 1:
            yield start, period, count


def _whole(reach: _Reach, start: int, period: int, count: int) -> bool:
    ends = range(start + period, start + period * (count + 1), period)
    return all(reach.closed(end - period, end, None if end == ends[-1] else end + period) for end in ends)


def _heavy(item: Item) -> bool:
    return item.kind in HEAVY or bool(item.lists)


# ----------------------------------------------------------------------------------------------------- blocks
class _List(NamedTuple):
    items: list[Item]
    begin: str | None

    def before(self, at: int) -> str | None:
        """The value that the item at a place goes on from, if it goes on."""
        return self.items[at - 1].outputs[0] if at else self.begin


def blocks_of(items: list[Item], begin: str | None, kept: set[str]) -> list[Block]:
    """The blocks that ``items`` and all lists in them are said with, which are changed to use them."""
    found: list[Block] = []
    while len(found) < MAX_BLOCKS:
        lists = [*_lists(_List(items, begin)), *(inner for block in found
                                                  for inner in _lists(_List(block.body, block.begin)))]
        block = _best(lists, kept, len(found) + 1)
        if block is None:
            break
        found.append(block)
    return found


def _lists(whole: _List) -> Iterator[_List]:
    yield whole
    for item in whole.items:
        for inner in item.lists:
            yield from _lists(_List(inner, item.source))


Place = tuple[int, int]


def _best(lists: Sequence[_List], kept: set[str], number: int) -> Block | None:
    """The part that saves most as a block; its places are replaced by uses of it."""
    best: tuple[float, Any] = (MIN_SAVED, None)
    for most, length, places in _grams(lists, kept)[:MAX_TRIED]:
        if most <= best[0]:
            break
        parts = [lists[which].items[at:at + length] for which, at in places]
        begins = [part[0].source or lists[which].before(at) for part, (which, at) in zip(parts, places)]
        names, told = _parameters(_columns(parts, begins))
        saved = most - COST * len(names) * len(places)
        inner = any(isinstance(value, _Inner) for values in names.values() for value in values)
        if len(names) <= MAX_PARAMS and not inner and saved > best[0]:
            best = saved, (places, begins, length, names, told)
    return _made(lists, number, *best[1]) if best[1] else None


def _grams(lists: Sequence[_List], kept: set[str]) -> list[tuple[float, int, list[Place]]]:
    """Sequences that stand at several places, by what they save."""
    signer, numbers = _Signer(True), dict[Hashable, int]()
    found: dict[tuple[int, ...], list[Place]] = {}
    for which, (items, begin) in enumerate(lists):
        ids = [numbers.setdefault(kind, len(numbers)) for kind in signer.all(items, begin)]
        reach = _Reach(items, begin, kept)
        for at in range(len(items)):
            for length in reach.lengths(at):
                found.setdefault(tuple(ids[at:at + length]), []).append((which, at))
    ranked = []
    for gram, several in found.items():
        places = _apart(several, len(gram)) if len(several) > 1 else []
        part = lists[places[0][0]].items[places[0][1]:places[0][1] + len(gram)] if len(places) > 1 else []
        layers = sum(item.layers for item in part)
        if layers >= MIN_LAYERS and len(places) > 1 and any(map(_heavy, part)):
            saved = (len(places) - 1) * layers - len(places) - 2 + 0.5 * _heavy(part[0])
            ranked.append((saved, len(gram), places))
    return sorted(ranked, key=lambda entry: (-entry[0], entry[1]))


def _apart(places: Sequence[Place], length: int) -> list[Place]:
    """Those of ``places`` that do not overlap."""
    out: list[Place] = []
    for which, at in places:
        if not out or out[-1][0] != which or at >= out[-1][1] + length:
            out.append((which, at))
    return out


def _columns(parts: Sequence[Sequence[Item]], begins: Sequence[str | None]) -> list[
        tuple[Arg, tuple[Any, ...]]]:
    """Each slot of a part with its values at all places."""
    rows = []
    for part, begin in zip(parts, begins):
        made = [name for item in part for one in item.walk() for name in one.outputs]
        inner: dict[str | None, int] = {begin: -1}
        inner.update((name, number) for number, name in enumerate(made))
        slots: list[tuple[Arg, Any]] = []

        def note(arg: Arg, slot: Any, inner: Any = inner, slots: Any = slots) -> None:
            slots.append((arg, _Inner(inner[slot]) if isinstance(slot, Ref) and slot in inner else slot))
        for item in part:
            item.mapped(note)
        rows.append(slots)
    return [(column[0][0], tuple(slot for _, slot in column)) for column in zip(*rows)]


def _parameters(columns: Sequence[tuple[Arg, tuple[Any, ...]]]) -> tuple[dict[str, tuple[Any, ...]],
                                                                        list[Param | None]]:
    """The parameters of a block with their values at all places, and what each slot is told by them."""
    names: dict[str, tuple[Any, ...]] = {}
    told: list[Param | None] = []
    for arg, values in columns:
        if not isinstance(values[0], (Ref, Param)) and all(
                value == values[0] and type(value) is type(values[0]) for value in values):
            told.append(None)
            continue
        known = _told(values, names)
        if known is None:
            known = _free(arg.role or "number", names)
            names[known] = values
        told.append(Param(known))
    names = dict(sorted(names.items(), key=lambda entry: entry[0].startswith("times")))
    return names, told


def _told(values: tuple[Any, ...], names: dict[str, tuple[Any, ...]]) -> str | None:
    """Values as a multiple, or a part, of those of a parameter."""
    for name, others in names.items():
        if values == others:
            return name
    if not all(type(value) is int and value > 0 for value in values):
        return None
    for name, others in names.items():
        if all(type(other) is int and other > 0 and value * others[0] == values[0] * other
               for value, other in zip(values, others)):
            if values[0] % others[0] == 0:
                return f"{values[0] // others[0]}*{name}"
            if others[0] % values[0] == 0:
                return f"{name}//{others[0] // values[0]}"
    return None


def _free(role: str, names: dict[str, Any]) -> str:
    role = {"bias": "biased", "same": "padded", "number": "n"}.get(role, role)
    name, number = role, 1
    while name in names:
        number += 1
        name = f"{role}{number}"
    return name


def _made(lists: Sequence[_List], number: int, places: Sequence[Place], begins: Sequence[str | None],
          length: int, names: dict[str, tuple[Any, ...]], told: list[Param | None]) -> Block:
    """A block of the part at ``places``, where uses of it stand from now on."""
    which, at = places[0]
    tellers = iter(told)
    body = [item.mapped(lambda _, slot: slot if (said := next(tellers)) is None else said)
            for item in lists[which].items[at:at + length]]
    for place in range(len(places) - 1, -1, -1):
        which, at = places[place]
        items = lists[which].items
        args = tuple(Arg("{}", (values[place],), name) for name, values in names.items())
        begin = begins[place]
        items[at:at + length] = [Item(f"block{number}", args, None if begin is None else Ref(begin),
                                      (items[at + length - 1].outputs[0],))]
    return Block(f"block{number}", tuple(names), body, begins[0])
