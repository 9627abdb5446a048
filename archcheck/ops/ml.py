"""Classical machine learning (ai.onnx.ml): scalers, encoders, linear models, support vectors, trees, maps.

Where the specification leaves a shape open it is the one ONNX Runtime gives. A row of features without a
batch axis counts as a batch of one.
"""
from __future__ import annotations

from functools import partial
from typing import Any

from archcheck.dims import Size, prod
from archcheck.graph import TensorType
from archcheck.ops._op import (
    ALL,
    FREE,
    Along,
    Cost,
    Effect,
    Packed,
    Picked,
    Reader,
    Reads,
    ShapeError,
    counted_size,
    op,
    rank,
    require,
    result,
)
from archcheck.ops.activations import SOFTMAX
from archcheck.ops.pointwise import pointwise, same_position

ml = partial(op, domain="ai.onnx.ml")

TRANSFORMS = {"NONE": FREE, "LOGISTIC": Cost(add=1, div=1, special=1), "SOFTMAX": SOFTMAX,
              "SOFTMAX_ZERO": SOFTMAX, "PROBIT": Cost(special=1)}
"""Cost of a score's ``post_transform``."""


def _batch(x: TensorType) -> Size:
    """The number of rows."""
    shape: Any = x.shape
    require(len(shape) in (1, 2), "the features have {} axes, but must have 1 or 2", len(shape))
    return shape[0] if len(shape) == 2 else 1


def _row_reads(x: TensorType) -> Reads:
    """Every output of a row reads all features of that row."""
    return ((Along(0), ALL) if rank(x) == 2 else (ALL,)),


def _labels(integers: tuple[int, ...] | None, strings: tuple[str, ...] | None) -> tuple[str, int]:
    """The dtype of the labels, and how many there are."""
    if not integers and not strings:
        raise ShapeError("it has no class labels")
    return ("string", len(strings)) if strings else ("int64", len(integers or ()))


def _classified(x: TensorType, label: str, classes: int, cost: Cost | None) -> Effect:
    """The best label and the scores of all ``classes`` for each row; ``cost`` is that of one row."""
    batch = _batch(x)
    return Effect((TensorType(label, (batch,)), TensorType("float32", (batch, classes))),
                  cost and (lambda: (cost + Cost(cmp=classes - 1)).times(batch)), lambda _: _row_reads(x))


def _regressed(x: TensorType, targets: int, cost: Cost | None, dtype: str | None = "float32") -> Effect:
    batch = _batch(x)
    return result((batch, targets), dtype, cost=cost and (lambda: cost.times(batch)),
                  reads=lambda _: _row_reads(x))


# ---------------------------------------------------------------------------------- element by element
@ml("Binarizer")
def binarizer(x, *, threshold=0.0):
    """1 where ``x > threshold``, else 0."""
    return pointwise(None, (x,), x.dtype, cmp=1)


@ml("Imputer")
def imputer(x, *, imputed_value_floats=None, imputed_value_int64s=None, replaced_value_float=0.0,
            replaced_value_int64=0):
    """``x`` with one value replaced by the feature's own, or by the same everywhere."""
    return pointwise(None, (x,), x.dtype, cmp=1)


@ml("Scaler", dtypes=("float32",))
def scaler(x, *, offset=None, scale=None):
    """``(x - offset)·scale`` with an offset and a scale for each feature, or for all."""
    return pointwise(None, (x,), "float32", add=1, mul=1)


@ml("Normalizer", dtypes=("float32",))
def normalizer(x, *, norm="MAX"):
    """Rows divided by their largest element, their sum (L1) or their length (L2)."""
    shape, rows = x.shape, _batch(x)
    per_element = {"MAX": Cost(cmp=1, div=1), "L1": Cost(add=1, div=1), "L2": Cost(mul=1, add=1, div=1)}
    require(norm in per_element, "its norm is {!r}, but must be MAX, L1 or L2", norm)
    roots = Cost(special=1 if norm == "L2" else 0)
    return result(shape, "float32", cost=lambda: per_element[norm].times(prod(shape)) + roots.times(rows),
                  reads=lambda _: _row_reads(x))


@ml("CategoryMapper", dtypes=(None,))
def category_mapper(x, *, cats_int64s=None, cats_strings=None, default_int64=-1, default_string="_Unused"):
    """Strings to integers, or integers to strings, by a table."""
    return pointwise(None, (x,), _other(x.dtype))


@ml("LabelEncoder", dtypes=(None,))
def label_indexer(x, *, classes_strings=None, default_int64=-1, default_string="_Unused"):
    """Strings to their positions in a list, or positions to strings."""
    return pointwise(None, (x,), _other(x.dtype))


