"""A catalogue as a file: Parquet, JSON lines or CSV, written row by row, and there in whole or not at all."""
from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any

from archcheck.catalog._row import COUNTS, NUMBER, TEXT, TEXTS, VALUES, Row
from archcheck.errors import UserError
from archcheck.files import replacing

BATCH = 1000
"""Rows that are in memory at once."""


def write(path: Path, rows: Iterable[Row], columns: Mapping[str, str], schema: str) -> None:
    """Put ``rows`` into the file ``path``, whose suffix says the format; ``schema`` is what the rows are.
    Raises `UserError`."""
    writer = WRITERS[path.suffix.lower()]
    if writer is _parquet:
        _require_pyarrow()
    with replacing(path) as stream:
        writer(stream, rows, columns, schema)


def require(path: Path) -> None:
    """See to it before a long run that ``path`` can be written at its end. Raises `UserError`."""
    if path.suffix.lower() not in WRITERS:
        raise UserError(f"{path} does not say in which format to write; let it end in {', '.join(WRITERS)}")
    if path.suffix.lower() == ".parquet":
        _require_pyarrow()
    if not path.parent.is_dir():
        raise UserError(f"{path} cannot be written, there is no folder {path.parent}; make it first")


def _require_pyarrow() -> None:
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise UserError("Parquet needs pyarrow: pip install 'archcheck[scan]'; or let the file end in "
                        ".jsonl") from None


def _json_lines(stream: IO[bytes], rows: Iterable[Row], columns: Mapping[str, str], schema: str) -> None:
    for row in rows:
        stream.write(json.dumps({"schema": schema, **row}).encode() + b"\n")


def _csv(stream: IO[bytes], rows: Iterable[Row], columns: Mapping[str, str], schema: str) -> None:
    """What is no number or text is in JSON."""
    text = io.TextIOWrapper(stream, "utf-8", "backslashreplace", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([json.dumps(row[name]) if isinstance(row[name], (dict, list)) else row[name]
                         for name in columns])
    text.detach()


def _parquet(stream: IO[bytes], rows: Iterable[Row], columns: Mapping[str, str], schema: str) -> None:
    import pyarrow
    import pyarrow.parquet
    kinds = _kinds(pyarrow)
    fields = pyarrow.schema([(name, kinds[kind]) for name, kind in columns.items()],
                            metadata={"schema": schema})
    with pyarrow.parquet.ParquetWriter(stream, fields, compression="zstd") as writer:
        for batch in _batches(rows):
            table = [{name: _arrow(row[name], columns[name]) for name in columns} for row in batch]
            writer.write_batch(pyarrow.RecordBatch.from_pylist(table, schema=fields))


def _kinds(pyarrow: Any) -> dict[str, Any]:
    number, text = pyarrow.int64(), pyarrow.string()
    value = pyarrow.struct([("name", text), ("dtype", text), ("shape", pyarrow.list_(text))])
    return {TEXT: text, NUMBER: number, COUNTS: pyarrow.map_(text, number),
            TEXTS: pyarrow.list_(text), VALUES: pyarrow.list_(value)}


def _arrow(value: Any, kind: str) -> Any:
    """A value as Arrow takes it: text that is no UTF-8 is mended, names with counts are pairs."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if value is None or kind == NUMBER:
        return value
    if kind == COUNTS:
        return [(_arrow(name, TEXT), count) for name, count in value.items()]
    if isinstance(value, dict):
        return {name: _arrow(inner, TEXT) for name, inner in value.items()}
    return [_arrow(inner, TEXT) for inner in value] if isinstance(value, list) else value


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


Writer = Callable[[IO[bytes], Iterable[Row], Mapping[str, str], str], None]
WRITERS: dict[str, Writer] = {".parquet": _parquet, ".jsonl": _json_lines, ".csv": _csv}
