"""What several formats say of a difference in the same words."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from archcheck.comparing import Difference, InterfaceChange, LayerChange, Total
from archcheck.comparing._layers import Change
from archcheck.comparing._totals import BYTES
from archcheck.comparing._weights import CHANGED, EQUAL, UNREADABLE
from archcheck.graph import TensorType
from archcheck.reporters.text import Script, shortened, size_in_bytes

FIGURES = {"params": "params", "macs": "MACs", "flops": "FLOPs", "peak_memory": "peak memory",
           "weight_bytes": "weights", "file_size": "file", "nodes": "nodes"}
"""What the totals are called."""
SIGNS = {"added": "+", "removed": "-", "changed": "~", "reshaped": "~"}
MOST = 160
"""Longer values are cut in their middle."""
SHOWN = 3
HUGE = 1 << 70
"""More bytes have no name."""


def value(value: Any, script: Script) -> str:
    """Any value: of an attribute, a constant, an output; nothing where it is not there."""
    if value is None:
        return "nothing"
    return shortened(_value(value, script), MOST, script.cut)


def _value(value: Any, script: Script) -> str:
    if isinstance(value, TensorType):
        return script.type(value)
    if isinstance(value, tuple) and value[:1] == ("tensor",) and len(value) == 4:
        _, dtype, shape, items = value
        return script.type(TensorType(dtype, shape)) if items is None else _value(items, script)
    if isinstance(value, tuple):
        return ", ".join("?" if one is None else _value(one, script) for one in value) or "()"
    return script.size(value) if hasattr(value, "terms") else script.safe(str(value))


def arrow(script: Script) -> str:
    """What stands between what was and what is."""
    return " -> " if script.ascii else " → "


def change(one: Change, script: Script) -> str:
    """A change of a layer: ``strides 2, 2 → 1, 1``."""
    what = script.safe(one.what.removeprefix("attribute "))
    old, new = one.old, one.new
    if isinstance(old, TensorType) and isinstance(new, TensorType) and old.dtype == new.dtype:
        before, after = (_cut(script.shape(kind.shape), script) for kind in (old, new))
        return f"{what} {before}{arrow(script)}{after}"
    return f"{what} {value(old, script)}{arrow(script)}{value(new, script)}"


def _cut(text: str, script: Script) -> str:
    return shortened(text, MOST, script.cut)


def ends(one: InterfaceChange, script: Script) -> tuple[str, str]:
    """What was and what is, of the interface."""
    if one.what == "shape":
        return _cut(script.shape(one.old), script), _cut(script.shape(one.new), script)
    return tuple("" if end is None else value(end, script) for end in (one.old, one.new))  # type: ignore


def figure(one: Total, side: int, script: Script) -> str:
    """A total at a glance, of the old network or of the new one: ``25.56 M``, ``≥ 4.09 G``, ``?``."""
    size = (one.old, one.new)[side]
    if size is None:
        return "?"
    if one.name not in BYTES:
        text = script.compact(size)
    else:
        text = size_in_bytes(size) if isinstance(size, int) and size < HUGE else f"{script.compact(size)} B"
    return script.at_least(text) if one.least[side] else text


def growth(one: Total, script: Script) -> str:
    """How a total has changed: ``+2.31 %``, ``same``, ``?``."""
    if one.is_same and one.old is not None:
        return "same"
    part = one.growth
    if part is None:
        return "differs" if one.old is not None and one.new is not None and not any(one.least) else "?"
    percent = float(part) * 100
    text = f"{percent:+,.2f}" if abs(percent) >= 0.005 else ("+" if part > 0 else "-") + "0.00.."
    return f"{text} %"


def tally(found: Difference) -> str:
    """How many layers there are of each kind: ``3 added, 1 changed, 66 as before``."""
    counts = Counter(one.kind for one in found.layers)
    said = [f"{counts[kind]:,} {kind}" for kind in ("added", "removed", "changed") if counts[kind]]
    if counts["reshaped"]:
        said.append(f"{counts['reshaped']:,} with other outputs only")
    same = found.matched - counts["changed"] - counts["reshaped"]
    return ", ".join([*said, f"{same:,} as before"])


def renamed(found: Difference, script: Script) -> str:
    """How many layers have another name, and the first of them."""
    pairs = [f"{script.safe(old.path)}{arrow(script)}{script.safe(new.path)}"
             for old, new in found.renamed[:SHOWN]]
    more = f", {script.cut}" if len(found.renamed) > SHOWN else ""
    return f"{len(found.renamed):,}: {', '.join(_cut(pair, script) for pair in pairs)}{more}"


def weights(found: Difference, script: Script) -> str:
    """What became of the contents of weights."""
    counts = Counter(one.state for one in found.weights or ())
    said = [f"{counts[state]:,} {state}" for state in (CHANGED, EQUAL, UNREADABLE) if counts[state]]
    largest = max((one for one in found.weights or () if one.largest is not None),
                  key=lambda one: one.largest or 0.0, default=None)
    if largest is not None:
        said.append(f"at most by {largest.largest:.4g}, in {script.safe(largest.name)}")
    return ", ".join(said) or "none in common"


def findings(found: Difference) -> str:
    """How many findings are new, fixed, and as before."""
    return f"{len(found.new):,} new, {len(found.fixed):,} fixed, {found.kept:,} as before"


def listed(found: Difference) -> Iterator[LayerChange]:
    """The layers that did not only follow others."""
    return (one for one in found.layers if one.kind != "reshaped")


def verdict(found: Difference) -> str:
    """The whole in a few words."""
    if found.is_empty:
        return "no differences" if not found.renamed else "no differences but names"
    breaking = sum(one.breaking for one in found.interface)
    interface = f"{breaking} breaking" if breaking else "not broken" if found.interface else "as before"
    return f"interface {interface}; layers: {tally(found)}; findings: {findings(found)}"
