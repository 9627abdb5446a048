"""Cases and nodes of small networks in ONNX's text form, for tests of what rules ask about them."""
from __future__ import annotations

import archcheck
from archcheck.rules._case import Case
from archcheck.rules._rule import Site

HEAD = '<ir_version: 10, opset_import: ["" : 17, "my.ops" : 1, "com.microsoft" : 1]>\n'


def case(text: str, functions: str = "", **settings: object) -> Case:
    """The case of a graph in ONNX's text form."""
    from onnx import parser
    report = archcheck.analyze(parser.parse_model(f"{HEAD}{text}\n{functions}"))
    return Case(report, archcheck.Settings(**settings))


def site(judged: Case, name: str) -> Site:
    """The node that makes the value ``name``, in the main graph or a body."""
    return next(one for one in judged.sites if name in one.node.outputs)


def ops(found: list[Site]) -> list[str]:
    """The operators of nodes."""
    return [one.op for one in found]
