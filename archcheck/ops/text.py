"""Tensors of texts."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from archcheck import values
from archcheck.dims import Size
from archcheck.graph import TensorType
from archcheck.ops._op import ALL, FREE, Along, Effect, Picked, counted_size, equal, op, require, result
from archcheck.ops.pointwise import each_as, pointwise, same_position


@op("StringConcat")
def string_concat(x, y):
    """The texts of ``x`` with those of ``y`` behind them."""
    return pointwise(None, (x, y), "string")


@op("RegexFullMatch", dtypes=("bool",))
def regex_full_match(x, *, pattern=""):
    """Whether a text is matched by the pattern from its first letter to its last."""
    return each_as("bool", x)


@op("StringSplit", dtypes=(0, "int64"))
def string_split(x, *, delimiter="", maxsplit=None):
    """The parts of each text, along a new last axis as long as the most parts of one; and their numbers."""
    parts = _known(x, lambda text: _parts(text, delimiter, maxsplit))
    limit = None if maxsplit is None else maxsplit + 1
    most = max(parts, default=0) if parts is not None and None not in parts else counted_size(limit)
    numbers = TensorType("int64", x.shape, parts)
    return Effect((TensorType(x.dtype, (*x.shape, most)), numbers), FREE, lambda _: (same_position(x.shape),))


def _parts(text: str, delimiter: str, maxsplit: int | None) -> int | None:
    """How many parts a text has; not known for an empty one, which runtimes split in different ways."""
    if not text:
        return None if delimiter else 0
    return len(text.split(delimiter or None, -1 if maxsplit is None else maxsplit))


@op("StringNormalizer")
def string_normalizer(x, *, case_change_action="NONE", is_case_sensitive=0, locale="", stopwords=()):
    """The texts that are no stop words, in lower or upper case; one empty text if none is left."""
    *batch, words = x.shape
    require(len(batch) < 2, "the texts have {} axes, but 1 are taken, or 2 with a single row", len(batch) + 1)
    if batch:
        equal(batch[0], 1, "the texts have {} rows, and only a single one is taken", batch[0])
    if stopwords:
        words = _kept_count(x, words, stopwords, is_case_sensitive)
    return result((*[1] * len(batch), words), x, cost=FREE, reads=lambda _: (
        (*[Along(0)] * len(batch), Picked(len(batch), None) if stopwords else Along(len(batch))),))


def _kept_count(x: TensorType, words: Size, stopwords: Sequence[str], exact: int) -> Size:
    """How many texts are no stop words, at least 1."""
    stops = set(stopwords) if exact else {word.lower() for word in stopwords}
    kept = _known(x, lambda text: (text if exact else text.lower()) not in stops)
    return max(sum(kept), 1) if kept is not None else counted_size(words)


def _known(x: TensorType, function: Callable[[str], Any]) -> values.Items | None:
    """``function`` of each text, or None where the texts are not known."""
    texts = values.counted_items(x)
    return None if texts is None or None in texts else tuple(map(function, texts))


@op("TfIdfVectorizer", dtypes=("float32",))
def tf_idf_vectorizer(x, *, max_gram_length, max_skip_count, min_gram_length, mode, ngram_counts,
                      ngram_indexes, pool_int64s=(), pool_strings=(), weights=()):
    """How often each n-gram of a pool occurs in a row, or weights of that."""
    require(len(x.shape) in (1, 2), "the rows are one axis or two, not {}", len(x.shape))
    batch = x.shape[:-1]
    return result((*batch, max(ngram_indexes, default=-1) + 1), "float32",
                  reads=lambda _: ((*map(Along, range(len(batch))), ALL),))
