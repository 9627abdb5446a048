"""The operators that are known, as a list, and one of them in detail."""
from __future__ import annotations

import inspect
import json
from difflib import get_close_matches

from archcheck.errors import UserError
from archcheck.ops import load_families
from archcheck.ops._op import OPS, Op


class UnknownName(UserError):
    """No operator has that name."""


def render(name: str | None, form: str = "plain") -> str:
    """The list of operators by domain, or all versions of the operator ``name`` (``Conv``, ``com.microsoft.Conv``)."""
    load_families()
    found = sorted((known for versions in OPS.values() for known in versions), key=_order)
    chosen = found if name is None else _named(name, found)
    if form == "json":
        return json.dumps({"schema": "archcheck.ops/1", "operators": list(map(_record, chosen))}, indent=1) + "\n"
    return _listing(chosen) if name is None else "\n".join(map(_page, chosen))


def title(known: Op) -> str:
    """The operator's name with its domain, ``Conv`` or ``com.microsoft.FusedConv``."""
    return f"{known.domain}.{known.name}" if known.domain else known.name


def signature(known: Op) -> str:
    """The operator's inputs and attributes as its function takes them."""
    return f"{known.name}{inspect.signature(known.function)}"


def _order(known: Op) -> tuple[str, str, int]:
    return known.domain, known.name, known.since


def _named(name: str, found: list[Op]) -> list[Op]:
    chosen = [known for known in found if name.lower() in (known.name.lower(), title(known).lower())]
    if not chosen:
        close = get_close_matches(name, [known.name for known in found], 1)
        raise UnknownName(f"no operator is called {name!r}"
                          + (f"; did you mean {close[0]!r}?" if close else "; `archcheck ops` lists them all"))
    return chosen


def _listing(found: list[Op]) -> str:
    lines: list[str] = []
    for domain in dict.fromkeys(known.domain for known in found):
        names = list(dict.fromkeys(known.name for known in found if known.domain == domain))
        lines += [f"{domain or 'ai.onnx'} ({len(names)})", *(f"  {name}" for name in names), ""]
    return "\n".join(lines)


def _page(known: Op) -> str:
    doc = inspect.cleandoc(known.function.__doc__ or "").replace("``", "")
    lines = "\n".join(f"    {line}".rstrip() for line in doc.splitlines())
    return f"{title(known)}, since opset {known.since}\n    {signature(known)}\n\n{lines}\n"


def _record(known: Op) -> dict[str, object]:
    return {"name": known.name, "domain": known.domain or "ai.onnx", "since": known.since,
            "signature": signature(known), "doc": inspect.cleandoc(known.function.__doc__ or "")}
