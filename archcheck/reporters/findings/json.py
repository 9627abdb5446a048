"""A run as one JSON object, in the form of ``docs/check.schema.json``."""
from __future__ import annotations

from archcheck.checked import Run
from archcheck.reporters.findings import View
from archcheck.reporters.findings._records import SCHEMA, dumped, finding, model, summary


def render(run: Run, view: View) -> str:
    """All findings in one list, those that are suppressed too, and the models beside it."""
    found = [finding(one, found) for one in run.checked for found in one.findings]
    record = {"schema": SCHEMA, "findings": found, "models": [model(one) for one in run.checked],
              "summary": summary(run), "exit_code": run.exit_code}
    return dumped(record, 1) + "\n"
