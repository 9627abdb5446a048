"""How far apart the values of two networks are. `differences` runs in the child process."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.backends.ort import Started, Task

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

TOLERANCES = {"float64": (1e-9, 1e-12), "float32": (1e-4, 1e-5), "float16": (1e-2, 1e-3),
              "bfloat16": (5e-2, 1e-2), "complex64": (1e-4, 1e-5), "complex128": (1e-9, 1e-12)}
"""For each dtype how far numbers may be apart: relative to themselves, and to the largest of their tensor.
Others have to be the same."""


class Pair(NamedTuple):
    """A value of the old network and the one of the new that it is compared with."""

    old: str
    new: str


class Tolerance(NamedTuple):
    """How far numbers may be apart: by ``rtol`` of themselves plus ``atol`` times the largest of the tensor
    that is not infinite, or 1 if that is less; None: as `TOLERANCES` has it."""

    rtol: float | None = None
    atol: float | None = None

    def of(self, dtypes: Sequence[str]) -> tuple[float, float]:
        """Both for values of these dtypes: those of the coarser one."""
        usual = [TOLERANCES.get(dtype, (0.0, 0.0)) for dtype in dtypes]
        rtol, atol = (max(pair[k] for pair in usual) for k in (0, 1))
        if not any(usual):
            return rtol, atol
        return rtol if self.rtol is None else self.rtol, atol if self.atol is None else self.atol


class Difference(NamedTuple):
    """How far a value of the old network is from that of the new: their dtypes and shapes; the largest
    difference, and the largest relative to the old number; how many of the ``elements`` differ by more than
    is allowed; where the worst of them is, and what stands there. ``why`` says in words why they are not
    equal, empty where they are."""

    old: str
    new: str
    dtypes: tuple[str, str]
    shapes: tuple[Any, Any]
    largest: float = 0.0
    relative: float = 0.0
    differing: int = 0
    elements: int = 0
    place: tuple[int, ...] = ()
    there: tuple[Any, Any] = ()  # type: ignore[assignment]
    why: str = ""

    @property
    def is_equal(self) -> bool:
        """Whether the values are equal, as far as that is asked for."""
        return not self.why


def differences(tasks: tuple[Task, Task], outputs: Sequence[Pair], inner: Sequence[Sequence[Pair]],
                tolerance: Tolerance) -> Iterator[Started | Difference]:
    """The job of `archcheck.backends.equal`: `Started`, the `Difference` of each of the ``outputs``, and
    where one is not equal that of the first of the ``inner`` values that is not."""
    all_equal = True
    for found in _pass(tasks, outputs, tolerance):
        all_equal &= isinstance(found, Started) or found.is_equal
        yield found
    for pairs in () if all_equal else inner:
        for found in _pass(tasks, pairs, tolerance):
            if isinstance(found, Difference) and not found.is_equal:
                yield found
                return


def _pass(tasks: tuple[Task, Task], pairs: Sequence[Pair],
          tolerance: Tolerance) -> Iterator[Started | Difference]:
    """Run both with these values as outputs."""
    from archcheck.backends import jobs
    sides: list[Any] = []
    for task, names in zip(tasks, zip(*pairs)):
        wanted = list(dict.fromkeys(names))
        session = jobs.opened(task, wanted)
        if not sides:
            yield Started(jobs.provider_of(session), 0.0)
        sides.append(jobs.fetched(session, wanted, jobs.fed(session, task.feeds)))
        del session
    for pair in pairs:
        yield difference(pair, sides[0][pair.old], sides[1][pair.new], tolerance)


def difference(pair: Pair, old: tuple[str, Any], new: tuple[str, Any], tolerance: Tolerance) -> Difference:
    """How far apart two values are, each with its dtype."""
    dtypes = old[0], new[0]
    a, b = old[1], new[1]
    if isinstance(a, list) or isinstance(b, list) or a is None or b is None:
        return _of_parts(pair, old, new, tolerance)
    shapes = tuple(a.shape), tuple(b.shape)
    if shapes[0] != shapes[1]:
        return Difference(*pair, dtypes, shapes, why=f"it is {_by(shapes[0])} and {_by(shapes[1])}")
    if a.dtype.kind in "OUS" or b.dtype.kind in "OUS":
        return _of_texts(Difference(*pair, dtypes, shapes, elements=a.size), a, b)
    return _of_numbers(Difference(*pair, dtypes, shapes, elements=a.size), a, b, tolerance)


def _of_parts(pair: Pair, old: tuple[str, Any], new: tuple[str, Any], tolerance: Tolerance) -> Difference:
    """Sequences, element by element; optionals that may be empty."""
    dtypes, (a, b) = (old[0], new[0]), (old[1], new[1])
    lengths = tuple(len(value) if isinstance(value, list) else None for value in (a, b))
    same = Difference(*pair, dtypes, lengths)  # type: ignore[arg-type]
    if lengths[0] != lengths[1] or (a is None) != (b is None):
        return same._replace(why=f"it has {lengths[0]} elements, and {lengths[1]}")
    for k, (one, other) in enumerate(zip(a or (), b or ())):
        if not hasattr(one, "dtype"):  # a map
            if one != other:
                return same._replace(why=f"its element {k} is {one!r:.60}, and {other!r:.60}")
            continue
        found = difference(pair, (one.dtype.name, one), (other.dtype.name, other), tolerance)
        if not found.is_equal:
            return found._replace(why=f"in its element {k}, {found.why}")
    return same


def _of_texts(same: Difference, a: Array, b: Array) -> Difference:
    import numpy
    apart = numpy.asarray(a != b)
    if not apart.any():
        return same
    place = _place(apart)
    return same._replace(differing=int(apart.sum()), place=place, there=(a[place], b[place]),
                         why=f"it is {a[place]!r} and {b[place]!r} at {list(place)}")


def _of_numbers(same: Difference, a: Array, b: Array, tolerance: Tolerance) -> Difference:
    """Numbers: where one is NaN or infinite the other has to be as well."""
    import numpy
    rtol, atol = tolerance.of(same.dtypes)
    wide = numpy.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else numpy.float64
    exact = {a.dtype.kind, b.dtype.kind} <= set("biu")
    x, y = (a, b) if exact else (a.astype(wide), b.astype(wide))
    with numpy.errstate(invalid="ignore", over="ignore", divide="ignore"):
        gap = numpy.abs(x.astype(wide) - y.astype(wide))
        size = numpy.abs(x.astype(wide))
        finite = numpy.isfinite(gap)
        scale = max(float(size[finite].max(initial=0.0)), 1.0)
        close = gap <= rtol * size + atol * scale if not exact else x == y
        alike = (x == y) | (numpy.isnan(x) & numpy.isnan(y)) if not exact else close
        apart = ~numpy.where(finite, close, alike)
        ratio = numpy.where(finite & (size > 0), gap / numpy.where(size > 0, size, 1), 0.0)
    same = same._replace(largest=float(gap[finite].max(initial=0.0)), relative=float(ratio.max(initial=0.0)),
                         differing=int(apart.sum()))
    return same if not same.differing else _worst(same, x, y, apart, numpy.where(finite, gap, numpy.inf))


def _worst(same: Difference, x: Array, y: Array, apart: Array, gap: Array) -> Difference:
    """``same`` with the worst place, and what is there."""
    import numpy
    place = _place(numpy.where(apart, gap, -1.0))
    there = x[place].item(), y[place].item()
    why = (f"{same.differing:,} of {same.elements:,} elements differ, at {list(place)} it is {there[0]:.6g} "
           f"and {there[1]:.6g}")
    return same._replace(place=place, there=there, why=why)


def _place(weights: Array) -> tuple[int, ...]:
    """Where the largest is."""
    import numpy
    return tuple(int(k) for k in numpy.unravel_index(int(weights.argmax()), weights.shape))


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "a scalar"
