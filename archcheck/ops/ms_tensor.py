"""Operators of com.microsoft on tensors in general: views, picks, counts, matrices, texts."""
from __future__ import annotations

from archcheck.dims import least, most, prod
from archcheck.graph import TensorType
from archcheck.ops._fusion import ms
from archcheck.ops._inputs import expect
from archcheck.ops._op import (
    ALL,
    FREE,
    Along,
    Cost,
    Effect,
    Packed,
    Unknown,
    axis_of,
    counted_size,
    equal,
    rank,
    require,
    result,
)
from archcheck.ops.generate import range_
from archcheck.ops.indexing import gather, gather_nd
from archcheck.ops.masks import trilu
from archcheck.ops.pointwise import each_as, same_position
from archcheck.ops.selection import unique
from archcheck.ops.views import unsqueeze

ms("GatherND")(gather_nd)
ms("Trilu")(trilu)


# ---------------------------------------------------------------------------------- views and picks
@ms("ExpandDims")
def expand_dims(x, axis):
    """``x`` with a new axis of size 1."""
    return unsqueeze(x, axis)


@ms("UnfoldTensor")
def unfold_tensor(input, *, size, dim=-1, step=1):
    """All windows of ``size`` positions along axis ``dim``, ``step`` apart; their positions are the last
    axis."""
    require(step > 0, "windows {} apart never end", step)
    axis, shape = axis_of(dim, rank(input)), list(input.shape)
    require(most(shape[axis]) >= size, "a window of {} does not fit into {} positions", size, shape[axis])
    shape[axis] = (shape[axis] - size) // step + 1
    taps = Packed(((axis, 1, shape[axis], step), (len(shape), 1, size, 1)))
    return result((*shape, size), input, cost=FREE, reads=lambda _: (
        tuple(taps if place == axis else Along(place) for place in range(len(shape))),))


@ms("TorchEmbedding")
def torch_embedding(weight, indices, padding_idx=None, scale_grad_by_freq=None):
    """The rows of ``weight`` that ``indices`` name."""
    effect = gather(weight, indices)
    return effect._replace(reads=lambda k: (*effect.reads(k), None, None))


@ms("Range")
def range_of(start, limit, delta=None):
    """``start + k·delta`` for ``k`` from 0 up to ``⌈(limit - start) / delta⌉``, that not included; ``delta``
    is 1 if left out."""
    return range_(start, limit, delta or TensorType(start.dtype, (), (1,)))


@ms("Unique", dtypes=(0, "int64", "int64"))
def unique_of(x):
    """The different elements in the order they first stand in, which of them each position holds, and how
    often each occurs."""
    effect = unique(x, sorted=0)
    elements, _, inverse, counts = effect.outputs
    return effect._replace(outputs=(elements, inverse, counts))


# ---------------------------------------------------------------------------------- matrices
@ms("Inverse")
def inverse(x):
    """The inverse of each square matrix in the last two axes."""
    *batch, n, columns = x.shape
    equal(n, columns, "an inverse is of a square matrix, not of {} × {}", n, columns)
    return result(x.shape, x, cost=lambda: Cost(mul=n * n * (n - 1), add=n * n * (n - 1),
                                                div=n * n).times(prod(batch)),
                  reads=lambda _: ((*same_position(batch), ALL, ALL),))


@ms("CDist")
def c_dist(a, b, *, metric="sqeuclidean"):
    """The distance of each row of ``a`` to each row of ``b``."""
    (rows, depth), (columns, _) = a.shape, b.shape
    expect(b, "b", None, depth)
    root = Cost(special=int(metric == "euclidean"))
    return result((rows, columns), a, reads=lambda _: ((Along(0), ALL), (Along(1), ALL)),
                  cost=lambda: (Cost(add=2, mul=1).times(depth) + root).times(rows * columns))


@ms("DynamicTimeWarping", dtypes=("int32",))
def dynamic_time_warping(input):
    """The cheapest way through a matrix of costs from its first to its last corner, as pairs of positions."""
    rows, columns = input.shape[-2:]
    return result((2, counted_size(rows + columns - 1)), "int32", reads=lambda _: ((ALL,) * rank(input),),
                  cost=lambda: Cost(add=1, cmp=2).times(rows * columns))


# ---------------------------------------------------------------------------------- tokens and texts
@ms("MurmurHash3", dtypes=(None,))
def murmur_hash3(x, *, positive=1, seed=0):
    """A hash of 32 bits of each element."""
    return each_as("uint32" if positive else "int32", x)._replace(cost=None)


@ms("NGramRepeatBlock", dtypes=(1,))
def n_gram_repeat_block(input_ids, scores, *, ngram_size):
    """``scores`` with -∞ for every token that would repeat one of the runs of ``ngram_size`` tokens before
    it."""
    length = input_ids.shape[1]
    expect(scores, "the scores", input_ids.shape[0], None)
    return result(scores.shape, scores, cost=lambda: Cost(cmp=input_ids.shape[0] * length * ngram_size),
                  reads=lambda _: ((Along(0), ALL), same_position(scores.shape)))


@ms("BifurcationDetector", dtypes=(1, 2))
def bifurcation_detector(src_tokens, cur_tokens, prev_suffix_match_idx, pred_tokens=None, *, max_ngram_size=3,
                         min_ngram_size=1):
    """``cur_tokens`` followed by those of ``pred_tokens`` up to where they leave the source, and where the
    source goes on from there."""
    length = cur_tokens.shape[0]
    if pred_tokens is not None:
        length = counted_size(length + pred_tokens.shape[0])
    return Effect((TensorType(cur_tokens.dtype, (length,)), TensorType(src_tokens.dtype, ())),
                  reads=lambda _: ((ALL,), (ALL,), (), pred_tokens and (ALL,)))


@ms("Tokenizer")
def tokenizer(x, *, mark, mincharnum, pad_value, separators=(), tokenexp=""):
    """The tokens of each text along a new last axis, as long as the most tokens of one. No text at all gives
    no axis."""
    for size in x.shape:
        if least(size) < 1:
            if isinstance(size, int):
                return result(x.shape, x, cost=FREE)
            raise Unknown("whether there is any text")
    return result((*x.shape, counted_size()), x, cost=FREE, reads=lambda _: (same_position(x.shape),))


@ms("WordConvEmbedding", dtypes=(1,))
def word_conv_embedding(sequence, w, b, c, *, char_embedding_size=None, conv_window_size=None,
                        embedding_size=None):
    """A vector for each word: its letters embedded by ``c``, convolved by ``w`` and ``b``, the largest of
    each channel."""
    filters, _, window, depth = w.shape
    expect(b, "the bias", filters)
    expect(c, "the embedding", None, depth)
    words, letters = sequence.shape[0], sequence.shape[-1]
    places = letters - window + 1
    return result((words, filters), w, cost=lambda: Cost(mac=window * depth, add=1, cmp=1, special=1).times(
        words * filters * places))
