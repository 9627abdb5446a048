"""What ``archcheck verify MODEL`` shows: how many values of each network are as predicted, and which are
not."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from archcheck.backends.measure import Run, Verified
from archcheck.backends.verdicts import AGREES, COUNTS, DECLARED, DISAGREES, KNOWN_NOW, ORDER, Verdict
from archcheck.dims import Dim
from archcheck.graph import TensorType
from archcheck.reporters.sheet import Column, Sheet
from archcheck.reporters.verify import SCHEMA

WORDS = {AGREES: "agrees", COUNTS: "agrees, counted", KNOWN_NOW: "was not known",
         DECLARED: "the file is wrong", DISAGREES: "archcheck is wrong"}
FEW = 12
"""So many rows of a kind are shown, unless all are asked for."""
COLUMNS = (
    Column("network", "network", least=10), Column("value", "value", least=16), Column("op", "op", least=6),
    Column("verdict", "verdict", least=12), Column("why", "measured", least=24),
    Column("at", "at", least=8, spared=True))
MORE = tuple(Column(key, key) for key in (
    "predicted_dtype", "predicted_shape", "measured_dtype", "measured_shape"))


def sheet(networks: Sequence[Verified], everything: bool = False) -> Sheet:
    """A row for each value that is not simply as predicted, a few of each kind unless ``everything`` is
    asked for, which shows those that are as well; below, a line for each network."""
    rows = [row for found in networks for row in _rows(found, everything, len(networks) > 1)]
    return Sheet(SCHEMA, COLUMNS, rows, list(_facts(networks)))


def records(networks: Sequence[Verified], besides: Mapping[str, Any] | None = None) -> Sheet:
    """A row for each value of each network, with all that is known of it, for other programs. ``besides`` is
    what else is to be said in JSON."""
    rows = [_record(found, verdict, run) for found in networks for verdict, run in found.values.values()]
    record = {"ok": all(found.is_right for found in networks), **(besides or {}),
              "networks": list(map(record_of, networks))}
    return Sheet(SCHEMA, (*COLUMNS, *MORE), rows, (), record, "values")


def record_of(found: Verified) -> dict[str, Any]:
    """One network for JSON, its values left out."""
    return {"network": found.name, "ok": found.is_right, "counts": dict(_counts(found)),
            "weights_made_up": found.made,
            "runs": [{"sizes": dict(run.sizes), "provider": run.provider, "values": len(run.verdicts),
                      "refused": run.refused or None} for run in found.runs]}


def _counts(found: Verified) -> Counter[str]:
    return Counter(verdict.kind for verdict, _ in found.values.values())


# ------------------------------------------------------------------------------------------------ rows
def _rows(found: Verified, everything: bool, named: bool) -> Iterator[tuple[Any, ...]]:
    """The rows of a network, the gravest first."""
    for kind in reversed(ORDER if everything else ORDER[2:]):
        pairs = found.of(kind)
        for verdict, run in pairs if everything else pairs[:FEW]:
            yield _row(found, verdict, run, named)


def _row(found: Verified, verdict: Verdict, run: Run, named: bool) -> tuple[Any, ...]:
    graph = found.report.graph
    node = graph.producers.get(verdict.value)
    return (found.name if named else None, verdict.value, None if node is None else graph.nodes[node].op,
            WORDS[verdict.kind], verdict.why or _shape(verdict.found.shape), at(run.sizes))


def _record(found: Verified, verdict: Verdict, run: Run) -> tuple[Any, ...]:
    network, value, op, _, _, _ = _row(found, verdict, run, True)
    told = verdict.told or TensorType(None, None)
    return (network, value, op, verdict.kind, verdict.why, dict(run.sizes), told.dtype, told.shape,
            verdict.found.dtype, verdict.found.shape)


def at(sizes: Mapping[str, Any]) -> str:
    """Sizes as a text: ``N=2 H=33``."""
    return " ".join(f"{name}={size}" for name, size in sizes.items() if not isinstance(size, Dim))


def _shape(shape: Any) -> str:
    if shape is None or isinstance(shape, list):
        return "nothing" if shape is None else f"a sequence of {len(shape)}"
    return " x ".join(map(str, shape)) or "a scalar"


# ------------------------------------------------------------------------------------------------ facts
def _facts(networks: Sequence[Verified]) -> Iterator[tuple[str, str]]:
    for found in networks:
        yield found.name, _outcome(found)
        yield from ((f"FAILED {found.name}", f"{_place(run)}{run.refused}") for run in found.refused)
    hidden = [kind for found in networks for kind in ORDER[2:] if len(found.of(kind)) > FEW]
    if hidden:
        yield "more", f"only the first {FEW} values of a kind are shown; --all shows every value"
    if any(found.of(DISAGREES) for found in networks):
        yield "defect", ("a value that is not as archcheck predicts is a defect of archcheck: please report it, "
                         "with the file, or the nodes around that value")


def _place(run: Run) -> str:
    return f"at {at(run.sizes)}: " if run.sizes else ""


def _outcome(found: Verified) -> str:
    """What came of a network in one line, and at which sizes."""
    counts = _counts(found)
    parts = [text for kind, text in (
        (AGREES, "{} as predicted"), (COUNTS, "{} within the bounds of what the data decide"),
        (KNOWN_NOW, "{} not known before"), (DECLARED, "{} not as the file declares"),
        (DISAGREES, "{} not as archcheck predicts")) if counts[kind]
        for text in [text.format(f"{counts[kind]:,}")]]
    total = f"{len(found.values):,} values"
    said = f"all {total} are as predicted" if counts[AGREES] == len(found.values) > 0 else \
        f"{total}: {', '.join(parts)}" if parts else "no value was measured"
    return "\n".join([said, *_runs(found.runs), *_made(found)])


def _runs(runs: Iterable[Run]) -> Iterator[str]:
    for run in runs:
        if run.provider:
            sizes = at(run.sizes) or "the sizes that the file fixes"
            yield f"at {sizes}, on {run.provider}"


def _made(found: Verified) -> Iterator[str]:
    if found.made:
        yield f"{found.made:,} weights made up"
