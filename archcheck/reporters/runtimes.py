"""What is known of a runtime: its limits by version, and what it asks of operators."""
from __future__ import annotations

import json
from collections.abc import Iterator
from textwrap import fill

from archcheck.errors import UserError
from archcheck.rules.targets import RUNTIMES, Limits, Runtime, Target, runtime_target

SCHEMA = "archcheck.runtime/1"
PAGE = 80
NO_LIMIT = "any"


class NoRuntime(UserError):
    """A target that is no runtime."""


def render(text: str, form: str, width: int | None) -> str:
    """The runtime that ``text`` names, ``plain`` or as ``json``. ``width`` is that of the terminal; None
    where there is none."""
    target = runtime_target(text)
    if target is None:
        raise NoRuntime(f"{text} is no runtime; there are {', '.join(RUNTIMES)}")
    if form == "json":
        return json.dumps(_record(target), indent=1) + "\n"
    return "\n".join(_lines(target, min(width or PAGE, 100))) + "\n"


def _limits(target: Target) -> dict[str, Limits]:
    """Its limits at one version, or all that are known."""
    return {target.version: target.limits} if target.version else dict(target.runtime.versions)


def _record(target: Target) -> dict[str, object]:
    limits = [{"version": version, **found._asdict()} for version, found in _limits(target).items()]
    rows = [{"operators": ops.split(), "asked": what, "source": source}
            for ops, what, source in asked(target)]
    return {"schema": SCHEMA, "target": target.text, "runtime": target.runtime.title, "limits": limits,
            "otherwise": target.runtime.otherwise, "operators": rows}


def _lines(target: Target, width: int) -> Iterator[str]:
    yield target.runtime.title
    for version, found in _limits(target).items():
        yield f"  up to {version}: IR version {_most(found.ir)}, opset {_most(found.opset)}"
    for ops, what, _ in asked(target):
        yield f"\n{what}"
        yield fill(ops, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
    yield f"\nOtherwise {target.runtime.otherwise}.\n\nSaid by"
    sources = [*(found.source for found in _limits(target).values()), *(row[2] for row in asked(target))]
    yield from (f"  {source}" for source in dict.fromkeys(sources))


def _most(limit: int | None) -> int | str:
    return NO_LIMIT if limit is None else limit


def asked(target: Target) -> Iterator[tuple[str, str, str]]:
    """Operators, what is asked of them, and where that is said."""
    runtime = target.runtime
    if runtime.operators is not None:
        yield " ".join(_open(runtime)), "only these are there", runtime.source
        yield from ((op, f"there up to opset {last}", runtime.source)
                    for op, last in runtime.operators.items() if last is not None)
    lacking = [op for op in runtime.lacks if target.lacks(op, None)]
    if lacking:
        yield " ".join(lacking), "not there", runtime.source
    for dtype, names in runtime.kernels.items():
        yield names, f"not in {dtype}", runtime.source
    for clause in target.clauses:
        yield " ".join(clause.ops), clause.says, clause.source


def _open(runtime: Runtime) -> list[str]:
    return [op for op, last in (runtime.operators or {}).items() if last is None]


def markdown() -> str:
    """The page of all runtimes."""
    return "\n".join([HEAD, *(line for name, runtime in RUNTIMES.items() for line in _page(name, runtime))])


HEAD = """\
# Targets

Made from the code by `python docs/generate.py`; `archcheck ops --runtime NAME` prints the same for one
runtime, or for one version of it.

`--target NAME` or `--target NAME==VERSION` says what a model is for. `ONX010` and `ONX011` then hold its
format against the limits of that version, and the [RTM rules](rules/rtm.md) its operators. A version that is
between two rows reads no more than the newer one. What is not said here is not judged. `ort`, `trt` and
`litert` are short for `onnxruntime`, `tensorrt` and `tflite`.

Three targets are no runtimes: `fp16` and `int8` are what a network will be converted to, `tensorcore` is what
it will run on; rules about numbers and speed ask for them.
"""


def _page(name: str, runtime: Runtime) -> Iterator[str]:
    yield f"## {name}\n\n{runtime.title}. Otherwise {runtime.otherwise}.\n"
    yield "| version up to | IR version | opset | said by |\n| --- | --- | --- | --- |"
    for version, limits in runtime.versions.items():
        yield f"| {version} | {_most(limits.ir)} | {_most(limits.opset)} | {limits.source} |"
    rows = list(asked(Target(name, runtime, "")))
    if rows:
        yield "\n| operators | | said by |\n| --- | --- | --- |"
        yield from (f"| {ops} | {what} | {source} |" for ops, what, source in rows)
    brought = [f"{op} {version}" for op, version in runtime.lacks.items() if version]
    if brought:
        yield f"\nOperators that came with a version: {', '.join(brought)}."
    yield ""
