"""``archcheck export``: what is written runs in ONNX Runtime as predicted, and is read back as it was."""
from __future__ import annotations

import gzip
import json
import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper, parser

import archcheck
from archcheck.dims import evaluate
from archcheck.dtypes import BITS, NAMES
from archcheck.errors import UserError
from archcheck.frontends._elements import from_bytes, to_bytes
from archcheck.report import Report
from archcheck.reporters.text import size_in_bytes
from archcheck.scopes import scope, source_line
from archcheck.writers import onnx as writer
from archcheck.writers._numbers import PIECE, Span, made_up
from tests._running import LENGTH, fed, ran, session
from tests.test_cli import ends
from tests.test_specs import SPECS

DATA = Path(__file__).parent / "data"
SMALL = {"inception_v3": 75, "inception_v4": 75, "inception_resnet_v1": 75, "inception_resnet_v2": 75,
         "inception_resnet_v2_paper": 75, "xception": 75, "unet": 188, "alexnet": 67, "alexnet_lecture": 67,
         "alexnet_torchvision": 224, "googlenet": 224, "googlenet_auxiliary": 224, "lenet5": 28,
         "lenet5_1998": 32, "vgg11": 32, "vgg13": 32, "vgg16": 32, "vgg19": 32}
"""Sizes at which these run; 64 does for the others."""
OTHERS = {"connectivity": {"layer": 2}}
"""What else is set: the full connection of the first has 10¹² weights."""

def graph_of(name: str) -> archcheck.Graph:
    """A network that ships with archcheck, at a small size, with all its values as outputs."""
    path = SPECS / f"{name}.yaml"
    graph = archcheck.load(path)
    sized = re.findall(r"\b([HW])=\d", path.read_text(encoding="utf-8"))
    values = {**dict.fromkeys(sized, SMALL.get(name, 64)), **OTHERS.get(name, {})}
    graph = graph.family.at(values) if values else graph
    made = tuple(value for node in graph.nodes for value in node.outputs)
    return replace(graph, outputs=made, family=None)


# ------------------------------------------------------------------------------------ truth from outside
@pytest.mark.parametrize("name", [path.stem for path in sorted(SPECS.glob("*.yaml"))])
def test_specifications_run_as_predicted(name: str, tmp_path: Path):
    path = tmp_path / "model.onnx"
    report = archcheck.export(graph_of(name), path).report
    onnx.checker.check_model(path, full_check=True)
    sizes = dict.fromkeys(report.symbols, LENGTH)
    for value, found in ran(path, report).items():
        kind = report.types[value]
        assert tuple(evaluate(size, sizes) for size in kind.shape) == found.shape, value
        assert kind.dtype == found.dtype and np.isfinite(found).all(), value
    path.unlink()


TRUTHS = sorted(path.name.removesuffix(".onnx.gz") for path in DATA.glob("*.onnx.gz"))


@pytest.mark.parametrize("name", TRUTHS)
def test_networks_whose_weights_are_lost_run_again(name: str, tmp_path: Path):
    """What ONNX Runtime made of them with their own weights stands beside them."""
    path = tmp_path / "model.onnx"
    report = archcheck.export(DATA / f"{name}.onnx.gz", path).report
    truth = json.loads(gzip.decompress((DATA / f"{name}.truth.json.gz").read_bytes()))
    run = next(run for run in truth["runs"] if "shapes" in run)
    found = session(path).run(None, fed(report.graph.inputs, run["input_shapes"]))
    for output, value in zip(report.graph.outputs, found):
        assert list(value.shape) == run["shapes"][output]
        assert np.isfinite(value).all() or name == "spectrogram_script"  # negative powers


# ------------------------------------------------------------------------------------------ there and back
def same_network(before: Report, after: Report) -> None:
    """Whether two reports are about the same, node by node."""
    def rows(report: Report) -> list[Any]:
        return [(node.name, node.op, node.inputs, node.outputs, scope(node), source_line(node),
                 [repr(report.types[name][:2]) for name in node.outputs if name], repr(layer.macs),
                 repr(layer.params)) for node, layer in zip(report.graph.nodes, report.layers)]
    assert len(before.graph.nodes) == len(before.layers)
    assert rows(after) == rows(before)
    assert repr(after.params) == repr(before.params) and repr(after.macs) == repr(before.macs)
    assert repr([after.types[name][:2] for name in after.graph.inputs]) == repr(
        [before.types[name][:2] for name in before.graph.inputs])
    assert (after.graph.outputs, after.graph.name, after.graph.opsets, after.graph.doc) == (
        before.graph.outputs, before.graph.name, before.graph.opsets, before.graph.doc)


