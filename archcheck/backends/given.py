"""What the user gives a network's inputs: files of arrays, images, or a word for what is to be made up."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.backends.feeds import KINDS, RANDOM, numpy_type
from archcheck.backends.images import SUFFIXES, Scaling, picture
from archcheck.dims import Dim, evaluate, symbol, symbols
from archcheck.dtypes import BITS
from archcheck.errors import UserError, closest
from archcheck.graph import TensorType
from archcheck.report import Report

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]


class Given(NamedTuple):
    """What the inputs of a network are given: a value each (an array, a list of arrays for a sequence, or a
    word of `archcheck.backends.feeds.KINDS`); where it comes from, for people; the ``sizes`` that were given
    or that the arrays bind; and which of them were ``drawn``, because nothing else said them."""

    values: dict[str, Any]
    sources: dict[str, str]
    sizes: dict[str, int]
    drawn: tuple[str, ...] = ()


def given(report: Report, said: Sequence[str], sizes: Mapping[str, int], scaling: Scaling) -> Given:
    """What ``said``, texts ``NAME=WHAT``, give the inputs of a network; the others get random numbers. Files
    bind the symbols of their inputs' shapes. Raises `UserError` where something does not fit."""
    names = list(report.graph.inputs)
    found = Given(dict.fromkeys(names, RANDOM), dict.fromkeys(names, RANDOM), dict(sizes))
    asked = dict(_named(text, names) for text in said)
    for name, what in sorted(asked.items(), key=lambda pair: _is_image(pair[1])):  # images take what is left
        if what in KINDS:
            found.values[name] = found.sources[name] = what
            continue
        kind = report.types.get(name) or report.graph.inputs[name]
        value, source = _read(name, what, kind, found.sizes, scaling)
        found.values[name], found.sources[name] = value, source
        if isinstance(value, list):
            continue
        found.sizes.update(bound(name, what, kind, value.shape, found.sizes))
    _require_formulas(report, found, asked)
    return found


def _named(text: str, names: Sequence[str]) -> tuple[str, str]:
    """The input and what it is given, of ``NAME=WHAT``; a name may have an ``=`` in it."""
    for name in sorted(names, key=len, reverse=True):
        if text.startswith(f"{name}="):
            return name, text[len(name) + 1:]
    name, equals, _ = text.partition("=")
    inputs = f"the inputs are {', '.join(names) or 'none'}"
    if not equals:
        raise UserError(f"--input {text} is not of the form NAME=WHAT, WHAT being a file, random, zeros or "
                        f"ones; {inputs}")
    close = closest(name, names)
    cure = f"did you mean {close}?" if close else inputs
    raise UserError(f"--input {text}: the network has no input called {name}; {cure}")


def _is_image(what: str) -> bool:
    return Path(what).suffix.lower() in SUFFIXES


def _read(name: str, what: str, kind: TensorType, sizes: Mapping[str, int],
          scaling: Scaling) -> tuple[Any, str]:
    """The value in a file, of the input's type, and where it comes from."""
    path, suffix = Path(what), Path(what).suffix.lower()
    if not path.is_file():
        raise UserError(f"--input {name}={what}: there is no file {what}; name one, or {', '.join(KINDS)}")
    if suffix in SUFFIXES:
        shape = None if kind.shape is None else tuple(evaluate(size, sizes) for size in kind.shape)
        return picture(path, name, shape, numpy_type(kind.dtype or "float32"), scaling)
    if suffix not in (".npy", ".npz"):
        raise UserError(f"--input {name}={what}: {suffix or 'a file without a suffix'} is not read; give "
                        f"a .npy, a .npz or an image ({', '.join(SUFFIXES)})")
    found = _loaded(path, name, (kind.dtype or "").startswith("seq("))
    if isinstance(found, list):
        return found, what
    return typed(name, what, found, kind)


def _loaded(path: Path, name: str, several: bool) -> Any:
    """The array in a file, or all of them."""
    import numpy
    try:
        with open(path, "rb") as file:
            found = numpy.load(file, allow_pickle=False)
            if isinstance(found, numpy.ndarray):
                return [found] if several else found
            keys = list(found)
            if several:
                return [found[key] for key in keys]
            key = name if name in keys else keys[0] if len(keys) == 1 else None
            if key is not None:
                return found[key]
    except Exception as error:  # noqa: BLE001 - a damaged file may fail in any way
        raise UserError(f"{path} cannot be read as a file of arrays ({error}); save it with numpy.save or "
                        "numpy.savez") from None
    raise UserError(f"{path} has the arrays {', '.join(keys) or 'none'}, and none called {name}; save it "
                    "under that name")


def typed(name: str, what: str, array: Array, kind: TensorType) -> tuple[Array, str]:
    """An array as elements of an input's type, where that loses nothing but a float's precision; and where it
    comes from."""
    import numpy
    dtype = (kind.dtype or "").removeprefix("opt(").removesuffix(")")
    if dtype == "string" and array.dtype.kind in "US":
        return array.astype("U").astype(object), what
    if dtype not in BITS or dtype == str(array.dtype):
        return array, what
    wanted = numpy_type(dtype)
    if wanted == array.dtype:
        return array, f"{what}, converted to {dtype}"
    with numpy.errstate(all="ignore"):
        cast = array.astype(wanted) if array.dtype.kind in "biufc" else array
    same_kind = array.dtype.kind == wanted.kind or {array.dtype.kind, wanted.kind} <= set("biu")
    if not same_kind or wanted.kind in "biu" and not numpy.array_equal(cast, array):
        raise UserError(f"{what} holds {array.dtype}, and the input {name!r} takes {dtype}; save it as that")
    return cast, f"{what}, converted from {array.dtype}"


# ------------------------------------------------------------------------------------------------ sizes
def bound(name: str, what: str, kind: TensorType, shape: Sequence[int],
          sizes: Mapping[str, int]) -> dict[str, int]:
    """The symbols that an array of ``shape`` binds as the input ``name``. Raises `UserError` where it does
    not fit."""
    if kind.shape is None:
        return {}
    if len(kind.shape) != len(shape):
        raise _misfit(name, what, kind, shape, f"{len(shape)} axes where there have to be {len(kind.shape)}")
    found: dict[str, int] = {}
    for axis, (wanted, given) in enumerate(zip(kind.shape, shape)):
        size = evaluate(wanted, {**sizes, **found})
        if isinstance(size, int) and size != given:
            raise _misfit(name, what, kind, shape, f"axis {axis} is {given} and has to be {size}")
        if isinstance(size, Dim) and (only := _only_symbol(size)):
            found[only] = given
    return found


def _only_symbol(size: Dim) -> str | None:
    """The name of the symbol that ``size`` is; None for a formula."""
    names = [atom.args[0] for atom in symbols(size)]
    return names[0] if len(names) == 1 and size == symbol(names[0]) else None


def _misfit(name: str, what: str, kind: TensorType, shape: Sequence[int], why: str) -> UserError:
    from archcheck.reporters.text import Script
    script = Script()
    return UserError(f"{what} holds {script.shape(tuple(shape))}, and the input {name!r} takes "
                     f"{script.shape(kind.shape)}: {why}; reshape or transpose it")


def _require_formulas(report: Report, found: Given, asked: Mapping[str, str]) -> None:
    """Check the sizes that are formulas, now that all symbols are bound that files bind."""
    for name, value in found.values.items():
        kind = report.types.get(name)
        if kind is not None and not isinstance(value, (str, list)):
            bound(name, asked[name], kind, value.shape, found.sizes)

