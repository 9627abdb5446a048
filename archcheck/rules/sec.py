"""Files that are hostile, or that tell more than they should."""
from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from archcheck.errors import closest
from archcheck.graph import Graph, Literal, Location, TensorType
from archcheck.rules._case import Case
from archcheck.rules._places import bodies, irregularities
from archcheck.rules._rule import ADVICE, ERROR, SAFE, Fault, Faults, Site, rule
from archcheck.rules._schemas import MICROSOFT, STANDARD
from archcheck.scopes import FILE

ABSURD = 1 << 40
"""A tensor of so many bytes is in no machine's memory."""

LARGE = 1 << 20
"""Text of so many characters is no description."""

_INT = frozenset((int,))

Key = tuple[str, str, str]  # of a function: domain, name, overload

PATH = re.compile(r"(?<![\w./\\])(?:/(?:home|Users|root|mnt|tmp|opt|usr|var|srv|workspace|data)/"
                   r"|[A-Za-z]:[\\/])[^\s\"':,;()<>]+")


@rule("SEC101", "external-data-escapes", severity=ERROR, cvss=7.5, cwe=22)
def external_data_escapes(case: Case) -> Faults:
    """A tensor's data are said to be in a file outside the model's folder.

    Whoever loads such a model reads a file of the machine as weights, a key or a password, which the model
    may put out. The path may be absolute, name a drive or a share, go up by ``..``, or lead through a link.
    Several loaders have followed such paths. Here they are never opened.
    """
    for _, found in irregularities(case.places, "external-data-escapes"):
        yield Fault(f"external data are outside the model's folder, by {_way(found.subject)}", found.message,
                    "do not load the model; data belong into the folder of the model, by a plain name",
                    value=found.subject)


def _way(path: str) -> str:
    """How a path leads out."""
    if re.match(r"[\\/]{2}", path):
        return "a share of another machine"
    if re.match(r"[A-Za-z]:|[\\/]", path):
        return "an absolute path"
    if path.startswith("*"):
        return "an address in memory"
    return "'..'" if ".." in re.split(r"[\\/]", path) else "a link"


@rule("SEC102", "external-data-bounds", severity=ERROR, cvss=7.1, cwe=125)
def external_data_bounds(case: Case) -> Faults:
    """What is said of where a tensor's data lie cannot be.

    The offset is negative or no number, the length is not that of the tensor, the end is behind that of a
    file which is otherwise whole, two tensors share a part of their bytes, or there are entries that the
    format does not know. Loaders that believe this read memory that is not theirs, or set attributes of
    their own objects.
    """
    messages = {"external-data-invalid": "the place of external data cannot be",
                "external-data-beyond": "external data end behind the end of their file",
                "external-data-overlaps": "two tensors share a part of their bytes",
                "external-data-keys": "the place of external data has entries that the format does not know"}
    for _, found in irregularities(case.places, *messages):
        yield Fault(messages[found.kind], found.message, "export the model again, from a source you trust",
                    value=found.subject)


@rule("SEC103", "external-data-missing", severity=ERROR)
def external_data_missing(case: Case) -> Faults:
    """A file with a model's weights is not there, or shorter than its tensors need.

    The two were parted by a copy or a download that broke off. A graph that is given away without any of its
    weights, as for a drawing or an estimate, is advice only: shapes and costs do not need them.
    """
    missing = [found for _, found in irregularities(case.places, "external-data-missing")]
    complete = {found.subject for found in missing} >= set(_files(case))
    for found in missing:
        yield Fault("none of the external data are there" if complete else
                    "a part of the external data is not there", found.message,
                    "put the file beside the model", value=found.subject, severity=ADVICE if complete else "",
                    cause="missing")
    for _, found in irregularities(case.places, "external-data-short"):
        yield Fault("external data are cut off", found.message, "copy or download the file again",
                    value=found.subject)


