"""Building steps: layers, blocks, repetitions, branches, choices."""
from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

from archcheck.errors import closest
from archcheck.frontends.spec import _operators
from archcheck.frontends.spec._arguments import bound, general, reference, size
from archcheck.frontends.spec._build import Clash
from archcheck.frontends.spec._document import ARITY, DUPLICATE_KEY, UNKNOWN_KEY, UNKNOWN_REFERENCE, Text
from archcheck.frontends.spec._frame import ENTRY, Frame, Ref
from archcheck.frontends.spec._layer import LAYERS, At, Layer
from archcheck.frontends.spec._sizes import Open
from archcheck.frontends.spec._tree import (
    Arg,
    Begin,
    Block,
    Call,
    Choice,
    Each,
    Either,
    Given,
    Group,
    Join,
    Optional,
    Parameter,
    Repeat,
    Step,
    Steps,
)

MAX_REPEATS = 10_000
"""A part is repeated so often at most."""

MAX_DEPTH = 60
"""So deep may blocks, repetitions and branches stand in each other."""


def elaborate(frame: Frame, steps: Steps) -> None:
    """Build ``steps``, one after the other."""
    frame.reserve(set(_given(steps)))
    for step in steps:
        build(step, frame)


@singledispatch
def build(step: Step, frame: Frame) -> None:
    """Build one step."""
    raise TypeError(type(step).__name__)


def _given(steps: Steps) -> Iterator[str]:
    """The names that the text gives to ``steps``."""
    for step in steps:
        if isinstance(step, (Repeat, Each, Group)) and step.name:
            yield step.name.value
        if isinstance(step, Group) and not step.name:
            yield from _given(step.body)
        call = step.call if isinstance(step, Join) else step
        if isinstance(call, Call):
            yield from (name.value for name in call.names)


# ------------------------------------------------------------------------------------------------- flow
@build.register
def _begin(step: Begin, frame: Frame) -> None:
    frame.build.count(step.name)
    frame.current = reference(frame, step.name)


@build.register
def _choice(step: Choice, frame: Frame) -> None:
    frame.build.count(step.condition)
    found = frame.value(step.condition)
    if isinstance(found, Open) and found.hidden:
        found = False  # whatever is built here, a fault before it hides its shapes
    if isinstance(found, Open):
        raise frame.error(step.condition, f"{found.question} depends on sizes that are not given; give them "
                                          f"with "
                                          "--set, or a default")
    if not isinstance(found, bool):
        raise frame.error(step.condition, "a condition should stand here, such as 'stride > 1'")
    elaborate(frame, step.then if found else step.other)


@build.register
def _repeat(step: Repeat, frame: Frame) -> None:
    for _, inner in turns(frame, step, times_of(frame, step)):
        _body(inner, step.body)


@build.register
def _group(step: Group, frame: Frame) -> None:
    if step.name is None:
        elaborate(frame, step.body)
        return
    inner = _nested(frame, f"{frame.full(step.name)}.", step.at)
    elaborate(inner, step.body)
    frame.define(step.name, Ref(inner.current))
    frame.current = inner.current


@build.register
def _each(step: Each, frame: Frame) -> None:
    for turn, inner in turns(frame, step, len(step.rows)):
        for name, entry in zip(step.variables, step.rows[turn]):
            inner.define(name, general(frame, entry))
        _body(inner, step.body)


def times_of(frame: Frame, step: Repeat) -> int:
    """How often a part is repeated."""
    times = size(frame, step.times)
    if not isinstance(times, int):
        raise frame.error(step.times, f"how often to repeat depends on {step.times.value}, which is not "
                                      "given; give it with --set, or a default")
    if not 0 <= times <= MAX_REPEATS:
        raise frame.error(step.times, f"this repeats {times:,} times, and 0 to {MAX_REPEATS:,} are allowed")
    return times