@pytest.mark.parametrize("name", [path.stem for path in sorted(SPECS.glob("*.yaml"))])
def test_specifications_come_back(name: str, tmp_path: Path):
    path = tmp_path / "model.onnx"
    done = archcheck.export(f"specs:{name}", path, weights="none")
    same_network(done.report, archcheck.analyze(path))
    assert done.left_out and path.stat().st_size == done.length < 1 << 20


@pytest.mark.parametrize("name", TRUTHS)
def test_networks_come_back(name: str, tmp_path: Path):
    path = tmp_path / "model.onnx.gz"
    done = archcheck.export(DATA / f"{name}.onnx.gz", path, weights="none")
    after = archcheck.analyze(path)
    same_network(done.report, after)
    assert after.graph.ir_version == done.report.graph.ir_version
    assert [node.attrs.keys() for node in after.graph.nodes] == [
        node.attrs.keys() for node in done.report.graph.nodes]
    assert [node.metadata for node in after.graph.nodes] == [
        node.metadata for node in done.report.graph.nodes]


def test_open_sizes_stay_open_and_bound_ones_are_numbers(tmp_path: Path):
    path = tmp_path / "model.onnx"
    archcheck.export("specs:dilated", path, {"N": archcheck.symbol("N"), "H": 3 * archcheck.symbol("k")})
    shape = onnx.load(path).graph.input[0].type.tensor_type.shape
    assert [dim.dim_param or dim.dim_value for dim in shape.dim] == ["N", 21, "3*k", 64]
    archcheck.export(DATA / "wavenet_script.onnx.gz", path)
    (kind,) = archcheck.load(path).inputs.values()
    open_sizes = [size for size in kind.shape if not isinstance(size, int)]
    assert open_sizes
    bound = {repr(size): 70 for size in open_sizes}
    archcheck.export(DATA / "wavenet_script.onnx.gz", path, bound)
    assert set(archcheck.load(path).inputs.values()) != {kind}
    assert not archcheck.analyze(path).symbols


SCOPES = """
input: 1 x 4 x 8 x 8
blocks:
  unit(c): conv c 1 -> relu
layers:
- (unit 4)*2 as stage
- relu
"""


def test_scopes_are_kept_as_exporters_keep_them(tmp_path: Path):
    archcheck.export(SCOPES.encode(), tmp_path / "model.onnx")
    first, *_, last = onnx.load(tmp_path / "model.onnx").graph.node
    entries = {entry.key: entry.value for entry in first.metadata_props}
    assert entries["namespace"] == "stage: /stage.1: /stage.1.conv1: Conv"
    assert "namespace" not in {entry.key for entry in last.metadata_props}


# ------------------------------------------------------------------------------------------------ weights
WEIGHTS = {
    "raw": np.arange(6000, dtype="f4"), "small": np.array([1.5, -0.0], "f4"),
    "half": np.arange(5000).astype("f2"), "wide": np.arange(5000).astype("f8"),
    "whole": np.arange(-2500, 2500), "bytes": np.arange(6000).astype("i1"),
    "truth": np.arange(5000) % 3 == 0, "brain": np.arange(5000).astype(ml_dtypes.bfloat16),
}


def stored_model(as_fields: bool) -> ModelProto:
    """A model with weights of several types, as raw bytes or as typed fields."""
    model = parser.parse_model('<ir_version: 9, opset_import: ["" : 18]> net (float[N] x) => (float[N] y) '
                               '{ y = Relu(x) }')
    for name, array in WEIGHTS.items():
        tensor = numpy_helper.from_array(array, name)
        if as_fields:
            values = array.view("u2") if name in ("half", "brain") else array
            tensor = helper.make_tensor(name, tensor.data_type, array.shape, values.tolist()) if name not in (
                "half", "brain") else TensorProto(name=name, data_type=tensor.data_type, dims=array.shape,
                                                  int32_data=values.tolist())
        model.graph.initializer.append(tensor)
    texts = [f"word {k}" for k in range(1000)]
    model.graph.initializer.append(helper.make_tensor("texts", TensorProto.STRING, [1000], texts))
    return model


