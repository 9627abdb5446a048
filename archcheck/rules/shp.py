"""Shapes: what a trace froze, what broadcasts unseen, what is not known."""
from __future__ import annotations

from archcheck.dims import Dim, Size, same, symbol, symbols
from archcheck.graph import Shape
from archcheck.rules._case import Case
from archcheck.rules._failures import of_code
from archcheck.rules._paths import constant, is_learned, is_weight, keeps_axis, written
from archcheck.rules._rule import ADVICE, ERROR, UNSAFE, WARNING, Fault, Faults, Site, rule
from archcheck.rules._ties import Tie, baked_reshapes, bakes, blamed, mended, target_of, ties
from archcheck.rules._unresolved import unresolved

TRACED = "export with the size read from the tensor (x.shape[0], not int(x.shape[0])), or x.flatten(1)"


# ---------------------------------------------------------------------------------- what a trace froze
@rule("SHP101", "baked-dim-in-reshape", severity=ERROR, fix=UNSAFE)
def baked_dim_in_reshape(case: Case) -> Faults:
    """A Reshape has a number where an axis of an input must stay free.

    A trace that runs `y.reshape(int(y.shape[0]), -1)` on a batch of 1 keeps `[1, -1]`: the model is declared
    for any batch, runs at 1, and at 2 the second sample ends up behind the first, so that a layer for 2048
    features is given 4096. It is an error where the sizes after it prove that it fails, and a warning where
    it runs but mixes samples. A Reshape that merges or splits axes and gives the free one a place is fine.

    Bad::

        input: batch x 8 x 16 x 16
        layers:
        - conv 8 3x3 same -> relu -> Reshape [1, -1] -> Gemm float32(2048, 10)

    Bad::

        input: batch x 8 x 16 x 16
        layers:
        - conv 8 3x3 same -> relu -> Reshape [1, 8, -1] -> softmax

    Bad::

        input: batch x 8 x 16 x 16
        layers:
        - conv 8 3x3 same -> Reshape [1, -1] -> sigmoid -> Mul 2.0

    Bad::

        input: N x T x 768
        layers:
        - layernorm as x0
        - dense 768 -> Reshape [1, -1, 12, 64] -> sigmoid -> Reshape [1, -1, 768] -> add x0

    Good::

        input: batch x 8 x 16 x 16
        layers:
        - conv 8 3x3 same -> relu -> Reshape [-1, 2048] -> Gemm float32(2048, 10)

    Good::

        input: batch x 8 x 16 x 16
        layers:
        - Reshape [1, -1, 16, 16] -> MaxPool kernel_shape=[2, 2] -> Reshape [-1, 8, 15, 15]
    """
    told, tied = set[Site](), set[str]()
    for tie in case.fact(ties):
        first = blamed(tie)
        others = [site for name in tie.names for site in case.fact(baked_reshapes).get(name, ())]
        for site in dict.fromkeys([first, *others] if first else []):
            if site not in told:
                told.add(site)
                tied.update(tie.names)
                yield _baked(case, site, f"{tie.proof}, so that only {tie.only} can run", ERROR, tie.names)
    for name, sites in case.fact(baked_reshapes).items():
        for site in sites if name not in tied else ():
            if why := _confused(case, site, name):
                yield _baked(case, site, why, WARNING, (name,))


def _baked(case: Case, site: Site, why: str, severity: str, cause: tuple[str, ...]) -> Fault:
    names = [name for name in case.report.symbols if bakes(site, name)]
    target, new = tuple(target_of(site)), mended(site, names)
    shapes = f"{written(site.inputs[0].shape)} to {written(target)} makes {written(site.outputs[0].shape)}"
    return Fault(f"{shapes}: the target has {'a number' if len(names) == 1 else 'numbers'} in place of "
                 f"{' and '.join(names)}", why, f"make the target {written(new)}, or {TRACED}", site,
                 severity=severity, cause=("baked", cause),
                 facts={"target": list(target), "mended": list(new), "symbols": names})