def _other(dtype: str | None) -> str | None:
    return {"string": "int64", "int64": "string"}.get(dtype or "")


@ml("LabelEncoder", since=2, dtypes=(None,))
def label_encoder(x, *, keys_floats=None, keys_int64s=None, keys_strings=None, keys_tensor=None,
                  values_floats=None, values_int64s=None, values_strings=None, values_tensor=None,
                  default_float=-0.0, default_int64=-1, default_string="_Unused", default_tensor=None):
    """Each element replaced by what a table of keys and values says."""
    if values_tensor:
        return pointwise(None, (x,), values_tensor.dtype)
    given = {"float32": values_floats, "int64": values_int64s, "string": values_strings}
    return pointwise(None, (x,), next((dtype for dtype, values in given.items() if values), None))


# ---------------------------------------------------------------------------------- features
@ml("ArrayFeatureExtractor")
def array_feature_extractor(x, y):
    """``x[…, y]`` of the last axis; of a single row, a batch of one."""
    *outer, _ = x.shape
    last = len(outer) or 1
    axes = (*same_position(tuple(outer)), Picked(last, None))
    places = tuple(Packed(((last, prod(y.shape[axis + 1:]), size, 1),)) for axis, size in enumerate(y.shape))
    return result((*(outer or [1]), prod(y.shape)), x, cost=FREE, reads=lambda _: (axes, places))


@ml("FeatureVectorizer", dtypes=("float32",))
def feature_vectorizer(*x, inputdimensions):
    """Inputs ``[batch, features]`` side by side, ``inputdimensions`` features of each."""
    starts = [sum(inputdimensions[:index]) for index in range(len(x))]

    def read(kind: TensorType, start: int) -> tuple[Reader, ...]:
        own = Along(1, start=-start)
        return (Along(0), own, *(ALL,) * (rank(kind) - 2)) if rank(kind) > 1 else (own,)

    rows = x[0].shape[0] if rank(x[0]) > 1 else 1
    return result((rows, sum(inputdimensions)), "float32", cost=FREE,
                  reads=lambda _: tuple(map(read, x, starts)))


@ml("OneHotEncoder", dtypes=("float32",))
def one_hot_encoder(x, *, cats_int64s=None, cats_strings=None, zeros=1):
    """A 1 at the category of each element and 0 elsewhere, along a new last axis."""
    _, categories = _labels(cats_int64s, cats_strings)
    return result((*x.shape, categories), "float32", cost=FREE, reads=lambda _: (same_position(x.shape),))


# ---------------------------------------------------------------------------------- scores
@ml("LinearClassifier", dtypes=(None, "float32"))
def linear_classifier(x, *, coefficients, intercepts=None, classlabels_ints=None, classlabels_strings=None,
                      multi_class=0, post_transform="NONE"):
    """The label of the largest ``x·coefficients + intercepts``; two scores where there is one intercept for
    two labels."""
    label, labels = _labels(classlabels_ints, classlabels_strings)
    scores = len(intercepts) if intercepts else labels
    cost = Cost(mac=len(coefficients)) + (Cost(add=1) + TRANSFORMS.get(post_transform, FREE)).times(scores)
    return _classified(x, label, 2 if scores == 1 and labels == 2 else scores, cost)


@ml("LinearRegressor", dtypes=("float32",))
def linear_regressor(x, *, coefficients=None, intercepts=None, post_transform="NONE", targets=1):
    """``x·coefficients + intercepts`` for each target."""
    per_target = Cost(add=1 if intercepts else 0) + TRANSFORMS.get(post_transform, FREE)
    return _regressed(x, targets, Cost(mac=len(coefficients or ())) + per_target.times(targets))


@ml("SVMClassifier", dtypes=(None, "float32"))
def svm_classifier(x, *, classlabels_ints=None, classlabels_strings=None, coefficients=None,
                   kernel_params=None, kernel_type="LINEAR", post_transform="NONE", prob_a=None, prob_b=None,
                   rho=None, support_vectors=None, vectors_per_class=None):
    """One score for each pair of classes, decided by their support vectors, or a probability for each class;
    without support vectors a linear score for each class."""
    label, labels = _labels(classlabels_ints, classlabels_strings)
    pairs = labels * (labels - 1) // 2
    scores = max(pairs, 2) if vectors_per_class and not prob_a else labels
    kernels = _kernels(support_vectors, sum(vectors_per_class or ()), kernel_type)
    cost = kernels + Cost(mac=len(coefficients or ())) + TRANSFORMS.get(post_transform, FREE).times(scores)
    return _classified(x, label, scores, cost)


