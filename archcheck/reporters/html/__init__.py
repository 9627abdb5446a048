"""A report as one HTML file that needs nothing else: its data, its style and its program are in it, and its
policy allows no request and no other script."""
from __future__ import annotations

import json
import zlib
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from archcheck.reporters.html.record import record

if TYPE_CHECKING:
    from archcheck.claims import Outcome
    from archcheck.report import Report

SCRIPTS = ("formulas", "text", "model", "graph", "table", "charts", "field", "panels", "main")
"""The parts of the program, in the order in which they stand."""


def render(report: Report, outcomes: Iterable[Outcome] = ()) -> str:
    """The document about ``report``, with the ``outcomes`` of claims about it."""
    data = record(report, outcomes)
    style, script = _style(), _script()
    parts = {"policy": _policy(style, script), "title": escape(str(data["title"])), "style": style,
             "data": packed(data), "script": script}
    pieces = _file("page.html").split("@@")
    return "".join(parts[piece] if place % 2 else piece for place, piece in enumerate(pieces))


def packed(data: Mapping[str, Any]) -> str:
    """``data`` as the page carries them: JSON, deflated (RFC 1950), in base 64. No name of a model stands in
    the page as it is."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return b64encode(zlib.compress(text.encode("utf-8", "backslashreplace"), 9)).decode()


def _policy(style: str, script: str) -> str:
    """The content security policy (W3C, CSP Level 3): this style and this script, and nothing from
    elsewhere."""
    return (f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'; "
            "form-action 'none'")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _style() -> str:
    from archcheck.reporters.html.colours import rules
    return _file("style.css") + rules()


def _script() -> str:
    return '"use strict";\n(() => {\n' + "\n".join(_file(f"{name}.js") for name in SCRIPTS) + "})();\n"


def _file(name: str) -> str:
    return files("archcheck.reporters.html").joinpath(name).read_text("utf-8")
