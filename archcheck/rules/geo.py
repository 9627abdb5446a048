"""Windows, strides and receptive fields."""
from __future__ import annotations

from archcheck.dims import most
from archcheck.rules._case import Case
from archcheck.rules._failures import of_code
from archcheck.rules._grids import gridded, is_padded, misaligned, reach_of, slides, unread
from archcheck.rules._paths import windows, written
from archcheck.rules._rule import ADVICE, ERROR, SAFE, WARNING, Fault, Faults, Site, rule


@rule("GEO001", "stride-indivisible", severity=ADVICE, on=False)
def stride_indivisible(case: Case) -> Faults:
    """The stride does not divide the positions that a window can move by.

    `(W - F + 2P)` should be a multiple of the stride for the windows to lie symmetrically, as lecture notes
    ask (cs231n). Most networks break this without harm, since the padding takes the remainder: a 3×3 pooling
    with stride 2 and padding 1 on 112 leaves half a step. Off unless it is selected; `GEO002` reports where
    elements of the input are lost.

    Bad::

        input: 1 x 3 x 8 x 8
        layers:
        - maxpool 3x3 /2 pad=1

    Good::

        input: 1 x 3 x 9 x 9
        layers:
        - maxpool 3x3 /2 pad=1
    """
    for slide in slides(case):
        left = slide.left
        if left:
            yield Fault(f"({slide.size} + {slide.padded - slide.size} - {slide.reach}) mod {slide.stride} is "
                        f"{left}, not 0", f"the last window ends {left} short of the padded end",
                        f"change the size, the padding or the window by {left}", slide.site,
                        facts={"remainder": left})


@rule("GEO002", "input-pixels-dropped", severity=WARNING)
def input_pixels_dropped(case: Case) -> Faults:
    """The last rows and columns of the input are never read, because no window ends there.

    AlexNet's first layer, 11×11 with stride 4, has its windows at 0, 4, … 212 of 224 pixels: the last ends
    at pixel 222, and the row and column 223 are read by nobody. At 227 all are. Deeper in, a position that is
    left over costs input pixels only where the fields of the others do not reach them: that is worked out.
    Where they do, it is advice, since the position is computed for nothing. The windows themselves leave no
    gaps (that is `GEO003`). Signals that are cut into frames lose less than a frame at their end, as framing
    does, and are not meant.

    Bad::

        input: N x 3 x 224 x 224
        layers:
        - conv 96 11x11 /4

    Bad::

        input: N x 3 x 8 x 8
        layers:
        - conv 8 1x1 -> relu -> maxpool 3x3 /2

    Good::

        input: N x 3 x 227 x 227
        layers:
        - conv 96 11x11 /4

    Good::

        input: N x 3 x 224 x 224
        layers:
        - maxpool 3x3 /2 ceil

    Good::

        input: N x 3 x 8 x 8
        layers:
        - conv 8 3x3 same -> relu as all
        - conv 8 3x3 /2
        - add: [pass, from all -> maxpool 4x4 /2]

    Good::

        input: N x 1 x 16000
        layers:
        - conv 64 400 /160
    """
    for slide in slides(case):
        lost, stride = slide.lost, slide.stride
        if not lost or slide.reach < stride or not slide.is_map or is_padded(slide.site) \
                or len(slide.site.graph.uses[slide.site.node.inputs[0]]) > 1:
            continue
        pixels, less, more = unread(case, slide), slide.size - lost, slide.size + stride - lost
        wanted = "use an input of" if slide.site.node.inputs[0] in case.graph.inputs else "make its map"
        what = f"the last {lost} of {slide.size} positions are" if lost > 1 else \
            f"the last of {slide.size} positions is"
        yield Fault(f"{what} never read: ({slide.size} + {slide.padded - slide.size} - {slide.reach}) mod "
                    f"{stride} = {slide.left}", f"{pixels} at the input's end cannot change the result"
                    if pixels else "what was computed there is not used",
                    f"{wanted} {less} or {more}, or pad {stride - lost} more at the end",
                    slide.site, severity=WARNING if pixels else ADVICE, cause=("dropped", bool(pixels)),
                    facts={"lost": lost, "size": slide.size, "pixels": pixels, "good": [less, more]})