def turns(frame: Frame, step: Repeat | Each, times: int) -> Iterator[tuple[int, Frame]]:
    """A frame for each turn of a repetition; each goes on from where the one before has ended."""
    prefix = _scope(frame, step.name, step.body, "repeat" if isinstance(step, Repeat) else "each")
    for turn in range(times):
        frame.build.count(step.at)
        inner = _nested(frame, f"{prefix}.{turn + 1}.", step.at)
        inner.turn = turn
        yield turn, inner
        frame.current = inner.current


def _body(inner: Frame, body: Steps) -> None:
    """One turn. A body that is one block is not put into a scope within that of the turn."""
    only = body[0] if len(body) == 1 else None
    if isinstance(only, Call) and only.kind.value in inner.build.blocks and not only.names:
        _into_block(only, inner, inner.prefix)
    else:
        elaborate(inner, body)


def _scope(frame: Frame, name: Text | None, body: Steps, kind: str) -> str:
    """The full name of a repetition: its own, or that of the one block in it."""
    if name is not None:
        return frame.full(name)
    only = body[0] if len(body) == 1 else None
    is_block = isinstance(only, Call) and only.kind.value in frame.build.blocks
    return frame.fresh(only.kind.value if is_block and isinstance(only, Call) else kind)


def _nested(frame: Frame, prefix: str, at: Text) -> Frame:
    if frame.depth > MAX_DEPTH:
        raise frame.error(at, f"this nests deeper than {MAX_DEPTH}")
    return frame.inner(prefix)


# ---------------------------------------------------------------------------------------------- branches
@build.register
def _join(step: Join, frame: Frame) -> None:
    call = step.call
    for given in call.names:
        frame.check(given)
    begin = _sources(frame, call)[0] if call.sources else frame.current
    name = frame.full(call.names[0]) if call.names else frame.fresh(call.kind.value)
    ends = []
    for number, branch in enumerate(step.branches, 1):
        inner = _nested(frame, f"{name}.{branch.name.value if branch.name else number}.", call.kind)
        inner.current = begin
        elaborate(inner, branch.body)
        ends.append(inner.current)
    frame.current = ends[0] if ends else begin
    args = tuple(Arg(None, Given(Ref(end), call.kind), call.kind) for end in ends[1:])
    _layer(frame, call._replace(args=(*args, *call.args), sources=()), LAYERS[call.kind.value],
           f"{name}.join")


# ------------------------------------------------------------------------------------------------- calls
@build.register
def _call(step: Call, frame: Frame) -> None:
    for given in step.names:
        frame.check(given)
    kind = _kind(frame, step)
    if kind in frame.build.blocks:
        name = frame.full(step.names[0]) if step.names else frame.fresh(kind)
        _into_block(step._replace(kind=step.kind._replace(value=kind)), frame, f"{name}.")
        return
    if kind == "none":
        kind = "pass"
    found = LAYERS.get(kind) or _operators.operator(kind)
    if found is None:
        raise frame.error(step.kind, f"there is no layer {kind!r}" + _hint(frame, kind), UNKNOWN_REFERENCE)
    name = frame.full(step.names[0]) if step.names else frame.fresh(kind)
    _layer(frame, step, found, name)


@build.register
def _either(step: Either, frame: Frame) -> None:
    words = " or ".join(call.kind.value for call in step.calls)
    raise frame.error(step.calls[0].kind, f"which layer to build is left open, {words}; keep one of them")


@build.register
def _optional(step: Optional, frame: Frame) -> None:
    raise frame.error(step.step.kind, "'?' belongs to a 'pattern'; use 'if' with 'then' here")


def _kind(frame: Frame, step: Call) -> str:
    """What is called: a parameter may hold the name of a layer."""
    found = frame.find(step.kind.value)
    return found if isinstance(found, str) and not isinstance(found, Ref) else step.kind.value


