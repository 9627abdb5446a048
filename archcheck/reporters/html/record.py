"""What the page shows, as plain data: formulas, nodes, boxes, memory, fields, findings, sizes, claims."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from archcheck.analyses.lifetimes import first, until
from archcheck.analyses.roofline import UNTOLD, computed_in
from archcheck.reporters.html.fields import fields
from archcheck.reporters.html.pool import Pool
from archcheck.reporters.html.scopes import boxes
from archcheck.reporters.html.sliders import beginning, constraints, sliders, valid
from archcheck.reporters.text import Script

if TYPE_CHECKING:
    from archcheck.claims import Outcome
    from archcheck.findings import Finding
    from archcheck.report import Report

SCHEMA = "archcheck.report/1"
MOST_PLACES = 40
"""So many other places of a finding are listed."""


def record(report: Report, outcomes: Iterable[Outcome] = ()) -> dict[str, Any]:
    """All that the page knows. Sizes stand as places in ``pool``, -1 for what is not known."""
    from archcheck import __version__
    pool, script = Pool(report.symbols), Script(names={name: name for name in report.symbols})
    start = beginning(report)
    found, opened = boxes(report, pool)
    graph = report.graph
    data = {
        "schema": SCHEMA, "version": __version__, "title": graph.name or graph.source,
        "source": graph.source, "producer": graph.producer, "symbols": sliders(report, start, script),
        "constraints": constraints(report, pool, script), "valid": valid(report, script),
        "inputs": [[name, kind.dtype, pool.shape(kind.shape)] for name, kind in graph.inputs.items()],
        "outputs": [[name, *_type(report, pool, name)] for name in graph.outputs],
        "weights": [pool(report.memory.weights), pool(report.params)],
        "nodes": list(_nodes(report, pool)), "boxes": found, "open": opened, "memory": _memory(report, pool),
        "fields": fields(report, pool, start), "devices": list(_devices(report)), "judged": report.judged,
        "findings": [_finding(one) for one in report.findings], "pages": _pages(report.findings),
        "claims": [_claim(one) for one in outcomes]}
    return {**data, "pool": pool.entries}


def _type(report: Report, pool: Pool, name: str) -> tuple[str | None, list[int] | None]:
    kind = report.types.get(name)
    return (kind.dtype, pool.shape(kind.shape)) if kind else (None, None)


def _nodes(report: Report, pool: Pool) -> Iterator[list[Any]]:
    """A row for each node: name, operator, scope, its first output with dtype and shape, params, MACs, FLOPs,
    bytes moved, the dtype that it computes in, and why it is not known."""
    for layer, node, moved in zip(report.layers, report.graph.nodes, report.traffic.by_node):
        yield [layer.name, layer.op, "/".join(layer.scope), node.outputs[0] if node.outputs else "",
               layer.dtype, pool.shape(layer.out_shape), pool(layer.params), pool(layer.macs),
               pool(layer.flops), pool(moved and moved.total), computed_in(report, layer.index) or UNTOLD,
               layer.unknown]


def _memory(report: Report, pool: Pool) -> dict[str, Any]:
    """Every piece of memory: its bytes, the first and the last node that run while it is there, and its
    name; what nodes take besides; and the values of unknown size, which are left out."""
    found = report.memory.plain
    last = len(found.work) - 1
    return {"tensors": [[pool(tensor.bytes), first(tensor), until(tensor, last), tensor.names[0]]
                        for tensor in found.tensors],
            "work": [[index, pool(size)] for index, size in enumerate(found.work) if size != 0],
            "unknown": len(found.unknown)}


def _devices(report: Report) -> Iterator[dict[str, Any]]:
    """The devices, each with its peaks for the dtypes that nodes compute in."""
    from archcheck.analyses.devices import DEVICES
    dtypes = dict.fromkeys(computed_in(report, index) or UNTOLD for index in range(len(report.graph.nodes)))
    for device in DEVICES.values():
        peaks = {dtype: device.peak(dtype) for dtype in dtypes}
        yield {"name": device.name, "bandwidth": device.bandwidth, "source": device.source,
               "peaks": {dtype: peak for dtype, peak in peaks.items() if peak}}


def _finding(found: Finding) -> dict[str, Any]:
    return {"code": found.code, "rule": found.name, "severity": found.severity, "message": found.message,
            "why": found.why, "fix": found.fix, "node": found.node, "also": list(found.also[:MOST_PLACES]),
            "places": found.places, "suppressed": found.suppressed and found.suppressed.reason or
            found.suppressed and found.suppressed.by}


def _pages(found: Iterable[Finding]) -> Mapping[str, str]:
    """The pages of the rules that found something, by their codes."""
    from archcheck.reporters.rules import markdown
    from archcheck.rules import known
    codes, rules = dict.fromkeys(one.code for one in found), known()
    return {code: markdown(rules[code]) for code in codes if code in rules}


def _claim(outcome: Outcome) -> dict[str, Any]:
    from archcheck.claims._show import text_of
    said = outcome.statement
    return {"id": said.id, "where": said.where, "says": said.says, "printed": said.printed.text,
            "verdict": outcome.found, "value": None if outcome.value is None else text_of(outcome.value),
            "problem": outcome.problem}
