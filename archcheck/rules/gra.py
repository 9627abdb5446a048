"""What is in a graph and does nothing for it."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from archcheck.dims import Size, evaluate, total
from archcheck.graph import Graph, TensorType
from archcheck.infer import NOT_KNOWN
from archcheck.rules._case import Case
from archcheck.rules._liveness import are_numbers, connected, dead, fed, repeated
from archcheck.rules._places import Place
from archcheck.rules._rule import ADVICE, SAFE, UNSAFE, WARNING, Fault, Faults, Site, rule
from archcheck.scopes import specified

SHARE = 100
"""Work is worth a word from one part in so many of the network's on."""


@rule("GRA001", "unused-initializer", severity=WARNING, fix=SAFE)
def unused_initializer(case: Case) -> Faults:
    """Weights are stored that no node reads.

    They make the file larger and every load slower, and runtimes warn of each of them. Exporters leave them
    after folding; sometimes the layer that should read them was lost. Where each is a single number, no layer
    was, and this is advice.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float[4] w = {1, 2, 3, 4}, float[4] v = {1, 2, 3, 4}>
        { y = Add (x, w) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float[4] w = {1, 2, 3, 4}>
        { y = Add (x, w) }
    """
    for place in case.places:
        read = set(place.graph.outputs).union(*place.reads)
        unused = [name for name in place.graph.weights if name not in read]
        sizes = [size for name in unused if (size := place.graph.weights[name].bytes) is not None]
        said = f" of {total(sizes):,} bytes" if len(sizes) == len(unused) else ""
        for name in unused:
            yield Fault(f"{len(unused)} stored tensors{said} are read by no node"
                        if len(unused) > 1 else f"a stored tensor{said} is read by no node",
                        "no output would change without it",
                        "take it out; look whether a layer that should read it is missing",
                        value=f"{place.path}{name}", cause=place.path,
                        facts={"bytes": total(sizes)} if said else {},
                        severity=ADVICE if are_numbers(place.graph.weights[name] for name in unused) else "")


@rule("GRA002", "dead-branch", severity=WARNING, fix=SAFE)
def dead_branch(case: Case) -> Faults:
    """Nodes work something out that no output depends on.

    It is a head that was left behind, a debugging value, or a branch whose join was lost. Most runtimes drop
    it when they load the model; the weights stay in the file. Constants of a single number each, which
    quantizers leave of a fused activation, are advice.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            a = Exp (x)
            y = Relu (x)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            a = Exp (x)
            y = Relu (a)
        }
    """
    for place in case.places:
        for group in connected(place, dead(place)):
            if not any(specified(place.graph.nodes[index]) for index in group):
                costs = _wasted(case, place, group)
                count = f"{len(group)} nodes lead" if len(group) > 1 else "a node leads"
                constants = all(place.graph.nodes[index].op == "Constant" for index in group)
                numbers = constants and are_numbers(_made(place, group))
                yield place.fault(group[-1], f"{count} to no output{costs}",
                                  "no output would change without it",
                                  "take them out, or join what they make to the network",
                                  cause=("constants", numbers) if constants else None,
                                  facts={"nodes": len(group)}, severity=ADVICE if numbers else "")


def _made(place: Place, group: list[int]) -> Iterator[TensorType]:
    """The types of what nodes make, as far as they were walked."""
    types = place.walk.types if place.walk else {}
    return (types.get(name, NOT_KNOWN) for index in group for name in place.graph.nodes[index].outputs)


def _wasted(case: Case, place: Place, group: list[int]) -> str:
    """What nodes of the main graph cost, in words."""
    if place.walk is not case.report.walk:
        return ""
    macs = total(cost.mac for index in group if (cost := place.walk.costs[index]))
    params = total(case.report.weights.by_node.get(index, 0) for index in group)
    said = [f"{size:,} {what}" if isinstance(size, int) else f"{size} {what}"
            for size, what in ((macs, "MACs"), (params, "parameters")) if size != 0]
    return f"; they take {' and '.join(said)}" if said else ""


