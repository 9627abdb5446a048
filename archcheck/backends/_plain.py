"""What came of a network as plain data, which JSON can keep, and back. Sizes that are formulas come back as
their Python expressions, which is how they are shown."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archcheck.backends.fields import Probed
from archcheck.backends.measure import Run, Verified
from archcheck.backends.ort import Measured
from archcheck.backends.verdicts import Verdict
from archcheck.dims import Dim
from archcheck.graph import TensorType
from archcheck.probing.judge import Fault

Answer = tuple[Verified, Probed | None]


def as_plain(found: Verified, probed: Probed | None) -> dict[str, Any] | None:
    """What came of the values of a network, and of its fields if they were looked at; None where it ran at
    what JSON has no number for."""
    ran_at = [run.sizes for run in found.runs] + [probed.sizes if probed else {}]
    if any(type(size) is not int for sizes in ran_at for size in sizes.values()):
        return None
    return {"name": found.name, "ops": {name: found.ops.get(name) for name in found.values},
            "made": found.made, "runs": [[dict(run.sizes), run.provider, list(map(_verdict, run.verdicts))]
                                         for run in found.runs],
            "probed": probed and {**vars(probed), "undecided": dict(probed.undecided or {})}}


def answer(plain: Mapping[str, Any]) -> Answer:
    """What `as_plain` was made from. Raises `KeyError`, `TypeError` or `ValueError` for other data."""
    runs = tuple(Run(sizes, provider, tuple(_as_verdict(*one) for one in verdicts))
                 for sizes, provider, verdicts in plain["runs"])
    found = Verified(plain["name"], runs, plain["ops"], plain["made"], is_remembered=True)
    probed = plain["probed"]
    return found, probed and Probed(**{**probed, "unsound": (), "loose": tuple(map(_fault, probed["loose"]))})


def _verdict(one: Verdict) -> list[Any]:
    told = one.told and [one.told.dtype, _sizes(one.told.shape)]
    shape = {"of": one.found.shape} if isinstance(one.found.shape, list) else one.found.shape
    return [one.value, one.kind, told, one.found.dtype, shape, one.said, one.is_]


def _sizes(shape: Any) -> list[Any] | None:
    return None if shape is None else [repr(size) if isinstance(size, Dim) else size for size in shape]


def _as_verdict(value: str, kind: str, told: Any, dtype: str, shape: Any, said: str, is_: str) -> Verdict:
    kept: Any = list(map(_tuple, shape["of"])) if isinstance(shape, dict) else _tuple(shape)
    predicted = TensorType(told[0], _tuple(told[1])) if told else None
    return Verdict(value, kind, predicted, Measured(value, dtype, kept), said, is_)


def _tuple(shape: Any) -> Any:
    return None if shape is None else tuple(shape)


def _fault(plain: Sequence[Any]) -> Fault:
    kind, value, position, name, axis, said, (first, last) = plain
    return Fault(kind, value, tuple(position), name, axis, tuple(said), (tuple(first), tuple(last)))
