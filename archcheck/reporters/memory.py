"""What ``archcheck memory`` shows: what is in memory as the nodes run, and what that comes to."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archcheck.analyses.lifetimes import INPUT, Lifetimes
from archcheck.analyses.memory import Memory
from archcheck.analyses.peaks import Peak
from archcheck.dims import Size, evaluate, is_known
from archcheck.report import Report
from archcheck.reporters.facts import example_sizes, stored
from archcheck.reporters.sheet import Column, Sheet, as_bytes, as_shape
from archcheck.reporters.text import Script

ROWS_AT_ONCE = 40
BAR = 16
SHOWN = 4


def _made(value: Any, script: Script) -> str:
    return "" if value == 0 else as_bytes(value, script)


def _bar(share: Any, script: Script) -> str:
    """A bar of the length ``share``, 1 being the peak."""
    if share is None:
        return ""
    cells, blocks = share * BAR, script.blocks
    part = blocks[int(cells % 1 * (len(blocks) - 1))].strip()
    return blocks[-1] * int(cells) + part + (" peak" if share == 1 else "")


COLUMNS = (Column("index", "#", right=True),
           Column("node", "node", least=16),
           Column("op", "operator", least=9, spared=True),
           Column("shape", "output", as_shape, least=12, spared=True),
           Column("makes", "makes", _made, right=True),
           Column("live", "in memory", as_bytes, right=True),
           Column("share", "", _bar))


def sheet(report: Report, script: Script, optimizer: str, everything: bool) -> Sheet:
    """The memory of a network over its run: a row for each node with ``everything``, else as many as fit a
    screen, each for a stretch of nodes, and with the one of them at which most is in memory."""
    memory, numbers = report.memory, _Numbers(report.memory)
    rows = list(_rows(memory, numbers, everything))
    facts = [*_left_out(rows, memory), *_Facts(memory, numbers, script).all(optimizer)]
    return Sheet("archcheck.memory/1", COLUMNS, rows, facts, _record(memory, numbers, optimizer), "timeline")


class _Numbers:
    """The timeline as numbers: where it has symbols, at ``sizes`` that one would try first."""

    def __init__(self, memory: Memory) -> None:
        self.sizes = example_sizes(memory.report)
        self.live = [self.at(size) or 0 for size in memory.timeline]
        self.peak = max(self.live, default=0)
        self.schedule = memory.schedule(self.sizes)

    def at(self, size: Size) -> int | None:
        """``size`` as a number; None where it is none even then."""
        found = evaluate(size, self.sizes)
        return found if isinstance(found, int) else None


# -------------------------------------------------------------------------------------------------- rows
def _rows(memory: Memory, numbers: _Numbers, everything: bool) -> Iterator[tuple[Any, ...]]:
    report, makes = memory.report, _makes(memory.plain)
    for index in range(len(makes)) if everything else _shown(numbers, makes):
        node = report.graph.nodes[index]
        kind = report.types.get(node.outputs[0]) if node.outputs else None
        share = numbers.live[index] / numbers.peak if numbers.peak else None
        yield index, node.name, node.op, kind and kind.shape, makes[index], memory.timeline[index], share


def _makes(lifetimes: Lifetimes) -> list[Size]:
    """The bytes that each node makes."""
    made: list[Size] = [0] * len(lifetimes.work)
    for tensor in lifetimes.tensors:
        if tensor.made != INPUT:
            made[tensor.made] += tensor.bytes
    return made


def _shown(numbers: _Numbers, makes: Sequence[Size]) -> Iterator[int]:
    """Of each of `ROWS_AT_ONCE` stretches the node with most in memory, constants left out."""
    nodes = [index for index, size in enumerate(makes) if size != 0]
    count, rows = len(nodes), min(len(nodes), ROWS_AT_ONCE)
    for row in range(rows):
        yield max(nodes[row * count // rows:(row + 1) * count // rows], key=lambda k: numbers.live[k])


def _left_out(rows: Sequence[Any], memory: Memory) -> list[tuple[str, str]]:
    count = len(memory.timeline)
    if len(rows) == count:
        return []
    return [("rows", f"{len(rows)} of {count:,} nodes, the fullest of each stretch; --all shows all")]


# -------------------------------------------------------------------------------------------------- facts
class _Facts:
    """The facts below the table."""

    def __init__(self, memory: Memory, numbers: _Numbers, script: Script) -> None:
        self.memory, self.numbers, self.script = memory, numbers, script

    def all(self, optimizer: str) -> list[tuple[str, str]]:
        """Those that there are."""
        memory = self.memory
        facts = [("weights", stored(memory.report, self.script)),
                 ("activations", f"{self.said(memory.activations)}, if none were ever freed"),
                 ("peak", self.peak()),
                 ("at the peak", self.at_peak()),
                 ("no inputs", self.other(memory.plain.own_peak, "what the caller gives is not counted")),
                 ("views", self.other(memory.viewed.peak, "views share the memory of what they look at")),
                 ("best order", self.order()),
                 ("to run", self.run()),
                 ("to train", self.training(optimizer)),
                 ("unknown", self.unknown()),
                 ("sizes", self.sizes())]
        return [(label, text) for label, text in facts if text]

    def said(self, size: Size | None) -> str:
        """Bytes; at least so many where something is left out."""
        text = as_bytes(size, self.script)
        return self.script.at_least(text) if self.memory.unknown else text

    def bound(self, size: Size) -> str:
        """Bytes: a formula that is short, else a number at the sizes of the example."""
        text = self.said(size)
        if isinstance(size, int) or is_known(size) and "f(" not in text:
            return text
        number = self.numbers.at(size)
        return "?" if number is None else f"{self.said(number)} at {self.example()}"

    def example(self) -> str:
        """The sizes at which formulas are evaluated."""
        return ", ".join(f"{self.script.safe(name)} = {size}" for name, size in self.numbers.sizes.items())

    def peak(self) -> str:
        """The peak, and the node it is at."""
        live = self.numbers.live
        if not live:
            return ""
        index = live.index(self.numbers.peak)
        name = self.script.safe(self.memory.report.graph.nodes[index].name)
        where = f"while {name} runs (node {index})"
        found = self.memory.peak
        if len(found.places) == 1:
            return f"{self.said(found.bytes)} {where}"
        peak = f"{self.said(self.numbers.peak)} at {self.example()}"
        return f"{peak}, {where}; where it is depends on the sizes"

    def at_peak(self) -> str:
        """The largest values that are in memory at the peak."""
        if not self.numbers.live:
            return ""
        there = self.memory.plain.at(self.numbers.live.index(self.numbers.peak))
        sizes = {tensor: self.numbers.at(tensor.bytes) or 0 for tensor in there}
        there.sort(key=lambda tensor: -sizes[tensor])
        rest = self.numbers.peak - sum(sizes[tensor] for tensor in there[:SHOWN])
        lines = [f"{as_bytes(tensor.bytes, self.script)} {self.script.safe(tensor.names[0])}"
                 for tensor in there[:SHOWN]]
        return "\n".join(lines + [f"{as_bytes(rest, self.script)} in others"] * (rest > 0))

    def other(self, found: Peak, why: str) -> str:
        """Another peak, where it is not the same."""
        usual = self.memory.peak.bytes
        if not is_known(found.bytes) or not is_known(usual) or self.bound(found.bytes) == self.bound(usual):
            return ""
        return f"{self.bound(found.bytes)}: {why}"

    def order(self) -> str:
        """What another order would save."""
        found = self.numbers.schedule
        if found is None or not found.order:
            return ""
        usual, is_best = self.numbers.peak, found.bound == found.peak
        limit = "no order takes less" if is_best else f"every order takes {self.said(found.bound)} or more"
        where = f" at {self.example()}" if self.numbers.sizes else ""
        limit += ", as far as sizes are known" if self.memory.unknown else ""
        if found.peak < usual:
            share = 1 - found.peak / usual
            saved = f"{share:.1%}" if share > 0.001 else as_bytes(usual - found.peak, self.script)
            return f"{self.said(found.peak)}{where}, {saved} less than in the file's; {limit}"
        return f"{'that of the file' if is_best else 'none better was found'}{where}; {limit}"

    def run(self) -> str:
        """The weights and the peak together."""
        weights, sizes = self.memory.weights, self.numbers.sizes
        is_one = len(self.memory.peak.places) == 1
        text = self.bound(self.memory.to_run) if is_one or not sizes else \
            f"{self.said(self.numbers.at(weights + self.numbers.peak))} at {self.example()}"
        return f"{text}: weights and peak"

    def training(self, optimizer: str) -> str:
        """What training takes, part by part."""
        found, missing = self.memory.training(optimizer), self.memory.saved.unknown
        total = self.bound(found.total)
        if missing and not self.memory.unknown:
            total = self.script.at_least(total)
        parts = ", ".join(f"{as_bytes(size, self.script)} {what}" for what, size in found._asdict().items()
                          if size != 0)
        names = ", ".join(self.script.safe(name) for name in sorted(missing))
        return f"{total} with {optimizer}: {parts}" + (f"\nwithout what {names} keep" if names else "")

    def unknown(self) -> str:
        """The values that are left out."""
        names = self.memory.unknown
        more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
        return f"the size of {', '.join(map(self.script.safe, names[:SHOWN]))}{more}" if names else ""

    def sizes(self) -> str:
        """How to bind the symbols."""
        return " ".join(f"--set {self.script.safe(name)}={size}" for name, size in self.numbers.sizes.items())


# -------------------------------------------------------------------------------------------------- JSON
def _record(memory: Memory, numbers: _Numbers, optimizer: str) -> Mapping[str, Any]:
    """What JSON says besides the timeline. ``share`` there is of the peak at ``example``, the sizes that the
    symbols have in it."""
    plain, training = memory.plain, memory.training(optimizer)
    return {"weights": memory.report.weights.bytes_by_dtype, "activations": memory.activations,
            "peak": _peak_record(memory, plain.peak),
            "peak_without_inputs": _peak_record(memory, plain.own_peak),
            "peak_with_views": _peak_record(memory, memory.viewed.peak), "to_run": _known(memory.to_run),
            "order": _order_record(numbers), "example": numbers.sizes, "unknown": memory.unknown,
            "training": {"optimizer": optimizer, **training._asdict(), "total": training.total,
                         "not_counted": memory.saved.unknown}}


def _known(size: Size) -> Size | None:
    return size if is_known(size) else None


def _peak_record(memory: Memory, found: Peak) -> Mapping[str, Any]:
    nodes = memory.report.graph.nodes
    return {"bytes": _known(found.bytes), "nodes": [nodes[index].name for index in found.places]}


def _order_record(numbers: _Numbers) -> Mapping[str, Any] | None:
    """The best order, as indices of nodes, where it is better than that of the file."""
    found = numbers.schedule
    if found is None:
        return None
    better = found.peak != numbers.peak
    return {"peak": found.peak, "bound": found.bound, "order": found.order if better else None}