@pytest.mark.parametrize("as_fields", [False, True])
@pytest.mark.parametrize("given", ["path", "gz", "bytes", "proto", "graph"])
def test_weights_are_copied(as_fields: bool, given: str, tmp_path: Path):
    model, path = stored_model(as_fields), tmp_path / "in.onnx"
    content = model.SerializeToString()
    path.write_bytes(content)
    (tmp_path / "in.onnx.gz").write_bytes(gzip.compress(content))
    sources = {"path": path, "gz": tmp_path / "in.onnx.gz", "bytes": content, "proto": model,
               "graph": archcheck.load(path)}
    done = archcheck.export(sources[given], tmp_path / "out.onnx")
    written = {tensor.name: tensor for tensor in onnx.load(tmp_path / "out.onnx").graph.initializer}
    assert done.made == 0 and written.keys() == {*WEIGHTS, "texts"}
    for name, array in WEIGHTS.items():
        assert numpy_helper.to_array(written[name]).tobytes() == array.tobytes(), name
    assert written["texts"].string_data[999] == b"word 999"


def test_weights_beside_the_model_are_copied_into_it(tmp_path: Path):
    model = stored_model(False)
    onnx.save(model, tmp_path / "in.onnx", save_as_external_data=True, location="in.bin")
    assert archcheck.export(tmp_path / "in.onnx", tmp_path / "out.onnx").copied >= 7
    (tmp_path / "in.bin").unlink()
    written = {tensor.name: tensor for tensor in onnx.load(tmp_path / "out.onnx").graph.initializer}
    assert (numpy_helper.to_array(written["raw"]) == WEIGHTS["raw"]).all()


