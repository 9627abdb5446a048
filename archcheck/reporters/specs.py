"""What ``archcheck specs`` shows: the specifications that ship with archcheck, a row each."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcheck.reporters.sheet import Column, Sheet, as_count, as_shape, as_text, cut_shape

COLUMNS = (
    Column("name", "name"),
    Column("input", "input", as_shape, least=9, spared=True, cut=cut_shape),
    Column("params", "params", as_count, right=True),
    Column("macs", "MACs", as_count, right=True),
    Column("about", "about", as_text, least=20, spared=True),
)


def sheet() -> Sheet:
    """A row for each specification, at the defaults of its parameters."""
    facts = [("use", "archcheck summary specs:NAME shows one of them, layer by layer")]
    return Sheet("archcheck.specs/1", COLUMNS, list(_rows()), facts, rows_key="specs")


def _rows() -> Iterator[tuple[Any, ...]]:
    from archcheck.frontends import load
    from archcheck.frontends._zoo import PREFIX, names
    from archcheck.infer import analyze
    for name in names():
        report = analyze(load(f"{PREFIX}{name}"))
        shape = report.types[next(iter(report.graph.inputs))].shape
        yield name, shape, report.params, report.macs, report.graph.doc