@rule("GRA003", "unused-input", severity=WARNING, fix=UNSAFE)
def unused_input(case: Case) -> Faults:
    """The network does not read one of its inputs.

    Whoever calls it has to give a value that changes nothing. Often an exporter kept an argument that the
    model ignores in this mode; sometimes a mask should have been read and is not.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, float[N] mask) => (float[N, 4] y) { y = Relu (x) }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, float[N, 1] mask) => (float[N, 4] y) { y = Mul (x, mask) }
    """
    place = case.places[0]
    read = set(place.graph.outputs).union(*place.reads)
    unused = [name for name in place.graph.inputs if name not in read]
    for name in unused:
        yield Fault("no node reads an input" if len(unused) == 1 else f"no node reads {len(unused)} of "
                    f"{len(place.graph.inputs)} inputs", "a caller must give it, and it changes nothing",
                    "take it out, or read it", value=name, cause="unused")


@rule("GRA004", "passthrough-output", severity=WARNING)
def passthrough_output(case: Case) -> Faults:
    """An output is one of the inputs unchanged, or the same for all inputs.

    Nothing is computed for it. An output that should depend on the input and does not was frozen while the
    model was traced.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y, float[N, 4] z)
        {
            y = Relu (x)
            z = Identity (x)
        }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y, float[2] z)
        <float[2] w = {1, 2}>
        {
            y = Relu (x)
            z = Exp (w)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y, int64[2] z)
        {
            y = Relu (x)
            z = Shape (x)
        }
    """
    graph = case.graph
    varied = fed(case.places[0]) if graph.inputs else set()
    known = {*graph.weights, *graph.producers}
    for name in graph.outputs:
        origin = _origin(graph, name)
        if origin in graph.inputs:
            yield Fault("an output is one of the inputs, unchanged", "the caller has it already",
                        "leave it out", value=name)
        elif name not in varied and name in known and varied and not _is_broken(case, name):
            yield Fault("an output is the same for all inputs", "no node on the way to it reads an input",
                        "leave it out, or look what froze it", value=name)


def _origin(graph: Graph, name: str) -> str:
    """The value that ``name`` is, copies left out."""
    for _ in graph.nodes:
        index = graph.producers.get(name)
        if index is None or graph.nodes[index].op != "Identity" or graph.nodes[index].domain:
            break
        name = graph.nodes[index].inputs[0] if graph.nodes[index].inputs else ""
    return name


def _is_broken(case: Case, name: str) -> bool:
    """Whether the node that makes a value has failed, so that what it reads is not what it should."""
    return case.graph.producers.get(name) in case.report.failures


@rule("GRA005", "duplicate-computation", severity=ADVICE, fix=SAFE)
def duplicate_computation(case: Case) -> Faults:
    """The same is worked out twice, for at least 1 % of the network's MACs.

    The operator, its attributes and its inputs are the same, so the result is: one of the two can go. In a
    program it is a layer that is called twice on one value.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 3, 4}>
        {
            a = MatMul (x, w)
            b = MatMul (x, w)
            c = Relu (a)
            y = Add (c, b)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 2] x) => (float[N, 2] y)
        <float[2, 2] w = {1, 2, 3, 4}, float[2, 2] v = {1, 2, 3, 5}>
        {
            a = MatMul (x, w)
            b = MatMul (x, v)
            c = Relu (a)
            y = Add (c, b)
        }
    """
    walk, macs, twice = case.report.walk, case.report.macs, dict(repeated(case.graph))
    sizes = _sizes(case) if twice else {}
    for group in connected(case.places[0], [*twice]):
        wasted = total(cost.mac for index in group if (cost := walk.costs[index]))
        share = _share(wasted, macs, sizes)
        if share * SHARE >= 1:
            yield Fault(f"{_nodes(group)} worked out before: {share:.0%} of the MACs are spent twice",
                        "the operator, its attributes and its inputs are the same",
                        "compute it once, and read it in both places", Site(walk, group[0]),
                        facts={"macs": str(wasted)})


def _nodes(group: list[int]) -> str:
    return f"{len(group)} nodes work out what was" if len(group) > 1 else "a node works out what was"


def _sizes(case: Case) -> Mapping[str, int]:
    """Sizes that one would try first."""
    from archcheck.reporters.facts import example_sizes
    return example_sizes(case.report)


def _share(part: Size, whole: Size, sizes: Mapping[str, int]) -> float:
    """What part of the ``whole`` this is; 0 where that is not known."""
    a, b = evaluate(part, sizes), evaluate(whole, sizes)
    return a / b if isinstance(a, int) and isinstance(b, int) and b else 0.0


