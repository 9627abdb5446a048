"""What stands below the table of ``archcheck summary``: a label and a text each."""
from __future__ import annotations

from collections import Counter
from math import inf

from archcheck.analyses.plates import pattern_of
from archcheck.dims import Size, divisor_of, evaluate, total
from archcheck.graph import Node, TensorType
from archcheck.report import Report
from archcheck.reporters.sheet import as_bytes
from archcheck.reporters.text import Script, compact, shortened, size_in_bytes
from archcheck.rules._rule import ADVICE, SEVERITIES
from archcheck.scopes import specified

SHORT = 200
"""Longer formulas are shown by ``--wide`` only."""

MAX_SENTENCE = 400
MAX_VALUES = 12
MAX_PROBLEMS = 5
FAULTS = frozenset(("cycle", "duplicate-value", "duplicate-function", "tensor-size", "external-data-missing",
                    "external-data-escapes", "external-data-short", "external-data-invalid"))
IMAGE, SEQUENCE = 224, 128  # sizes to try a network with


def facts(report: Report, script: Script, wide: bool = False) -> list[tuple[str, str]]:
    """The facts that there are. ``wide`` leaves nothing out."""
    graph, dot = report.graph, script.separator
    lines = [("inputs", _signature(report, tuple(graph.inputs), script, wide)),
             ("outputs", _signature(report, graph.outputs, script, wide)),
             ("pattern", script.safe(pattern_of(report) or "")),
             ("params", dot.join(_params(report, script))),
             ("MACs", _figure(report, report.macs, script, wide)),
             ("FLOPs", _flops(report, script, wide)),
             ("weights", stored(report, script)),
             ("file", dot.join(_file(report, script))),
             ("not counted", _counts(report.uncounted, script)),
             ("problems", _problems(report, script, wide)),
             ("faults", _faults(report, script, wide)),
             ("unknown", _unknown(report, script, wide)),
             ("symbols", _legend(script)),
             ("sizes", _hint(report, script)),
             ("lint", _lint(report, script))]
    return [(label, text) for label, text in lines if text]


def _lint(report: Report, script: Script) -> str:
    """How many findings there are of each severity, where rules were asked that read no weights, and how to
    see them."""
    if not report.judged:
        return ""
    counts = Counter(found.severity for found in report.findings if found.suppressed is None)
    texts = [f"{count:,} {name}{'s' if count > 1 and name != ADVICE else ''}"
             for name in SEVERITIES if (count := counts[name])]
    from archcheck.rules._payloads import stored_bytes
    rest = ", weights not read" if stored_bytes(report.walk) else ""
    return f"{', '.join(texts) or 'nothing found'}{rest}: archcheck check {script.safe(report.graph.source)}"


def _signature(report: Report, names: tuple[str, ...], script: Script, wide: bool) -> str:
    shown = names if wide or len(names) <= MAX_VALUES else names[:MAX_VALUES - 1]
    lines = [f"{script.safe(name)}: {_type(report.types.get(name), script)}" for name in shown]
    return "\n".join(lines) + _more(len(names) - len(shown))


def _type(kind: TensorType | None, script: Script) -> str:
    return script.type(kind) if kind else "?"


def _more(count: int) -> str:
    return f"\nand {count:,} more; --wide lists them" if count > 0 else ""


def _params(report: Report, script: Script) -> list[str]:
    weights = report.weights
    parts = [script.exact(weights.total)]
    if weights.as_used != weights.total:
        parts.append(f"{script.exact(weights.as_used)} as used")
    if weights.buffers != 0:
        parts.append(f"{script.exact(weights.buffers)} in buffers")
    if weights.quantization != 0:
        parts.append(f"{script.exact(weights.quantization)} scales and zero points")
    return parts


def _figure(report: Report, figure: Size, script: Script, wide: bool) -> str:
    """A count: a number; or a formula at a glance and, where that leaves something out, in full."""
    if isinstance(figure, int):
        return _said(script.exact(figure), report, script)
    rough, exact = script.rough(figure), script.exact(figure)
    if not rough.startswith(script.about):
        rough = ""
    shown = [_said(text, report, script) for text in (rough, exact) if text]
    if len(exact) > SHORT and not wide:
        shown[-1] = f"--wide shows the formula, which has {len(exact):,} characters"
    return "\n".join(shown)


def _said(count: str, report: Report, script: Script) -> str:
    return script.at_least(count) if report.uncounted else count


def _flops(report: Report, script: Script, wide: bool) -> str:
    others = report.flops - 2 * report.macs
    if isinstance(report.flops, int):
        of_macs = "2 per MAC, and " if report.macs != 0 else ""
        text = _figure(report, report.flops, script, wide)
        return f"{text}  ({of_macs}{script.exact(others)} other operations)"
    first, *exact = _figure(report, report.flops, script, wide).split("\n")
    return "\n".join([f"{first}  (2 per MAC, 1 per other operation)", *exact])