def _confused(case: Case, site: Site, name: str) -> str:
    """In what the samples of ``name``, the first axis of a Reshape's input, are confused by it; empty where
    they are not, or come apart again."""
    if (site.inputs[0].shape or ())[:1] != (symbol(name),):
        return ""
    if target_of(site)[0] == 1 and _is_given_out(site):
        return "no axis of the output tells the samples apart"
    mixed = f"elements of different samples come to share a row: the result is wrong for every {name} but 1"
    return mixed if _mixes(site, name) else ""


def _is_given_out(site: Site) -> bool:
    """Whether what a node makes is an output, as it is or after nodes that keep its shape."""
    shape, ahead, seen = site.outputs[0].shape, [site], set[int]()
    while ahead:
        one = ahead.pop()
        if not set(one.node.outputs).isdisjoint(one.graph.outputs):
            return True
        seen.add(one.at)
        ahead += [other for other in one.readers()
                  if other.at not in seen and other.outputs[0].shape == shape]
    return False


def _mixes(site: Site, name: str) -> bool:
    """Whether the first axis, of size ``name``, ends up behind others that it was ahead of."""
    ahead: Size = 1
    for size in site.outputs[0].shape or ():
        if any(atom.args[0] == name for atom in symbols(size)):
            each = size // symbol(name)
            return isinstance(ahead, int) and ahead > 1 and each * symbol(name) is size
        ahead = ahead * size
    return False


@rule("SHP102", "baked-dim-elsewhere", severity=WARNING)
def baked_dim_elsewhere(case: Case) -> Faults:
    """A stored tensor, or a constant size, meets an axis of an input that is declared free.

    A position table that was cut to the 128 tokens of the trace, or an Expand to a constant shape, fits one
    length only, whatever the input's declared shape says. A table that is looked into by position sets a
    limit instead, which is not meant here.

    Bad::

        input: N x T x 64
        layers:
        - dense 64 -> Add float32(1, 128, 64)

    Good::

        input: N x 128 x 64
        layers:
        - dense 64 -> Add float32(1, 128, 64)

    Good::

        input: N x T x 64
        layers:
        - dense 64 -> Add float32(1, 1, 64)
    """
    for tie in case.fact(ties):
        source = None if blamed(tie) else _fixed(case, tie)
        if source:
            yield Fault(f"{source} fixes {tie.said}, declared free", tie.proof,
                        f"make it follow the input's size, or declare {tie.only}", tie.site,
                        facts={"symbols": list(tie.names), "sizes": list(tie.sizes)})


def _fixed(case: Case, tie: Tie) -> str | None:
    """What the operand of a tie is that has a number where the symbol meets it; None where none is."""
    site, number = tie.site, tie.constraint.b
    for position, kind in enumerate(site.inputs):
        made = site.producer(position)
        if isinstance(number, int) and number in (kind.shape or ()):
            if made and made.op in SIZED:
                return f"{made.op} to {written(kind.shape)}"
            if site.op in ELEMENTWISE and is_weight(case, site, position):
                return f"a stored tensor of {written(kind.shape)}"
    found = constant(site, 1) or () if site.op == "Expand" else ()
    return f"Expand to {written(found)}" if number in found else None


SIZED = ("Expand", "Slice", "Tile", "ConstantOfShape", "Range")
ELEMENTWISE = ("Add", "Sub", "Mul", "Div", "Where", "Pow", "Min", "Max", "And", "Or", "Concat")


@rule("SHP103", "requested-dynamic-is-static", severity=WARNING)
def requested_dynamic_is_static(case: Case) -> Faults:
    """A symbol that the settings want free is in no input's shape.

    `dynamic = ["batch"]` says that the model must take any batch. An exporter that was not told, or that met
    a number in the program, writes a fixed size without a word.

    Bad (--dynamic batch)::

        input: 1 x 3 x 8 x 8
        layers:
        - conv 8 3x3 same

    Good (--dynamic batch)::

        input: batch x 3 x 8 x 8
        layers:
        - conv 8 3x3 same
    """
    shapes = ", ".join(f"{name} {written(kind.shape)}" for name, kind in case.graph.inputs.items())
    for name in case.settings.dynamic:
        if name not in case.report.symbols:
            yield Fault(f"no input has the size {name}, which must stay free", f"the inputs are {shapes}",
                        f"export with {name} as a dynamic axis", value=name, facts={"symbol": name})


