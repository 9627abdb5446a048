"""A model's file while it is being mended: its messages without large payloads, which stay where they are."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from archcheck.errors import UserError
from archcheck.frontends import LoadError, Source, spec
from archcheck.frontends._proto import schema
from archcheck.frontends._source import said
from archcheck.frontends._wire import MAX_MESSAGE, skim
from archcheck.frontends.onnx import graph_of
from archcheck.graph import Graph
from archcheck.infer import analyze
from archcheck.report import Report
from archcheck.writers._restore import Span, length, restored, segments, write
from archcheck.writers._stream import pieces, written

PAGE = 4096
"""Payloads in a file of their own begin at a multiple of so many bytes, so that they can be mapped."""


class NotMendable(UserError):
    """A model that is fine to judge, but no file that could be mended."""


class Draft:
    """The model in ``source``, to be written as ``target``. ``moved`` are the payloads that go into a file
    beside it, ``beside``, each with the first byte that it has there. Raises `NotMendable` for a
    specification, and `LoadError` for a file that protobuf's own writers would not write."""

    def __init__(self, source: Source, target: Path) -> None:
        if spec.is_spec(source.data, source.name):
            raise NotMendable(f"{said(source.name)} is a specification, whose text only its writer can mend; "
                              "--fix is for ONNX files")
        self.source, self.target = source, target
        self.beside = f"{target.name}.data"
        self.moved: list[tuple[Span, int]] = []
        skimmed = skim(source.data)
        self.cut = skimmed.cut
        self.proto: Any = schema().ModelProto.FromString(skimmed.message)
        if segments(self.proto.SerializeToString(), self.cut) != len(self.cut):
            raise LoadError(f"{said(source.name)} stores a tensor in several pieces; save it with onnx.save "
                            "first")

    def graph(self) -> Graph:
        """The network as it is now."""
        graph = graph_of(self.proto, self.cut, self.source.folder)
        if any(found.kind == "not-utf8" for found in graph.irregularities):
            raise LoadError(f"{said(self.source.name)} has names that are not in UTF-8; export it again")
        return replace(graph, source=self.source.name, file_size=len(self.source.data))

    def report(self) -> Report:
        """What is known of it now."""
        return analyze(self.graph())

    def move(self, span: Span) -> int:
        """Put a payload into the file beside the model; the first byte that it has there."""
        (begin, end), at = self.moved[-1] if self.moved else ((0, 0), 0)
        self.moved.append((span, -(-(at + end - begin) // PAGE) * PAGE))
        return self.moved[-1][1]

    def write(self, path: Path) -> None:
        """Write the model as ``path``, and the payloads that were moved beside its ``target``."""
        parts = restored(self.proto.SerializeToString(), self.cut)
        if (size := length(parts)) > MAX_MESSAGE:
            raise UserError(f"{path} would have {size:,} bytes, and {MAX_MESSAGE:,} are the most that "
                            "protobuf can read; store the weights as external data")
        with written(path) as out:
            write(parts, self.source.data, out)
        if self.moved:
            with written(self.target.with_name(self.beside)) as out:
                for piece in self._beside():
                    out.write(piece)

    def _beside(self) -> Iterator[bytes]:
        """The bytes of the file that payloads were moved to."""
        end = 0
        for span, at in self.moved:
            yield bytes(at - end)
            yield from pieces(self.source.data, *span)
            end = at + span[1] - span[0]
