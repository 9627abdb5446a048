"""A YAML document with its places: what stands where, and errors that show it."""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator
from itertools import accumulate
from typing import Any, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from archcheck.errors import closest
from archcheck.frontends._source import LoadError, said
from archcheck.scopes import SourceLine

MAX_BYTES = 1 << 18
"""A longer text is no specification."""

MAX_NODES = 50_000
"""So many entries may a document have, those that aliases repeat counted each time."""

MAX_DEPTH = 40
"""So deep may a document nest."""

MAX_GAP, MAX_KEY = 1000, 1000
"""A letter of a folded text is looked for so far on; a key is not longer than that."""

MAX_SHOWN = 100
"""Longer lines are shown in part."""

QUOTES = "text that begins with [ { * & ! | > ' % @ or # belongs in quotes"
CURES = {
    "mapping values are not allowed here": "a colon with a blank behind it ends a key, and here cannot be "
                                           "one; check the indentation, or put the text into quotes",
    "found character '\\t'": "it is indented with a tab; use spaces",
    "expected <block end>": f"this does not go on what stands before it; check the indentation, and {QUOTES}",
    "did not find expected": f"check the indentation, and {QUOTES}",
    "found character": QUOTES,
    "expected alphabetic": QUOTES,
    "expected chomping": QUOTES,
    "expected ',' or": "a bracket is not closed, or a comma is missing",
    "found undefined alias": f"nothing is marked with & and this name; {QUOTES}",
    "could not find expected ':'": "a key without a colon, or text that should be indented further"}
"""What to do about what the YAML reader says."""


UNKNOWN_KEY, DUPLICATE_KEY, ARITY = "unknown-key", "duplicate-key", "arity"
UNKNOWN_REFERENCE, SHADOWED_ANCHOR = "unknown-reference", "shadowed-anchor"
"""Kinds of what can be wrong with a specification."""


class SpecError(LoadError):
    """A specification that is not one; the message begins with file, line and column, and shows the place."""

    kind = "specification"


class Place(NamedTuple):
    """Where something stands: line and column, both from 1, and how many characters it takes."""

    line: int
    column: int
    length: int = 1


class Text(NamedTuple):
    """A piece of a scalar: its text, the scalar that it is in, and where in that it begins."""

    value: str
    node: ScalarNode
    start: int = 0

    @property
    def at(self) -> Text:
        """Where it stands: itself."""
        return self

    def part(self, begin: int, end: int | None = None) -> Text:
        """The piece from ``begin`` to before ``end``, without the blanks around it."""
        piece = self.value[begin:end]
        lead = len(piece) - len(piece.lstrip())
        return Text(piece.strip(), self.node, self.start + begin + lead)


class Field(NamedTuple):
    """An entry of a mapping: its key, and the node that is its value."""

    key: Text
    node: Node