@rule("GEO003", "window-gaps", severity=WARNING)
def window_gaps(case: Case) -> Faults:
    """A window moves farther than it reaches, so some positions of its input are never read.

    A pooling of 2×2 with stride 3 reads two rows and skips one, all over the image: what is in a third of the
    rows cannot change the result. A 1×1 convolution with a stride, as in the shortcuts of ResNets, is a
    choice of positions and not meant here, nor is the only window of an axis.

    Bad::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 2x2 /3

    Bad::

        input: N x 3 x H x W
        layers:
        - conv 8 2x2 /3

    Good::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 3x3 /3

    Good::

        input: N x 3 x 2 x 2
        layers:
        - maxpool 2x2 /3
    """
    for site in case.sites:
        for along in windows(site) if "strides" in site.node.attrs else ():
            reach, moves = reach_of(along), along.stride
            if most(reach) < moves and reach != 1 and site.outputs[0].shape and \
                    site.outputs[0].shape[along.axis] != 1:
                yield Fault(f"the window spans {reach} positions and moves by {moves}",
                            f"of every {moves} positions, {moves - reach} are never read",
                            f"use a stride of at most {reach}, or a larger window", site,
                            facts={"span": repr(reach), "stride": moves})
                break


@rule("GEO004", "strided-pointwise", severity=ADVICE, profiles=("design",))
def strided_pointwise(case: Case) -> Faults:
    """A 1×1 convolution with a stride reads only some of the positions.

    With stride 2 in both directions three quarters of the map are computed for nothing. He et al. 2019 (*Bag
    of Tricks*, ResNet-D) put an average pooling before the convolution and gained half a point on ImageNet.

    Bad (--profile design)::

        input: N x 64 x 56 x 56
        layers:
        - conv 128 1x1 /2

    Good (--profile design)::

        input: N x 64 x 56 x 56
        layers:
        - avgpool 2x2 /2 -> conv 128 1x1
    """
    for site in case.of("Conv"):
        moved = [along.stride for along in windows(site) if along.axis > 1]
        if moved and all(along.taps == 1 for along in windows(site)) and max(moved) > 1:
            share = 1
            for stride in moved:
                share *= stride
            yield Fault(f"a pointwise convolution reads 1 of every {share} positions",
                        "the others were computed for nothing", "pool by the stride before it", site,
                        facts={"stride": moved})