def _hint(frame: Frame, kind: str) -> str:
    known = [*LAYERS, *frame.build.blocks]
    close = (_operators.spelt(kind) or closest(kind, known) or closest(kind.lower(), known)
             or _operators.similar(kind))
    if close:
        return f"; did you mean {close!r}?"
    return "; docs/spec-format.md has a list of them, `archcheck ops` one of the operators"


def _layer(frame: Frame, step: Call, found: Layer, name: str) -> None:
    """Build a layer and go on from what it makes."""
    sources = _sources(frame, step)
    defaults = frame.build.defaults.get(found.name, ())
    rest, named = bound(frame, found, step.args, defaults, step.kind)
    positional = [named.pop(key) for key in found.positional if key in named] if rest else []
    at = At(frame, step.kind, name, max(len(step.names), 1))
    try:
        made = found.function(at, sources[0], *positional, *map(str, sources[1:]), *rest, **named)
    except Clash as name:
        raise frame.error(step.kind, f"two values would be called {name}; give one another name") from None
    results = (made,) if isinstance(made, str) else tuple(made)
    if len(step.names) > len(results):
        raise frame.error(step.names[len(results)], f"{found.name} makes {len(results)} values, and "
                          f"{len(step.names)} names are given")
    for given, value in zip(step.names, results):
        frame.define(given, Ref(value))
    frame.current = results[0]


def _sources(frame: Frame, step: Call) -> list[str]:
    return [reference(frame, name) for name in step.sources] or [frame.current]


def _into_block(step: Call, frame: Frame, prefix: str) -> None:
    """Build a block, which sees its parameters and those of the network, and nothing else."""
    frame.build.count(step.kind)
    block: Block = frame.build.blocks[step.kind.value]
    network = frame
    while network.outer is not None:
        network = network.outer
    inner = _nested(frame, prefix, step.kind)
    inner.outer, inner.depth = network, frame.depth + 1
    inner.current = _sources(frame, step)[0]
    inner.names[ENTRY] = Ref(inner.current)
    for parameter, meaning in _parameters(block, step, frame, inner):
        inner.define(parameter.name, meaning)
    elaborate(inner, block.body)
    if len(step.names) > 1:
        raise frame.error(step.names[1], "a block makes one value, so that it takes one name")
    if step.names:
        frame.define(step.names[0], Ref(inner.current))
    frame.current = inner.current


def _parameters(block: Block, step: Call, frame: Frame, inner: Frame) -> Iterator[tuple[Parameter, Any]]:
    """What the parameters of a block mean: as given, or else their defaults, which see those before."""
    given = _matched(block, step, frame)
    for parameter in block.parameters:
        name = parameter.name.value
        if name in given:
            yield parameter, general(frame, given[name].value)
        elif parameter.default is not None:
            yield parameter, general(inner, parameter.default)
        else:
            raise frame.error(step.kind, f"{block.name.value} needs {name!r}; it is written "
                                         f"'{_written(block)}'", ARITY)


def _matched(block: Block, step: Call, frame: Frame) -> dict[str, Arg]:
    """Which argument is for which parameter of a block."""
    known = [parameter.name.value for parameter in block.parameters]
    found: dict[str, Arg] = {}
    for arg in step.args:
        name = arg.key or next((name for name in known if name not in found), None)
        if name not in known or name in found:
            close = closest(arg.key, known) if arg.key else None
            said = f"is said twice for {name!r}" if name in found else "has no place"
            cure = f"did you mean {close!r}?" if close else f"it is written '{_written(block)}'"
            kind = DUPLICATE_KEY if name in found else UNKNOWN_KEY if arg.key else ARITY
            raise frame.error(arg.at, f"this {said} in {block.name.value}; {cure}", kind)
        found[name] = arg
    return found


def _written(block: Block) -> str:
    parts = [parameter.name.value + (f"={parameter.default.value}" if parameter.default else "")
             for parameter in block.parameters]
    return f"{block.name.value}({', '.join(parts)})"
