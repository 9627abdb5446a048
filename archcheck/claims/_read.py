"""From a YAML document to `Claims`: which entries there are, and what may stand in them."""
from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from archcheck.claims._tree import VERDICTS, Claims, Printed, Statement
from archcheck.frontends.spec._chain import NAME, names
from archcheck.frontends.spec._document import Document, Field, Text
from archcheck.frontends.spec._read import KEYS as OF_A_SPECIFICATION

KEYS = ("source", "about", "model", "networks", "symbols", "statements")
FIGURES = "printed", "truth", "off"
OF_A_STATEMENT = ("id", "where", "paper", "table", "says", "verdict", "printed", "value", "under",
                  "execute", "otherwise", "truth", "off", "why", "rounding", "repaired")
ROUNDINGS = ("nearest", "down", "up")
TRUE = Printed(True, None, "true")

_NUMBER = re.compile(r"([+-]?[0-9][0-9,]*(?:\.[0-9]+)?)(?:e([+-]?[0-9]{1,2}))?\s*([KMGBT%]?)\Z")
_POWER = re.compile(r"10\^([0-9]{1,2})\Z")
_SCALES = {"": 0, "%": 0, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12}
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def holds_claims(document: Document) -> bool:
    """Whether a document has claims in it: a file of its own, or a specification with some."""
    return bool({"statements", "claims"} & set(_keys(document)))


def claims(document: Document) -> Claims:
    """All of a document that `holds_claims`. Raises `SpecError` at the first thing that is wrong."""
    if "statements" in _keys(document):
        return _own_file(document)
    return _of_specification(document)


def _keys(document: Document) -> list[Any]:
    root = document.root
    return [key.value for key, _ in root.value] if isinstance(root, MappingNode) else []


def _own_file(document: Document) -> Claims:
    fields = document.fields(document.root, KEYS, "a file of claims")
    networks = _networks(document, fields)
    symbols: tuple[Text, ...] = ()
    if "symbols" in fields:
        symbols = names(document, document.scalar(fields["symbols"].node, "'symbols'"))
    source = document.scalar(fields["source"].node, "the source").value if "source" in fields else ""
    return Claims(document, document.name, source, networks, symbols,
                  tuple(_statements(document, fields["statements"])))


def _networks(document: Document, fields: dict[str, Field]) -> dict[str, Field]:
    found = {}
    if "networks" in fields:
        entries = document.entries(fields["networks"].node, "'networks'")
        found = {field.key.value: field for field in entries}
    if "model" in fields:
        found["model"] = fields["model"]
    for name, field in found.items():
        if not NAME.fullmatch(name):
            raise document.error(field.key, f"{name!r} is no name; a name is letters, digits, _")
    return found


def _of_specification(document: Document) -> Claims:
    fields = document.fields(document.root, OF_A_SPECIFICATION, "a specification")
    itself = Field(fields["claims"].key, document.root)
    name = Path(document.name).stem
    networks = {"model": itself, **({name: itself} if NAME.fullmatch(name) else {})}
    statements = tuple(_statements(document, fields["claims"], f"{name}-"))
    return Claims(document, document.name, name, networks, (), statements)


def _statements(document: Document, field: Field, begin: str = "") -> Iterator[Statement]:
    seen: set[str] = set()
    for number, node in enumerate(document.items(field.node, f"{field.key.value!r}"), 1):
        statement = _statement(document, node, f"{begin}{number}")
        if statement.id in seen:
            raise document.error(node, f"there is a statement {statement.id} already; give it its own 'id'")
        seen.add(statement.id)
        yield statement


def _statement(document: Document, node: Node, number: str) -> Statement:
    fields = document.fields(node, OF_A_STATEMENT, "a statement")
    said = {key: document.scalar(field.node, f"'{key}'").value for key, field in fields.items()
            if key not in FIGURES}
    for key, why in (("says", "says what, in words"), ("verdict", f"is one of {', '.join(VERDICTS)}")):
        if key not in fields:
            raise document.error(node, f"this statement has no entry {key!r}, which {why}")
    _one_of(document, fields, "verdict", VERDICTS)
    _one_of(document, fields, "rounding", ROUNDINGS)
    printed = _printed(document, fields["printed"].node) if "printed" in fields else TRUE
    truth, off = (_printed(document, fields[key].node) if key in fields else None for key in FIGURES[1:])
    places = [said[key] for key in ("where", "paper", "table") if key in said]
    return Statement(said.get("id", number), ", ".join(places), said["says"], said["verdict"], printed, truth,
                     off, fields)


def _one_of(document: Document, fields: dict[str, Field], key: str, known: tuple[str, ...]) -> None:
    if key in fields and fields[key].node.value not in known:
        raise document.error(fields[key].node, f"{key!r} is one of {', '.join(known)}")


def _printed(document: Document, node: Node) -> Printed:
    if isinstance(node, SequenceNode):
        parts = [_printed(document, item) for item in node.value]
        return Printed(tuple(part.value for part in parts), tuple(part.unit for part in parts),
                       f"[{', '.join(part.text for part in parts)}]")
    text = document.scalar(node, "what is printed").value
    return _scalar(text, isinstance(node, ScalarNode) and node.style in ("'", '"'))


def _scalar(text: str, is_quoted: bool) -> Printed:
    """A number with the unit of its last digit, a truth value, or text."""
    power, number = _POWER.match(text), _NUMBER.match(text)
    if is_quoted or not (power or number):
        known = not is_quoted and text.lower() in _WORDS
        return Printed(_WORDS[text.lower()] if known else text, None, text)
    if power:
        unit = Fraction(10) ** int(power[1])
        return Printed(unit, unit, text)
    assert number
    digits = number[1].replace(",", "")
    scale = Fraction(10) ** (int(number[2] or 0) + _SCALES[number[3]])
    decimals = len(digits.partition(".")[2])
    return Printed(Fraction(digits) * scale, scale / 10 ** decimals, text)