# ---------------------------------------------------------------------------------- broadcasting
@rule("SHP104", "silent-broadcast", severity=WARNING)
def silent_broadcast(case: Case) -> Faults:
    """A map of one channel that a layer computed is added to a map of many.

    `N×16×H×W + N×1×H×W` runs: the one channel is repeated 16 times. In a residual connection that is a
    forgotten number of filters. Gates, masks, biases and factors of one channel are meant, and so is an axis
    that was inserted for the purpose. The other case is a sum in which each side stretches the other:
    `[N, 1] - [N]` is no difference of N numbers but a table of N×N.

    Bad::

        input: N x 3 x 8 x 8
        layers:
        - conv 16 3x3 same -> relu as stem
        - conv 1 3x3 same
        - add stem

    Good::

        input: N x 3 x 8 x 8
        layers:
        - conv 16 3x3 same -> relu as stem
        - conv 16 3x3 same
        - add stem

    Good::

        input: N x 3 x 8 x 8
        layers:
        - conv 16 3x3 same -> relu as stem
        - conv 1 3x3 same -> sigmoid
        - mul stem
    """
    for site in case.of("Add", "Sub"):
        a, b = (kind.shape for kind in site.inputs)
        if not a or not b:
            continue
        narrow, outer = _narrow(a, b), _is_outer(a, b)
        made = narrow is not None and _is_made(site, narrow)
        if not made and not outer or not all(is_learned(case, site, position) for position in (0, 1)):
            continue
        sign = "+" if site.op == "Add" else "-"
        if narrow is not None:
            many = (b, a)[narrow][1]
            yield Fault(f"{written(a)} {sign} {written(b)} repeats one channel {many} times",
                        "both sides are maps that layers computed, mostly meant to have as many channels",
                        f"give the layer before it {many} filters, or Expand the map where that is meant",
                        site, facts={"channels": many})
        else:
            yield Fault(f"{written(a)} {sign} {written(b)} makes {written(site.outputs[0].shape)}",
                        "each side is repeated along the other's axis",
                        "give both sides the same number of axes", site)


def _narrow(a: Shape, b: Shape) -> int | None:
    """Which side has one channel where the other has many, everything else being equal: maps that extend in
    space."""
    if len(a) != len(b):
        return None
    differ = [axis for axis, pair in enumerate(zip(a, b)) if same(*pair) is not True]
    spatial = any(same(size, 1) is not True for size in a[2:])
    if differ != [1] or not spatial or 1 not in (a[1], b[1]):
        return None
    return 0 if a[1] == 1 else 1


def _is_made(site: Site, position: int) -> bool:
    """Whether the one channel of an input is what a layer's sum over channels left."""
    axis, found = 1, site.producer(position)
    while found is not None:
        kept = keeps_axis(found, 0, axis) if found.node.inputs else None
        if kept is None:
            return found.op.startswith("Conv")
        axis, found = kept, found.producer()
    return False


def _is_outer(a: Shape, b: Shape) -> bool:
    """Whether a column and a row of the same size meet, one of them short of an axis."""
    short, wide = sorted((a, b), key=len)
    if len(short) != 1 or len(wide) != 2 or wide[1] != 1 or short[0] == 1:
        return False
    return same(short[0], wide[0]) is True


# ---------------------------------------------------------------------------------- one size only
@rule("SHP105", "size-dependent-graph", severity=WARNING)
def size_dependent_graph(case: Case) -> Faults:
    """An axis is declared free, but the sizes inside the graph fit one size only.

    The inputs' shapes promise what the graph does not keep. Where the cause is a Reshape, a table or a
    constant shape, `SHP101` and `SHP102` name it; this is for all else: a fully connected layer behind a
    flattened map, say.

    Bad::

        input: 1 x 3 x H x 8
        layers:
        - conv 8 3x3 /2 same -> relu -> Flatten axis=1 -> Gemm float32(128, 10)

    Good::

        input: N x 3 x 8 x 8
        layers:
        - conv 8 3x3 /2 same -> relu -> Flatten axis=1 -> Gemm float32(128, 10)

    Good::

        input: 1 x 3 x H x 8
        layers:
        - conv 8 3x3 /2 same -> relu -> gap -> Flatten axis=1 -> Gemm float32(8, 10)
    """
    for tie in case.fact(ties):
        if not blamed(tie) and not _fixed(case, tie):
            yield Fault(f"{tie.said} may be any size as declared, but only {tie.only} can run", tie.proof,
                        f"declare the size, or make the graph follow {tie.said}", tie.site,
                        facts={"symbols": list(tie.names), "sizes": list(tie.sizes)})


