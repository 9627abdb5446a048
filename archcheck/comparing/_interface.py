"""What a program that uses a network sees of it: inputs, outputs, and what a runtime needs to know."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from archcheck.comparing._sizes import Symbols, symbols_of
from archcheck.dims import Size
from archcheck.graph import TensorType
from archcheck.infer import NOT_KNOWN
from archcheck.report import Report

ADDED, REMOVED, RENAMED = "added", "removed", "renamed"


class InterfaceChange(NamedTuple):
    """One change: of an ``input``, ``output``, ``symbol``, ``opset`` or ``ir-version`` (``of``) called
    ``name``, in the old network where it was there; ``what`` is ``added``, ``removed``, ``renamed``,
    ``dtype``, ``shape``, ``tied`` (sizes that have to be equal), ``order`` or ``version``. It is ``breaking``
    where a program that used the old network as it was may not be able to use the new one, and ``why`` says
    how."""

    of: str
    name: str
    what: str
    old: Any
    new: Any
    breaking: bool
    why: str = ""


class Interface(NamedTuple):
    """The ``changes``, the names of inputs by those they have in the old network, the same for outputs, and
    the symbols."""

    changes: tuple[InterfaceChange, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    symbols: Symbols


def interface(old: Report, new: Report) -> Interface:
    """What is not as it was for those who use the network, breaking changes first."""
    ins, outs = (_types(old, old.graph.inputs), _types(new, new.graph.inputs)), (
        _types(old, old.graph.outputs), _types(new, new.graph.outputs))
    to_new, out_new = _paired(*ins), _paired(*outs)
    symbols = symbols_of((ins[0][a], ins[1][b]) for a, b in to_new.items())
    changes = [*_values("input", *ins, to_new, symbols), *_values("output", *outs, out_new, symbols),
               *_order("input", *ins, to_new), *_order("output", *outs, out_new),
               *_renamed(symbols), *_versions(old, new)]
    return Interface(tuple(sorted(changes, key=lambda change: not change.breaking)),
                     {b: a for a, b in to_new.items()}, {b: a for a, b in out_new.items()}, symbols)


def _types(report: Report, names: Sequence[str] | Mapping[str, TensorType]) -> dict[str, TensorType]:
    return {name: report.types.get(name) or NOT_KNOWN for name in names}


def _paired(old: Mapping[str, TensorType], new: Mapping[str, TensorType]) -> dict[str, str]:
    """Values by name; those left, in their order, where they are as many and of the same dtypes and ranks."""
    found = {name: name for name in old if name in new}
    mine, theirs = ([name for name in side if name not in found] for side in (old, new))
    if len(mine) == len(theirs) and all(_alike(old[a], new[b]) for a, b in zip(mine, theirs)):
        found.update(zip(mine, theirs))
    return found


def _alike(old: TensorType, new: TensorType) -> bool:
    ranks = [None if kind.shape is None else len(kind.shape) for kind in (old, new)]
    return old.dtype == new.dtype and ranks[0] == ranks[1]


def _values(of: str, old: Mapping[str, TensorType], new: Mapping[str, TensorType], to_new: Mapping[str, str],
            symbols: Symbols) -> Iterator[InterfaceChange]:
    is_input = of == "input"
    for name in (name for name in old if name not in to_new):
        yield InterfaceChange(of, name, REMOVED, old[name], None, True, "what feeds it fails" if is_input
                              else "what reads it fails")
    for name in (name for name in new if name not in to_new.values()):
        yield InterfaceChange(of, name, ADDED, None, new[name], is_input, "it has to be fed" * is_input)
    for a, b in to_new.items():
        if a != b:
            yield InterfaceChange(of, a, RENAMED, a, b, True, "it is found by its name")
        if old[a].dtype != new[b].dtype:
            yield InterfaceChange(of, a, "dtype", old[a].dtype, new[b].dtype, True)
        if not symbols.same_shape(old[a].shape, new[b].shape):
            broken = (_refuses if is_input else _surprises)(old[a], new[b], symbols)
            yield InterfaceChange(of, a, "shape", old[a].shape, new[b].shape, bool(broken), broken)
    if is_input and _ties(old, new, to_new, symbols):
        yield InterfaceChange(of, _ties(old, new, to_new, symbols), "tied", None, None, True,
                              "sizes that were not the same have to be equal")


def _refuses(old: TensorType, new: TensorType, symbols: Symbols) -> str:
    """Why an input does not take all that it took, "" where it does."""
    if new.shape is None:
        return ""
    if old.shape is None or len(old.shape) != len(new.shape):
        return "it takes another number of axes"
    for axis, (a, b) in enumerate(zip(old.shape, new.shape)):
        if not symbols.same(a, b) and isinstance(b, int):
            return f"axis {axis} takes {b} only"
        if not symbols.same(a, b) and not _is_free(b):
            return f"axis {axis} does not take every size that it took"
    return ""


def _surprises(old: TensorType, new: TensorType, symbols: Symbols) -> str:
    """Why an output is not what it was where its shape was relied on, "" where it is."""
    if old.shape is None:
        return ""
    if new.shape is None or len(old.shape) != len(new.shape):
        return "it has another number of axes" if new.shape is not None else "its rank is not known any more"
    for axis, (a, b) in enumerate(zip(old.shape, new.shape)):
        if not symbols.same(a, b) and not (isinstance(b, int) and _is_free(a)):
            return f"axis {axis} has another size"
    return ""


def _is_free(size: Size) -> bool:
    """Whether a size is a symbol of its own, which may be anything."""
    return not isinstance(size, int) and repr(size).isidentifier()


def _ties(old: Mapping[str, TensorType], new: Mapping[str, TensorType], to_new: Mapping[str, str],
          symbols: Symbols) -> str:
    """The first input one of whose new symbols stands where the old network had two sizes."""
    seen: dict[Size, Size] = {}
    for a, b in to_new.items():
        for before, after in zip(old[a].shape or (), new[b].shape or ()):
            if _is_free(after) and seen.setdefault(after, before) != before:
                return a
    return ""


def _order(of: str, old: Mapping[str, TensorType], new: Mapping[str, TensorType],
           to_new: Mapping[str, str]) -> Iterator[InterfaceChange]:
    """Values that come in another order; outputs are often told apart by it."""
    before, after = [to_new[name] for name in old if name in to_new], list(new)
    kept = [name for name in after if name in set(before)]
    if before != kept:
        yield InterfaceChange(of, "", "order", tuple(before), tuple(kept), of == "output",
                              "they are often told apart by their order" * (of == "output"))


def _renamed(symbols: Symbols) -> Iterator[InterfaceChange]:
    for atom, size in symbols.names.items():
        if repr(size) != atom.args[0]:
            yield InterfaceChange("symbol", repr(size), RENAMED, repr(size), atom.args[0], False)


def _versions(old: Report, new: Report) -> Iterator[InterfaceChange]:
    """Versions that a runtime has to know; specifications need none."""
    before, after = old.graph.opsets, new.graph.opsets
    if not old.graph.ir_version or not new.graph.ir_version:
        return
    for domain in sorted({*before, *after}):
        a, b = before.get(domain), after.get(domain)
        if a != b:
            yield InterfaceChange("opset", domain or "ai.onnx", "version", a, b,
                                  b is not None and (a or 0) < b, "a runtime has to know it")
    a, b = old.graph.ir_version, new.graph.ir_version
    if a != b:
        yield InterfaceChange("ir-version", "", "version", a, b, a < b, "a runtime has to know it")
