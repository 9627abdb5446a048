"""Specifications: what is wrong with their text."""
from __future__ import annotations

from archcheck.errors import UserError
from archcheck.frontends import LoadError
from archcheck.graph import Irregularity
from archcheck.rules._case import Case
from archcheck.rules._rule import ERROR, WARNING, Fault, Faults, rule
from archcheck.scopes import SourceLine


@rule("SPC001", "unknown-key", severity=ERROR, of="failure")
def unknown_key(error: UserError) -> Faults:
    """An entry or an option is called as none is.

    Left out it would change nothing, so that a slip such as ``dilate`` for ``dilation`` would make another
    network than was meant. What is nearest is named.

    Bad::

        input: N x 3 x 32 x 32
        layer:
        - conv 8 3x3

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - conv 8 3x3 dilate=2

    Good::

        input: N x 3 x 32 x 32
        layers:
        - conv 8 3x3 dilation=2
    """
    yield from _of_kind(error, "unknown-key")


@rule("SPC002", "duplicate-key", severity=ERROR, of="failure")
def duplicate_key(error: UserError) -> Faults:
    """A key or an option is there twice.

    YAML readers take the last one without a word; which was meant nobody knows.

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - relu
        layers:
        - conv 8 3x3

    Good::

        input: N x 3 x 32 x 32
        layers:
        - relu
        - conv 8 3x3
    """
    yield from _of_kind(error, "duplicate-key")


@rule("SPC003", "wrong-arity", severity=ERROR, of="failure")
def wrong_arity(error: UserError) -> Faults:
    """A layer or a block is given too few arguments, or too many.

    How a layer is written is in the message, and in ``docs/spec-format.md``.

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - conv

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - maxpool 2 2 2

    Good::

        input: N x 3 x 32 x 32
        layers:
        - conv 8
        - maxpool 2 2
    """
    yield from _of_kind(error, "arity")


@rule("SPC004", "unknown-reference", severity=ERROR, of="failure")
def unknown_reference(error: UserError) -> Faults:
    """A layer, a value or a size is named that there is not.

    Names count from where they are given on, and those of a block only inside it. What is nearest is named.

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - conv 8 3x3 same as first
        - relu -> add frist

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - conv 8 3x3 -> rellu

    Good::

        input: N x 3 x 32 x 32
        layers:
        - conv 8 3x3 same as first
        - relu -> add first
    """
    yield from _of_kind(error, "unknown-reference")


@rule("SPC005", "unused-layer", severity=WARNING)
def unused_layer(case: Case) -> Faults:
    """A layer is built whose result nothing reads, or a block, parameter or constant that nothing uses.

    The layer before a ``from`` is the usual place: what it makes has no name, and the network goes on from
    elsewhere. Its parameters and MACs still count.

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - conv 8 3x3 same as stem
        - conv 16 3x3 same
        - from stem -> relu

    Bad::

        params: {width: 8}
        input: N x 3 x 32 x 32
        layers:
        - conv 8 3x3

    Good::

        input: N x 3 x 32 x 32
        layers:
        - conv 8 3x3 same as stem
        - conv 16 3x3 same as side
        - from stem -> conv 16 1x1 -> add side
    """
    for found in case.graph.irregularities:
        if found.kind == "unused":
            yield _noted(case, found, found.message, "take it out, or read it")


@rule("SPC006", "implicit-type", severity=WARNING)
def implicit_type(case: Case) -> Faults:
    """A word or number without quotes is something else to other readers of YAML.

    ``no`` as a name is a truth value, ``1:30`` is 90, ``010`` is 8 and ``2024-01-01`` a date. Here they are
    what they look like; a script that reads the file gets the other.

    Bad::

        name: no
        input: N x 3 x 32 x 32
        layers:
        - conv 8 3x3

    Good::

        name: "no"
        input: N x 3 x 32 x 32
        layers:
        - conv 8 3x3 bias=no
    """
    for found in case.graph.irregularities:
        if found.kind == "implicit-type":
            yield _noted(case, found, f"{found.subject!r} without quotes: {found.message}",
                         "put it into quotes, or write the number plainly")


@rule("SPC007", "shadowed-anchor", severity=ERROR, of="failure")
def shadowed_anchor(error: UserError) -> Faults:
    """An anchor of YAML, ``&name``, is set twice, so that ``*name`` means one thing before and another after.

    Blocks with parameters say what is repeated by name, and are checked.

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - conv: &a [8, 3x3]
        - conv: &a [16, 3x3]
        - conv: *a

    Good::

        input: N x 3 x 32 x 32
        layers:
        - conv: &a [8, 3x3]
        - conv: &b [16, 3x3]
        - conv: *a
        - conv: *b
    """
    yield from _of_kind(error, "shadowed-anchor")


@rule("SPC009", "malformed-specification", severity=ERROR, of="failure")
def malformed_specification(error: UserError) -> Faults:
    """The text is no YAML, or says something that the language has no meaning for.

    The message says what should stand there. What has a rule of its own (a slip in a name, a key that is
    there twice, a missing argument) is reported by that.

    Bad::

        input: N x 3 x 32 x 32
        layers:
        - relu ->

    Bad::

        input: N x 3 x 32 x 32
        layers: [relu

    Good::

        input: N x 3 x 32 x 32
        layers: [relu]
    """
    yield from _of_kind(error, "specification")


def _of_kind(error: UserError, kind: str) -> Faults:
    """What is wrong with a specification, if it is of this kind."""
    if isinstance(error, LoadError) and error.kind == kind:
        message, _, fix = error.reason.partition("; ")
        yield Fault(message or str(error), fix=fix, line=error.place)


def _noted(case: Case, found: Irregularity, message: str, fix: str) -> Fault:
    return Fault(message, fix=fix, value=found.subject, cause=(found.line, found.column),
                 line=SourceLine(case.graph.source, found.line, found.column))