def _files(case: Case) -> Iterator[str]:
    """The external files that a model names and that are inside its folder."""
    outside = {found.subject for _, found in irregularities(case.places, "external-data-escapes")}
    for place in _locations(case):
        if place.file is not None and place.file not in outside:
            yield place.file


def _locations(case: Case) -> Iterator[Location]:
    """Where the stored tensors lie that are not read at once."""
    for place in case.places:
        for kind in place.graph.weights.values():
            if isinstance(kind.value, Literal) and kind.value.location:
                yield kind.value.location


@rule("SEC104", "tensor-size-lie", severity=ERROR, cvss=5.5, cwe=1284)
def tensor_size_lie(case: Case) -> Faults:
    """A tensor says that it has more or fewer elements than it has, or so many that no machine can hold them.

    A loader that believes the sizes reads behind the data, or takes memory until there is none: a
    ``ConstantOfShape`` of a few bytes can ask for a million gigabytes.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N] x) => (float[1000000, 1000000] y)
        <int64[2] size = {1000000, 1000000}>
        {
            a = ConstantOfShape (size)
            s = ReduceSum (x)
            y = Add (a, s)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N] x) => (float[1000, 1000] y)
        <int64[2] size = {1000, 1000}>
        {
            a = ConstantOfShape (size)
            s = ReduceSum (x)
            y = Add (a, s)
        }
    """
    for _, found in irregularities(case.places, "tensor-size"):
        yield Fault("a stored tensor is not of the size that it says", found.message,
                    "export the model again, from a source you trust", value=found.subject)
    for walk in case.report.walk.and_inner():
        makers = walk.graph.producers
        for name, kind in walk.types.items():
            if kind is not None and _is_absurd(kind) and name in makers:
                yield Fault(f"a value of {kind.bytes:,} bytes is made", f"no machine has so much memory; "
                            f"{ABSURD:,} is far more than any model needs", "do not run the model",
                            Site(walk, makers[name]), cause="absurd")


def _is_absurd(kind: TensorType) -> bool:
    """Whether all sizes of a tensor are numbers, and too large together."""
    shape = kind.shape
    if not shape or not _INT.issuperset(map(type, shape)):
        return False
    size = kind.bytes
    return isinstance(size, int) and size >= ABSURD


@rule("SEC105", "custom-domain-operator", severity=ADVICE)
def custom_domain_operator(case: Case) -> Faults:
    """The model needs operators that a library of somebody's has to bring along.

    To run it one loads that library into the process, which is to run its code. The operators are not known
    here either, so that shapes and costs behind them are not.

    Bad::

        <ir_version: 8, opset_import: ["" : 17, "my.ops" : 1]>
        g (float[N, 4] x) => (float[N, 4] y) { y = my.ops.Fast (x) }

    Good::

        <ir_version: 8, opset_import: ["" : 17, "my.ops" : 1]>
        g (float[N, 4] x) => (float[N, 4] y) { y = my.ops.Fast (x) }
        <domain: "my.ops", opset_import: ["" : 17]>
        Fast (a) => (b) { b = Relu (a) }
    """
    for kind, nodes in case.operators:
        if kind.domain not in STANDARD and not kind.domain.startswith(MICROSOFT):
            close = closest(kind.domain, [*filter(None, STANDARD), MICROSOFT])
            for place, index in nodes:
                yield place.fault(index, f"{kind.domain}.{kind.op} is an operator of no known domain",
                                  "a library that has it must be loaded to run the model",
                                  f"is {close} meant?" if close else "load only a library that you trust, or "
                                  "define the operator as a function in the model")


@rule("SEC106", "sparse-or-string-payload", severity=ADVICE, on=False)
def opaque_payload(case: Case) -> Faults:
    """The model carries a large text that is no weight.

    Descriptions and metadata of a megabyte and more, and tensors of strings, are places where something can
    be hidden that nobody looks at.
    """
    for key, text in {"": case.graph.doc, **case.graph.metadata}.items():
        if len(text) >= LARGE:
            yield Fault(f"an entry of the metadata has {len(text):,} characters",
                        fix="look at what it is, or take it out", value=key)
    for place in case.places:
        for name, kind in place.graph.weights.items():
            found = kind.value.location if isinstance(kind.value, Literal) else None
            if found and kind.dtype == "string" and found.length >= LARGE:
                yield Fault(f"a tensor of strings takes {found.length:,} bytes", fix="look at what it is",
                            value=f"{place.path}{name}")


