"""Layers that are several nodes."""
from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from archcheck.dims import prod, same
from archcheck.writers._spec_items import Item, flag, word

if TYPE_CHECKING:
    from archcheck.writers._spec_read import Reading


def merged(items: list[Item], reading: Reading) -> list[Item]:
    """Layers that are several nodes: ``dense`` with its bias, ``silu``, and ``fc``, which flattens."""
    made = {item.outputs[0]: item for item in items}
    gone: set[int] = set()
    out = list[Item]()
    for item in items:
        for merge in (_biased, _silu, _flattened):
            found = merge(item, made, reading)
            if found is not None:
                before, item = found
                gone.add(id(before))
                made[item.outputs[0]] = item
                break
        out.append(item)
    return [item for item in out if id(item) not in gone]


def _alone(item: Item | None, kind: str, reading: Reading) -> bool:
    return item is not None and item.kind == kind and reading.uses[item.outputs[0]] == 1


def _biased(item: Item, made: dict[str, Item], reading: Reading) -> Any:
    """``dense`` and the sum behind it."""
    before = made.get(item.source or "")
    if item.kind != "Add" or before is None or not _alone(before, "dense", reading) or len(item.args) != 1:
        return None
    if item.args[0] != word("float32(features)"):
        return None
    return before, replace(item, kind="dense", args=(before.args[0], flag("bias", True, True)),
                           source=before.source, nodes=before.nodes + item.nodes)


def _silu(item: Item, made: dict[str, Item], reading: Reading) -> Any:
    """A value times its sigmoid."""
    if item.kind != "mul" or len(item.args) != 1:
        return None
    for value, gate in ((item.source, item.args[0].slots[0]), (item.args[0].slots[0], item.source)):
        before = made.get(gate or "")
        if before is not None and before.source == value and _alone(before, "sigmoid", reading):
            return before, replace(item, kind="silu", args=(), source=value, nodes=before.nodes + item.nodes)
    return None


def _flattened(item: Item, made: dict[str, Item], reading: Reading) -> Any:
    """``fc`` and what flattens for it."""
    before = made.get(item.source or "")
    if item.kind != "fc" or before is None or before.source is None:
        return None
    if not _alone(before, "flatten", reading) and not _alone(before, "reshape", reading):
        return None
    shape, flat = reading.shape(before.source), reading.shape(before.outputs[0])
    if not shape or len(shape) == 2 or not flat or len(flat) != 2 or flat[0] != shape[0] or not same(
            flat[1], prod(shape[1:])):
        return None
    return before, replace(item, source=before.source, nodes=before.nodes + item.nodes)
