"""``archcheck run``: what came out of a run, a row a value."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from archcheck.backends.feeds import RANDOM
from archcheck.backends.ort import Measured, Statistics
from archcheck.backends.running import Ran
from archcheck.report import Report
from archcheck.reporters.sheet import Column, Sheet, cut_shape
from archcheck.reporters.text import Script, compact

SCHEMA = "archcheck.run/1"



def sheet(ran: Ran, script: Script) -> Sheet:
    """The table and the facts below it."""
    rows = [_row(ran.report, value) for value in ran.values]
    facts = [(label, text) for label, text in _facts(ran, script) if text]
    return Sheet(SCHEMA, COLUMNS, rows, facts, _record(ran), "values")


# ------------------------------------------------------------------------------------------------ table
def as_number(value: Any, script: Script) -> str:
    """A number in four significant digits; None is blank."""
    return "" if value is None else f"{value:.4g}"


def as_share(value: Any, script: Script) -> str:
    """A share in per cent; 0 and None are blank."""
    return "" if not value else f"{100 * value:.1f} %"


def as_found(value: Any, script: Script) -> str:
    """How often something was found; 0 is blank."""
    return compact(value) if value else ""


def as_measured_shape(value: Any, script: Script) -> str:
    """The shape of an array, the number of a sequence's elements and the shape that they share, or ``none``
    for an empty optional."""
    script = replace(script, tight=True)
    if value is None:
        return "none"
    if isinstance(value, list):
        shared = f" {script.times} {script.shape(value[0])}" if value and len(set(value)) == 1 else ""
        return f"[{len(value)}]{shared}"
    return script.shape(value)


def cut_tight(text: str, width: int, script: Script) -> str:
    """Such a shape in at most ``width`` characters."""
    return cut_shape(text, width, replace(script, tight=True))


COLUMNS = (
    Column("value", "value", least=12),
    Column("op", "made by", least=6, spared=True),
    Column("dtype", "dtype", spared=True),
    Column("shape", "shape", as_measured_shape, least=13, cut=cut_tight),
    Column("min", "min", as_number, right=True),
    Column("max", "max", as_number, right=True),
    Column("mean", "mean", as_number, right=True),
    Column("std", "std", as_number, right=True),
    Column("nan", "NaN", as_found, right=True),
    Column("infinite", "Inf", as_found, right=True),
    Column("zeros", "zeros", as_share, right=True),
)


def _row(report: Report, value: Measured) -> tuple[Any, ...]:
    index = report.graph.producers.get(value.name)
    op = None if index is None else report.graph.nodes[index].op
    found = value.statistics or Statistics(0, None, None, None, None, 0, 0, 0)
    share = found.zeros / found.size if found.size else None
    return (value.name, op, value.dtype, value.shape, found.least, found.most, found.mean, found.std,
            found.nan, found.infinite, share)


# ------------------------------------------------------------------------------------------------ facts
def _facts(ran: Ran, script: Script) -> Iterator[tuple[str, str]]:
    made, output = ran.ready.made, ran.wanted.output
    yield "ran on", f"{ran.provider}, {_seconds(ran.seconds)}, after {_seconds(ran.loading)} to load"
    yield "inputs", "\n".join(script.safe(_input(ran, name, script)) for name in ran.shapes)
    yield "sizes", script.safe(_sizes(ran))
    yield "weights", f"{made:,} that are not there were made up from seed {ran.seed}" if made else ""
    yield "NaN", script.safe(_first(ran, "nan", "NaN"))
    yield "Inf", script.safe(_first(ran, "infinite", "infinity"))
    yield "saved", script.safe(f"{len(ran.values):,} values in {output}") if output else ""


def _input(ran: Ran, name: str, script: Script) -> str:
    dtype, source = ran.report.graph.inputs[name].dtype or "?", ran.given.sources[name]
    seed = f", seed {ran.seed}" if source == RANDOM else ""
    return f"{name}: {dtype} {as_measured_shape(ran.shapes[name], script)}, {source}{seed}"


def _sizes(ran: Ran) -> str:
    drawn = ran.given.drawn
    said = ", ".join(f"{name} = {size}" for name, size in ran.given.sizes.items())
    return said + (f" ({', '.join(drawn)} drawn from seed {ran.seed}; --set gives others)" if drawn else "")


def _seconds(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"


def _first(ran: Ran, what: str, called: str) -> str:
    """Where NaNs or infinities begin, as far as it was looked at; empty where there are none."""
    name = ran.first(what)
    if name is None:
        return ""
    if not ran.wanted.every:
        return f"{name} has {called}; --values finds where it begins"
    node = ran.report.graph.nodes[ran.report.graph.producers[name]]
    return f"the first {called} is in {name}, which the {node.op} {node.name} makes"


def _record(ran: Ran) -> dict[str, Any]:
    inputs = {name: {"dtype": ran.report.graph.inputs[name].dtype, "shape": shape,
                     "from": ran.given.sources[name]} for name, shape in ran.shapes.items()}
    output = ran.wanted.output
    return {"model": ran.ready.name, "provider": ran.provider, "load_seconds": ran.loading,
            "run_seconds": ran.seconds, "seed": ran.seed, "sizes": ran.given.sizes,
            "sizes_drawn": ran.given.drawn, "inputs": inputs,
            "weights_made_up": ran.ready.made, "first_nan": ran.first("nan"),
            "first_infinite": ran.first("infinite"), "saved": str(output) if output else None}