@rule("SEC107", "deep-nesting", severity=ERROR, cvss=5.5, cwe=674)
def deep_nesting(case: Case) -> Faults:
    """Graphs nest without end: a function calls itself, or bodies stand in bodies far too deep.

    ONNX has no recursion. A loader that follows the calls runs out of its stack; one that inlines functions
    which call each other twice, level by level, out of memory.

    Bad::

        <ir_version: 8, opset_import: ["" : 17, "own" : 1]>
        g (float[N, 4] x) => (y) { y = own.f (x) }
        <domain: "own", opset_import: ["" : 17, "own" : 1]>
        f (a) => (b) { b = own.f (a) }

    Good::

        <ir_version: 8, opset_import: ["" : 17, "own" : 1]>
        g (float[N, 4] x) => (y) { y = own.f (x) }
        <domain: "own", opset_import: ["" : 17, "own" : 1]>
        f (a) => (b) { b = own.h (a) }
        <domain: "own", opset_import: ["" : 17]>
        h (a) => (b) { b = Relu (a) }
    """
    circle = _circle(case)
    if circle:
        way = " → ".join(name for _, name, _ in circle)
        yield Fault("functions of the model call themselves", f"{way}, without end",
                    "do not load the model; ONNX has no recursion", value=circle[0][1])
        return
    for place in case.places:
        for index, failure in place.walk.failures.items() if place.walk else ():
            if failure.kind == "nesting":
                yield place.fault(index, "its bodies are too many or too deep to be followed",
                                  failure.message, "inline less, or repeat less", cause="nesting")


def _circle(case: Case) -> list[Key]:
    """Functions that call each other in a circle, the first of them again at the end; empty for none."""
    calls = {key: set(_called(body)) & case.graph.functions.keys()
             for key, body in case.graph.functions.items()}
    try:
        TopologicalSorter(calls).prepare()
    except CycleError as error:
        circle: list[Key] = error.args[1]
        return circle[::-1]
    return []


def _called(graph: Graph) -> Iterator[Key]:
    """What the nodes of a graph and of its bodies call."""
    for node in graph.nodes:
        yield node.domain, node.op, node.overload
        for _, body in bodies(node):
            yield from _called(body)


@rule("SEC108", "leaks-build-paths", severity=ADVICE, profiles=("export",), fix=SAFE)
def leaks_build_paths(case: Case) -> Faults:
    """The file tells the folders, and so the user, of the machine that it was exported on.

    PyTorch's exporter writes a stack trace to every node. It is of use while one develops, and here it leads
    from a finding to the line of the program; what is published need not have it.

    Bad (--profile export)::

        <ir_version: 8, opset_import: ["" : 17], metadata_props: ["trained_on" : "/mnt/alice/runs/7"]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }

    Good (--profile export)::

        <ir_version: 8, opset_import: ["" : 17], metadata_props: ["trained_on" : "ImageNet"]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }
    """
    texts = [(None, text) for text in (case.graph.doc, *case.graph.metadata.values())]
    nodes = [(Site(place.walk, index) if place.walk else None, text) for place in case.places
             for index, node in enumerate(place.graph.nodes) if node.metadata or node.doc
             for text in (node.doc, *(value for key, value in node.metadata.items() if key != FILE))]
    for site, text in (*texts, *nodes):
        found = PATH.search(text)
        if found:
            yield Fault("paths of the machine that exported the model are in the file", f"{found[0]!r}",
                        "take the metadata and the documentation strings out before publishing", site,
                        cause="paths", value="" if site else found[0])
