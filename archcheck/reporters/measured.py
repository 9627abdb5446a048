"""What ``archcheck verify MODEL`` shows: how many values of each network are as predicted, and which are
not."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archcheck.backends.fields import Probed
from archcheck.backends.measure import Run, Verified
from archcheck.backends.verdicts import AGREES, COUNTS, DECLARED, DISAGREES, KNOWN_NOW, ORDER, Verdict, shown
from archcheck.dims import Dim
from archcheck.graph import TensorType
from archcheck.reporters.sheet import Column, Sheet
from archcheck.reporters.verify import SCHEMA

if TYPE_CHECKING:
    pass

WORDS = {AGREES: "agrees", COUNTS: "counted", KNOWN_NOW: "not known", DECLARED: "misdeclared",
         DISAGREES: "mispredicted"}
OUTCOMES = ((AGREES, "as predicted"), (COUNTS, "within the bounds of what the data decide"),
            (KNOWN_NOW, "not known before"), (DECLARED, "not as the file declares"),
            (DISAGREES, "not as archcheck predicts"))
FEW = 12
"""So many rows of a kind are shown, unless all are asked for."""
MISDECLARED = "is what the file declares of a value that is as archcheck predicts: the file is wrong"
MISPREDICTED = ("is a value that is not as archcheck predicts: a defect of archcheck; please report it, with "
                "the file, or the nodes around that value")
COLUMNS = (
    Column("network", "network", least=10), Column("value", "value", least=12),
    Column("op", "op", least=6, spared=True), Column("verdict", "verdict"),
    Column("said", "said to be", least=12), Column("is", "is", least=12),
    Column("at", "at", least=8, spared=True))
MORE = tuple(Column(key, key) for key in (
    "why", "predicted_dtype", "predicted_shape", "measured_dtype", "measured_shape"))


def sheet(networks: Sequence[Verified], probed: Sequence[Probed], everything: bool = False) -> Sheet:
    """A row for each value that is not simply as predicted, a few of each kind unless ``everything`` is
    asked for, which shows those that are as well; below, a line for each network."""
    named = len(networks) > 1
    rows = [row for found in networks for row in _rows(found, everything, named)]
    rows += [row for found in probed for row in _fault_rows(found, everything, named)]
    return Sheet(SCHEMA, COLUMNS, rows, list(_facts(networks, probed, everything)))


def records(networks: Sequence[Verified], probed: Sequence[Probed]) -> Sheet:
    """A row for each value of each network, with all that is known of it, for other programs."""
    rows = [_record(found, verdict, run) for found in networks for verdict, run in found.values.values()]
    record = {"ok": are_right(networks, probed),
              "networks": list(summaries(networks, probed))}
    return Sheet(SCHEMA, (*COLUMNS, *MORE), rows, (), record, "values")


def are_right(networks: Sequence[Verified], probed: Sequence[Probed]) -> bool:
    """Whether nothing was found wrong in any network."""
    return all(found.is_right for found in networks) and all(fields.is_right for fields in probed)


def summaries(networks: Sequence[Verified], probed: Sequence[Probed]) -> Iterator[dict[str, Any]]:
    """Each network for JSON, its values left out."""
    fields = {found.name: found for found in probed}
    for found in networks:
        known = {"network": found.name, "ok": found.is_right, "counts": dict(_counts(found)),
                 "weights_made_up": found.made, "remembered": found.is_remembered,
                 "runs": list(map(_run, found.runs))}
        yield {**known, "fields": _fields(fields[found.name])} if found.name in fields else known


def _run(run: Run) -> dict[str, Any]:
    return {"sizes": dict(run.sizes), "provider": run.provider or None, "values": len(run.verdicts),
            "refused": run.refused or None}


def _fields(found: Probed) -> dict[str, Any]:
    return {"ok": found.is_right, "sizes": dict(found.sizes), "values": found.values, "claims": found.claims,
            "exact": found.proved, "not_refuted": found.open, "undecided": dict(found.undecided or {}),
            "refused": found.refused or None,
            **{kind: [fault._asdict() for fault in faults]
               for kind, faults in (("unsound", found.unsound), ("loose", found.loose))}}


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
    return (found.name if named else None, verdict.value, found.ops.get(verdict.value),
            WORDS[verdict.kind], verdict.said, verdict.is_ or shown(verdict.found.shape), at(run.sizes))


def _record(found: Verified, verdict: Verdict, run: Run) -> tuple[Any, ...]:
    network, value, op, _, said, is_, _ = _row(found, verdict, run, True)
    told = verdict.told or TensorType(None, None)
    return (network, value, op, verdict.kind, said, is_, dict(run.sizes), verdict.why, told.dtype, told.shape,
            verdict.found.dtype, verdict.found.shape)


def _fault_rows(found: Probed, everything: bool, named: bool) -> Iterator[tuple[Any, ...]]:
    """Fields that are larger than predicted, and those that are smaller."""
    for faults, word in ((found.unsound, WORDS[DISAGREES]), (found.loose, "field too large")):
        for fault in faults if everything else faults[:FEW]:
            value = f"{fault.value}{list(fault.position)}"
            yield (found.name if named else None, value, None, word,
                   f"reading {_span(fault.said)} of {fault.input}'s axis {fault.axis}",
                   f"from {_span(fault.measured[0])} to {_span(fault.measured[1])}", at(found.sizes))


def _span(ends: tuple[int, int]) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}…{ends[1]}"


def at(sizes: Mapping[str, Any]) -> str:
    """Sizes as a text: ``N=2 H=33``."""
    return " ".join(f"{name}={size}" for name, size in sizes.items() if not isinstance(size, Dim))


# ------------------------------------------------------------------------------------------------ facts
def _facts(networks: Sequence[Verified], probed: Sequence[Probed],
           everything: bool) -> Iterator[tuple[str, str]]:
    fields = {found.name: found for found in probed}
    folds = len(networks) > FEW and not everything
    told = [found for found in networks if not (folds and _is_plain(found, fields.get(found.name)))]
    for found in told:
        yield found.name, "\n".join([_outcome(found), *_runs(found)])
        yield from (("FAILED", f"{_place(run.sizes)}{run.refused}") for run in found.refused)
        if found.name in fields:
            yield "fields", _outcome_of_fields(fields[found.name])
    if len(networks) > 1:
        yield "networks", _of_all(networks, fields)
    if known := sum(found.is_remembered for found in networks):
        yield "remembered", f"{known:,} from runs before; --no-cache runs anew"
    if len(told) < len(networks):
        yield "not listed", f"{len(networks) - len(told):,} as predicted throughout; --all lists them"
    if any(len(found.of(kind)) > FEW for found in networks for kind in ORDER[2:]):
        yield "more", f"only the first {FEW} values of a kind are shown; --all shows every value"
    if any(found.of(DECLARED) for found in networks):
        yield WORDS[DECLARED], MISDECLARED
    if any(found.of(DISAGREES) for found in networks) or any(found.unsound for found in probed):
        yield WORDS[DISAGREES], MISPREDICTED


def _is_plain(found: Verified, fields: Probed | None) -> bool:
    """Whether there is nothing to tell of a network but that all is as predicted."""
    is_right = found.is_right and (fields is None or fields.is_right and not fields.loose)
    return is_right and not found.of(KNOWN_NOW)


def _of_all(networks: Sequence[Verified], fields: Mapping[str, Probed]) -> str:
    """What came of many networks in one line."""
    wrong = sum(not found.is_right or found.name in fields and not fields[found.name].is_right
                for found in networks)
    values = sum(len(found.values) for found in networks)
    return f"{len(networks):,} with {values:,} values, {f'{wrong:,}' if wrong else 'none'} of them wrong"


def _place(sizes: Mapping[str, Any]) -> str:
    return f"at {at(sizes)}: " if sizes else ""


def _outcome(found: Verified) -> str:
    """What came of a network in one line."""
    counts, total = _counts(found), len(found.values)
    if counts[AGREES] == total > 0:
        return f"all {total:,} values are as predicted"
    parts = [f"{counts[kind]:,} {text}" for kind, text in OUTCOMES if counts[kind]]
    return f"{total:,} values: {', '.join(parts)}" if parts else "no value was measured"


def _runs(found: Verified) -> Iterator[str]:
    """At which sizes it ran, and where; and what it was made of."""
    providers = dict.fromkeys(run.provider for run in found.runs if run.provider)
    sizes = [at(run.sizes) for run in found.runs if run.provider and run.sizes]
    places = f"at {'; '.join(sizes)}" if sizes else "at the sizes that the file fixes"
    if providers:
        yield f"{places}, on {' and '.join(providers)}"
    if found.made:
        yield f"{found.made:,} weights made up"


def _outcome_of_fields(found: Probed) -> str:
    """What came of the fields of a network."""
    if found.refused:
        return f"{_place(found.sizes)}{found.refused}"
    parts = [f"{found.proved:,} exact", f"{found.open:,} not refuted",
             f"{len(found.unsound):,} larger than predicted", f"{len(found.loose):,} smaller"]
    parts += [f"{count:,} undecided ({why})" for why, count in (found.undecided or {}).items()]
    return (f"{found.claims:,} fields of positions of {found.values:,} values, along each axis: "
            f"{', '.join(parts)}\n"
            f"{_place(found.sizes).rstrip(': ') or 'at the sizes that the file fixes'}")
