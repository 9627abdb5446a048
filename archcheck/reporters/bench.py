"""What ``archcheck bench`` shows: where the time of a run goes, beside what was predicted."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from archcheck.analyses.clock import Joined, Row, together
from archcheck.analyses.devices import Device
from archcheck.analyses.origins import BLOCKED
from archcheck.analyses.timings import Times
from archcheck.backends.bench import Bench
from archcheck.dims import total
from archcheck.reporters.sheet import Cell, Column, Sheet, as_count, as_shape
from archcheck.reporters.text import Script, compact

BETWEEN = "between nodes"
"""What the rest of a run is called: copying inputs and outputs, and the runtime's own work."""

DISTURBED = 0.1
"""By how much of a run the profiler may slow it down before that is said."""

SHOWN_OPERATORS, SHOWN_ORIGINS = 12, 4
"""So many operators are listed, of all nodes and of those that one stands for; then how many others."""


@dataclass(frozen=True)
class View:
    """What is shown: the ``top`` rows by time (None: all, in the order in which they ran); with ``machine``
    for programs: all rows, and more of each."""

    top: int | None = 15
    machine: bool = False
    script: Script = field(default_factory=Script)


# ------------------------------------------------------------------------------------------------ the table
def sheet(bench: Bench, view: View) -> Sheet:
    """The answer of ``archcheck bench``."""
    columns = (*_SHORT, *(_MORE if view.machine else ()))
    rows = [_values(bench, row)[:len(columns)] for row in _rows(bench.joined, view)]
    facts = list(_facts(bench, view.script))
    return Sheet("archcheck.bench/1", columns, rows, facts, record(bench), "rows")


def _rows(joined: Joined, view: View) -> Iterator[Row]:
    """The rows that are shown; together they are all of a run."""
    if view.machine or view.top is None:
        yield from joined.rows
    else:
        ordered = sorted(joined.rows, key=lambda row: -row.seconds)
        yield from ordered[:view.top]
        if rest := ordered[view.top:]:
            yield together("other nodes", "", rest)
    yield Row(BETWEEN, "", joined.profile.between, nodes=0)


def as_time(value: Any, script: Script) -> str:
    """Seconds; 0 is below what the profiler can see; None is not known."""
    if value is None:
        return "?"
    return script.seconds(value) if value > 0 else "0" if value == 0 else f"-{script.seconds(-value)}"


def as_name(value: Any, script: Script) -> str:
    """A node's name, without what the runtime adds to those that work on channels in blocks."""
    return script.safe(value.removesuffix(BLOCKED))


def as_part(value: Any, script: Script) -> str:
    """A part of a whole as a percentage; None is blank."""
    return "" if value is None else f"{100 * value:.1f} %"


def as_giga(value: Any, script: Script) -> str:
    """Thousands of millions a second, down to a hundredth; None and 0 are blank."""
    giga = (value or 0) / 1e9
    if 0 < giga < 0.005:
        return "<0.01"
    return f"{giga:,.0f}" if giga >= 100 else f"{giga:.1f}" if giga >= 10 else f"{giga:.2f}" if giga else ""


def _known(cell: Cell) -> Cell:
    return lambda value, script: "" if value is None else cell(value, script)


def _as_origins(value: Any, script: Script) -> str:
    """The operators that one stands for, if that is more than its own."""
    runs = [(script.safe(op), len(list(same))) for op, same in groupby(origin.op for origin in value)]
    shown = [op if count == 1 else f"{op} {script.times}{count}" for op, count in runs[:SHOWN_ORIGINS]]
    left = sum(count for _, count in runs[SHOWN_ORIGINS:])
    return " + ".join([*shown, *([f"{left} more"] if left else [])]) if len(value) > 1 else ""


_SHORT = (
    Column("name", "node", as_name, least=28), Column("op", "operator", least=7, spared=True),
    Column("shape", "output", _known(as_shape), least=10, spared=True),
    Column("seconds", "time", as_time, right=True), Column("share", "of run", as_part, right=True),
    Column("macs", "MACs", _known(as_count), right=True, spared=True),
    Column("flops_per_second", "GFLOP/s", as_giga, right=True),
    Column("bytes_per_second", "GB/s", as_giga, right=True),
    Column("efficiency", "roofline", as_part, right=True),
    Column("predicted", "predicted", as_part, right=True, spared=True),
    Column("origins", "stands for", _as_origins, least=12, spared=True))