# ---------------------------------------------------------------------------------- what is not known
@rule("SHP106", "unresolved-shape", severity=ADVICE)
def unresolved_shape(case: Case) -> Faults:
    """A shape that cannot be worked out, and with it those of all that comes after.

    Sizes, costs and every other rule end there. The usual cause is a size that is computed from data, a value
    that is too large to follow, or an operator of another domain.

    Bad::

        inputs: {image: N x 8, wanted: int64 K}
        layers:
        - from image -> Reshape wanted -> relu

    Good::

        input: N x 8
        layers:
        - Reshape [-1, 4] -> relu
    """
    for cause in case.fact(unresolved):
        if not cause.counted:
            yield Fault(f"the shape of its result is not known: {cause.reason}",
                        f"nor are those of {_results(cause.behind)} after it" if cause.behind else "",
                        "say the sizes that the network is run with (--set)", cause.site,
                        facts={"behind": cause.behind})


def _results(count: int) -> str:
    return "one result" if count == 1 else f"{count} results"


@rule("SHP107", "data-dependent-shape", severity=ADVICE, targeted=True)
def data_dependent_shape(case: Case) -> Faults:
    """A size that the data decide: the number of non-zero elements, of boxes that are kept.

    Runtimes that plan memory and kernels ahead refuse such nodes, or run them and all that comes after on the
    CPU. Detectors end in one; it is best kept out of the part that is to be fast.

    Bad (--select SHP107)::

        input: 8 x 8
        layers:
        - Relu -> NonZero

    Good (--select SHP107)::

        input: 8 x 8
        layers:
        - Relu -> TopK [3] as values, places
    """
    for cause in case.fact(unresolved):
        if cause.counted:
            yield Fault("the data decide the size of its result",
                        f"and those of {_results(cause.behind)} after it" if cause.behind else "",
                        "run it outside the model, or keep a fixed number (TopK)", cause.site,
                        facts={"behind": cause.behind})


@rule("SHP108", "topk-exceeds-axis", severity=ERROR)
def topk_exceeds_axis(case: Case) -> Faults:
    """TopK asks for more elements than its axis has.

    `k = 1000` of 900 anchors fails when the model runs; it comes up when a detector is exported for smaller
    images than it was written for.

    Bad::

        input: N x 900
        layers:
        - TopK [1000] as values, places

    Good::

        input: N x 1000
        layers:
        - TopK [1000] as values, places
    """
    for misfit in of_code(case, "SHP108"):
        k, size = misfit.facts
        yield Fault(f"{k} of {size} elements are asked for", "the node fails at every size",
                    "make k the smaller of the two (Min with the axis's size)", misfit.site,
                    facts={"k": k, "size": str(size)})


@rule("SHP109", "fully-dynamic-input", severity=ADVICE, targeted=True)
def fully_dynamic_input(case: Case) -> Faults:
    """Every axis of an input is free.

    A runtime that builds a plan needs a range for each: the wider it is, the slower the plan. Channels, and
    mostly height and width, are known.

    Bad (--select SHP109)::

        input: N x C x H x W
        layers:
        - relu

    Good (--select SHP109)::

        input: N x 3 x H x W
        layers:
        - relu
    """
    for name in case.graph.inputs if _plans(case) else ():
        shape = case.report.types[name].shape
        if shape and len(shape) > 1 and all(isinstance(size, Dim) for size in shape):
            yield Fault(f"all {len(shape)} axes of an input are free: {written(shape)}",
                        "a plan has to hold for every size of each", "fix the axes that are always the same",
                        value=name, facts={"axes": len(shape)})


def _plans(case: Case) -> bool:
    """Whether a target builds a plan before it runs; TensorRT does. Without a target the rule was asked
    for."""
    names = [target.partition("==")[0] for target in case.settings.targets]
    return not names or "tensorrt" in names


