"""Lists of layers as lines of YAML."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from archcheck.frontends.spec._frame import RESERVED
from archcheck.frontends.spec._layer import LAYERS
from archcheck.writers._spec_fold import HEAVY, Block
from archcheck.writers._spec_items import Formulas, Item, Ref, Window, said

WIDTH, FULL = 100, 56
"""The longest line, and from where on a new one begins with the next layer that weighs."""

POOLS = frozenset(("maxpool", "avgpool", "gap", "gmp"))
Names = Mapping[str, str]


class Pen:
    """Writes lists of layers. The names that it gives are good for the whole text: none hides another."""

    def __init__(self, formulas: Formulas, inputs: Names, defaults: Mapping[tuple[str, str], object],
                 blocks: Sequence[Block], taken: Iterable[str]) -> None:
        self.formulas, self.defaults = formulas, defaults
        self.names = dict(inputs)
        self.taken = {*taken, *inputs.values(), *RESERVED, *LAYERS}
        self.counts: dict[str, int] = {}
        self.titles = titles(blocks)
        self.taken |= set(self.titles.values())

    # -------------------------------------------------------------------------------------------- naming
    def name(self, value: str, kind: str) -> str:
        """The name of a value, which it gets now if it has none."""
        if value not in self.names:
            kind = re.sub(r"[^a-z_]", "", kind.rpartition(".")[2].lower()) or "value"
            while value not in self.names:
                self.counts[kind] = number = self.counts.get(kind, 0) + 1
                if f"{kind}{number}" not in self.taken:
                    self.called(value, f"{kind}{number}")
        return self.names[value]

    def called(self, value: str, name: str) -> None:
        """Give a value this name."""
        self.names[value] = name
        self.taken.add(name)

    # -------------------------------------------------------------------------------------------- writing
    def lines(self, items: Sequence[Item], begin: str | None, needed: set[str]) -> list[str]:
        """Lines with their hyphens; ``needed`` are the values that others read by name."""
        needed = needed | named_reads(items, begin)
        out, line = list[str](), list[str]()
        current = begin
        for item in items:
            if item.source is not None and item.source != current:
                self.flush(out, line)
                line.append(f"from {self.names[item.source]}")
            piece = self.piece(item, needed)
            if piece is None:
                self.flush(out, line)
                out += self.full(item, needed)
            else:
                if self.is_full(line, item, piece):
                    self.flush(out, line)
                line.append(piece)
                if item.kind in POOLS:
                    self.flush(out, line)
            current = item.outputs[0]
        self.flush(out, line)
        return out

    def flush(self, out: list[str], line: list[str]) -> None:
        """End a line."""
        if line:
            out.append("- " + " -> ".join(line))
            line.clear()

    def is_full(self, line: Sequence[str], item: Item, piece: str) -> bool:
        """Whether a layer begins a new line."""
        length = sum(len(one) + 4 for one in line)
        weighs = item.kind in HEAVY or item.kind in self.titles or item.body is not None
        return bool(line) and (length + len(piece) + 2 > WIDTH or weighs and length > FULL)

    def piece(self, item: Item, needed: set[str]) -> str | None:
        """An item within a line, None for one that needs lines of its own."""
        if item.branches:
            return None
        if item.body is not None:
            inner = self.lines(*self.turn(item, needed))
            text = f"({inner[0][2:]})*{self.arguments(item)[0]}"
            if len(inner) > 1 or len(text) >= WIDTH or inner[0].endswith(":"):
                return None
            name = f" -> pass as {self.name(item.outputs[0], 'end')}" if item.outputs[0] in needed else ""
            return text + name
        text = " ".join([self.titles.get(item.kind, item.kind), *self.arguments(item)])
        given = self.given(item, needed)
        return f"{text} as {', '.join(given)}" if given else text

    def turn(self, item: Item, needed: set[str]) -> tuple[list[Item], str | None, set[str]]:
        """The body of a repetition; where the value that it begins with is read by name, it has one there."""
        body, begin = item.body or [], item.source
        if begin is not None and begin in named_reads(body, begin):
            start = Item("pass", (), begin, (f"{begin} within",))
            body = [start, *renamed(body, begin, Ref(start.outputs[0]))]
            begin = item.source
        return body, begin, needed - {one.outputs[0] for one in body}

    def arguments(self, item: Item) -> list[str]:
        """The arguments of an item as they are written."""
        def named(value: str) -> str:
            return "here" if value == item.source else self.names[value]
        texts = []
        for arg in item.args:
            key = arg.form.partition("=")[0]
            default = self.defaults.get((item.kind, key), arg.default)
            if key != "same" or not _is_point(item):
                texts.append(said(arg._replace(default=default), self.formulas, named))
        return [text for text in texts if text]

    def given(self, item: Item, needed: set[str]) -> list[str]:
        """The names that the outputs of an item get."""
        last = max((k for k, name in enumerate(item.outputs) if name in needed or item.all_named), default=-1)
        return [self.name(name, item.kind) for name in item.outputs[:last + 1]]

    def full(self, item: Item, needed: set[str]) -> list[str]:
        """An item on lines of its own."""
        if item.body is None:
            return self.join(item, needed)
        lines = [f"- repeat: {self.arguments(item)[0]}", "  do:",
                 *(f"  {line}" for line in self.lines(*self.turn(item, needed)))]
        end = item.outputs[0]
        return [*lines, f"- pass as {self.name(end, 'end')}"] if end in needed else lines

    def join(self, item: Item, needed: set[str]) -> list[str]:
        """A join with its branches."""
        written = [self.lines(branch, item.source, needed) or ["- pass"] for branch in item.branches]
        lines = [f"- {item.kind}:"]
        for title, inner in zip(branch_titles(item.kind, written), written):
            plain = len(inner) == 1 and not inner[0].endswith(":")
            if title:
                lines += [f"    {title}: {inner[0][2:]}"] if plain else [
                    f"    {title}:", *(f"    {line}" for line in inner)]
            else:
                first = f"  {inner[0]}" if plain else f"  - {inner[0]}"
                lines += [first, *(f"    {line}" for line in inner[1:])]
        beside = [text.replace("=", ": ", 1) for text in self.arguments(item)]
        beside += [f"name: {', '.join(given)}" for given in [self.given(item, needed)] if given]
        return [*lines, *(f"  {text}" for text in beside)]

    def block(self, block: Block) -> Iterator[str]:
        """A block under its name."""
        if block.begin is not None:
            outer = self.names.get(block.begin)
            self.names[block.begin] = "in"
        params = f"({', '.join(block.params)})" if block.params else ""
        yield f"  {self.titles[block.name]}{params}:"
        yield from (f"  {line}" for line in self.lines(block.body, block.begin, set()))
        if block.begin is not None:
            del self.names[block.begin]
            if outer is not None:
                self.names[block.begin] = outer


def branch_titles(kind: str, written: Sequence[Sequence[str]]) -> list[str]:
    """What the branches of a sum of two are called; those of others have no names."""
    if kind != "add" or len(written) != 2:
        return [""] * len(written)
    first = sum(map(len, written[0])) >= sum(map(len, written[1]))
    return ["residual", "shortcut"] if first else ["shortcut", "residual"]


def _is_point(item: Item) -> bool:
    """Whether a window is one position, which needs no padding."""
    kernel = next((arg.slots[0] for arg in item.args if arg.role == "kernel"), None)
    return kernel == 1 or isinstance(kernel, Window) and set(kernel) == {1}


def renamed(items: Sequence[Item], old: str, new: Ref) -> list[Item]:
    """``items`` reading ``new`` instead of ``old``."""
    out = []
    for item in items:
        copy = item.mapped(lambda _, slot: new if slot == old and isinstance(slot, Ref) else slot)
        out.append(copy)
        for one in copy.walk():
            one.source = new if one.source == old else one.source
    return out


def named_reads(items: Sequence[Item], begin: str | None) -> set[str]:
    """The values that ``items`` read by a name."""
    found, current = set[str](), begin
    for item in items:
        if item.source is not None and item.source != current:
            found.add(item.source)
        found |= {slot for arg in item.args for slot in arg.slots
                  if isinstance(slot, Ref) and slot != item.source}
        for inner in item.lists:
            found |= named_reads(inner, item.source) - ({item.source} if item.body is not None else set())
        current = item.outputs[0]
    return found


def titles(blocks: Sequence[Block]) -> dict[str, str]:
    """What blocks are called: by what they are made of."""
    kinds = {block.name: _title(block.body) for block in blocks}
    counts: dict[str, int] = {}
    found = {}
    for name, kind in kinds.items():
        counts[kind] = counts.get(kind, 0) + 1
        found[name] = kind if list(kinds.values()).count(kind) == 1 else f"{kind}{counts[kind]}"
    return found


def _title(body: Sequence[Item]) -> str:
    if any(item.body is not None for item in body):
        return "stage"
    joins = {item.kind for item in body if item.branches}
    return "residual" if "add" in joins else "branches" if joins else "unit"