_MORE = tuple(Column(key, key) for key in (
    "provider", "flops", "bytes", "bound_seconds", "median", "lower_quartile", "upper_quartile", "minimum"))


def _values(bench: Bench, row: Row) -> list[Any]:
    joined, times = bench.joined, row.times
    low, high = times.quartiles if times else (None, None)
    name = row.name if row.nodes < 2 else f"{row.nodes:,} {row.name}"
    predicted = joined.predicted(row)
    return [name, row.op or None, row.shape, row.seconds, joined.share(row), row.macs, row.flops_rate,
            row.bytes_rate, row.efficiency, predicted, row.origins, row.provider or None, row.flops,
            row.bytes, row.bound, times and times.median, low, high, times and min(times.seconds)]


# ------------------------------------------------------------------------------------------------ facts
def _facts(bench: Bench, script: Script) -> Iterator[tuple[str, str]]:
    joined = bench.joined
    if bench.stopped:
        yield "stopped", "by Ctrl-C: these are the runs until then"
    if bench.plain:
        yield "session", session_words(bench, bench.plain, script)
    yield "profiled", _profiled(bench, script)
    yield "operators", "\n".join(_operators(joined, script))
    if bench.roofline:
        yield "roofline", _roofline(bench, bench.roofline, script)
        if off := joined.disagreements():
            yield "disagree", "\n".join(_disagreement(joined, row, script) for row in off)
    else:
        yield "roofline", "--calibrate measures what the machine can do, --roofline NAME|FIGURES says it"
    yield from setting(bench, script)


def session_words(bench: Bench, times: Times, script: Script) -> str:
    """How long a whole run takes, and what that makes a second."""
    low, high = map(script.seconds, times.quartiles)
    flops = _total(bench.joined, "flops")
    rate = f", {_rounded(flops / times.typical)}FLOP/s" if flops else ""
    return (f"{script.seconds(times.typical)} a run, {_number(1 / times.typical)} runs/s{rate}\n"
            f"{_counted(len(times), 'run')}, half of them in {low} to {high}")


def _profiled(bench: Bench, script: Script) -> str:
    joined = bench.joined
    whole, between = joined.profile.whole, joined.profile.between
    nodes = script.seconds(whole.typical - between)
    slower = whole.typical / bench.plain.typical - 1 if bench.plain else 0.0
    more = f" ({100 * slower:+.1f} %)" if bench.plain else ""
    note = "\nthe profiler takes part of that, and of the rows" if slower > DISTURBED else ""
    rest = as_time(between, script)
    return (f"{script.seconds(whole.typical)} a run{more}: nodes {nodes}, between them {rest}\n"
            f"{_counted(len(whole), 'run')}{note}")


def _operators(joined: Joined, script: Script) -> list[str]:
    """A line for each operator, in columns."""
    found = joined.by_operator()
    if rest := found[SHOWN_OPERATORS:]:
        others = together(f"{len(rest)} others", "", rest)
        found = [*found[:SHOWN_OPERATORS], Row(others.name, "", others.seconds,
                                               nodes=sum(row.nodes for row in rest))]
    cells = [[script.safe(row.name), f"{script.times}{row.nodes}", script.seconds(row.seconds),
              as_part(joined.share(row), script), _unit(row.flops_rate, "GFLOP/s", script),
              _unit(row.bytes_rate, "GB/s", script)] for row in found]
    return in_columns(cells)


def in_columns(cells: Sequence[Sequence[str]]) -> list[str]:
    """Lines with their cells under each other, all but the first flush right."""
    widths = [max(map(len, column)) for column in zip(*cells)]
    return ["  ".join(cell.rjust(width) if k else cell.ljust(width)
                      for k, (cell, width) in enumerate(zip(line, widths)) if width).rstrip()
            for line in cells]


def _unit(rate: float | None, unit: str, script: Script) -> str:
    text = as_giga(rate, script)
    return f"{text} {unit}" if text else ""