def test_a_file_may_be_written_in_its_own_place(tmp_path: Path):
    path = tmp_path / "model.onnx"
    path.write_bytes(stored_model(False).SerializeToString())
    archcheck.export(path, path)
    once = path.read_bytes()
    archcheck.export(path, path)
    assert path.read_bytes() == once
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_the_seed_decides(tmp_path: Path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        archcheck.export("specs:lenet5", tmp_path / name, seed=seed)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b and a != c and len(a) == len(c)


def test_made_up_weights_keep_the_scale(tmp_path: Path):
    archcheck.export("specs:resnet18", tmp_path / "model.onnx")
    weights = {tensor.name: numpy_helper.to_array(tensor)
               for tensor in onnx.load(tmp_path / "model.onnx").graph.initializer}
    filters = [array for array in weights.values() if array.ndim == 4]
    for array in filters:
        terms = array[0].size
        assert abs(array.var() * terms - 1) < 0.1 and abs(array.mean()) * terms ** 0.5 < 0.1
    variances = [array for name, array in weights.items() if name.endswith("variance")]
    assert len(filters) == len(variances) == 20
    assert all((array > 0).all() for array in variances)


def test_a_locally_connected_layer_reads_its_windows(tmp_path: Path):
    path = tmp_path / "model.onnx"
    archcheck.export(b"input: 1 x 2 x 17 x 11\nlayers: local 3 3x5 /2x1", path, weights="none")
    (table,) = [tensor for tensor in onnx.load(path, load_external_data=False).graph.initializer
                if tensor.name.endswith("positions")]
    grid = np.lib.stride_tricks.sliding_window_view(np.arange(17 * 11).reshape(17, 11), (3, 5))[::2]
    assert (numpy_helper.to_array(table) == grid.reshape(-1, 15)).all()


LOST = """(float[N,64] x, int64[2] i) => (float[N,48] y, float[2,5] r, float[4,4] t) {
    f = DequantizeLinear(w, s, z) y = MatMul(x, f) r = Gather(rows, at) c = CastLike(half, x) t = Identity(c)
}"""


def test_every_kind_of_weight_can_be_made_up(tmp_path: Path):
    model = parser.parse_model(f'<ir_version: 10, opset_import: ["" : 21]> net {LOST}')
    for name, kind, shape in (("w", "INT8", (64, 48)), ("s", "FLOAT", (48,)), ("z", "INT8", (48,)),
                              ("rows", "FLOAT", (9, 5)), ("at", "INT64", (2,)), ("half", "BFLOAT16", (4, 4))):
        tensor = TensorProto(name=name, data_type=getattr(TensorProto, kind), dims=shape, data_location=1)
        tensor.external_data.add(key="location", value=f"{name}.bin")
        model.graph.initializer.append(tensor)
    model.graph.node[0].attribute.append(helper.make_attribute("axis", 1))
    (tmp_path / "in.onnx").write_bytes(model.SerializeToString())
    done = archcheck.export(tmp_path / "in.onnx", tmp_path / "out.onnx")
    assert done.made == 6
    onnx.checker.check_model(tmp_path / "out.onnx", full_check=True)
    written = {tensor.name: numpy_helper.to_array(tensor)
               for tensor in onnx.load(tmp_path / "out.onnx").graph.initializer}
    product = (written["w"].astype("f4") * written["s"]).std() * 64 ** 0.5
    assert 0.3 < product < 1.1 and (written["s"] > 0).all() and not written["z"].any()
    assert written["w"].min() < -100 and written["w"].max() > 100
    assert written["at"].min() >= 0 and written["at"].max() < 9
    assert (written["half"].astype("f4") >= 0.5).all() and (written["half"].astype("f4") <= 1.5).all()


@pytest.mark.parametrize("dtype", [name for name in NAMES if name in BITS and BITS[name] <= 8])
def test_narrow_types_are_written_as_they_are_read(dtype: str):
    codes = bytes(range(256)) if BITS[dtype] == 8 else bytes([0x1B, 0xE4, 0x72])
    codes = bytes(k % 2 for k in codes) if dtype == "bool" else codes
    count = len(codes) * 8 // BITS[dtype]
    elements = from_bytes(dtype, codes, count)
    assert repr(from_bytes(dtype, to_bytes(dtype, elements), count)) == repr(elements)
    assert len(to_bytes(dtype, elements)) == len(codes)


@pytest.mark.parametrize("dtype", [name for name in NAMES if name in BITS and name != "bool"])
def test_made_up_elements_lie_in_their_span(dtype: str):
    count = 1000
    data = b"".join(made_up(dtype, count, Span(1, 2), (3, 4)))
    found = from_bytes(dtype, data, count)
    parts = [part for item in found for part in ((item.real, item.imag) if "complex" in dtype else (item,))]
    assert min(parts) >= 1 and max(parts) <= 2
    assert len(set(parts)) > 1 or dtype in ("int2", "float4e2m1")


def test_pieces_join_without_a_seam():
    whole = b"".join(made_up("int4", 2 * PIECE + 3, Span(-8, 7), (1,)))
    assert len(whole) == PIECE + 2
    counts = np.bincount(np.frombuffer(whole[:-1], "u1") & 15, minlength=16)
    assert counts.min() > 0.9 * PIECE / 16


# ------------------------------------------------------------------------------- what does not fit one file
def test_what_does_not_fit_goes_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    archcheck.export("specs:lenet5", tmp_path / "whole.onnx")
    monkeypatch.setattr(writer, "MAX_MESSAGE", 20_000)
    done = archcheck.export("specs:lenet5", tmp_path / "model.onnx")
    assert done.beside == (tmp_path / "model.onnx.data").stat().st_size
    assert sorted(os.listdir(tmp_path)) == ["model.onnx", "model.onnx.data", "whole.onnx"]
    assert (tmp_path / "model.onnx").stat().st_size < 20_000
    onnx.checker.check_model(tmp_path / "model.onnx", full_check=True)
    whole, parts = (onnx.load(tmp_path / name).graph.initializer for name in ("whole.onnx", "model.onnx"))
    for a, b in zip(whole, parts):
        assert numpy_helper.to_array(a).tobytes() == numpy_helper.to_array(b).tobytes()
    same_network(done.report, archcheck.analyze(tmp_path / "model.onnx"))
    first, second = (session(tmp_path / name).run(None, {"input": np.ones((1, 1, 28, 28), "f4")})
                     for name in ("whole.onnx", "model.onnx"))
    assert (first[0] == second[0]).all()


LARGE = b"input: 1 x 1000\nlayers: fc 1000000000 bias=no"


def test_more_than_the_disk_holds_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match=r"would take 4,000,000,000,\d+ bytes.*--weights none"):
        archcheck.export(LARGE, tmp_path / "model.onnx")
    done = archcheck.export(LARGE, tmp_path / "model.onnx", weights="none")
    assert done.length < 1000 and os.listdir(tmp_path) == ["model.onnx"]


def test_nothing_is_left_of_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> Any:
        yield b"half"
        raise OSError("the disk is gone")
    monkeypatch.setattr("archcheck.writers._tensors.made_up", broken)
    (tmp_path / "model.onnx").write_bytes(b"before")
    with pytest.raises(UserError, match="the disk is gone"):
        archcheck.export("specs:lenet5", tmp_path / "model.onnx")
    assert os.listdir(tmp_path) == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_bytes() == b"before"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured with /proc")
