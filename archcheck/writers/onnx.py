"""Writing a network as an ONNX file, whatever it was read from."""
from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from archcheck.dims import Size
from archcheck.errors import UserError
from archcheck.frontends import Source, bytes_of, graph_in, load
from archcheck.frontends._wire import MAX_MESSAGE, encoded
from archcheck.graph import Graph, Literal
from archcheck.infer import analyze
from archcheck.report import Report
from archcheck.writers._formulas import require_numbers
from archcheck.writers._messages import Messages, model_of
from archcheck.writers._spans import Spans
from archcheck.writers._stream import written
from archcheck.writers._tensors import ALIGNED, RAW, Outside, Tensor, Tensors

RANDOM, NONE = "random", "none"
SMALL = 1024
"""Tensors of at most so many bytes stay in the model's file when the others do not fit there."""

_GRAPH, _INITIALIZER = 7 << 3 | 2, 5 << 3 | 2  # the tags of these fields


class Exported(NamedTuple):
    """What was written: what is known of the network; how many tensors that are not small were ``copied``
    from the source, ``made`` up, and ``left_out``; and the length of the file and of the one beside it that
    has the weights (0: there is none)."""

    report: Report
    copied: int
    made: int
    left_out: int
    length: int
    beside: int


def export(source: Any, target: Path | str, sizes: Mapping[str, Size] | None = None, *,
           weights: str = RANDOM, seed: int = 0) -> Exported:
    """Write the network in ``source``, a `Graph`, a `Source` or anything `archcheck.load` takes, as the ONNX
    file ``target``. ``sizes`` binds symbols.

    With ``weights="random"`` it has the source's weights; those that are not there are made up from ``seed``.
    With ``"none"`` all that are not small constants refer to a file that need not exist. What does not fit
    the 2 GiB of a protobuf message is put into a file beside ``target``, called ``<target>.data``. Raises
    `NotWritable` where a formula stands in a place that takes a number, and `UserError` where the file cannot
    be written.
    """
    target = Path(target)
    graph, origin = _opened(source)
    report = analyze(graph, sizes)
    require_numbers(report)
    outside = Outside(f"{target.name}.data")
    tensors = Tensors(origin, seed, outside if weights == NONE else None)
    messages, spans = Messages(report, tensors), Spans(report)
    model, main = model_of(report), messages.main()
    model.functions.extend(messages.functions())
    stored = [tensors.tensor(name, kind, spans.of(name, kind)) for name, kind in report.graph.weights.items()]
    length, beside = _put(target, model, main, stored, outside)
    return Exported(report, tensors.copied, tensors.made, tensors.left_out, length, beside)


def _opened(source: Any) -> tuple[Graph, Source | None]:
    """The network in ``source``, and the bytes that it was read from, where its weights may be."""
    if isinstance(source, Source):
        return graph_in(source), source
    if isinstance(source, Graph):
        located = any(isinstance(kind.value, Literal) and kind.value.location
                      for kind in source.weights.values())
        return source, bytes_of(source.source) if located and source.source not in ("", "-") else None
    if hasattr(source, "SerializeToString"):
        load(source)  # tells what is no model
        source = source.SerializeToString()
    found = bytes_of(source)
    return graph_in(found), found


# ------------------------------------------------------------------------------------------------ bytes
def _put(target: Path, model: Any, main: Any, stored: list[Tensor], outside: Outside) -> tuple[int, int]:
    """Write the file, and one beside it where it would be too long; the length of both."""
    head, graph = model.SerializeToString(), main.SerializeToString()
    moved: list[Tensor] = []
    length = _length(head, graph, stored)
    if length > MAX_MESSAGE:
        moved = [tensor for tensor in stored if _is_large(tensor)]
        stored = [outside.reference(tensor.proto, tensor.length) if _is_large(tensor) else tensor
                  for tensor in stored]
        length = _length(head, graph, stored)
    _require_room(target, length + (outside.length if moved else 0))
    with written(target) as stream:
        if moved:
            with written(target.with_name(outside.name)) as beside:
                _put_aligned(beside, moved)
        for piece in _pieces(head, graph, stored):
            stream.write(piece)
    return length, outside.length if moved else 0


def _is_large(tensor: Tensor) -> bool:
    return tensor.length > SMALL and tensor.field == RAW


def _length(head: bytes, graph: bytes, stored: list[Tensor]) -> int:
    inner = _graph_length(graph, stored)
    return len(head) + 1 + len(encoded(inner)) + inner


def _graph_length(graph: bytes, stored: list[Tensor]) -> int:
    sizes = [len(tensor.head) + tensor.length for tensor in stored]
    return len(graph) + sum(1 + len(encoded(size)) + size for size in sizes)


def _pieces(head: bytes, graph: bytes, stored: list[Tensor]) -> Iterator[bytes]:
    """The model's file: the message ``head``, and in it ``graph``, and in that the tensors."""
    yield head + encoded(_GRAPH) + encoded(_graph_length(graph, stored))
    yield graph
    for tensor in stored:
        start = tensor.head
        yield encoded(_INITIALIZER) + encoded(len(start) + tensor.length) + start
        yield from tensor.chunks()


def _put_aligned(stream: IO[bytes], moved: list[Tensor]) -> None:
    """Write the contents of tensors, each from a page's beginning on."""
    at = 0
    for tensor in moved:
        gap = -at % ALIGNED
        stream.write(bytes(gap))
        for chunk in tensor.chunks():
            stream.write(chunk)
        at += gap + tensor.length


def _require_room(target: Path, length: int) -> None:
    folder = target.absolute().parent
    if not folder.is_dir() or target.exists() and not target.is_file():
        return
    free = shutil.disk_usage(folder).free
    if length > free:
        raise UserError(f"{target} would take {length:,} bytes, and there are {free:,} free; --weights none "
                        "leaves the weights out")
