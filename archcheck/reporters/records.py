"""The summary for programs: JSON, CSV and Markdown."""
from __future__ import annotations

import csv
import io
import json
from typing import Any

from archcheck.analyses.plates import pattern_of
from archcheck.dims import Size
from archcheck.graph import TensorType
from archcheck.report import Report
from archcheck.reporters.facts import facts
from archcheck.reporters.sheet import escaped
from archcheck.reporters.summary import FIELDS, Row, View, rows
from archcheck.reporters.table import COLUMNS, cells
from archcheck.reporters.text import Script

SCHEMA = "archcheck.summary/1"


def size(value: Size | None) -> int | str | None:
    """A size for JSON: a number; a formula as the Python expression that evaluates to it; null where not
    known."""
    return value if value is None or isinstance(value, int) else repr(value)


def tensor(name: str, kind: TensorType | None) -> dict[str, Any]:
    """A value for JSON: its name, dtype and shape."""
    shape = None if kind is None or kind.shape is None else list(map(size, kind.shape))
    return {"name": name, "dtype": kind and kind.dtype, "shape": shape}


def document(report: Report) -> dict[str, Any]:
    """The whole summary as one object, in the form of ``docs/summary.schema.json``."""
    graph, weights = report.graph, report.weights
    return {
        "schema": SCHEMA,
        "model": {"source": graph.source, "name": graph.name, "producer": graph.producer,
                  "ir_version": graph.ir_version,
                  "opsets": {domain or "ai.onnx": version for domain, version in graph.opsets.items()},
                  "file_size": graph.file_size, "nodes": len(graph.nodes)},
        "inputs": [tensor(name, report.types.get(name)) for name in graph.inputs],
        "outputs": [tensor(name, report.types.get(name)) for name in graph.outputs],
        "pattern": pattern_of(report),
        "symbols": list(report.symbols),
        "params": size(weights.total), "params_as_used": size(weights.as_used),
        "buffers": size(weights.buffers),
        "weight_bytes": {dtype: size(count) for dtype, count in weights.bytes_by_dtype.items()},
        "macs": size(report.macs), "flops": size(report.flops),
        "not_counted": report.uncounted,
        "assumptions": [{"node": graph.nodes[index].name, "kind": found.kind, "a": size(found.a),
                         "b": size(found.b)}
                        for index, found in report.assumptions],
        "failures": [{"node": graph.nodes[index].name, "kind": failure.kind, "message": failure.message}
                     for index, failure in report.failures.items()],
        "layers": [_layer(layer, report) for layer in report.layers],
    }


def _layer(layer: Any, report: Report) -> dict[str, Any]:
    node = report.graph.nodes[layer.index]
    outputs = [tensor(name, report.types.get(name)) for name in node.outputs]
    return {"name": layer.name, "op": layer.op, "domain": node.domain or "ai.onnx",
            "scope": list(layer.scope), "inputs": list(node.inputs), "outputs": outputs,
            "params": size(layer.params), "macs": size(layer.macs), "flops": size(layer.flops),
            "unknown": layer.unknown}


def render_json(report: Report) -> str:
    """The summary as one JSON object."""
    return json.dumps(document(report), indent=1) + "\n"


def render_csv(report: Report, view: View) -> str:
    """The table as comma-separated values with exact numbers; formulas as Python expressions."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("level", "count", *view.columns))
    for row in rows(report, view):
        writer.writerow((row.level, row.count, *(_field(row, column) for column in view.columns)))
    return out.getvalue()


def _field(row: Row, column: str) -> object:
    if column == "shape":
        return ("" if row.rest else "?") if row.shape is None else "x".join(map(repr, row.shape))
    if column == "share":
        return "" if row.share is None else f"{row.share:.4f}"
    if column in FIELDS:
        return COLUMNS[column].cell(row, Script(ascii=True), True)
    value = getattr(row, column)
    return "?" if value is None else repr(value) if column in ("params", "macs", "flops") else value


def render_markdown(report: Report, view: View, script: Script) -> str:
    """The table and the facts as GitHub's Markdown."""
    heading, *body = cells(rows(report, view), view.columns, script, view.wide)
    rule = [" ---: " if COLUMNS[name].right else " --- " for name in view.columns]
    table = ["|" + "|".join(f" {text} " for text in heading) + "|", "|" + "|".join(rule) + "|"]
    table += ["|" + "|".join(f" {escaped(text)} " for text in row) + "|" for row in body]
    notes = [f"- **{label}**: {escaped('; '.join(text.splitlines()))}"
             for label, text in facts(report, script, view.wide)]
    return "\n".join([*table, "", *notes]) + "\n"
