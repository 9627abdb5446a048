"""A run as JSON objects, one a line."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archcheck.checked import Run
from archcheck.reporters.findings import View
from archcheck.reporters.findings._records import SCHEMA, dumped, finding, model, summary


def render(run: Run, view: View) -> str:
    """For each model its findings, then the model; at the end the run. ``kind`` says which a line is."""
    return "".join(f"{dumped(record)}\n" for record in _records(run))


def _records(run: Run) -> Iterator[dict[str, Any]]:
    for one in run.checked:
        for found in one.findings:
            yield {"kind": "finding", **finding(one, found)}
        yield {"kind": "model", **model(one)}
    yield {"kind": "run", "schema": SCHEMA, "summary": summary(run), "exit_code": run.exit_code}
