"""Baselines: files of findings that were there before, which do not count."""
from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from archcheck.checked import Checked
from archcheck.config._files import relative
from archcheck.errors import UserError
from archcheck.files import write_whole
from archcheck.findings import Suppression

SCHEMA = "archcheck.baseline/1"
DEFAULT = "archcheck.baseline.json"
BASELINE = "baseline"


class Entry(NamedTuple):
    """A finding of a baseline, for people: which rule, and what it said."""

    code: str
    message: str


class Baseline:
    """The findings of each model by their fingerprints, and the ``folder`` that paths of models count
    from."""

    def __init__(self, path: str, models: Mapping[str, Mapping[str, Entry]]) -> None:
        self.path, self.folder = path, os.path.dirname(os.path.abspath(path))
        self.models = {name: dict(entries) for name, entries in models.items()}

    def name(self, model: str) -> str:
        """How a baseline calls a model: by its path from the folder of the baseline."""
        if not os.path.exists(model):
            return model
        return relative(model, self.folder)

    def applied(self, one: Checked) -> Checked:
        """``one`` with what the baseline has not counting."""
        known = self.models.get(self.name(one.path), {})
        return one._replace(findings=tuple(
            found._replace(suppressed=Suppression(BASELINE, ""))
            if found.suppressed is None and found.fingerprint in known else found for found in one.findings))

    def gone(self, one: Checked) -> list[str]:
        """The fingerprints that the baseline has of a model and that are not found any more."""
        found = {finding.fingerprint for finding in one.findings}
        return [known for known in self.models.get(self.name(one.path), {}) if known not in found]

    def take(self, one: Checked) -> int:
        """Put what counts in a model into the baseline, in place of what it had of it; how many these are."""
        entries = {found.fingerprint: Entry(found.code, found.message) for found in one.active}
        self.models[self.name(one.path)] = entries
        return len(entries)

    def prune(self, one: Checked) -> int:
        """Take out what is not found any more in a model; how many these were."""
        gone = self.gone(one)
        entries = self.models.get(self.name(one.path), {})
        for fingerprint in gone:
            del entries[fingerprint]
        return len(gone)

    def write(self) -> None:
        """Write the file; models without an entry are left out."""
        models = {name: {mark: entry._asdict() for mark, entry in sorted(entries.items())}
                  for name, entries in sorted(self.models.items()) if entries}
        text = json.dumps({"schema": SCHEMA, "models": models}, indent=1, ensure_ascii=False)
        write_whole(Path(self.path), f"{text}\n".encode())


def read(path: str) -> Baseline:
    """The baseline in the file ``path``. Raises `UserError`."""
    try:
        found = json.loads(Path(path).read_bytes())
        return Baseline(path, {name: _entries(entries) for name, entries in _models(found).items()})
    except FileNotFoundError:
        cure = f"`archcheck baseline write -o {path} MODEL...` makes one"
        raise UserError(f"there is no baseline {path}; {cure}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is no baseline of archcheck ({error}); write it anew") from None


def _entries(found: Any) -> dict[str, Entry]:
    return {mark: Entry(str(entry["code"]), str(entry["message"])) for mark, entry in found.items()}


def _models(found: Any) -> Any:
    if found.get("schema") != SCHEMA:
        raise ValueError(f"its schema is {found.get('schema')!r}, and should be {SCHEMA!r}")
    return found["models"]


def applied(found: Iterable[tuple[Checked, str | None]]) -> tuple[tuple[Checked, ...], int]:
    """Each model against the baseline that it has, if any; and how many entries of these are gone."""
    read_once: dict[str, Baseline] = {}
    models, gone = [], 0
    for one, path in found:
        if path and one.error is None:
            baseline = read_once[path] = read_once.get(path) or read(path)
            gone += len(baseline.gone(one))
            one = baseline.applied(one)
        models.append(one)
    return tuple(models), gone
