"""What is odd about a specification that can be built: parts that nothing uses, and words that YAML takes for
something else."""
from __future__ import annotations

import re
from collections.abc import Iterator

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from archcheck.frontends.spec._document import Document, Text
from archcheck.frontends.spec._tree import Specification
from archcheck.graph import Graph, Irregularity
from archcheck.scopes import SourceLine, specified

UNUSED, IMPLICIT = "unused", "implicit-type"

_TAG = "tag:yaml.org,2002:"
_NUMBER = re.compile(r"[-+]?(0[0-9_]+|[0-9][0-9_]*:[0-9:.]+|[0-9]+_[0-9_]+)")


def notes(spec: Specification, graph: Graph) -> tuple[Irregularity, ...]:
    """What is odd about ``spec``, from which ``graph`` was built."""
    return (*_unused_layers(graph), *_unused_names(spec), *_implicit(spec.document, spec.document.root))


# --------------------------------------------------------------------------------------------- unused
def _unused_layers(graph: Graph) -> Iterator[Irregularity]:
    """Layers whose results nothing reads, wherever they are repeated."""
    places = [specified(node) for node in graph.nodes]
    dead = _dead(graph)
    living = {place for index, place in enumerate(places) if index not in dead}
    told = set[SourceLine]()
    for index in sorted(dead):
        node, place = graph.nodes[index], places[index]
        is_end = not any(name in graph.uses for name in node.outputs)
        if place is not None and is_end and place not in living and place not in told:
            told.add(place)
            yield Irregularity(UNUSED, node.name, "nothing reads the result of this layer", place.line,
                               place.column or 1)


def _dead(graph: Graph) -> set[int]:
    wanted = set(graph.outputs)
    found = set()
    for index in range(len(graph.nodes) - 1, -1, -1):
        node = graph.nodes[index]
        if wanted.isdisjoint(node.outputs):
            found.add(index)
        else:
            wanted.update(node.inputs)
    return found


def _unused_names(spec: Specification) -> Iterator[Irregularity]:
    """Blocks, parameters and constants that the text names nowhere else."""
    named = [("block", block.name) for block in spec.blocks.values()]
    named += [("parameter", field.key) for field in spec.params.values()]
    named += [("constant", field.key) for field in spec.constants.values()]
    counts: dict[str, int] = {}
    for word in re.findall(r"\w+", spec.document.text):
        counts[word] = counts.get(word, 0) + 1
    for what, text in named:
        if counts.get(text.value) == 1:
            yield _noted(spec.document, UNUSED, text, f"nothing uses this {what}")


# ---------------------------------------------------------------------------------------- implicit types
def _implicit(document: Document, node: Node, is_text: bool = False) -> Iterator[Irregularity]:
    """Words without quotes that YAML readers take for a truth value, a date, or another number."""
    if isinstance(node, ScalarNode) and node.style is None:
        meaning = _meaning(node, is_text)
        if meaning:
            yield _noted(document, IMPLICIT, Text(node.value, node), f"YAML readers take this for {meaning}")
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _implicit(document, item)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _implicit(document, key, is_text=True)
            if key.value != "claims":
                yield from _implicit(document, value, is_text=key.value in ("name", "about"))


def _meaning(node: ScalarNode, is_text: bool) -> str:
    """What YAML takes a scalar for, "" where that is what it is here."""
    tag = node.tag.removeprefix(_TAG)
    if tag == "timestamp":
        return "a date"
    if tag in ("int", "float") and _NUMBER.fullmatch(node.value):
        return "another number" if node.value.startswith("0") or ":" in node.value else "a number"
    return "a truth value" if is_text and tag == "bool" else ""


def _noted(document: Document, kind: str, text: Text, message: str) -> Irregularity:
    place = document.place(text)
    return Irregularity(kind, text.value, message, place.line, place.column)
