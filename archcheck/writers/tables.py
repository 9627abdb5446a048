"""Variants as a Parquet file, a column each."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from archcheck.errors import UserError
from archcheck.files import replacing
from archcheck.sweeping.variants import Variants


def write_parquet(variants: Variants, path: Path) -> None:
    """Write ``variants`` to the file ``path``: whole numbers as such (as text where one exceeds 64 bits),
    fractions as doubles, what is not known as null; ``error`` says why a variant cannot run. Raises
    `UserError`."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UserError("writing Parquet needs pyarrow; pip install 'archcheck[scan]', or write a .csv file"
                        ) from None
    arrays = {name: _array(column) for name, column in variants.columns.items()}
    if variants.front is not None:
        arrays["front"] = pyarrow.array(variants.front)
    arrays["error"] = pyarrow.array(variants.errors, pyarrow.string())
    with replacing(path) as stream:
        pyarrow.parquet.write_table(pyarrow.table(arrays), stream)


def _array(column: Any) -> Any:
    import numpy
    import pyarrow
    mask, values = numpy.ma.getmaskarray(column), numpy.ma.getdata(column)
    if values.dtype != object:
        return pyarrow.array(values, mask=mask)
    known = [value for value, missing in zip(values.tolist(), mask.tolist()) if not missing]
    kind: Any = float if any(type(value) not in (int, bool) for value in known) else str
    if set(map(type, known)) == {bool}:
        kind = bool
    return pyarrow.array([None if missing else kind(value)
                          for value, missing in zip(values.tolist(), mask.tolist())])