def stored(report: Report, script: Script) -> str:
    """The bytes of all stored tensors, by dtype: formulas first, then the largest."""
    by_dtype = sorted(report.weights.bytes_by_dtype.items(), key=lambda item: (
        -item[1] if isinstance(item[1], int) else -inf, item[0]))
    parts = ", ".join(f"{as_bytes(count, script)} {dtype}" for dtype, count in by_dtype)
    whole = as_bytes(total(count for _, count in by_dtype), script)
    return parts if len(by_dtype) < 2 else f"{whole}: {parts}"


def _file(report: Report, script: Script) -> list[str]:
    graph = report.graph
    size = [size_in_bytes(graph.file_size)] if graph.file_size else []
    opsets = [f"{script.safe(domain) or 'opset'} {version}" for domain, version in graph.opsets.items()]
    version = [f"IR {graph.ir_version}"] if graph.ir_version else []
    return [*size, *opsets, *version, *filter(None, [script.safe(graph.producer)]),
            f"{len(graph.nodes):,} node" + "s" * (len(graph.nodes) != 1)]


def _counts(found: dict[str, int], script: Script) -> str:
    return ", ".join(script.safe(name) + (f" {script.times}{count}" if count > 1 else "")
                     for name, count in sorted(found.items()))


def _problems(report: Report, script: Script, wide: bool) -> str:
    messages = {index: failure.message for index, failure in report.failures.items()}
    return _reasons(report, messages, script, wide)


def _unknown(report: Report, script: Script, wide: bool) -> str:
    return _reasons(report, {index: reason for index, reason in report.reasons.items()
                             if index not in report.failures}, script, wide)


def _reasons(report: Report, found: dict[int, str], script: Script, wide: bool) -> str:
    shown = list(found.items())[:None if wide else MAX_PROBLEMS]
    lines = [_sentence(f"{_where(report.graph.nodes[index])}: {reason}", script) for index, reason in shown]
    return "\n".join(lines) + _more(len(found) - len(shown))


def _where(node: Node) -> str:
    """A node's name, and its place in a specification."""
    place = specified(node)
    return node.name if place is None else f"{node.name} (line {place.line})"


def _faults(report: Report, script: Script, wide: bool) -> str:
    """What is wrong with the file itself, as far as it changes what the network is."""
    found = [fault.message for fault in report.graph.irregularities if fault.kind in FAULTS]
    shown = found[:None if wide else MAX_PROBLEMS]
    return "\n".join(_sentence(message, script) for message in shown) + _more(len(found) - len(shown))


def _sentence(text: str, script: Script) -> str:
    return shortened(script.safe(text[:2 * MAX_SENTENCE]), MAX_SENTENCE, script.cut)


def _legend(script: Script) -> str:
    changed = {name: short for name, short in script.names.items() if short != name}
    return ", ".join(f"{short} = {script.safe(name)}" for name, short in changed.items())


def _hint(report: Report, script: Script) -> str:
    """How to bind the symbols, and what that gives."""
    if isinstance(report.macs, int) or not report.symbols:
        return ""
    sizes = example_sizes(report)
    macs = evaluate(report.macs, sizes)
    if isinstance(macs, int) and macs > 0 and runs_at(report, sizes):
        options = " ".join(f"--set {script.safe(name)}={size}" for name, size in sizes.items())
        return f"{options} makes it {_said(compact(macs), report, script)} MACs"
    name = script.safe(report.symbols[0])
    return f"--set {name}=NUMBER puts a number in for {name}"


def example_sizes(report: Report) -> dict[str, int]:
    """Sizes that one would try first: one sample, of an image or a sequence; 1 for a parameter."""
    sizes: dict[str, int] = {}
    for name in report.graph.inputs:
        shape = report.types[name].shape or ()
        for axis, size in enumerate(shape):
            for atom in () if isinstance(size, int) else size.symbols:
                large = IMAGE if len(shape) == 4 and axis > 1 else SEQUENCE
                usual = 1 if axis == 0 and len(shape) > 1 else max(1, large // divisor_of(size))
                sizes.setdefault(atom.args[0], usual)
    parameters = report.graph.family.symbols if report.graph.family else ()
    return {name: sizes.get(name, 1) for name in report.symbols if name in sizes or name in parameters}


def runs_at(report: Report, sizes: dict[str, int]) -> bool:
    """Whether the network is known to run at ``sizes``."""
    for _, assumed in report.assumptions:
        a, b = evaluate(assumed.a, sizes), evaluate(assumed.b, sizes)
        if not isinstance(a, int) or not isinstance(b, int) or not _holds(assumed.kind, a, b):
            return False
    return all(failure.kind == "unknown-operator" for failure in report.failures.values())


def _holds(kind: str, a: int, b: int) -> bool:
    if kind == "divides":
        return b != 0 and a % b == 0
    if kind == "at-least":
        return a >= b
    return a == b or kind == "broadcast" and 1 in (a, b)
