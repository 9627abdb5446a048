"""What ``archcheck cost`` shows: operations, bytes and what follows from them, node by node and in total."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from archcheck.algebra.intervals import OUTGROWN
from archcheck.analyses.devices import Device
from archcheck.analyses.folds import Missing
from archcheck.analyses.roofline import COMPUTE, MEMORY, roofline
from archcheck.analyses.training import UPDATE
from archcheck.dims import Dim, Size, symbols
from archcheck.report import Report
from archcheck.reporters.sheet import Column, Sheet, as_count, as_shape
from archcheck.reporters.summary import at_value
from archcheck.reporters.text import Script, compact, size_in_bytes
from archcheck.values import is_told

SHORT = 200
"""Longer formulas are shown at a glance only."""
TYPICAL = 64
"""The size that every symbol is taken for where formulas are put in order."""

Values = Callable[[int], Sequence[Any]]
Facts = Sequence[tuple[str, str]]


class Part(NamedTuple):
    """Some columns of the table, their values for the node of an index, the facts below, and what JSON says
    besides the rows."""

    columns: tuple[Column, ...]
    values: Values
    facts: Facts = ()
    record: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class View:
    """What is shown: with ``exact`` MACs, ``connections``, ``training``, times on a ``device``, and the
    counts of other tools, ``profiles``; ordered by the column ``sort``, the ``top`` first rows only; with
    ``everything`` also nodes that do nothing but compute shapes and constants."""

    exact: bool = False
    connections: bool = False
    training: bool = False
    device: Device | None = None
    sort: str | None = None
    top: int | None = None
    everything: bool = False
    script: Script = field(default_factory=Script)
    profiles: tuple[str, ...] = ()


def sheet(report: Report, view: View) -> Sheet:
    """The answer of ``archcheck cost``."""
    parts = list(_parts(report, view))
    columns = tuple(column for part in parts for column in part.columns)
    shown = [index for index in range(len(report.effects)) if view.everything or not _is_idle(report, index)]
    rows = _ordered([[value for part in parts for value in part.values(index)] for index in shown],
                    [column.key for column in columns], view)
    hidden = len(report.effects) - len(shown)
    facts = [fact for part in parts for fact in part.facts]
    if hidden:
        listed = "--all lists also what moves nothing, or only computes shapes and constants"
        facts.append(("not listed", f"{_nodes_in_words(hidden)}; {listed}"))
    record = {key: value for part in parts for key, value in part.record.items()}
    return Sheet("archcheck.cost/1", columns, rows, [*facts, *_hint(report)], record, "layers")


def _parts(report: Report, view: View) -> Iterable[Part]:
    yield _nodes(report, view.script)
    yield _operations(report, view.script, view.exact)
    for name in view.profiles:
        yield _profile(report, name, view.script)
    yield _bytes(report, view.script)
    if view.connections:
        yield _connections(report, view.script)
    if view.training:
        yield _training(report, view.script)
    if view.device is not None:
        yield _roofline(report, view.device, view.script)


def _is_idle(report: Report, index: int) -> bool:
    """Whether a node costs nothing and moves nothing, or what it makes is known without a run."""
    cost, moved, node = report.costs[index], report.traffic.by_node[index], report.graph.nodes[index]
    if cost is not None and moved is not None and cost.flops == 0 and moved.total == 0:
        return True
    kinds = [report.types.get(name) for name in node.outputs if name]
    return all(map(is_told, kinds))


def _ordered(rows: list[list[Any]], keys: Sequence[str], view: View) -> list[list[Any]]:
    """The rows in the order that is asked for: by name, or the largest of a figure first."""
    if view.sort == "name":
        rows = sorted(rows, key=lambda row: str(row[0]))
    elif view.sort or view.top:
        place = keys.index(view.sort or "macs")
        rows = sorted(rows, key=lambda row: -_weight(row[place]))
    return rows[:view.top]


def _weight(value: Any) -> float:
    return value if isinstance(value, float) else at_value(value, TYPICAL)


# ------------------------------------------------------------------------------------------------ cells
def _as_bytes(value: Any, script: Script) -> str:
    if value is None or value == 0:
        return "?" if value is None else ""
    return size_in_bytes(value) if isinstance(value, int) else script.compact(value)


def _as_ratio(value: Any, script: Script) -> str:
    if value is None or value == 0:
        return ""
    if isinstance(value, Dim):
        text = script.size(value)
        return text if len(text) <= script.room else script.compact(value)
    return compact(float(f"{value:.4g}"))


def _as_time(value: Any, script: Script) -> str:
    return "?" if value is None else "" if value == 0 else script.seconds(value)


def intensity(flops: Size | None, moved: Size | None) -> float | None:
    """FLOPs for each byte moved; None where that is no number."""
    return flops / moved if isinstance(flops, int) and isinstance(moved, int) and moved else None


# ------------------------------------------------------------------------------------------------ parts
def _profile(report: Report, name: str, script: Script) -> Part:
    """What another tool counts."""
    from archcheck.analyses.profiles import profiled
    found = profiled(report, name)
    unit = f"{found.unit}, {found.per_mac} a MAC"
    text = "?" if found.total is None else script.exact(found.total)
    record = {name: {"unit": found.unit, "per_mac": found.per_mac, "total": found.total,
                     "notes": found.notes}}
    return Part((Column(name, f"{name} {found.unit}", as_count, right=True, spared=True),),
                lambda k: (found.by_node[k],), [(name, f"{text} {unit}\n{found.notes}")], record)


def _nodes(report: Report, script: Script) -> Part:
    """Which node a row is."""
    layers = report.layers
    columns = (Column("name", "layer", least=14), Column("op", "operator", least=9, spared=True),
               Column("shape", "output", as_shape, least=12, spared=True))
    return Part(columns, lambda k: (layers[k].name, layers[k].op, layers[k].out_shape))


def _operations(report: Report, script: Script, exact: bool) -> Part:
    """MACs and other operations."""
    costs, real = report.costs, report.exact if exact else None

    def values(k: int) -> Sequence[Any]:
        cost = costs[k]
        found = (None,) * 3 if cost is None else (cost.mac, cost.flops - 2 * cost.mac, cost.flops)
        if real is None:
            return found
        figures = real.by_node[k]
        return found[0], figures and figures[0], *found[1:]

    columns = [_count("macs", "MACs"), _count("others", "other ops", spared=True), _count("flops", "FLOPs")]
    kinds = {kind: size for kind, size in report.cost._asdict().items() if size != 0}
    facts = [("MACs", _figure(report.macs, script, report.uncounted))]
    record: dict[str, Any] = {"macs": report.macs, "flops": report.flops, "operations": report.cost._asdict(),
                              "not_counted": report.uncounted}
    if real is not None:
        columns.insert(1, _count("exact_macs", "exact MACs"))
        facts.append(("exact MACs", _figure(real.total[0], script, real.missing) + _part_of(
            real.total[0], report.macs, "of the MACs, those that meet padding left out")))
        facts += _left_out("no exact MACs", real.missing, script)
        record |= {"exact_macs": real.total[0], "exact_macs_missing": _counted(real.missing)}
    facts += [("FLOPs", _figure(report.flops, script, report.uncounted)),
              ("operations", script.separator.join(f"{kind} {script.compact(size)}"
                                                   for kind, size in kinds.items()))]
    if report.uncounted:
        facts.append(("not counted", _names(report.uncounted, script)))
    return Part(tuple(columns), values, facts, record)


def _bytes(report: Report, script: Script) -> Part:
    """Bytes moved, and the arithmetic intensity."""
    costs, traffic = report.costs, report.traffic

    def values(k: int) -> Sequence[Any]:
        cost, moved = costs[k], traffic.by_node[k]
        return moved and moved.total, intensity(cost and cost.flops, moved and moved.total)

    total = traffic.total
    read, weights, written = (_size(part, script) for part in (total.read, total.weights, total.written))
    per_byte = None if traffic.missing or report.uncounted else intensity(report.flops, total.total)
    facts = [("bytes", f"{_least(_size(total.total, script), script, traffic.missing)}  (nothing fused)"),
             ("read", f"{read}  (weights: {weights})"), ("written", written),
             *_left_out("bytes not known", traffic.missing, script)]
    if per_byte is not None:
        facts.append(("intensity", f"{_as_ratio(per_byte, script)} FLOPs a byte"))
    return Part((Column("bytes", "bytes", _as_bytes, right=True),
                 Column("intensity", "FLOPs/B", _as_ratio, right=True, spared=True)), values, facts,
                {"bytes": {**total._asdict(), "total": total.total, "missing": _counted(traffic.missing)},
                 "intensity": per_byte})


def _connections(report: Report, script: Script) -> Part:
    """Connections and the reuse of weights."""
    found = report.connections

    def values(k: int) -> Sequence[Any]:
        one = found.by_node[k]
        return (None,) * 3 if one is None else (one.connections, one.unshared, one.reuse)

    total = found.total
    shared, unshared = script.exact(total.weights), _figure(total.unshared, script)
    reuse = "" if total.reuse is None else f": each is used {_as_ratio(total.reuse, script)} times"
    facts = [("connections", f"{_figure(total.connections, script, found.missing)} in one sample"),
             ("sharing", f"{shared} weights in these layers, {unshared} if none were shared{reuse}"),
             *_left_out("no connections", found.missing, script)]
    columns = (_count("connections", "connections", spared=True), _count("unshared", "unshared", spared=True),
               Column("reuse", "reuse", _as_ratio, right=True, spared=True))
    record = {**total._asdict(), "reuse": total.reuse, "missing": _counted(found.missing)}
    return Part(columns, values, facts, {"connections": record})


def _training(report: Report, script: Script) -> Part:
    """One training step."""
    found = report.training

    def values(k: int) -> Sequence[Any]:
        step = found.by_node[k]
        return (None,) if step is None else (step.macs,)

    step = found.total
    updates = {name: found.update(name) for name in UPDATE}
    update = script.separator.join(f"{name} {script.compact(size)}" for name, size in updates.items())
    ways = f"forward {_figure(step.forward, script)}, backward {_figure(step.backward, script)}"
    times = _part_of(step.macs, step.forward, "of the forward MACs")
    macs, flops = (_figure(size, script, found.missing) for size in (step.macs, step.flops))
    facts = [("training", f"{macs} MACs a step{times}\n{ways}\n{flops} FLOPs a step, without the update"),
             ("update", f"{update} FLOPs for {script.exact(found.parameters)} parameters"),
             *_left_out("not trained", found.missing, script)]
    record = {**step._asdict(), "macs": step.macs, "flops": step.flops, "update": updates,
              "parameters": found.parameters, "missing": _counted(found.missing)}
    return Part((_count("training_macs", "training", spared=True),), values, facts, {"training": record})


def _roofline(report: Report, device: Device, script: Script) -> Part:
    """The least time on a device."""
    found = roofline(report, device)

    def values(k: int) -> Sequence[Any]:
        bound = found.by_node[k]
        return (None, None) if bound is None else (bound.seconds, bound.by if bound.seconds else None)

    without = sum(bound is None for bound in found.by_node)
    parts = ", ".join(f"{script.seconds(found.by[kind])} held up by {kind}" for kind in (MEMORY, COMPUTE))
    bound = f"at least {script.seconds(found.seconds)}, nodes run one by one with all data in memory"
    facts = [("device", f"{device.name}: {_rates(device, found.dtypes)} ({device.source})"),
             ("time", f"{bound}: {parts}")]
    if found.unrated:
        facts.append(("no peak", f"for {_names(found.unrated, script)}: held up by memory only"))
    if without:
        facts.append(("no time", f"{_nodes_in_words(without)}: operations or bytes are not known as numbers"))
    columns = Column("seconds", "time", _as_time, right=True), Column("bound", "held up by", spared=True)
    record = {"device": device.name, "seconds": found.seconds, **found.by, "peaks": device.peaks,
              "bandwidth": device.bandwidth, "source": device.source, "unrated": found.unrated,
              "without_time": without}
    return Part(columns, values, facts, {"roofline": record})


def _rates(device: Device, dtypes: Sequence[str]) -> str:
    """The figures of a device that matter."""
    peaks = [f"{dtype} {compact(device.peak(dtype) or 0)}op/s" for dtype in dtypes]
    return ", ".join([*peaks, f"{compact(device.bandwidth)}B/s"])


# ------------------------------------------------------------------------------------------------ words
def _count(key: str, heading: str, spared: bool = False) -> Column:
    return Column(key, heading, as_count, right=True, spared=spared)


def _figure(size: Size, script: Script, missing: Any = ()) -> str:
    """A count in full, a long formula at a glance; at least that where something is missing."""
    text = script.exact(size)
    if any(atom.origin == OUTGROWN for atom in symbols(size)):
        return f"{text}  (too long a formula; --set puts numbers in)"
    if not isinstance(size, int) and len(text) > SHORT:
        text = script.rough(size) or script.depends(size)
    return _least(text, script, missing)


def _size(size: Size, script: Script) -> str:
    return size_in_bytes(size) if isinstance(size, int) else _figure(size, script)


def _nodes_in_words(count: int) -> str:
    return "1 node" if count == 1 else f"{count:,} nodes"


def _least(text: str, script: Script, missing: Any) -> str:
    return script.at_least(text) if missing else text


def _part_of(part: Size, whole: Size, what: str) -> str:
    is_number = isinstance(part, int) and isinstance(whole, int) and whole
    return f"  ({part / whole:.4g} {what})" if is_number else ""  # type: ignore[operator]


def _names(found: Mapping[str, int], script: Script) -> str:
    return ", ".join(script.safe(name) + (f" {script.times}{count}" if count > 1 else "")
                     for name, count in sorted(found.items()))


def _counted(missing: Iterable[Missing]) -> dict[str, int]:
    return dict(Counter(one.node.op for one in missing))


def _left_out(label: str, missing: Sequence[Missing], script: Script) -> list[tuple[str, str]]:
    """A fact for each reason why a figure leaves nodes out."""
    reasons: dict[str, list[Missing]] = {}
    for one in missing:
        reasons.setdefault(one.reason, []).append(one)
    return [(label, f"{_names(_counted(found), script)}: {reason}") for reason, found in reasons.items()]


def _hint(report: Report) -> list[tuple[str, str]]:
    if not report.symbols:
        return []
    return [("sizes", f"--set {report.symbols[0]}=NUMBER puts a number in for {report.symbols[0]}")]