class Document:
    """A text as a tree of YAML nodes. Raises `SpecError` where it is no YAML, too large or too deep."""

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        try:
            if len(data) > MAX_BYTES:
                raise SpecError(f"{said(name)} has {len(data):,} bytes, and {MAX_BYTES:,} are the most for a "
                                "specification; name a smaller file")
            self.text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise SpecError(f"{said(name)} is not in UTF-8; save it in that encoding") from None
        self.lines = self.text.split("\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in self.lines)]
        self._places: dict[int, list[int]] = {}
        self.root = self._composed()

    def _composed(self) -> Node:
        try:
            root = yaml.SafeLoader(self.text).get_single_node()
        except yaml.reader.ReaderError as error:
            line = self.text.count("\n", 0, error.position) + 1
            raise self.error(Place(line, 1), "a control character stands here, which YAML does not allow"
                             ) from None
        except yaml.MarkedYAMLError as error:
            raise self._no_yaml(error) from None
        except RecursionError:
            raise self.error(Place(1, 1), f"it nests deeper than {MAX_DEPTH}") from None
        if root is None:
            raise SpecError(f"{said(self.name)} is empty; write an input and layers into it")
        self._bounded(root, {}, 0)
        return root

    def _no_yaml(self, error: yaml.MarkedYAMLError) -> SpecError:
        mark: Any = error.problem_mark or error.context_mark
        problem = str(error.problem or error.context)
        cure = next((cure for begin, cure in CURES.items() if problem.startswith(begin)), problem)
        place = Place(mark.line + 1, mark.column + 1)
        if problem.startswith("second occurrence"):
            first = str(error.context).partition("'")[2].partition("'")[0]
            return self.error(place, f"the anchor {first!r} is set a second time; give it another name",
                              SHADOWED_ANCHOR)
        return self.error(place, f"this is not YAML: {cure}")

    def _bounded(self, node: Node, seen: dict[int, int], depth: int) -> int:
        """The number of nodes in ``node``, each alias counted in full."""
        if id(node) in seen:
            if not seen[id(node)]:
                raise self.error(self.place(node), "this refers to itself")
            return seen[id(node)]
        if depth > MAX_DEPTH:
            raise self.error(self.place(node), f"this nests deeper than {MAX_DEPTH}")
        seen[id(node)] = 0
        count = 1 + sum(self._bounded(inner, seen, depth + 1) for inner in _children(node))
        if count > MAX_NODES:
            raise self.error(self.place(node), f"with its aliases this has {count:,} entries, and "
                                               f"{MAX_NODES:,} are the most")
        seen[id(node)] = count
        return count

    # ------------------------------------------------------------------------------------------- places
    def place(self, what: Node | Text) -> Place:
        """Where ``what`` stands."""
        if isinstance(what, Text):
            return self._place_of(what)
        mark, end = what.start_mark, what.end_mark
        last = end.column if end.line == mark.line else len(self.lines[mark.line])
        return Place(mark.line + 1, mark.column + 1, max(last - mark.column, 1))

    def _place_of(self, text: Text) -> Place:
        """Where a piece of a scalar stands: quotes, escapes and folded lines are followed through the
        source."""
        mark = text.node.start_mark
        at = mark.index
        if self.text.startswith(text.node.value, at):
            at += text.start
        else:
            at = self._aligned(text.node, text.start)
        line = bisect_right(self.starts, at, hi=len(self.lines)) - 1
        column = at - self.starts[line]
        length = min(len(text.value), len(self.lines[line]) - column)
        return Place(line + 1, column + 1, max(length, 1))

    def _aligned(self, node: ScalarNode, start: int) -> int:
        """Where in the source the character ``start`` of a scalar is: each letter after the one before."""
        if id(node) not in self._places:
            at, end = node.start_mark.index, node.end_mark.index
            places = self._places[id(node)] = []
            for letter in node.value:
                found = -1 if letter.isspace() else self.text.find(letter, at, min(at + MAX_GAP, end))
                places.append(max(found, at))
                at = found + 1 if found >= 0 else at
        places = self._places[id(node)]
        return places[min(start, len(places) - 1)] if places else node.start_mark.index

    def error(self, where: Node | Text | Place, message: str, kind: str = SpecError.kind) -> SpecError:
        """The error of a ``kind`` that ``message`` says of a place, with the line below and a mark below
        that."""
        line, column, length = where if isinstance(where, Place) else self.place(where)
        shown = self.lines[line - 1] if line <= len(self.lines) else ""
        begin = max(0, column - MAX_SHOWN // 2) if len(shown) > MAX_SHOWN else 0
        cut = "".join(c if c.isprintable() else " " for c in shown[begin:begin + MAX_SHOWN])
        length = max(1, min(length, len(cut) - (column - 1 - begin)))
        mark = " " * (column - 1 - begin) + "^" * length
        number = str(line)
        error = SpecError(f"{said(self.name)}:{line}:{column}: {message}\n  {number} | {cut}\n"
                          f"  {' ' * len(number)} | {mark}")
        error.kind, error.reason, error.place = kind, message, SourceLine(self.name, line, column)
        return error

    # ------------------------------------------------------------------------------------------- reading
    def fields(self, node: Node, known: Collection[str], what: str) -> dict[str, Field]:
        """The entries of a mapping, whose keys must be ``known``."""
        found = {}
        for field in self.entries(node, what):
            key = field.key.value
            if key not in known:
                close = closest(key, known)
                cure = f"did you mean {close!r}?" if close else f"there may be {', '.join(known)}"
                raise self.error(field.key, f"{what} has no entry {key!r}; {cure}", UNKNOWN_KEY)
            found[key] = field
        return found

    def entries(self, node: Node, what: str) -> Iterator[Field]:
        """The entries of a mapping in order, whatever their keys; each key once."""
        if not isinstance(node, MappingNode):
            raise self.error(node, f"{what} should be entries of the form 'key: value'")
        seen = set()
        for key, value in node.value:
            text = self.scalar(key, "a key")
            if len(text.value) > MAX_KEY:
                raise self.error(text, f"this key has {len(text.value):,} characters, and {MAX_KEY:,} are "
                                       f"the most")
            if text.value in seen:
                raise self.error(text, f"{text.value!r} is said twice; keep one", DUPLICATE_KEY)
            seen.add(text.value)
            yield Field(text, value)

    def items(self, node: Node, what: str) -> list[Node]:
        """The items of a list."""
        if not isinstance(node, SequenceNode):
            raise self.error(node, f"{what} should be a list: an item a line, each after '- '")
        return list(node.value)

    def scalar(self, node: Node, what: str) -> Text:
        """One text or number."""
        if not isinstance(node, ScalarNode):
            raise self.error(node, f"{what} should be one text or number")
        return Text(node.value, node)


class Line(Document):
    """A text that is no YAML, but one line by itself: what a command is given. ``whole`` is all of it."""

    def _composed(self) -> Node:
        mark = yaml.Mark(self.name, 0, 0, 0, None, 0)
        return ScalarNode("tag:yaml.org,2002:str", self.text, mark, mark)

    @property
    def whole(self) -> Text:
        """All of the text."""
        return self.scalar(self.root, "the text").part(0)


def is_nothing(node: Node) -> bool:
    """Whether nothing stands where a value could."""
    return isinstance(node, ScalarNode) and node.style is None and node.value in ("", "~", "null")


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, SequenceNode):
        yield from node.value
