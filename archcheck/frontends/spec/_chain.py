"""One line of layers: ``(conv 64 3x3 same -> relu)*2 as stage -> maxpool 2x2``.

Elements stand between arrows. An element is a name with arguments, or a group in parentheses that may be
repeated. Arguments are separated by blanks or commas; what stands in brackets belongs together.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from archcheck.frontends.spec._document import Document, Text
from archcheck.frontends.spec._tree import (
    Arg,
    Begin,
    Call,
    Either,
    Group,
    Items,
    Optional,
    Repeat,
    Step,
    Steps,
    Written,
)

MAX_DEPTH = 30
"""So deep may groups nest in a line."""

ARROWS = re.compile(r"->|→")
PATTERN_ARROWS = re.compile(r"->|→|-|,")
"""What stands between the elements of a pattern as lectures write it."""

NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_OPENING, _CLOSING = "([{", ")]}"
_CLOSERS = {")": "(", "]": "[", "}": "{"}
_AS = re.compile(r"(?<=[\s)\]])as\s+([^()\[\]=]+)\Z")
_AS_WITHIN = 300  # so far from the end may 'as' and its names begin
_KEY = re.compile(r"([^\W\d]\w*)\s*=(?!=)")
_BY = re.compile(r"(?<!\s)\s+[x×]\s+")
_GAP = re.compile(r"[\s,]+")
_BAR = re.compile(r"\|")
_TIMES = re.compile(r"\s*([*×?])\s*")


def chain(document: Document, text: Text, arrows: re.Pattern[str] = ARROWS, depth: int = 0) -> Steps:
    """The steps that a line says."""
    if depth > MAX_DEPTH:
        raise document.error(text, f"this nests deeper than {MAX_DEPTH}")
    parts = list(_split(document, text, arrows))
    return tuple(step for part in parts for step in _element(document, part, arrows, depth))


def pattern(document: Document, text: Text) -> Steps:
    """The steps that a pattern says: a line as lectures write it."""
    return chain(document, text, PATTERN_ARROWS)


def arguments(document: Document, text: Text) -> tuple[Arg, ...]:
    """The arguments in a piece of a line."""
    return tuple(_argument(document, part) for part in _split(document, text, _GAP) if part.value)


def names(document: Document, text: Text) -> tuple[Text, ...]:
    """Names between blanks or commas."""
    found = tuple(part for part in _split(document, text, _GAP) if part.value)
    for name in found:
        if not NAME.fullmatch(name.value) and not re.fullmatch(r"\w+", name.value):
            raise document.error(name, f"{name.value!r} is no name; a name is letters, digits and _")
    return found


def _split(document: Document, text: Text, separator: re.Pattern[str]) -> Iterator[Text]:
    """The pieces of a text between what ``separator`` matches outside of brackets."""
    value, begin, at, opened = text.value, 0, 0, list[int]()
    kept = {match.start(): match.end() for match in _BY.finditer(value)} if separator is _GAP else {}
    while at < len(value):
        letter = value[at]
        if letter == '"':
            at = value.find('"', at + 1)
            if at < 0:
                raise document.error(text, 'a " is not closed')
        elif letter in _OPENING:
            opened.append(at)
        elif letter in _CLOSING:
            if not opened or value[opened.pop()] != _CLOSERS[letter]:
                where = text.part(at, at + 1)
                raise document.error(where, f"no bracket is open that this {letter} could close")
        elif not opened and at in kept:
            at = kept[at]
            continue
        elif not opened and (found := separator.match(value, at)):
            yield text.part(begin, at)
            begin = at = found.end()
            continue
        at += 1
    if opened:
        raise document.error(text.part(opened[-1], opened[-1] + 1), f"this {value[opened[-1]]} is not closed")
    yield text.part(begin)


def _element(document: Document, text: Text, arrows: re.Pattern[str], depth: int) -> Iterator[Step]:
    named: tuple[Text, ...] = ()
    found = _AS.search(text.value, max(0, len(text.value) - _AS_WITHIN))
    if found:
        named, text = names(document, text.part(found.start(1))), text.part(0, found.start())
    if not text.value:
        raise document.error(text, "a layer is missing here; write one between the arrows")
    if text.value[0] in "([":
        yield from _group(document, text, named, arrows, depth)
        return
    choices = list(_split(document, text, _BAR)) if arrows is PATTERN_ARROWS else [text]
    if len(choices) > 1:
        yield Either(tuple(_word(document, choice) for choice in choices))
    else:
        yield _call(document, text, named)


def _call(document: Document, text: Text, named: tuple[Text, ...]) -> Step:
    """A name with its arguments."""
    found = NAME.match(text.value)
    if not found:
        raise document.error(text, "a layer begins with its name, as in 'conv 64 3x3'")
    kind, rest = text.part(0, found.end()), text.part(found.end())
    if kind.value == "from":
        return Begin(_only_name(document, text, names(document, rest), named))
    if rest.value == "?":
        return Optional(Call(kind))
    if text.value[found.end():found.end() + 1] == "(" and _closes_last(rest.value):
        rest = rest.part(1, len(rest.value) - 1)
    return Call(kind, arguments(document, rest), named)


def _word(document: Document, text: Text) -> Call:
    if not NAME.fullmatch(text.value):
        raise document.error(text, "on each side of | there is one word, as in RELU|TANH")
    return Call(text)


def _only_name(document: Document, text: Text, found: tuple[Text, ...], named: tuple[Text, ...]) -> Text:
    if len(found) != 1 or named:
        raise document.error(text, "'from' takes the name of one value, as in 'from conv1'")
    return found[0]


def _group(document: Document, text: Text, named: tuple[Text, ...], arrows: re.Pattern[str],
           depth: int) -> Iterator[Step]:
    """A group in brackets, and how often it stands there."""
    end = _end_of_bracket(text.value)
    body = chain(document, text.part(1, end - 1), arrows, depth + 1)
    rest = text.part(end)
    if not rest.value:
        yield _once(body, text, named)
        return
    found = _TIMES.match(rest.value)
    if found and found[1] != "?" and rest.part(found.end()).value:
        yield Repeat(text, rest.part(found.end()), body, named[0] if named else None)
    else:
        raise document.error(rest, "after a group there may be '*' and a number, as in "
                                   "'(conv 64 3x3 -> relu)*2'")


def _once(body: Steps, text: Text, named: tuple[Text, ...]) -> Step:
    """A group that stands once."""
    return body[0] if len(body) == 1 and not named else Group(text, body, named[0] if named else None)


def _end_of_bracket(value: str) -> int:
    """After the bracket that closes the first letter of ``value``, whose brackets are known to match."""
    depth = 0
    for at, letter in enumerate(value):
        depth += (letter in _OPENING) - (letter in _CLOSING)
        if not depth:
            return at + 1
    return len(value)


def _closes_last(value: str) -> bool:
    return _end_of_bracket(value) == len(value)


def _argument(document: Document, text: Text) -> Arg:
    found = _KEY.match(text.value)
    if found:
        return Arg(found[1], written(document, text.part(found.end())), text)
    if text.value.startswith("/") and len(text.value) > 1:
        return Arg("stride", text.part(1), text)
    return Arg(None, written(document, text), text)


def written(document: Document, text: Text, depth: int = 0) -> Written:
    """A list in brackets, or one piece of text."""
    if not text.value:
        raise document.error(text, "a value is missing after the =")
    if text.value[0] != "[" or not _closes_last(text.value):
        return text
    if depth > MAX_DEPTH:
        raise document.error(text, f"this nests deeper than {MAX_DEPTH}")
    parts = [part for part in _split(document, text.part(1, len(text.value) - 1), _GAP) if part.value]
    return Items(tuple(written(document, part, depth + 1) for part in parts), text)