@rule("GEO005", "kernel-exceeds-input", severity=ERROR)
def kernel_exceeds_input(case: Case) -> Faults:
    """A window is larger than the map it is to move over, or some of its places lie in the padding alone.

    A 7×7 window does not fit into a map of 4×4: the node fails. Where the padding is as large as the window
    it runs, but the outermost results are the same for all inputs: a warning. The map has usually become too
    small because the image is smaller than the one that the network was made for.

    Bad::

        input: N x 3 x 4 x 4
        layers:
        - conv 8 7x7

    Bad::

        input: N x 3 x 8 x 8
        layers:
        - conv 8 3x3 pad=3

    Good::

        input: N x 3 x 4 x 4
        layers:
        - conv 8 4x4

    Good::

        input: N x 3 x 8 x 8
        layers:
        - conv 8 3x3 pad=2
    """
    for misfit in of_code(case, "GEO005"):
        yield Fault(str(misfit.facts[0]), f"the input is {written(misfit.site.inputs[0].shape)}",
                    "use a larger input, a smaller window, or fewer strides before it", misfit.site)
    for slide in slides(case):
        first, last = slide.start + slide.reach - 1, slide.start + (slide.outputs - 1) * slide.stride
        empty = max(0, -(first // slide.stride)) + max(0, (last - slide.size) // slide.stride + 1)
        if empty and not slide.is_transposed:
            yield Fault(f"{empty} of {slide.outputs} windows of {slide.reach} read nothing but padding",
                        "their results are the same for all inputs", "pad by less than the window's span",
                        slide.site, severity=WARNING, facts={"empty": empty, "windows": slide.outputs})


@rule("GEO006", "asymmetric-or-even-kernel", severity=ADVICE, on=False)
def asymmetric_or_even_kernel(case: Case) -> Faults:
    """A window that does not move has its centre beside the position that it computes.

    An even window, or one that is padded on one side more than on the other, moves its map by half a
    position or more against what it is added to. Causal convolutions do this on purpose.

    Bad (--select GEO006)::

        input: N x 3 x 8 x 8
        layers:
        - conv 8 2x2 pad=[0,0,1,1]

    Good (--select GEO006)::

        input: N x 3 x 8 x 8
        layers:
        - conv 8 3x3 pad=1
    """
    for slide in slides(case):
        shift = 2 * slide.start + slide.reach - 1
        if slide.stride == 1 and slide.padded > slide.size and shift:
            yield Fault(f"a window of {slide.reach}, padded by {-slide.start} in front, is centred "
                        f"{abs(shift) / 2:g} positions {'behind' if shift > 0 else 'before'} its result",
                        "maps that are joined later do not lie on each other",
                        "use an odd window, padded alike on both sides", slide.site,
                        facts={"shift": shift / 2})


@rule("GEO007", "auto-pad", severity=ADVICE, targeted=True, fix=SAFE)
def auto_pad(case: Case) -> Faults:
    """The padding is left to the runtime, `SAME_UPPER` or `SAME_LOWER`.

    How much that is depends on the size of the input, and runtimes have read `SAME_LOWER` and strides in
    different ways (onnxruntime 9370, openvino 31902). Explicit `pads` say the same everywhere.

    Bad (--select GEO007)::

        input: N x 3 x 8 x 8
        layers:
        - Conv float32(8, 3, 3, 3) auto_pad=SAME_UPPER

    Good (--select GEO007)::

        input: N x 3 x 8 x 8
        layers:
        - conv 8 3x3 pad=1
    """
    for site in case.sites:
        mode = site.node.attrs.get("auto_pad")
        if mode in ("SAME_UPPER", "SAME_LOWER"):
            yield Fault(f"auto_pad is {mode}", "how much is padded depends on the size of the input",
                        "write the pads out", site, facts={"auto_pad": mode})


# ---------------------------------------------------------------------------------- where branches meet
@rule("GEO008", "input-not-multiple-of-stride", severity=ERROR)
def input_not_multiple_of_stride(case: Case) -> Faults:
    """A map that was shrunk and enlarged again comes back at another size than the one it is joined with.

    225 pixels are halved to 113, the last window being half in the padding, and doubled to 226. A network
    with an encoder and a decoder takes multiples of its total stride, or has to crop or resize before it
    joins.

    Bad::

        input: N x 3 x 225 x 225
        layers:
        - conv 8 3x3 same -> relu as skip
        - maxpool 3x3 /2 pad=1 -> conv 8 3x3 same -> relu -> deconv 8 2x2 /2
        - concat skip

    Good::

        input: N x 3 x 224 x 224
        layers:
        - conv 8 3x3 same -> relu as skip
        - maxpool 2x2 -> conv 8 3x3 same -> relu -> deconv 8 2x2 /2
        - concat skip
    """
    for misfit in of_code(case, "GEO008"):
        sizes, extent, total = misfit.facts
        less, more = extent // total * total, -(-extent // total) * total
        yield Fault(f"maps of {' and '.join(map(str, sizes))} positions meet: the input's {extent} is no "
                    f"multiple of the total stride {total}", f"{extent} mod {total} = {extent % total}",
                    f"use an input of {less} or {more}, or crop or resize before it", misfit.site,
                    facts={"size": extent, "stride": total, "good": [less, more]})


@rule("GEO009", "misaligned-join", severity=WARNING)
def misaligned_join(case: Case) -> Faults:
    """Branches are joined whose positions do not belong to the same places of the input.

    Where one branch moves by 2 pixels for each position and the other by 4, or their fields' centres lie
    apart by more than a quarter of the larger field, position 10 of one shows another part of the image than
    position 10 of the other (Araujo, Norris, Sim, *Computing Receptive Fields of Convolutional Neural
    Networks*, Distill 2019). Half a position, as even windows and enlargements leave, is common and fine, and
    so are causal branches, and copies of one map moved on purpose.

    Bad::

        input: N x 3 x 64 x 64
        layers:
        - conv 8 3x3 /2 pad=1 -> relu as half
        - from input -> conv 8 3x3 -> relu -> Slice [0, 0] [32, 32] [2, 3]
        - add half

    Bad::

        input: N x 3 x 64 x 64
        layers:
        - relu as all
        - conv 8 5x5 -> relu -> conv 8 5x5 -> relu as inner
        - from all -> Slice [0, 0] [56, 56] [2, 3] -> concat inner

    Good::

        input: N x 3 x 64 x 64
        layers:
        - relu as all
        - conv 8 5x5 -> relu -> conv 8 5x5 -> relu as inner
        - from all -> Slice [4, 4] [60, 60] [2, 3] -> concat inner
    """
    for site, (one, other), apart in misaligned(case):
        if apart is None:
            yield Fault(f"branches that move by {one} and by {other} input positions are joined",
                        "the farther along, the less the two belong together",
                        "bring both to one stride before they are joined", site,
                        cause=("strides", one, other), facts={"strides": [str(one), str(other)]})
        else:
            offset, size = apart
            yield Fault(f"the branches' centres lie {abs(offset):g} input positions apart",
                        f"the larger field spans {size}, and a position stands for {one}",
                        "crop or pad both ends alike", site, facts={"offset": offset, "field": size})


# ---------------------------------------------------------------------------------- receptive fields
@rule("GEO010", "receptive-field-too-small", severity=ADVICE)
def receptive_field_too_small(case: Case) -> Faults:
    """A position of the output sees less of the input than the objects that it is to judge.

    Set `object-size` to the extent of the largest object, in input positions. The field is the one without
    gates and statistics, which see all but cannot tell where.

    Good::

        input: N x 3 x 64 x 64
        layers:
        - conv 8 3x3 same -> relu
    """
    wanted = case.settings.object_size
    for name in case.graph.outputs if wanted else ():
        for source, axes in case.report.local_fields.get(name, {}).items():
            for axis, field in enumerate(axes):
                sizes = [size for size in field.sizes if isinstance(size, int)]
                if wanted and axis > 1 and field.moves and sizes and max(sizes) < wanted:
                    yield Fault(f"an output position sees {max(sizes)} input positions, but objects have "
                                f"{wanted}", f"along axis {axis} of {source}",
                                "add layers, strides or dilation", value=name, cause=("field", name),
                                facts={"field": max(sizes), "object": wanted})


@rule("GEO011", "padding-dominated", severity=ADVICE, profiles=("design",))
def padding_dominated(case: Case) -> Faults:
    """More than half of a layer's windows reach into the padding.

    A 7×7 convolution on a 7×7 map has one window of 49 that does not. What it learns is mostly how borders
    look; a dilation of 12 on a map of 14 leaves of a 3×3 window its middle tap (Chen et al. 2017, DeepLabv3).

    Bad (--profile design)::

        input: N x 64 x 14 x 14
        layers:
        - conv 64 7x7 same

    Good (--profile design)::

        input: N x 64 x 56 x 56
        layers:
        - conv 64 7x7 same
    """
    inside: dict[int, tuple[Site, int, int]] = {}
    for slide in slides(case):
        if not slide.is_transposed:
            site, whole, all_of = inside.get(slide.key, (slide.site, 1, 1))
            inside[slide.key] = site, whole * slide.inside, all_of * slide.outputs
    for site, whole, all_of in inside.values():
        if 2 * whole < all_of:
            yield Fault(f"{all_of - whole} of {all_of} windows reach into the padding",
                        "most results are made of borders", "use a smaller window or dilation on this map",
                        site, facts={"inside": whole, "windows": all_of})


@rule("GEO012", "gridding-dilation", severity=ADVICE, profiles=("design",))
def gridding_dilation(case: Case) -> Faults:
    """Dilations that follow each other share a factor, so that neighbours never meet.

    Three 3×3 convolutions with dilation 2 span 13 positions and read 7 of them: the map falls apart into
    grids that know nothing of each other. Dilations 1, 2, 5 read all of 17 (Wang et al. 2018, *Understanding
    Convolution for Semantic Segmentation*, HDC).

    Bad (--profile design)::

        input: N x 8 x 64 x 64
        layers:
        - (conv 8 3x3 same dilation=2 -> relu)*3

    Good (--profile design)::

        input: N x 8 x 64 x 64
        layers:
        - conv 8 3x3 same -> relu -> conv 8 3x3 same dilation=2 -> relu -> conv 8 3x3 same dilation=5
    """
    for site, factor, layers in gridded(case):
        yield Fault(f"the dilations of {layers} layers in a row are multiples of {factor}",
                    f"results whose places differ by less than {factor} share no input of these layers",
                    "use dilations without a common factor, such as 1, 2, 5", site,
                    facts={"factor": factor, "layers": layers})


