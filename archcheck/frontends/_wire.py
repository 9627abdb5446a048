"""The payload skimmer: an ONNX file without the contents of its large tensors, which are located, never read.

A protobuf message is a row of fields, each with a number, a wire type and a body. The skimmer walks only
messages that can hold a tensor and are larger than `LIMIT`, jumps over everything else, and cuts each large
payload out. In its place it leaves a ``segment``, a field of the format that no known writer uses, with the
offsets of the cut bytes. A segment counts only if those very bytes were cut, so nothing that a file claims by
itself is believed.
"""
from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import NamedTuple, Union

LIMIT = 4096
"""Payloads of more bytes than this are cut out."""

MAX_DEPTH = 100
"""How deep messages may nest, as in protobuf itself."""

MAX_MESSAGE = (1 << 31) - 1
"""Protobuf reads no larger message than this."""

Buffer = Union[bytes, mmap.mmap]

INSIDE = {
    "model": {7: "graph", 20: "training info", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "training info": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 10: "tensor", 6: "graph", 11: "graph", 22: "sparse tensor",
                  23: "sparse tensor"},
    "sparse tensor": {1: "tensor", 2: "tensor"},
}
"""The fields of each kind of message that can hold a tensor, and the kind that they are."""

PAYLOADS = {4: "float_data", 5: "int32_data", 6: "string_data", 7: "int64_data", 9: "raw_data",
             10: "double_data", 11: "uint64_data"}
"""The fields of a tensor that hold its elements."""

SEGMENT = 3
"""The field of a tensor that stands for what was cut."""

_VARINT, _BYTES = 0, 2
_FIXED = {1: 8, 5: 4}


class WireError(ValueError):
    """The bytes are no protobuf message; says what is wrong, and at which byte."""


class Skimmed(NamedTuple):
    """A message without its large payloads, and what was cut: first byte and end of a payload, to the name of
    its field of the tensor, or to ``row`` where it is a row of fields, each with its own header."""

    message: bytes
    cut: dict[tuple[int, int], str]


def skim(data: Buffer) -> Skimmed:
    """``data``, a serialized ``ModelProto``, without its large payloads. Raises `WireError` where it is
    damaged."""
    cut: dict[tuple[int, int], str] = {}
    try:
        message = _Skimmer(data, cut).reduce("model", 0, len(data), 0)
    except IndexError:
        raise WireError(f"it is cut off: its {len(data):,} bytes end in the middle of a field") from None
    if len(message) > MAX_MESSAGE:
        raise WireError(f"it has {len(message):,} bytes besides its tensors, more than protobuf can read")
    return Skimmed(message, cut)


def fields(data: Buffer, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The fields of the message at ``[start, end)``: number, first byte, first byte of the body, and end of
    each."""
    while start < end:
        number, body, after = _field(data, start)
        yield number, start, body, after
        start = after


def encoded(value: int) -> bytes:
    """``value``, from 0 up, as protobuf stores numbers."""
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    digits.append(value)
    return bytes(digits)


class _Skimmer:
    def __init__(self, data: Buffer, cut: dict[tuple[int, int], str]) -> None:
        self.data, self.cut = data, cut

    def reduce(self, kind: str, start: int, end: int, depth: int) -> bytes:
        """The message at ``[start, end)`` without its large payloads."""
        if kind == "tensor":
            return self._tensor(start, end)
        if depth > MAX_DEPTH:
            raise WireError(f"its messages nest more than {MAX_DEPTH} deep at byte {start:,}")
        data, inside = self.data, INSIDE[kind]
        pieces: list[bytes] = []
        copied = at = start
        while at < end:
            tag, size = data[at], data[at + 1]
            if tag & 135 == _BYTES:  # most fields have small tags and sizes: no calls, for speed
                if size < 128:
                    at += 2 + size
                    continue
                if data[at + 2] < LIMIT >> 7:
                    at += 3 + (size & 127 | data[at + 2] << 7)
                    continue
            number, body, after = _field(data, at)
            if after - body > LIMIT and number in inside:
                self._check(kind, after, end)
                shorter = self.reduce(inside[number], body, after, depth + 1)
                if len(shorter) < after - body:
                    pieces += data[copied:at], encoded(number << 3 | _BYTES), encoded(len(shorter)), shorter
                    copied = after
            at = after
        self._check(kind, at, end)
        pieces.append(data[copied:end])
        return b"".join(pieces)

    def _tensor(self, start: int, end: int) -> bytes:
        """A ``TensorProto`` with a ``segment`` for each large payload."""
        pieces: list[bytes] = []
        copied = at = start
        while at < end:
            number, body, after = _field(self.data, at)
            payload = PAYLOADS.get(number)
            if payload and after - body <= LIMIT and (row_end := self._row_end(number, after, end)) > after:
                payload, body, after = "row", at, row_end
            self._check("tensor", after, end)
            if payload and after - body > LIMIT:
                self.cut[body, after] = payload
                pieces += self.data[copied:at], _segment(body, after)
                copied = after
            at = after
        pieces.append(self.data[copied:end])
        return b"".join(pieces)

    def _row_end(self, number: int, at: int, end: int) -> int:
        """Where a row of fields of one number ends: strings, or numbers that are not packed."""
        for found, start, _, after in fields(self.data, at, end):
            if found != number:
                return start
            at = after
        return at

    def _check(self, kind: str, at: int, end: int) -> None:
        size = len(self.data)
        if at > size:
            raise WireError(f"it is cut off: a part of its {kind} ends at byte {at:,}, and it has {size:,}")
        if at > end:
            raise WireError(f"it is damaged: the {kind} ends at byte {end:,}, but a part of it at {at:,}")


def _field(data: Buffer, at: int) -> tuple[int, int, int]:
    """Number, first byte of the body, and end of the field at ``at``."""
    tag, body = _varint(data, at)
    wire = tag & 7
    if tag < 8:  # there is no field 0: else a file of zeros would be walked byte by byte
        raise WireError(f"it is damaged: no field of a protobuf message starts at byte {at:,}")
    if wire == _BYTES:
        size, body = _varint(data, body)
        return tag >> 3, body, body + size
    if wire == _VARINT:
        return tag >> 3, body, _varint(data, body)[1]
    if wire not in _FIXED:
        raise WireError(f"it is damaged: no field of a protobuf message starts at byte {at:,}")
    return tag >> 3, body, body + _FIXED[wire]


def _varint(data: Buffer, at: int) -> tuple[int, int]:
    """The number stored at ``at``, and the offset behind it."""
    value = 0
    for index in range(10):
        byte = data[at + index]
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value, at + index + 1
    raise WireError(f"it is damaged: the number at byte {at:,} is longer than any of protobuf's")


def _segment(begin: int, end: int) -> bytes:
    body = b"\x08" + encoded(begin) + b"\x10" + encoded(end)
    return encoded(SEGMENT << 3 | _BYTES) + encoded(len(body)) + body