@ml("SVMRegressor", dtypes=("float32",))
def svm_regressor(x, *, coefficients=None, kernel_params=None, kernel_type="LINEAR", n_supports=0,
                  one_class=0, post_transform="NONE", rho=None, support_vectors=None):
    """``Σ coefficient·kernel(x, support vector) + rho``."""
    kernels = _kernels(support_vectors, n_supports, kernel_type) + Cost(mac=len(coefficients or ()), add=1)
    return _regressed(x, 1, kernels + TRANSFORMS.get(post_transform, FREE))


def _kernels(support_vectors: tuple[float, ...] | None, count: int, kernel: str) -> Cost:
    """A row's products with all support vectors, and the kernel function of each."""
    function = FREE if kernel == "LINEAR" else Cost(mul=1, add=1, special=1)
    return Cost(mac=len(support_vectors or ())) + function.times(count)


# ---------------------------------------------------------------------------------- trees
@ml("TreeEnsembleClassifier", dtypes=(None, "float32"))
def tree_ensemble_classifier(x, *, base_values=None, base_values_as_tensor=None, class_ids=None,
                             class_nodeids=None, class_treeids=None, class_weights=None,
                             class_weights_as_tensor=None, classlabels_int64s=None, classlabels_strings=None,
                             nodes_falsenodeids=None, nodes_featureids=None, nodes_hitrates=None,
                             nodes_hitrates_as_tensor=None, nodes_missing_value_tracks_true=None,
                             nodes_modes=None, nodes_nodeids=None, nodes_treeids=None, nodes_truenodeids=None,
                             nodes_values=None, nodes_values_as_tensor=None, post_transform="NONE"):
    """The label with most votes of the trees' leaves, and the votes. How many comparisons that takes the data
    decide."""
    return _classified(x, *_labels(classlabels_int64s, classlabels_strings), None)


@ml("TreeEnsembleRegressor", dtypes=("float32",))
def tree_ensemble_regressor(x, *, aggregate_function="SUM", base_values=None, base_values_as_tensor=None,
                            n_targets=1, nodes_falsenodeids=None, nodes_featureids=None, nodes_hitrates=None,
                            nodes_hitrates_as_tensor=None, nodes_missing_value_tracks_true=None,
                            nodes_modes=None, nodes_nodeids=None, nodes_treeids=None, nodes_truenodeids=None,
                            nodes_values=None, nodes_values_as_tensor=None, post_transform="NONE",
                            target_ids=None, target_nodeids=None, target_treeids=None, target_weights=None,
                            target_weights_as_tensor=None):
    """The sum, mean, least or largest of the trees' leaves for each target."""
    return _regressed(x, n_targets, None)


@ml("TreeEnsemble", since=5)
def tree_ensemble(x, *, aggregate_function=1, leaf_targetids, leaf_weights, membership_values=None,
                  n_targets=1, nodes_falseleafs, nodes_falsenodeids, nodes_featureids, nodes_hitrates=None,
                  nodes_missing_value_tracks_true=None, nodes_modes, nodes_splits, nodes_trueleafs,
                  nodes_truenodeids, post_transform=0, tree_roots):
    """The sum, mean, least or largest of the trees' leaves for each target."""
    return _regressed(x, n_targets, None, x.dtype)


# ---------------------------------------------------------------------------------- maps
@ml("CastMap", dtypes=(None,))
def cast_map(x, *, cast_to="TO_FLOAT", map_form="DENSE", max_map=1):
    """The values of a map in the order of their keys, or (``SPARSE``) at the positions that are their
    keys."""
    dtype = {"TO_FLOAT": "float32", "TO_INT64": "int64", "TO_STRING": "string"}.get(cast_to)
    return result((1, max_map if map_form == "SPARSE" else counted_size()), dtype, cost=FREE)


@ml("DictVectorizer", dtypes=(None,))
def dict_vectorizer(x, *, int64_vocabulary=None, string_vocabulary=None):
    """The values of a map at the positions that its keys have in a vocabulary, 0 elsewhere."""
    dtype = x.dtype and x.dtype.removesuffix(")").partition(",")[2]
    return result((1, len(int64_vocabulary or string_vocabulary or ())), dtype, cost=FREE)


@ml("ZipMap", dtypes=(None,))
def zip_map(x, *, classlabels_int64s=None, classlabels_strings=None):
    """A sequence with a map for each row, from the labels to the row's elements."""
    label, _ = _labels(classlabels_int64s, classlabels_strings)
    return Effect((TensorType(f"seq(map({label},float32))", None),), FREE)
