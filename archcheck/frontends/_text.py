"""Text that is not UTF-8: protobuf gives it as bytes, where names and descriptions are expected to be
text."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from operator import attrgetter
from typing import Any

from archcheck.graph import Graph

_TEXTS = attrgetter("name"), attrgetter("op"), attrgetter("domain"), attrgetter("overload"), attrgetter("doc")
_NAMES = attrgetter("inputs"), attrgetter("outputs"), attrgetter("attrs")


def require_text(*parts: Iterable[str]) -> None:
    """Raise `TypeError` where one of ``parts`` holds bytes."""
    "".join(chain.from_iterable(parts))


def texts_of(graph: Graph) -> Iterator[Iterable[str]]:
    """Every name and text of a graph and its nodes, those of bodies aside."""
    nodes = graph.nodes
    properties = [graph.metadata, *(node.metadata for node in nodes if node.metadata)]
    yield from ((graph.name, graph.doc), graph.outputs, graph.inputs, graph.weights, graph.declared)
    yield from (graph.attributes, graph.opsets, *properties, *(each.values() for each in properties))
    yield from (map(text, nodes) for text in _TEXTS)
    yield from (chain.from_iterable(map(names, nodes)) for names in _NAMES)


def make_text(proto: Any) -> bool:
    """Put readable text in place of bytes in every text field of a message; says whether there were any."""
    found = False
    for field, value in proto.ListFields():
        is_repeated = hasattr(value, "extend")
        values = value if is_repeated else [value]
        if field.type == field.TYPE_MESSAGE:
            found = sum(make_text(each) for each in values) > 0 or found
        elif field.type == field.TYPE_STRING and any(isinstance(each, bytes) for each in values):
            readable = [_readable(each) for each in values]
            found = True
            if is_repeated:
                value[:] = readable
            else:
                setattr(proto, field.name, readable[0])
    return found


def _readable(text: str | bytes) -> str:
    return text if isinstance(text, str) else text.decode("utf-8", "backslashreplace")
