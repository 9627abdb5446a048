"""Values that came out, as files: ``.npz``, ``.npy`` or ``.json``."""
from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from archcheck.backends.ort import Measured
from archcheck.errors import UserError
from archcheck.files import replacing

SCHEMA = "archcheck.values/1"
SUFFIXES = ".npz", ".npy", ".json"
Put = Callable[[Measured], None]


@contextmanager
def saving(path: Path | None, names: Sequence[str]) -> Iterator[Put]:
    """Something that takes the values ``names``, one after another, into the file ``path`` (None: nowhere),
    which is there at the end in whole or not at all. The elements of a sequence are called ``NAME[0]``, ….
    Raises `UserError` where the file's suffix is another one, or it holds one array only and there are
    more."""
    if path is None:
        yield lambda value: None
        return
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(f"{path} should end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, which says how "
                        "values are written")
    if suffix == ".npy" and len(names) != 1:
        raise UserError(f"{path} holds one array, and there are {len(names):,} values; choose one with "
                        "--value, or write a .npz")
    with replacing(path) as stream, _WRITERS[suffix](stream) as put:
        yield put


def _arrays(value: Measured) -> Iterator[tuple[str, Any]]:
    """The arrays of a value, by name: one, or those of a sequence."""
    several = isinstance(value.data, list)
    for place, part in enumerate(value.data if several else [value.data]):
        if part is not None:
            yield f"{value.name}[{place}]" if several else value.name, _storable(part)


def _storable(array: Any) -> Any:
    """An array that can be stored without pickling: texts get a type of fixed width."""
    import numpy
    array = numpy.asarray(array)
    return array.astype("U") if array.dtype.hasobject else array


@contextmanager
def _npz(stream: IO[bytes]) -> Iterator[Put]:
    from numpy.lib import format as npy
    with zipfile.ZipFile(stream, "w", allowZip64=True) as packed:
        def put(value: Measured) -> None:
            for name, array in _arrays(value):
                with packed.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    npy.write_array(entry, array, allow_pickle=False)
        yield put


@contextmanager
def _npy(stream: IO[bytes]) -> Iterator[Put]:
    import numpy

    def put(value: Measured) -> None:
        if value.data is None or isinstance(value.data, list):
            raise UserError(f"{value.name} is no array; write a .npz")
        numpy.save(stream, _storable(value.data), allow_pickle=False)
    yield put


@contextmanager
def _json(stream: IO[bytes]) -> Iterator[Put]:
    values: dict[str, Any] = {}

    def put(value: Measured) -> None:
        data = value.data
        elements = [_listed(part) for part in data] if isinstance(data, list) else _listed(data)
        values[value.name] = {"dtype": value.dtype, "shape": value.shape, "data": elements}
    yield put
    stream.write(json.dumps({"schema": SCHEMA, "values": values}).encode() + b"\n")


def _listed(array: Any) -> Any:
    """An array as nested lists of what JSON has."""
    return None if array is None else _plain(array.tolist())


def _plain(element: Any) -> Any:
    """Numbers that JSON lacks as texts: ``NaN``, ``Infinity``, ``-Infinity``, ``1+2j``."""
    if isinstance(element, list):
        return [_plain(entry) for entry in element]
    if isinstance(element, float) and not math.isfinite(element):
        return "NaN" if element != element else "Infinity" if element > 0 else "-Infinity"
    return str(element).strip("()") if isinstance(element, complex) else element


_WRITERS = {".npz": _npz, ".npy": _npy, ".json": _json}