def _roofline(bench: Bench, device: Device, script: Script) -> str:
    joined = bench.joined
    peaks = [f"{dtype} {_rounded(rate)}FLOP/s" for dtype, rate in device.peaks.items()]
    rates = ", ".join([*peaks, f"{_rounded(device.bandwidth)}B/s"])
    if joined.bound is None:
        return f"{device.name}: {rates}; no node's work is known as a number, in a dtype that has a peak"
    without = sum(row.bound is None for row in joined.rows)
    lacks = f"; {without:,} nodes have none" if without else ""
    part = as_part(joined.bound / joined.seconds, script)
    return (f"{device.name}: {rates} ({device.source})\n"
            f"at least {script.seconds(joined.bound)} for the nodes, {part} of the run{lacks}")


def _disagreement(joined: Joined, row: Row, script: Script) -> str:
    predicted = as_part(joined.predicted(row), script)
    return f"{script.safe(row.name)}: {as_part(joined.share(row), script)} of the run, {predicted} predicted"


def setting(bench: Bench, script: Script) -> list[tuple[str, str]]:
    """Where it ran; then how."""
    where = Counter(row.provider for row in bench.joined.rows if row.provider)
    nodes = ", ".join(f"{name} {count:,}" for name, count in where.most_common())
    threads = _counted(bench.threads, "thread") if bench.threads else "as many threads as it likes"
    ran = f"{bench.provider}, ONNX Runtime {bench.version}, {threads}"
    how = "optimized by the runtime" if bench.optimized else "as written"
    facts = [("ran on", f"{ran}\nnodes: {nodes}" if len(where) > 1 else ran),
             ("graph", f"{how}: {bench.nodes:,} nodes in the model, {len(bench.joined.rows):,} that ran")]
    if bench.sizes:
        sizes = (f"{script.safe(name)} = {size}" for name, size in bench.sizes.items())
        facts.append(("sizes", ", ".join(sizes)))
    if bench.made:
        facts.append(("weights", f"{bench.made:,} made up, as the model does not have them"))
    return facts


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"


def _rounded(rate: float) -> str:
    return compact(float(f"{rate:.4g}"))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _total(joined: Joined, figure: str) -> int | None:
    """The sum of a figure of all rows that have it; None if one is no number."""
    known = [getattr(row, figure) for row in joined.rows]
    found = total(size for size in known if size is not None)
    return found if isinstance(found, int) and None not in known else None


# ------------------------------------------------------------------------------------------------ JSON
def record(bench: Bench) -> dict[str, Any]:
    """What JSON says besides the rows."""
    joined = bench.joined
    profile = joined.profile
    return {"model": bench.name, "provider": bench.provider, "onnxruntime": bench.version,
            "threads": bench.threads, "optimized": bench.optimized, "sizes": bench.sizes,
            "stopped": bench.stopped, "weights_made_up": bench.made, "nodes": bench.nodes,
            "opening_seconds": bench.opening, "session": bench.plain and _times(bench.plain),
            "profiled": {**_times(profile.whole), "nodes": sum(profile.typical), "between": profile.between},
            **{figure: _total(joined, figure) for figure in ("macs", "flops", "bytes")},
            "roofline": bench.roofline and _device(bench.roofline, joined),
            "by_operator": [_operator(joined, row) for row in joined.by_operator()]}


def _times(times: Times) -> dict[str, Any]:
    low, high = times.quartiles
    return {"runs": len(times), "seconds": times.typical, "median": times.median, "lower_quartile": low,
            "upper_quartile": high, "minimum": min(times.seconds), "maximum": max(times.seconds)}


def _device(device: Device, joined: Joined) -> dict[str, Any]:
    return {"device": device.name, "source": device.source, "peaks": device.peaks,
            "bandwidth": device.bandwidth, "bound_seconds": joined.bound,
            "disagree": [row.name for row in joined.disagreements()]}


def _operator(joined: Joined, row: Row) -> dict[str, Any]:
    return {"op": row.op, "nodes": row.nodes, "seconds": row.seconds, "share": joined.share(row),
            "macs": row.macs, "flops": row.flops, "bytes": row.bytes, "flops_per_second": row.flops_rate,
            "bytes_per_second": row.bytes_rate, "bound_seconds": row.bound}
