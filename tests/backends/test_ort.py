"""What ONNX Runtime gives in the child process, held against ONNX Runtime in this one and against ONNX's
reference evaluator."""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from archcheck import analyze
from archcheck.backends import _arrays, jobs, ort
from archcheck.backends.blame import culprit
from archcheck.backends.guard import FAILED, MEMORY, TIMEOUT, Crashed, Limits
from archcheck.backends.ort import CPU, Device, Finished, Measured, Started, Statistics, Task
from archcheck.errors import UserError
from tests.backends._models import ENDLESS, EXPANDING, HUNGRY, NOT_A_NUMBER, SMALL, crashing, saved

CUDA = "CUDAExecutionProvider"


def measured(path: Path, feeds: Any, names: list[str] | None, **kwargs: Any) -> dict[str, Measured]:
    records = list(ort.measure(Task(path, feeds, names), **kwargs))
    assert isinstance(records[0], Started) and records[0].provider == CPU
    assert isinstance(records[-1], Finished)
    return {record.name: record for record in records[1:-1] if isinstance(record, Measured)}


def small(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    draw = np.random.default_rng(0)
    ids = np.array([[0, 4], [2, 1]])
    return saved(tmp_path, SMALL), {"x": draw.standard_normal((2, 3, 4), "f4"), "ids": ids}


def test_outputs_are_those_of_the_runtime_and_of_the_reference(tmp_path: Path) -> None:
    path, feeds = small(tmp_path)
    run = ort.run(path, feeds)
    assert run.provider == CPU and run.dtypes == {"y": "float32", "e": "float32"} and run.seconds > 0
    plain = onnxruntime.InferenceSession(path, providers=[CPU])
    reference = ReferenceEvaluator(onnx.load(path))
    for runner in (plain, reference):
        for name, expected in zip(("y", "e"), runner.run(["y", "e"], feeds)):
            np.testing.assert_array_equal(run.values[name], expected)


def test_every_inner_value_in_one_slice_or_several(tmp_path: Path) -> None:
    path, feeds = small(tmp_path)
    whole = measured(path, feeds, ["r", "y", "e"], keep=True)
    parts = list(ort.measure(Task(path, feeds), [["r"], ["y", "e"]], keep=True))
    np.testing.assert_array_equal(whole["r"].data, np.maximum(feeds["x"], 0))
    for record in parts[1:-1]:
        assert isinstance(record, Measured)
        np.testing.assert_array_equal(record.data, whole[record.name].data)


def test_slices_keep_their_order_and_the_room() -> None:
    sizes = {"a": 5, "b": 5, "c": 1, "d": 20, "e": 1}
    assert ort.sliced("abcdef", sizes, 10) == [["a", "b"], ["c"], ["d"], ["e", "f"]]
    assert ort.sliced([], {}, 10) == []


def test_slices_follow_from_the_memory(tmp_path: Path) -> None:
    report = analyze(saved(tmp_path, SMALL))
    taken = {"N": 1, "C": 1000, "S": 1}  # r and y take 16 kB each
    assert ort.slices_at(report, taken, Limits(memory=4 * 20_000)) == [["r"], ["y", "e"]]
    assert ort.slices_at(report, taken, Limits(memory=4 * 40_000)) == [["r", "y", "e"]]


def test_statistics(tmp_path: Path) -> None:
    with np.errstate(invalid="ignore"):
        array = np.concatenate([np.linspace(-3, 5, 3 * _arrays.PIECE // 2), [0.0, np.nan, np.inf, -np.inf]])
    found = _arrays.statistics_of([array[:5], array[5:]])
    finite = array[np.isfinite(array)]
    assert (found.size, found.nan, found.infinite, found.zeros) == (array.size, 1, 2, int((array == 0).sum()))
    expected = finite.min(), finite.max(), finite.mean(), finite.std()
    np.testing.assert_allclose(found[1:5], expected, rtol=1e-9)
    assert _arrays.statistics_of([np.array([np.nan])]) == Statistics(1, None, None, None, None, 1, 0, 0)
    assert _arrays.statistics_of([np.array([True, False])])[1:5] == (0, 1, 0.5, 0.5)


def odd_types() -> onnx.ModelProto:
    """A model that makes a value of every sort that Python has no type for, from x."""
    casts = {"bfloat16": TensorProto.BFLOAT16, "float8e4m3fn": TensorProto.FLOAT8E4M3FN,
             "int4": TensorProto.INT4, "uint4": TensorProto.UINT4, "string": TensorProto.STRING}
    nodes = [helper.make_node("Cast", ["x"], [f"to_{name}"], to=code) for name, code in casts.items()]
    nodes += [helper.make_node("SequenceConstruct", ["x", "x"], ["to_sequence"]),
              helper.make_node("Optional", ["x"], ["to_optional"]), helper.make_node("Neg", ["x"], ["y"])]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in "xy")
    graph = helper.make_graph(nodes, "net", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def test_values_of_every_type(tmp_path: Path) -> None:
    path = tmp_path / "odd.onnx"
    onnx.save(odd_types(), path)
    x = np.array([0, 1.5, 3], "f4")
    names = [f"to_{name}" for name in ("bfloat16", "float8e4m3fn", "int4", "uint4", "string", "sequence",
                                       "optional")]
    found = measured(path, {"x": x}, names, keep=True, statistics=True)
    assert list(found) == names
    assert [value.dtype for value in found.values()] == [
        "bfloat16", "float8e4m3fn", "int4", "uint4", "string", "seq(float32)", "opt(float32)"]
    for name in names[:2]:
        np.testing.assert_array_equal(found[name].data, x)
    for name in names[2:4]:
        assert found[name].data[[0, 2]].tolist() == [0, 3] and found[name].shape == (3,)
    assert found["to_string"].data.tolist() == ["0", "1.5", "3"]
    assert found["to_sequence"].shape == [(3,), (3,)] and found["to_sequence"].statistics.size == 6
    assert found["to_bfloat16"].statistics[:5] == (3, 0, 3, 1.5, pytest.approx(np.std(x)))


@pytest.mark.parametrize("dtype", ["bfloat16", "float8e4m3fn", "float8e5m2"])
def test_inputs_of_types_that_numpy_lacks(dtype: str, tmp_path: Path) -> None:
    code = getattr(TensorProto, dtype.upper())
    ends = [helper.make_tensor_value_info("x", code, [4])], [helper.make_tensor_value_info("y", 1, [4])]
    graph = helper.make_graph([helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)], "net", *ends)
    path = tmp_path / "cast.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9), path)
    x = np.array([0, -1.5, 0.25, 448], "f4")
    np.testing.assert_array_equal(ort.run(path, {"x": x}).values["y"], x)


@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_numbers_are_rounded_as_ml_dtypes_does(dtype: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    numbers = np.random.default_rng(0).standard_normal(10_000).astype("f4")
    name = dtype.replace("_", "")
    codes = _arrays.encoded(numbers, name)
    expected = numbers.astype(getattr(ml_dtypes, dtype)).astype("f4")
    np.testing.assert_array_equal(_arrays.decoded(codes.view("u1"), name, len(numbers)), expected)


@pytest.mark.parametrize(("said", "dtype"), [
    ("tensor(float)", "float32"), ("tensor(double)", "float64"), ("tensor(bool)", "bool"),
    ("tensor(bfloat16)", "bfloat16"), ("seq(tensor(int64))", "seq(int64)"),
    ("optional(tensor(float))", "opt(float32)"), ("optional(seq(tensor(float)))", "opt(seq(float32))")])
def test_the_runtimes_words_for_types(said: str, dtype: str) -> None:
    assert _arrays.dtype_of(said) == dtype


# ------------------------------------------------------------------------------------------- what goes wrong
@pytest.mark.parametrize(("text", "feeds", "reason", "said"), [
    (ENDLESS, {"x": np.ones(2, "f4")}, TIMEOUT, "net.onnx ran for 1.5 s without coming to an end"),
    (HUNGRY, {"s": np.array([25 * 10 ** 9])}, MEMORY, "1.00 GiB of memory at the ConstantOfShape greedy"),
    (EXPANDING, {"x": np.ones(1, "f4"), "s": np.array([10 ** 9])}, MEMORY, "of memory at the Expand greedy"),
    (NOT_A_NUMBER, {"x": np.ones((1, 5), "f4")}, FAILED, "ONNX Runtime cannot run net.onnx: ")],
    ids=["endless", "hungry", "expanding", "refused"])
def test_a_model_that_ends_badly(text: str, feeds: Any, reason: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(Crashed) as stop:
        ort.run(saved(tmp_path, text), feeds, limits=Limits(1.5 if text == ENDLESS else 60, 1 << 30))
    assert stop.value.reason == reason and said in str(stop.value) and "\n" not in str(stop.value)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_node_that_a_crash_happens_at(tmp_path: Path) -> None:
    task = Task(crashing(tmp_path), {"x": np.array([-2 ** 63])})
    found = culprit(task, 4, Limits(60))
    if not found:
        pytest.skip("this processor or version does not trap")
    assert found == "the Div culprit"


def test_threads_are_those_that_are_asked_for() -> None:
    assert jobs.session_options(Device(threads=3)).intra_op_num_threads == 3


def test_custom_operators_are_loaded_from_what_is_named_only(tmp_path: Path) -> None:
    path, feeds = small(tmp_path)
    library = tmp_path / "custom.so"
    library.write_bytes(b"no library")
    assert ort.run(path, feeds).provider == CPU
    with pytest.raises(UserError, match=r"the custom operators in .*custom\.so cannot be loaded"):
        ort.run(path, feeds, device=Device(libraries=(library,)))


# ------------------------------------------------------------------------------------------------ devices
def test_a_device_is_a_provider_or_a_sentence() -> None:
    assert ort.provider_for(Device("cuda:1"), [CUDA, CPU]) == CUDA and Device("cuda:1").number == 1
    assert ort.provider_for(Device("cpu"), [CUDA, CPU]) == CPU
    with pytest.raises(UserError, match=r"for cuda; install it: pip install 'archcheck\[ort-gpu\]'"):
        ort.provider_for(Device("cuda"), [CPU])
    with pytest.raises(UserError, match="no provider for tpu; it has cpu, cuda"):
        ort.provider_for(Device("tpu"), [CUDA, CPU])
    with pytest.raises(UserError, match="--device cuda:x names no device"):
        Device("cuda:x").number  # noqa: B018


def test_another_provider_is_never_taken_in_silence() -> None:
    ort.require_taken(Device("cuda"), CUDA, [CUDA, CPU])
    with pytest.raises(UserError, match=f"--device cuda: {CUDA} is installed, but did not start"):
        ort.require_taken(Device("cuda"), CUDA, [CPU])


@pytest.mark.skipif(CUDA in onnxruntime.get_available_providers(), reason="there is one")
def test_cuda_where_there_is_none(tmp_path: Path) -> None:
    path, feeds = small(tmp_path)
    with pytest.raises(UserError, match="has no provider for cuda"):
        ort.run(path, feeds, device=Device("cuda"))


def test_without_the_runtime_there_is_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ort.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'archcheck\[ort\]'"):
        ort.require_runtime()
