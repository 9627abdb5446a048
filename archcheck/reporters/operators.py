"""The operators that are known, as a list, and one of them in detail."""
from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from itertools import groupby
from textwrap import fill

from archcheck.errors import UserError, closest
from archcheck.ops import load_families
from archcheck.ops._op import OPS, Op

PAGE = 80
LEFT_OUT = inspect.Parameter.empty


class UnknownName(UserError):
    """No operator has that name."""


def render(name: str | None, form: str = "plain", width: int | None = None) -> str:
    """The list of operators by domain, or all versions of the operator ``name`` (``Conv``,
    ``com.microsoft.Conv``). ``width`` is that of the terminal; None where there is none."""
    load_families()
    found = sorted((known for versions in OPS.values() for known in versions), key=_order)
    chosen = found if name is None else _named(name, found)
    if form == "json":
        document = {"schema": "archcheck.ops/1", "operators": list(map(_record, chosen))}
        return json.dumps(document, indent=1) + "\n"
    if name is None:
        return "\n".join(_listing(chosen, width)) + "\n"
    return "\n".join(_pages(chosen, min(width or PAGE, 100)))


def title(known: Op) -> str:
    """The operator's name with its domain, ``Conv`` or ``com.microsoft.FusedConv``."""
    return f"{known.domain}.{known.name}" if known.domain else known.name


def signature(known: Op) -> str:
    """The operator's inputs and attributes as its function takes them."""
    return f"{known.name}{inspect.signature(known.function)}"


def _order(known: Op) -> tuple[str, str, int]:
    return known.domain, known.name, known.since


def _named(name: str, found: list[Op]) -> list[Op]:
    bare = name.removeprefix("ai.onnx.") if name.count(".") == 2 else name
    chosen = [known for known in found if bare.lower() in (known.name.lower(), title(known).lower())]
    if not chosen:
        close = closest(name, [known.name for known in found])
        cure = f"did you mean {close!r}?" if close else "`archcheck ops` lists them all"
        raise UnknownName(f"no operator is called {name!r}; {cure}")
    return chosen


def _listing(found: list[Op], width: int | None) -> Iterator[str]:
    """A name a line, or as many as fit."""
    for domain, operators in groupby(found, key=lambda known: known.domain):
        names = list(dict.fromkeys(known.name for known in operators))
        yield f"{domain or 'ai.onnx'} ({len(names)})"
        if width:
            yield _filled(", ".join(names), width, "  ")
        else:
            yield from (f"  {name}" for name in names)
        yield ""
    yield "`archcheck ops NAME` shows what one of them computes."


def _pages(chosen: list[Op], width: int) -> Iterator[str]:
    for _, versions in groupby(chosen, key=title):
        known = list(versions)
        for this, later in zip(known, [*known[1:], None]):
            yield _page(this, later, width)


def _page(known: Op, later: Op | None, width: int) -> str:
    last = None if later is None else later.since - 1
    until = " and later" if last is None else f" to {last}" if last > known.since else ""
    span = f"opset {known.since}{until}"
    doc = inspect.cleandoc(known.function.__doc__ or "").replace("``", "").split("\n\n")
    inputs, attributes = _parameters(known)
    parts = [_filled(part.replace("\n", " "), width, "  ") for part in doc]
    rows = [_filled(", ".join(texts), width, f"  {label:<12}", " " * 14)
            for label, texts in (("inputs", inputs), ("attributes", attributes)) if texts]
    return f"{title(known)}, {span}\n\n" + "\n\n".join([*parts, "\n".join(rows)]).rstrip() + "\n"


def _parameters(known: Op) -> tuple[list[str], list[str]]:
    """The operator's inputs, optional ones in brackets, and its attributes with their defaults."""
    inputs, attributes = [], []
    for name, parameter in inspect.signature(known.function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            inputs.append(f"{name}, …")
        elif parameter.kind is parameter.KEYWORD_ONLY:
            default = parameter.default
            attributes.append(name if default is None else f"{name} (required)" if default is LEFT_OUT
                              else f"{name}={default!r}")
        else:
            inputs.append(name if parameter.default is LEFT_OUT else f"[{name}]")
    return inputs, attributes


def _filled(text: str, width: int, first: str, indent: str = "  ") -> str:
    return fill(text, width, initial_indent=first, subsequent_indent=indent, break_long_words=False,
                break_on_hyphens=False)


def _record(known: Op) -> dict[str, object]:
    return {"name": known.name, "domain": known.domain or "ai.onnx", "since": known.since,
            "signature": signature(known), "doc": inspect.cleandoc(known.function.__doc__ or "")}