@rule("GRA006", "identity-chain", severity=ADVICE, on=False, fix=SAFE)
def identity_chain(case: Case) -> Faults:
    """A node hands on what it reads: a copy, a cast to the same type, a transposition that undoes the one
    before.

    Runtimes take such nodes out when they load a model. They make a graph longer to read and a file no
    better.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        {
            a = Cast <to = 1> (x)
            y = Relu (a)
        }

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4, 5] x) => (float[N, 4, 5] y)
        {
            a = Transpose <perm = [1, 2, 0]> (x)
            b = Transpose <perm = [2, 0, 1]> (a)
            y = Relu (b)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4, 5] x) => (float[4, 5, N] y)
        {
            a = Transpose <perm = [1, 2, 0]> (x)
            y = Relu (a)
        }
    """
    for site in case.of("Identity", "Cast", "Transpose"):
        what = _nothing(site)
        is_named = site.op != "Transpose" and not set(site.node.outputs).isdisjoint(site.graph.outputs)
        if what and not is_named:
            is_stored = site.node.inputs[0] in site.graph.weights  # see GRA007
            yield Fault(f"{what} changes nothing", "it hands on what it reads", "take it out", site,
                        fixable=UNSAFE if is_stored else SAFE)


def _nothing(site: Site) -> str:
    """What a node is that hands on what it reads, "" for one that does not."""
    if site.op == "Identity":
        return "a copy"
    if site.op == "Cast":
        given, made = site.inputs[0].dtype, site.outputs[0].dtype
        return f"a cast from {given} to {made}" if given and given == made else ""
    first = site.producer()
    if first is None or first.op != "Transpose":
        return ""
    before, second = _order(first), _order(site)
    if len(second) != len(before):
        return ""
    undone = all(0 <= axis < len(before) and before[axis] == place for place, axis in enumerate(second))
    return "a transposition after the one that it undoes" if undone else ""


def _order(site: Site) -> Sequence[int]:
    """The axes of its input that the axes of a Transpose's output are; none where that is not known."""
    reverse = range(len(site.inputs[0].shape or ()))[::-1]
    found: Sequence[int] = site.node.attrs.get("perm", reverse)
    return found


@rule("GRA007", "foldable-constant-subgraph", severity=ADVICE, on=False, fix=UNSAFE)
def foldable_constant_subgraph(case: Case) -> Faults:
    """Nodes work out at every run what is the same for all inputs.

    An optimizer computes it once and stores the result; that is smaller, or larger where it was repeated or
    expanded. A runtime may take another kernel for a matrix that is stored, which rounds in another order:
    outputs may differ in their last digits.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float[4] w = {1, 2, 3, 4}>
        {
            a = Exp (w)
            y = Add (x, a)
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <float[4] w = {1, 2, 3, 4}>
        {
            a = Exp (x)
            y = Add (a, w)
        }
    """
    for group in case.fact(foldable):
        count = f"{len(group)} nodes are" if len(group) > 1 else "a node is"
        yield Fault(f"{count} the same for all inputs", "everything that is read there is constant",
                    "store the result in their place", Site(case.report.walk, group[-1]))


def foldable(case: Case) -> list[list[int]]:
    """The nodes of the main graph that depend on no input, in groups."""
    varied = fed(case.places[0])
    constant = [index for index, node in enumerate(case.graph.nodes) if any(node.outputs)
                and varied.isdisjoint(node.outputs) and node.op not in ("Constant", "ConstantOfShape")]
    return connected(case.places[0], constant if case.graph.inputs else [])


@rule("GRA008", "branch-never-taken", severity=WARNING, fix=SAFE)
def branch_never_taken(case: Case) -> Faults:
    """The condition of an If is always the same, so that one of its branches never runs.

    A condition that Python decided while the model was traced is in the model as a constant. Where the other
    branch was meant for other sizes, it is lost.

    Bad::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x) => (float[N, 4] y)
        <bool c = {1}>
        {
            y = If (c) <then_branch = t () => (a) { a = Relu (x) }, else_branch = e () => (b) { b = Neg (x) }>
        }

    Good::

        <ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 4] x, bool c) => (float[N, 4] y)
        {
            y = If (c) <then_branch = t () => (a) { a = Relu (x) }, else_branch = e () => (b) { b = Neg (x) }>
        }
    """
    for site in case.of("If") if not case.report.sizes else ():
        runs = site.effect.runs
        if len(runs) == 1:
            taken = next(iter(runs[0]))
            other = "else_branch" if taken == "then_branch" else "then_branch"
            count = len(site.node.attrs[other].nodes)
            yield Fault(f"the condition always takes the {taken}",
                        f"the {other} never runs, {count} node{'' if count == 1 else 's'}",
                        "put the branch that runs in the place of the If", site)
