"""The operators of ai.onnx.ml. ONNX Runtime settles what the specification leaves open."""
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import archcheck
from tests.ops import _oracles
from tests.ops._rows import row as _row
from tests.ops._rows import rows_test

X = "float32[N,5]"
DICTS = "the oracles take a dictionary, which test_maps feeds to ONNX Runtime"
AT = [{"N": 4}, {"N": 1}]
TREE = {"nodes_treeids": [0] * 3, "nodes_nodeids": [0, 1, 2], "nodes_featureids": [0] * 3,
        "nodes_values": [0.5, 0.0, 0.0], "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
        "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0]}
VOTES = {"class_treeids": [0, 0], "class_nodeids": [1, 2], "class_ids": [0, 1], "class_weights": [0.4, 0.6]}
LEAVES = {"target_treeids": [0, 0], "target_nodeids": [1, 2], "target_ids": [0, 1], "target_weights": [0.4, 0.6]}
RBF = {"kernel_type": "RBF", "kernel_params": [0.1, 0.0, 3.0]}
TABLE = {"cats_int64s": [1, 2, 3], "cats_strings": ["ab", "cde", "f"]}
ENSEMBLE = {"n_targets": 2, "aggregate_function": 1, "post_transform": 0, "tree_roots": [0], "nodes_featureids": [0],
            "nodes_truenodeids": [0], "nodes_falsenodeids": [1], "nodes_trueleafs": [1], "nodes_falseleafs": [1],
            "nodes_modes": np.array([0], np.uint8), "nodes_splits": np.array([0.5], np.float32),
            "leaf_targetids": [0, 1], "leaf_weights": np.array([1.0, 2.0], np.float32)}


def row(op, *inputs, opset=1, **rest):
    return _row(op, *inputs, domain="ai.onnx.ml", opset=opset, **rest)


def svm(classes: int, **rest):
    pairs = classes * (classes - 1) // 2
    return {"coefficients": [0.1] * (classes * (classes - 1)), "support_vectors": [0.1] * (5 * classes),
            "vectors_per_class": [1] * classes, "rho": [0.1] * pairs, "classlabels_ints": list(range(classes)),
            **RBF, **{name: [0.1] * pairs for name in rest.get("probabilities", ())}}


ROWS = [
    row("ArrayFeatureExtractor", "float32[N,M,5]", "int64[1,K]", out="float32[N, M, K]"),
    row("ArrayFeatureExtractor", "float32[5]", "int64[K]", out="float32[1, K]"),
    row("ArrayFeatureExtractor", "string[N,5]", "int64[2,K]", out="string[N, 2*K]"),
    row("Binarizer", "float32[N,M]", threshold=0.5, out="float32[N, M]"),
    row("CategoryMapper", "string[N,M]", **TABLE, out="int64[N, M]"),
    row("CategoryMapper", "int64[N]", **TABLE, out="string[N]"),
    row("LabelEncoder", "string[N]", classes_strings=["ab", "f"], out="int64[N]"),
    row("LabelEncoder", "int64[N,2]", opset=2, keys_int64s=[1, 2], values_floats=[0.5, 2.0], out="float32[N, 2]"),
    row("LabelEncoder", "string[N]", opset=2, keys_strings=["ab", "f"], values_int64s=[1, 2], out="int64[N]"),
    row("LabelEncoder", "float32[N]", opset=2, keys_floats=[1.0], values_strings=["one"], out="string[N]"),
    row("LabelEncoder", "int64[N]", opset=4, keys_tensor=np.array([1, 2]), values_tensor=np.array([1.0, 2.0]),
        default_tensor=np.array([0.0]), out="float64[N]"),
    row("FeatureVectorizer", X, "float32[N,2]", inputdimensions=[5, 2], out="float32[N, 7]", at=AT),
    row("FeatureVectorizer", "float32[5]", "float32[2]", inputdimensions=[5, 2], out="float32[1, 7]"),
    row("Imputer", X, imputed_value_floats=[1.0], replaced_value_float=0.0, out="float32[N, 5]"),
    row("Normalizer", "int64[N,5]", norm="L2", out="float32[N, 5]", at=AT),
    row("Normalizer", "float32[5]", norm="L1", out="float32[5]"),
    row("Normalizer", "float32[N,5,2]", out="?", fails="the features have 3 axes, but must have 1 or 2", at=AT),
    row("OneHotEncoder", "int64[N,M]", cats_int64s=[1, 2, 3], out="float32[N, M, 3]"),
    row("OneHotEncoder", "string[N]", cats_strings=["ab", "cde", "f"], out="float32[N, 3]"),
    row("Scaler", "int64[N,5]", scale=[2.0], offset=[1.0], out="float32[N, 5]"),
    row("LinearRegressor", X, coefficients=[0.1] * 15, intercepts=[0.1] * 3, targets=3, out="float32[N, 3]", at=AT),
    row("LinearRegressor", "float32[5]", coefficients=[0.1] * 5, out="float32[1, 1]"),
    row("LinearClassifier", X, coefficients=[0.1] * 15, intercepts=[0.1] * 3, classlabels_ints=[0, 1, 2],
        post_transform="SOFTMAX", out=["int64[N]", "float32[N, 3]"], at=AT),
    row("LinearClassifier", X, coefficients=[0.1] * 5, intercepts=[0.1], classlabels_strings=["a", "b"], at=AT,
        out=["string[N]", "float32[N, 2]"]),
    row("LinearClassifier", "float32[5]", coefficients=[0.1] * 15, intercepts=[0.1] * 3, at=[{}],
        classlabels_strings=["a", "b", "c"], out=["string[1]", "float32[1, 3]"]),
    row("SVMClassifier", X, **svm(2), out=["int64[N]", "float32[N, 2]"], at=AT),
    row("SVMClassifier", X, **svm(4), out=["int64[N]", "float32[N, 6]"], at=AT),
    row("SVMClassifier", X, **svm(4, probabilities=("prob_a", "prob_b")), out=["int64[N]", "float32[N, 4]"], at=AT),
    row("SVMRegressor", X, **RBF, coefficients=[0.1] * 3, support_vectors=[0.1] * 15, n_supports=3, rho=[0.1],
        out="float32[N, 1]", at=AT),
    row("TreeEnsembleClassifier", X, **TREE, **VOTES, classlabels_int64s=[7, 8, 9], post_transform="LOGISTIC",
        out=["int64[N]", "float32[N, 3]"], at=AT),
    row("TreeEnsembleClassifier", X, **TREE, **VOTES, opset=3, classlabels_strings=["a", "b"], at=AT,
        out=["string[N]", "float32[N, 2]"]),
    row("TreeEnsembleClassifier", "float32[5]", **TREE, **VOTES, classlabels_int64s=[0, 1],
        out=["int64[1]", "float32[1, 2]"]),
    row("TreeEnsembleRegressor", X, **TREE, **LEAVES, n_targets=3, out="float32[N, 3]", at=AT),
    row("TreeEnsembleRegressor", "float64[N,5]", **TREE, **LEAVES, n_targets=2, opset=3, out="float32[N, 2]", at=AT),
    row("TreeEnsemble", X, opset=5, **ENSEMBLE, out="float32[N, 2]", at=AT),
    row("CastMap", "map(int64,float32)", map_form="SPARSE", max_map=5, cast_to="TO_INT64", out="int64[1, 5]",
        oracle="published", why=DICTS),
    row("DictVectorizer", "map(string,float32)", string_vocabulary=["a", "b", "c"], out="float32[1, 3]",
        oracle="published", why=DICTS),
    row("ZipMap", "float32[N,3]", classlabels_int64s=[1, 2, 3], out="seq(map(int64,float32))", at=AT),
    row("ZipMap", "float32[N,2]", classlabels_strings=["a", "b"], out="seq(map(string,float32))", at=AT),
]
test_rows = rows_test(ROWS)


MAPS = [
    ("DictVectorizer", "int64,float", {1: 2.0, 3: 4.0}, {"int64_vocabulary": [1, 2, 3]}, "float32", (1, 3)),
    ("DictVectorizer", "string,float", {"a": 1.0}, {"string_vocabulary": ["a", "b"]}, "float32", (1, 2)),
    ("CastMap", "int64,float", {0: 1.0, 2: 3.0}, {"map_form": "SPARSE", "max_map": 4}, "float32", (1, 4)),
    ("CastMap", "int64,float", {0: 1.0, 2: 3.0}, {"cast_to": "TO_STRING"}, "string", (1, None)),
]


@pytest.mark.parametrize(("op", "types", "data", "attrs", "dtype", "shape"), MAPS)
def test_maps(op, types, data, attrs, dtype, shape):
    """Operators on maps, which `row` does not know: ONNX Runtime agrees with the dtype and the known sizes."""
    key, value = (getattr(TensorProto, {"float": "FLOAT"}.get(name, name.upper())) for name in types.split(","))
    kind = helper.make_map_type_proto(key, helper.make_tensor_type_proto(value, []))
    graph = helper.make_graph([helper.make_node(op, ["x"], ["y"], domain="ai.onnx.ml", **attrs)], "map",
                              [helper.make_value_info("x", kind)], [onnx.ValueInfoProto(name="y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", 1), helper.make_opsetid("", 17)],
                              ir_version=8)
    answer = archcheck.analyze(model.SerializeToString()).types["y"]
    seen = _oracles.described(_oracles.run(model, {"x": data}, only="ort")[0], dtype)
    assert (answer.dtype, seen.dtype) == (dtype, dtype)
    assert [size if isinstance(size, int) else None for size in answer.shape] == list(shape)
    assert all(size in (None, actual) for size, actual in zip(shape, seen.tensors[0][0], strict=True))
