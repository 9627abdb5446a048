"""Boxes and pictures: pooling of regions, suppression of overlapping boxes, decoding."""
from __future__ import annotations

from collections.abc import Sequence

from archcheck import values
from archcheck.dims import Size, minimum, prod
from archcheck.graph import TensorType
from archcheck.ops._inputs import expect, whole
from archcheck.ops._op import (
    Along,
    Cost,
    Effect,
    Picked,
    Reads,
    counted_size,
    equal,
    op,
    ranked,
    result,
    unknown_size,
)


def regions(x: TensorType, rois: TensorType, batch_indices: TensorType | None, size: Sequence[Size],
            cost: Cost | None) -> Effect:
    """The effect of a picture of ``size`` for each of the ``rois`` (regions, …), cut out of ``x`` (N, C, H,
    W). ``cost`` is that of one element, None where the regions decide it."""
    counted = batch_indices if ranked(batch_indices) else rois
    count = counted.shape[0] if ranked(counted) else unknown_size("the number of regions")  # type: ignore
    expect(rois, "rois", count, None)
    channels = x.shape[1] if ranked(x) else unknown_size("the number of channels")  # type: ignore[index]
    shape = count, channels, *size

    def reads(_: int) -> Reads:
        box = whole(rois)
        index = None if batch_indices is None else (Along(0),)
        data = Picked(0, None), Along(1), Picked(2, None), Picked(3, None)
        return data, box and (Along(0), *box[1:]), index

    return result(shape, x, cost=cost and (lambda: cost.times(prod(shape))), reads=reads)


@op("MaxRoiPool")
def max_roi_pool(x, rois, *, pooled_shape, spatial_scale=1.0):
    """The largest value in each cell of a grid over each region: (regions, C, *pooled_shape)."""
    return regions(x, rois, None, pooled_shape, None)


@op("RoiAlign", since=10)
def roi_align(x, rois, batch_indices, *, coordinate_transformation_mode="half_pixel", mode="avg",
              output_height=1, output_width=1, sampling_ratio=0, spatial_scale=1.0):
    """The mean, or the largest, of interpolated samples in each cell of a grid over each region."""
    samples = sampling_ratio**2
    combined = Cost(add=samples - 1, div=1) if mode == "avg" else Cost(cmp=samples - 1)
    cost = combined + Cost(mul=4, add=3).times(samples) if samples else None
    return regions(x, rois, batch_indices, (output_height, output_width), cost)


@op("NonMaxSuppression", kind="selection", dtypes=("int64",))
def non_max_suppression(boxes, scores, max_output_boxes_per_class=None, iou_threshold=None,
                        score_threshold=None, *, center_point_box=0):
    """(batch, class, box) of the boxes that overlap no better one, at most so many for a class of a batch."""
    limit = None
    most_kept = (0,) if max_output_boxes_per_class is None else values.items(max_output_boxes_per_class)
    if ranked(boxes) and ranked(scores):
        batch, count, _ = boxes.shape
        groups, classes, rated = scores.shape
        equal(batch, groups, "the boxes have a batch of {}, but the scores of {}", batch, groups)
        equal(count, rated, "{} boxes are given, but scores of {}", count, rated)
        kept = minimum(count, most_kept[0]) if most_kept and most_kept[0] is not None else count
        limit = batch * classes * kept
    selected = 0 if limit == 0 else counted_size(limit)
    return result((selected, 3), "int64", reads=lambda _: (whole(boxes), whole(scores), None, None, None))


@op("ImageDecoder", dtypes=("uint8",))
def image_decoder(encoded_stream, *, pixel_format="RGB"):
    """The picture in a file: (height, width, channels)."""
    size = counted_size(), counted_size(), 1 if pixel_format == "Grayscale" else 3
    return result(size, "uint8", reads=lambda _: (whole(encoded_stream),))
