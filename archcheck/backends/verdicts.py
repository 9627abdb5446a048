"""What was predicted of a network's values, held against what came of a run: dtype, shape, and the elements
of small tensors."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isclose, isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.dims import COUNTED, Atom, Size, evaluate, symbols
from archcheck.elements import Ratio
from archcheck.graph import Element, Several, Shape, TensorType, Uniform
from archcheck.report import Report
from archcheck.values import items

if TYPE_CHECKING:
    from archcheck.backends.ort import Measured

AGREES, COUNTS, KNOWN_NOW, DECLARED, DISAGREES = "agrees", "data", "unknown", "declared", "disagrees"
"""What can come of a value, the worst last: it is as predicted; it is, but for sizes that the data decide,
which keep to their bound; something of it was not known; it is as predicted, but not as the file declares; it
is not as predicted, which is a defect of archcheck."""
ORDER = AGREES, COUNTS, KNOWN_NOW, DECLARED, DISAGREES
IMPOSSIBLE = "shapes", "attributes", "undefined-input"
"""The failures that say that a node cannot run."""
DIGITS = {"float16": 1e-2, "bfloat16": 5e-2, "float32": 1e-5, "float64": 1e-12}
"""By how much a float that was predicted may be off, relative to it."""


class Verdict(NamedTuple):
    """What came of one value: its name, the ``kind`` of verdict, what was predicted, what was measured, and
    where it does not simply agree what was ``said`` of it, by archcheck or the file, and what it ``is``, as
    texts."""

    value: str
    kind: str
    told: TensorType | None
    found: Measured
    said: str = ""
    is_: str = ""

    @property
    def why(self) -> str:
        """Both as a sentence; empty where it agrees."""
        return _SENTENCES[self.kind].format(self.said, self.is_)


_SENTENCES = {AGREES: "", COUNTS: "the data decide it: {0}, and it is {1}",
              KNOWN_NOW: "it was {0}, and is {1}", DECLARED: "the file declares {0}, and it is {1}",
              DISAGREES: "it was to be {0}, and is {1}"}


class Doubt(NamedTuple):
    """Why a prediction is not simply right: ``kind`` is `COUNTS`, `KNOWN_NOW` or `DISAGREES`, the others are
    as in a `Verdict`."""

    kind: str
    said: str
    is_: str


def compared(report: Report, sizes: Mapping[str, int], found: Iterable[Measured]) -> list[Verdict]:
    """A verdict for every value that was ``found`` in a run with these ``sizes`` of the symbols."""
    found = list(found)
    numbers = _numbers(report, sizes, found)
    return [_verdict(report, sizes, numbers, one) for one in found]


def _verdict(report: Report, sizes: Mapping[str, int], numbers: Mapping[str, int], one: Measured) -> Verdict:
    told = report.types.get(one.name)
    doubts = [*_of_node(report, one), *_of_type(told, numbers, one.dtype, one.shape, one.data)]
    worst = max(doubts, key=lambda doubt: ORDER.index(doubt.kind), default=Doubt(AGREES, "", ""))
    if worst.kind != DISAGREES:
        lie = _lie(report.graph.declared.get(one.name), sizes, one)
        worst = lie or worst
    return Verdict(one.name, worst.kind, told, one, worst.said, worst.is_)


def _of_node(report: Report, one: Measured) -> Iterator[Doubt]:
    """What is said of the node that makes a value, in spite of which it ran."""
    failure = report.failures.get(report.graph.producers.get(one.name, -1))
    if failure is not None and failure.kind in IMPOSSIBLE:
        yield Doubt(DISAGREES, f"impossible ({failure.message})", shown(one.shape))


# ------------------------------------------------------------------------------------------ one value
def _of_type(told: TensorType | None, numbers: Mapping[str, int], dtype: str, shape: Any,
             data: Any) -> Iterator[Doubt]:
    """All that is to be said of a prediction."""
    if told is None or told.dtype is None:
        yield Doubt(KNOWN_NOW, "of unknown dtype", f"{dtype}, {shown(shape)}")
    elif not _is_dtype(told.dtype, dtype):
        yield Doubt(DISAGREES, told.dtype, dtype)
    if "map(" in dtype:
        return
    if isinstance(shape, list):
        yield from _of_sequence(told, numbers, shape)
    elif shape is not None:
        yield from _of_shape(told and told.shape, numbers, shape)
        if told is not None and data is not None and "(" not in (told.dtype or ""):
            yield from _of_elements(told, numbers, data)


def _is_dtype(told: str, found: str) -> bool:
    """Whether a dtype is as it was to be; an optional that is there counts as what it holds."""
    return found in (told, told.removeprefix("opt(").removesuffix(")") if told.startswith("opt(") else told)


def _of_shape(told: Shape | None, numbers: Mapping[str, int], found: Sequence[int]) -> Iterator[Doubt]:
    """What is to be said of a shape."""
    if told is None:
        yield Doubt(KNOWN_NOW, "of unknown rank", shown(found))
        return
    at = tuple(evaluate(size, numbers) for size in told)
    if len(at) != len(found) or any(isinstance(size, int) and size != number
                                    for size, number in zip(at, found)):
        yield Doubt(DISAGREES, shown(at), shown(found))
    elif not all(isinstance(size, int) for size in at):
        yield Doubt(KNOWN_NOW, shown(told), shown(found))
    else:
        yield from _of_open(told, numbers, found)


def _of_open(told: Shape, numbers: Mapping[str, int], found: Sequence[int]) -> Iterator[Doubt]:
    """What is to be said of sizes that the sizes of the inputs do not decide."""
    atoms = {atom for size in told for atom in symbols(size) if atom.origin}
    for atom in atoms:
        if atom.origin != COUNTED:
            yield Doubt(KNOWN_NOW, shown(told), shown(found))
            continue
        limit, number = evaluate(atom.limit, numbers), numbers[atom.args[0]]
        most = f"at most {limit}" if isinstance(limit, int) else "any number"
        is_above = isinstance(limit, int) and number > limit
        yield Doubt(DISAGREES if is_above else COUNTS, most, f"{number}, {shown(found)}")


def _of_sequence(told: TensorType | None, numbers: Mapping[str, int],
                 shapes: Sequence[Any]) -> Iterator[Doubt]:
    """What is to be said of a sequence: of how many elements it has, and of each."""
    value = told and told.value
    parts = items(told) if isinstance(value, tuple) else None
    length = evaluate(value.length, numbers) if isinstance(value, Several) else \
        None if parts is None else len(parts)
    if not isinstance(length, int):
        yield Doubt(KNOWN_NOW, "of unknown length", f"{len(shapes)} elements")
    elif length != len(shapes):
        yield Doubt(DISAGREES, f"{length} elements", f"{len(shapes)} elements")
    elif told is not None:
        for part, shape in zip(parts or [told] * length, shapes):
            yield from _of_shape(part.shape, numbers, shape)


def _of_elements(told: TensorType, numbers: Mapping[str, int], data: Any) -> Iterator[Doubt]:
    """What is to be said of the elements of a tensor: those that are known."""
    found = data.reshape(-1).tolist()
    known = [told.value.element] * len(found) if isinstance(told.value, Uniform) else items(told)
    for place, (element, number) in enumerate(zip(known or (), found)):
        expected = _number(element, numbers)
        if expected is not None and not _is_close(expected, number, told.dtype):
            yield Doubt(DISAGREES, f"{expected!r} in its element {place}", repr(number))
            return


def _number(element: Element, numbers: Mapping[str, int]) -> Any:
    """An element at given sizes; None where it is not known."""
    if isinstance(element, Ratio):
        num, den = evaluate(element.num, numbers), evaluate(element.den, numbers)
        return num / den if isinstance(num, int) and isinstance(den, int) else None
    if element is None or isinstance(element, (bool, int, float, str)):
        return element
    found = evaluate(element, numbers)
    return found if isinstance(found, int) else None


def _is_close(told: Any, found: Any, dtype: str | None) -> bool:
    if isinstance(told, str) or dtype not in DIGITS:
        return bool(told == found)
    if isnan(told) or isnan(found):
        return isnan(told) and isnan(found)
    return isclose(told, found, rel_tol=DIGITS[dtype], abs_tol=1e-30)


def _lie(declared: TensorType | None, sizes: Mapping[str, int], one: Measured) -> Doubt | None:
    """What the file says of a value that is not so; None where it says nothing, or the truth. Names of sizes
    that no input has may be any number."""
    if declared is None or isinstance(one.shape, list) or one.shape is None:
        return None
    if declared.dtype is not None and not _is_dtype(declared.dtype, one.dtype):
        return Doubt(DECLARED, declared.dtype, one.dtype)
    at = None if declared.shape is None else tuple(evaluate(size, sizes) for size in declared.shape)
    if at is None or len(at) == len(one.shape) and not any(
            isinstance(size, int) and size != number for size, number in zip(at, one.shape)):
        return None
    return Doubt(DECLARED, shown(at), shown(one.shape))


def shown(shape: Any) -> str:
    """A shape as a text: of numbers, or with sizes that are not."""
    if shape is None or isinstance(shape, list):
        return "nothing" if shape is None else f"a sequence of {len(shape)}"
    return " x ".join("?" if size is None else str(size) for size in shape) or "a scalar"


# ------------------------------------------------------------------------------------- sizes that a run tells
def _numbers(report: Report, sizes: Mapping[str, int], found: Sequence[Measured]) -> dict[str, int]:
    """``sizes``, and numbers for the symbols that only a run tells: each from the first value whose shape
    has no other, in their order, so that all later ones have to agree with it."""
    numbers = dict(sizes)
    for one in found:
        told = report.types.get(one.name)
        if told is not None and told.shape is not None and isinstance(one.shape, tuple):
            for size, number in zip(told.shape, one.shape):
                numbers.update(_solved(evaluate(size, numbers), number))
    return numbers


def _solved(size: Size | None, number: int) -> dict[str, int]:
    """The one symbol in ``size`` where that is a multiple of it and something more, so that it is
    ``number``."""
    if size is None or isinstance(size, int) or len(size.symbols) != 1:
        return {}
    atom: Atom = next(iter(size.symbols))
    name: str = atom.args[0]
    zero, one = (evaluate(size, {name: n}) for n in (0, 1))
    if not isinstance(zero, int) or not isinstance(one, int) or one == zero:
        return {}
    guess = (number - zero) // (one - zero)
    return {name: guess} if guess >= 0 and evaluate(size, {name: guess}) == number else {}
