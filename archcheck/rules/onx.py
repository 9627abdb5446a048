"""Whether a file is a valid model: order, names, operators, schemas, versions."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from archcheck.errors import UserError, closest
from archcheck.frontends import LoadError
from archcheck.graph import Irregularity, TensorType
from archcheck.ops import find
from archcheck.rules._case import Case
from archcheck.rules._places import Place, irregularities
from archcheck.rules._rule import ADVICE, ERROR, SAFE, UNSAFE, WARNING, Fault, Faults, Site, rule
from archcheck.rules._schemas import MICROSOFT, STANDARD, first_version, names, newest, schema
from archcheck.rules._violations import violations

INITIALIZERS_APART = 4
"""From this IR version on, weights need not be listed as inputs."""

MAX_SUGGESTED = 1000
"""Among so many names is the nearest looked for."""

LEGACY, ANCIENT = 13, 7
"""Opsets below these are old, and very old."""


@rule("ONX001", "unparsable-model", severity=ERROR, of="failure")
def unparsable_model(error: UserError) -> Faults:
    """A file is no ONNX model, or a damaged one.

    Often it is a pointer that Git LFS left in place of the file, a web page that was saved instead of a
    download, an archive, a model in another format, or a download that broke off. Nothing else can be said
    of such a file, so no other rule is asked about it. What is wrong with a specification has rules of its
    own, SPC001 and on.
    """
    if not isinstance(error, LoadError) or not error.kind:
        yield Fault(str(error))


@rule("ONX002", "schema-violation", severity=ERROR)
def schema_violation(case: Case) -> Faults:
    """A node does not fit the definition of its operator: how many inputs it has, which attributes, of which
    types.

    Every violation is told, not only the first. What an operator takes is what ONNX says of the version that
    the model imports: ``Unsqueeze`` has its axes as an attribute up to opset 12 and as an input from 13 on,
    and a runtime refuses the one in place of the other.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Elu <alhpa = 0.5> (x) }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 1, 4] y) { y = Unsqueeze <axes = [1]> (x) }

    Good::

        <ir_version: 6, opset_import: ["" : 12]>
        g (float[N, 4] x) => (float[N, 1, 4] y) { y = Unsqueeze <axes = [1]> (x) }
    """
    for kind, nodes in case.operators:
        for place, index in nodes if kind.domain in STANDARD else ():
            types = place.walk.types if place.walk else {}
            found = violations(place.graph.nodes[index], kind.opset, types)
            if found:
                yield place.fault(index, "; ".join(violation.message for violation in found),
                                  "a runtime refuses it", "; ".join(violation.fix for violation in found))


@rule("ONX003", "unsorted-nodes", severity=ERROR, fix=SAFE)
def unsorted_nodes(case: Case) -> Faults:
    """A node stands before one whose output it reads.

    ONNX wants nodes in an order in which they can run. Some runtimes sort them, some refuse the model, and
    some run it in the order of the file and give wrong numbers without a word.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            y = Relu (a)
            a = Neg (x)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            a = Neg (x)
            y = Relu (a)
        }
    """
    for place, found in irregularities(case.places, "unsorted-nodes"):
        yield _about(place, found, "a node stands before one whose output it reads",
                     "sort the nodes; every value first made, then read")


@rule("ONX004", "undefined-value", severity=ERROR)
def undefined_value(case: Case) -> Faults:
    """A node reads a value, or the model puts one out, that nothing makes.

    No node, input or weight of the graph or of those around it has that name. It is a slip in a name, or a
    part of the network that was cut away. A function sees nothing but its own inputs.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Add (x, bias) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float[4] bias = {1, 2, 3, 4}>
        { y = Add (x, bias) }
    """
    for place in case.places:
        for name, index in _missing(place):
            cure = _similar(name, place)
            why = f"no node, input or weight here is called {name!r}"
            if index is None:
                value = f"{place.path}{name}"
                yield Fault("an output of the graph is made by nothing", why, cure, value=value)
            else:
                yield place.fault(index, "a value that is read is made by nothing", why, cure, value=name,
                                  cause=(id(place), name))


def _missing(place: Place) -> Iterator[tuple[str, int | None]]:
    """Names that nothing makes, and the nodes that read them, None for an output of the graph."""
    graph = place.graph
    made = {"", *graph.inputs, *graph.weights, *graph.producers}
    for index, node in enumerate(graph.nodes):
        if not made.issuperset(node.inputs):
            yield from ((name, index) for name in dict.fromkeys(node.inputs)
                        if name not in made and not place.sees(name))
    for name in graph.outputs:
        if name not in made and not place.sees(name):
            yield name, None


def _similar(name: str, place: Place) -> str:
    known = [*place.graph.inputs, *place.graph.weights, *place.graph.producers][:MAX_SUGGESTED]
    close = closest(name, known)
    return f"did you mean {close!r}?" if close else "make the value, or read another one"


@rule("ONX005", "cycle", severity=ERROR)
def cycle(case: Case) -> Faults:
    """Nodes wait for each other in a circle, so that none of them can run.

    A network that feeds a result back needs a ``Loop`` or ``Scan``, which carries it from one step to the
    next.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            a = Add (x, b)
            b = Relu (a)
            y = Neg (b)
        }
    """
    for place, found in irregularities(case.places, "cycle"):
        yield _about(place, found, "nodes wait for each other in a circle",
                     "break the circle; carry the state through a Loop or Scan")


@rule("ONX006", "duplicate-value-name", severity=ERROR)
def duplicate_value_name(case: Case) -> Faults:
    """Two values have one name, so that nobody can tell which of them is read.

    In ONNX every value is made once. That counts for graphs inside graphs too: a branch of an ``If`` may not
    make a value that is called as one it can see outside.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            a = Relu (x)
            a = Neg (x)
            y = Exp (a)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            a = Relu (x)
            b = Neg (a)
            y = Exp (b)
        }
    """
    for place, found in irregularities(case.places, "duplicate-value"):
        yield Fault("several values have one name", found.message, "give each value a name of its own",
                    value=f"{place.path}{found.subject}")
    for place in case.places:
        if place.outer is not None:
            made = {**place.graph.inputs, **place.graph.weights, **place.graph.producers}
            for name in filter(place.sees, made):
                yield Fault("a value has the name of one that is seen from outside",
                            f"{name!r} is made inside and outside", "give it a name of its own",
                            value=f"{place.path}{name}")


@rule("ONX007", "unknown-operator", severity=ERROR)
def unknown_operator(case: Case) -> Faults:
    """There is no such operator in its domain, or not yet in the version that the model imports.

    Operators of other domains than ONNX's own need a library that brings them along; those are SEC105's.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Rleu (x) }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Gelu (x) }

    Good::

        <ir_version: 10, opset_import: ["" : 20]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Gelu (x) }
    """
    for kind, nodes in case.operators:
        if _is_unknown(*kind):
            message, fix = _unknown(*kind)
            severity = "" if kind.domain in STANDARD else ADVICE
            for place, index in nodes:
                yield place.fault(index, message, "no runtime can run it", fix, severity=severity)


def _is_unknown(domain: str, op: str, _: str, opset: int | None) -> bool:
    if domain in STANDARD:
        newer = schema(domain, op, None)
        return schema(domain, op, opset) is None and (newer is not None or find(domain, op, opset) is None)
    return domain.startswith(MICROSOFT) and find(domain, op, opset) is None


def _unknown(domain: str, op: str, _: str, opset: int | None) -> tuple[str, str]:
    """What is wrong with an operator, and what to do."""
    newer, said = schema(domain, op, None), domain or "ai.onnx"
    if newer is not None:
        first = first_version(domain, op)
        return (f"{op} is no operator of {said} at opset {opset}, it comes with {first}",
                f"import opset {first} of {said}, or use another operator")
    close = closest(op, names(domain))
    return f"{op} is no operator of {said}", f"did you mean {close}?" if close else (
        "use another operator, or define a function of that name in the model")


@rule("ONX008", "missing-opset-import", severity=ERROR, fix=SAFE)
def missing_opset_import(case: Case) -> Faults:
    """A node is of a domain whose version the model does not import.

    Which operator is meant depends on the version of its domain. Runtimes refuse a model that does not name
    it.

    Bad::

        <ir_version: 8, opset_import: ["ai.onnx.ml" : 3]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }
    """
    for kind, nodes in case.kinds.items():
        if kind.opset is None:
            said = kind.domain or "ai.onnx"
            version = f", version {newer} or older" if (newer := newest(kind.domain)) else ""
            for place, index in nodes:
                yield place.fault(index, f"the domain {said} is not imported",
                                  "which version of its operators is meant is not said",
                                  f"import {said}{version}", cause=said,
                                  fixable=UNSAFE if kind.domain in STANDARD else _own(case, kind.domain))


def _own(case: Case, domain: str) -> str:
    """Whether a domain has one version only: that of the model's functions, and ONNX Runtime's."""
    is_own = domain.startswith(MICROSOFT) or any(key[0] == domain for key in case.graph.functions)
    return SAFE if is_own else ""


@rule("ONX009", "shape-conflict", severity=ERROR, general=True)
def shape_conflict(case: Case) -> Faults:
    """The values that a node reads do not fit each other, or a type that the file declares is not that of its
    value.

    The first is an error: the node cannot run. The second is a warning: a runtime may refuse the model, or
    reserve memory for another shape than comes.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, float[N, 5] z) => (float[N, 4] y) { y = Add (x, z) }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 5] y) { y = Relu (x) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, float[N, 1] z) => (float[N, 4] y) { y = Add (x, z) }
    """
    for place in case.places:
        for index, failure in place.walk.failures.items() if place.walk else ():
            if failure.kind in ("shapes", "attributes"):
                yield place.fault(index, failure.message, "the node cannot run",
                                  "change the one or the other so that they fit")
    for value, declared, inferred in case.report.contradictions():
        fault = Fault(f"{_said(declared)} is declared, but {_said(inferred)} is what comes",
                      "nothing is computed from what a file declares; who trusts it goes wrong", value=value,
                      fix="declare what comes, or leave the declaration out", severity=WARNING,
                      cause="declared")
        maker = case.graph.producers.get(value)
        yield fault if maker is None else replace(fault, site=Site(case.report.walk, maker))


def _said(kind: TensorType) -> str:
    sizes = "?" if kind.shape is None else " × ".join(map(str, kind.shape)) or "a single number"
    return f"{kind.dtype or '?'} of {sizes}"


@rule("ONX010", "ir-version-too-new", severity=ERROR, targeted=True, fix=SAFE)
def ir_version_too_new(case: Case) -> Faults:
    """The file is in a newer format than the target can read.

    Every release of ONNX may raise the version of the file format (IR), and runtimes refuse what is newer
    than they are: "Unsupported model IR version". A model that uses nothing new can be written with a lower
    one.

    Bad (--target onnxruntime==1.17)::

        <ir_version: 10, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }

    Good (--target onnxruntime==1.17)::

        <ir_version: 9, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }
    """
    for target, most in case.limits:
        if most.ir is not None and case.graph.ir_version > most.ir:
            yield Fault(f"the IR version is {case.graph.ir_version}, but {target} reads up to {most.ir}",
                        f"see {most.source}", f"write the model with IR version {most.ir}, or update the "
                        "runtime", facts={"ir": case.graph.ir_version, "limit": most.ir, "target": target})


@rule("ONX011", "opset-too-new", severity=ERROR, targeted=True)
def opset_too_new(case: Case) -> Faults:
    """The model imports a newer version of ONNX's operators than the target has.

    A lower number alone is no cure: an operator that has changed in between would mean something else.

    Bad (--target onnxruntime==1.17)::

        <ir_version: 9, opset_import: ["" : 21]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }

    Good (--target onnxruntime==1.17)::

        <ir_version: 9, opset_import: ["" : 20]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }
    """
    opset = case.graph.opsets.get("", 0)
    for target, most in case.limits:
        if most.opset is not None and opset > most.opset:
            yield Fault(f"the opset is {opset}, but {target} has up to {most.opset}", f"see {most.source}",
                        f"export with opset {most.opset}, or update the runtime",
                        facts={"opset": opset, "limit": most.opset, "target": target})


@rule("ONX012", "legacy-opset", severity=ADVICE, on=False, fix=UNSAFE)
def legacy_opset(case: Case) -> Faults:
    """The model is of an old opset.

    Below opset 13 ``Softmax`` flattens its input, axes are attributes, and quantization by channel is not
    there; below 7 operators do not broadcast as numpy does. Runtimes read such models by rules that few
    people remember, and optimizers leave them alone.

    Bad::

        <ir_version: 6, opset_import: ["" : 12]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }

    Good::

        <ir_version: 6, opset_import: ["" : 13]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }
    """
    opset = case.graph.opsets.get("", LEGACY)
    if opset < LEGACY:
        yield Fault(f"the opset is {opset}, and {LEGACY} the first that is not old",
                    fix=f"export again with opset {LEGACY} or newer, or convert the model",
                    severity=WARNING if opset < ANCIENT else "", facts={"opset": opset})


@rule("ONX013", "deprecated-operator", severity=WARNING, fix=UNSAFE)
def deprecated_operator(case: Case) -> Faults:
    """An operator was taken out of ONNX before the version that the model imports.

    ``Upsample`` ends with opset 9 and ``Scatter`` with 10; ``Resize`` and ``ScatterElements`` are in their
    place. Runtimes refuse the old ones at newer opsets.

    Bad::

        <ir_version: 6, opset_import: ["" : 11]>
        g (float[N, 4] x, int64[N, 4] i) => (float[N, 4] y) { y = Scatter <axis = 1> (x, i, x) }

    Good::

        <ir_version: 6, opset_import: ["" : 10]>
        g (float[N, 4] x, int64[N, 4] i) => (float[N, 4] y) { y = Scatter <axis = 1> (x, i, x) }
    """
    for kind, nodes in case.operators:
        found = schema(kind.domain, kind.op, kind.opset) if kind.domain in STANDARD else None
        if found and found.deprecated:
            new = REPLACEMENTS.get(kind.op, "another operator")
            for place, index in nodes:
                yield place.fault(index, f"{kind.op} is deprecated since opset {found.since}, and "
                                  f"{kind.opset} is imported", "runtimes refuse it from there on",
                                  f"use {new}",
                                  fixable=UNSAFE if kind.op in ("Scatter", "Upsample") else "")


REPLACEMENTS = {"Upsample": "Resize", "Scatter": "ScatterElements", "GroupNormalization": "the "
                "GroupNormalization of opset 21"}
"""What has come in place of deprecated operators."""


@rule("ONX014", "initializer-also-input", severity=WARNING, fix=SAFE)
def initializer_also_input(case: Case) -> Faults:
    """Weights are listed as inputs too, which makes them defaults that a caller may change.

    Up to IR version 3 that was how a model had to be written. Since version 4 it means that the weight may
    be replaced at every call, so that a runtime neither folds nor fuses it.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, float[4] w = {1, 2, 3, 4}) => (float[N, 4] y) { y = Add (x, w) }

    Good::

        <ir_version: 3, opset_import: ["" : 8]>
        g (float[N, 4] x, float[4] w = {1, 2, 3, 4}) => (float[N, 4] y) { y = Add (x, w) }
    """
    if case.graph.ir_version >= INITIALIZERS_APART:
        for place, found in irregularities(case.places, "weights-as-inputs"):
            yield Fault(found.message, "each of them is an input that a caller may set, so that it cannot be "
                        "folded", "take the weights out of the list of inputs", value=place.path)


@rule("ONX015", "duplicate-node-name", severity=WARNING, fix=SAFE)
def duplicate_node_name(case: Case) -> Faults:
    """Several nodes have one name, so that messages, profiles and debuggers mix them up.

    The name is how people and tools speak of a node: of two that are called ``conv1`` a profile shows the
    sum, and a breakpoint stops at the first.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            [first] a = Relu (x)
            [first] y = Neg (a)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            [first] a = Relu (x)
            [second] y = Neg (a)
        }
    """
    for place, found in irregularities(case.places, "duplicate-node-name"):
        yield _about(place, found, "several nodes have one name", "give each node a name of its own")


@rule("ONX016", "unnamed-nodes", severity=ADVICE, on=False, fix=SAFE)
def unnamed_nodes(case: Case) -> Faults:
    """Nodes have no names, so that nobody can say which layer a message, a profile or a diff is about.

    Here they are called by their operator and their place in the file, which another export may change.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y) { [act] y = Relu (x) }
    """
    count = sum(place.graph.unnamed for place in case.places)
    if count:
        total = sum(len(place.graph.nodes) for place in case.places)
        yield Fault(f"{count:,} of {total:,} nodes have no name",
                    fix="name each node by its module and layer", facts={"unnamed": count, "nodes": total})


def _about(place: Place, found: Irregularity, message: str, fix: str) -> Fault:
    """A fault of the node that an irregularity names, with what it says as the reason."""
    return place.fault(place.names[found.subject], message, found.message, fix, cause=(id(place), found))
