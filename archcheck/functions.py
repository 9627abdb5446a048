"""Sizes as functions of numpy arrays, exact at every point.

The numbers that can occur on the way are bounded first, by plain integers. Where all fit 64 bits the arrays
are ``int64``; where one might not they hold Python's integers, which is slower and never wraps around.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add, mul
from typing import TYPE_CHECKING, Any

from archcheck.algebra.polynomials import terms_of
from archcheck.binding import BindingError, unknown_symbol
from archcheck.dims import COUNTED, Atom, Size, evaluate, symbols
from archcheck.errors import UserError

if TYPE_CHECKING:
    import numpy

INT64 = 1 << 63
"""No ``int64`` is this large, or below its negative."""


class NotComputable(UserError):
    """A size depends on one that is not known."""


class Function:
    """A size, or the largest of several, as a function of symbols: ``f(N=8, H=numpy.arange(224), W=224)``.

    ``symbols`` are the names that it depends on, in order of appearance in the network's inputs; other
    symbols of the network may be given and change nothing but the shape of the result. Integers give an
    integer, or None where the size divides by zero. With arrays among them, which broadcast, the result is an
    array: of ``int64``, or of Python's integers where they would not fit; masked where it divides by zero, if
    it divides by a symbol at all. ``lacks`` says what is missing from the size, as in a report.
    """

    def __init__(self, size: Size | Sequence[Size], known: Sequence[str], lacks: str = "") -> None:
        sizes = tuple(size) if isinstance(size, Sequence) else (size,)
        atoms = set().union(*map(symbols, sizes))
        origins = [f"{atom.args[0]}: {atom.origin}" for atom in atoms if atom.origin not in (None, COUNTED)]
        if origins:
            raise NotComputable(f"this depends on a size that is not known ({'; '.join(sorted(origins))})")
        names = {atom.args[0] for atom in atoms}
        self.sizes, self.lacks = sizes, lacks
        self.symbols: tuple[str, ...] = (*filter(names.__contains__, known),
                                               *sorted(names.difference(known)))
        self.known = tuple(dict.fromkeys((*known, *self.symbols)))

    def __call__(self, /, **sizes: Any) -> Any:
        """The size where the symbols have the values ``sizes``: integers, or arrays of them."""
        for name in sizes:
            if name not in self.known:
                raise BindingError(unknown_symbol(name, sorted(self.known)))
        missing = [name for name in self.symbols if name not in sizes]
        if missing:
            raise BindingError(f"a size is missing for {', '.join(missing)}")
        given = {name: _checked(name, size) for name, size in sizes.items()}
        if all(isinstance(size, int) for size in given.values()):
            found = [evaluate(size, given) for size in self.sizes]
            return None if None in found else max(found)  # type: ignore[type-var]
        return _on_arrays(self.sizes, given)

    def __repr__(self) -> str:
        return f"<function of {', '.join(self.symbols) or 'nothing'}: {', '.join(map(str, self.sizes))}>"


def magnitudes(size: Size, limits: Mapping[str, int]) -> tuple[int, int]:
    """No number larger than the first, in absolute value, is ``size``, and none larger than the second is
    met while it is worked out, where no symbol is larger than ``limits`` says."""
    if isinstance(size, int):
        return abs(size), abs(size)
    largest = met = 0
    for atoms, c in size.terms:
        term = abs(c)
        for atom in atoms:
            value, inside = _magnitudes_of_atom(atom, limits)
            term, met = term * max(1, value), max(met, inside)
        largest += term
    return largest, max(met, largest)


def _magnitudes_of_atom(atom: Atom, limits: Mapping[str, int]) -> tuple[int, int]:
    if atom.kind == "symbol":
        return limits[atom.args[0]], limits[atom.args[0]]
    found = [magnitudes(arg, limits) for arg in atom.args]
    met = max(inside for _, inside in found)
    if atom.kind != "floor":
        return max(value for value, _ in found), met
    divisor = abs(atom.args[1]) if isinstance(atom.args[1], int) else 1
    return -(-found[0][0] // divisor), met


def _checked(name: str, size: Any) -> Any:
    """``size`` as an int or an array of integers; nothing negative."""
    import numpy
    array = numpy.asarray(size)
    if array.dtype.kind == "O" and all(isinstance(entry, int) for entry in array.flat):
        pass
    elif array.dtype.kind not in "iu" and array.size:
        raise BindingError(f"the size of {name} must be whole numbers, not {array.dtype}")
    if array.size and array.min() < 0:
        raise BindingError(f"the size of {name} is {array.min()}, and no axis can have fewer than 0 elements")
    return int(array) if array.ndim == 0 else array


def _on_arrays(sizes: Sequence[Size], given: Mapping[str, Any]) -> Any:
    import numpy
    arrays = {name: numpy.asarray(value) for name, value in given.items()}
    used = {atom.args[0] for size in sizes for atom in symbols(size)}
    limits = {name: int(array.max()) if array.size else 0 for name, array in arrays.items() if name in used}
    met = max(magnitudes(size, limits)[1] for size in sizes)
    dtype = numpy.dtype(numpy.int64) if met < INT64 else numpy.dtype(object)
    work = _Arrays({name: arrays[name].astype(dtype) for name in used}, dtype)
    shape = numpy.broadcast_shapes(*(array.shape for array in arrays.values()))
    value = numpy.array(numpy.broadcast_to(reduce(numpy.maximum, map(work.size, sizes)), shape), dtype)
    if work.undefined is None:
        return value
    return numpy.ma.array(value, mask=numpy.broadcast_to(work.undefined, shape))


class _Arrays:
    """Works a size out on arrays of one ``dtype``, each of its functions once. ``undefined`` is where it
    divides by zero; None where it divides by no symbol."""

    def __init__(self, values: Mapping[str, Any], dtype: numpy.dtype[Any]) -> None:
        self.dtype, self.values, self.undefined = dtype, values, None
        self.found: dict[Atom, Any] = {}

    def size(self, size: Size) -> Any:
        """``size`` as an array."""
        import numpy
        terms = [reduce(mul, map(self.atom, atoms), numpy.array(c, self.dtype))
                 for atoms, c in terms_of(size)]
        return numpy.asarray(reduce(add, terms), self.dtype)

    def atom(self, atom: Atom) -> Any:
        """``atom`` as an array."""
        if atom.kind == "symbol":
            return self.values[atom.args[0]]
        if atom not in self.found:
            first, *others = map(self.size, atom.args)
            if atom.kind == "floor" and not isinstance(atom.args[1], int):
                others = [self.divisor(others[0])]
            self.found[atom] = reduce(_functions()[atom.kind], others, first)
        return self.found[atom]

    def divisor(self, d: Any) -> Any:
        """``d`` with another number for zero, and a note where that was."""
        import numpy
        zero = numpy.equal(d, 0).astype(bool)
        self.undefined = zero if self.undefined is None else self.undefined | zero
        return numpy.where(zero, numpy.array(1, self.dtype), d)


def _functions() -> dict[str, Callable[[Any, Any], Any]]:
    import numpy
    return {"floor": numpy.floor_divide, "min": numpy.minimum, "max": numpy.maximum, "bcast": _bcast}


def _bcast(a: Any, b: Any) -> Any:
    import numpy
    return numpy.where(numpy.equal(a, 1).astype(bool), b, a)
