"""The way back from a skimmed message: its bytes with every payload that was cut at its place again."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Union

from archcheck.frontends._wire import INSIDE, PAYLOADS, SEGMENT, Buffer, encoded, fields
from archcheck.writers._stream import pieces

Span = tuple[int, int]
"""The first byte and the end of a payload in the file that it was cut from."""

Part = Union[bytes, Span]
"""Bytes that are there, or those of a payload."""

_BYTES = 2
_NUMBERS = {name: number for number, name in PAYLOADS.items()}


def restored(message: bytes, cut: Mapping[Span, str]) -> list[Part]:
    """A skimmed ``ModelProto`` in parts, its payloads among them; ``cut`` is what `skim` took out."""
    return _Restorer(message, cut).message("model", 0, len(message))


def length(parts: list[Part]) -> int:
    """The bytes that parts take."""
    return sum(len(part) if isinstance(part, bytes) else part[1] - part[0] for part in parts)


def write(parts: list[Part], data: Buffer, out: IO[bytes]) -> None:
    """Write parts, the payloads from ``data``."""
    for part in parts:
        for piece in (part,) if isinstance(part, bytes) else pieces(data, *part):
            out.write(piece)


def segments(message: bytes, cut: Mapping[Span, str]) -> int:
    """How many payloads of ``cut`` a message stands for: those of a tensor that stored them in several are
    fewer than were cut."""
    return sum(isinstance(part, tuple) for part in restored(message, cut))


class _Restorer:
    def __init__(self, data: bytes, cut: Mapping[Span, str]) -> None:
        self.data, self.cut = data, cut

    def message(self, kind: str, start: int, end: int) -> list[Part]:
        """The parts of the message at ``[start, end)``."""
        if kind == "tensor":
            return self._tensor(start, end)
        found: list[Part] = []
        copied, inside = start, INSIDE[kind]
        for number, begin, body, after in fields(self.data, start, end):
            if number in inside:
                inner = self.message(inside[number], body, after)
                if any(isinstance(part, tuple) for part in inner):
                    found += [self.data[copied:begin], _header(number, length(inner)), *inner]
                    copied = after
        return [*found, self.data[copied:end]]

    def _tensor(self, start: int, end: int) -> list[Part]:
        found: list[Part] = []
        copied = start
        for number, begin, body, after in fields(self.data, start, end):
            span = self._span(body, after) if number == SEGMENT else None
            if span is not None:
                found += [self.data[copied:begin], *self._payload(span)]
                copied = after
        return [*found, self.data[copied:end]]

    def _payload(self, span: Span) -> Iterator[Part]:
        number = _NUMBERS.get(self.cut[span])
        if number is not None:  # a row of fields has its headers with it
            yield _header(number, span[1] - span[0])
        yield span

    def _span(self, body: int, end: int) -> Span | None:
        """What a segment stands for; None for one that is the file's own."""
        numbers = [self.data[at:after] for _, _, at, after in fields(self.data, body, end)]
        span = tuple(map(_number, numbers))
        return span if len(span) == 2 and span in self.cut else None


def _header(number: int, size: int) -> bytes:
    return encoded(number << 3 | _BYTES) + encoded(size)


def _number(stored: bytes) -> int:
    return sum((byte & 127) << 7 * index for index, byte in enumerate(stored))