def test_memory_does_not_grow_with_the_weights(tmp_path: Path):
    (tmp_path / "net.yaml").write_text("input: 1 x 8192\nlayers: fc 4096 bias=no")
    script = ("import archcheck.cli, sys, atexit\n"
              "peak = lambda: next(line for line in open('/proc/self/status') if 'VmHWM' in line)\n"
              "atexit.register(lambda: sys.stderr.write(peak()))\n"
              "archcheck.cli.main(['export', 'net.yaml', '-o', 'out.onnx'])")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}, timeout=120)
    assert done.returncode == 0
    assert (tmp_path / "out.onnx").stat().st_size > 1 << 27
    assert int(done.stderr.split("VmHWM:")[1].split()[0]) < 110 << 10


# ---------------------------------------------------------------------------------------- what is refused
REFUSED = [
    ("params: {F: , K: }\ninput: 1 x 3 x 9 x 9\nlayers: conv K F",
     "'conv1.weight' is K, where a file holds a number; give --set F=NUMBER --set K=NUMBER"),
    ("params: {F: }\ninput: 1 x 3 x 9 x 9\nlayers: maxpool F",
     "kernel_shape of the MaxPool 'maxpool1' is F, where a file holds a number; give --set F=NUMBER"),
    ("input: 1 x 4 x H x 8\nlayers: shuffle 2",
     "an element of the constant 'shuffle1.apart' is H, where a file holds a number; give --set H=NUMBER"),
    ("input: 1 x 4 x 8\nlayers: conv 4 9 -> fc 3",
     "a size of the weight 'fc1.weight' is not known: a window of 9 does not fit into 8"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=range(len(REFUSED)))
def test_formulas_are_refused(text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                              capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(text)
    code, out, err = ends(capsys, "export", "net.yaml", "-o", "out.onnx")
    assert (code, out) == (2, "") and message in err
    assert not (tmp_path / "out.onnx").exists()


def test_the_cure_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(REFUSED[0][0])
    code, out, err = ends(capsys, "export", "net.yaml", "-o", "out.onnx", "--set", "F=3", "--set", "K=8")
    length = size_in_bytes((tmp_path / "out.onnx").stat().st_size)
    assert (code, out, err) == (0, "", f"out.onnx: 1 nodes, {length}, 2 weights made up from seed 0\n")
    assert archcheck.analyze("out.onnx").params == 8 * 27 + 8


FAULTY = "input: 1 x 4 x 9 x 9\nlayers:\n- conv 4 3x3 as a\n- conv 5 3x3 as b\n- from a -> add b"


def test_what_does_not_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                   capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.yaml").write_text(FAULTY)
    code, out, err = ends(capsys, "export", "net.yaml", "-o", "out.onnx")
    assert (code, out) == (0, "")
    assert "\nnote: it may not run, because of add1: sizes 4 and 5 of one axis" in err
    with pytest.raises(Exception, match=r"broadcast|Incompatible"):
        session(tmp_path / "out.onnx").run(None, {"input": np.ones((1, 4, 9, 9), "f4")})


def test_two_files_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                            capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(writer, "MAX_MESSAGE", 20_000)
    code, _, err = ends(capsys, "export", "specs:lenet5", "-o", "out.onnx")
    assert code == 0
    assert "\nnote: an ONNX file holds at most 2 GiB, so that its weights are in out.onnx.data" in err


def test_damaged_files_are_written_or_refused(tmp_path: Path):
    content = gzip.decompress((DATA / "lstm_quantized.onnx.gz").read_bytes())
    draw, written = random.Random(1), 0
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(draw.choice((1, 4))):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        try:
            archcheck.export(bytes(damaged), tmp_path / "model.onnx", weights=draw.choice(("none", "random")))
            written += 1
        except UserError:
            continue
    assert written > 10


def test_a_tensor_in_a_node_that_no_file_holds_is_refused(tmp_path: Path):
    lost = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[1 << 20, 1 << 20], data_location=1)
    lost.external_data.add(key="location", value="lost.bin")
    graph = helper.make_graph([helper.make_node("Constant", [], ["c"], value=lost)], "g", [],
                              [helper.make_tensor_value_info("c", 1, None)])
    with pytest.raises(UserError, match="inside a node cannot be written: an ONNX file holds at most 2 GiB"):
        archcheck.export(helper.make_model(graph), tmp_path / "model.onnx")
    assert archcheck.export(helper.make_model(graph), tmp_path / "model.onnx", weights="none").left_out == 1
