"""``archcheck annotate``: what is written agrees with onnx, and the rest of the file stays as it is."""
from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, parser

from archcheck import analyze
from archcheck.frontends import bytes_of, graph_in
from archcheck.writers.annotate import Annotated, annotate

DATA = Path(__file__).parent / "data"
LIGHT = ["light_resnet50", "light_densenet121", "light_shufflenet", "light_bvlc_alexnet",
         "light_inception_v2"]


def annotated(source: str | bytes, target: Path, **sizes: int) -> Annotated:
    found = bytes_of(source)
    return annotate(analyze(graph_in(found), sizes), found, target)


def network(text: str) -> ModelProto:
    return parser.parse_model(f'<ir_version: 9, opset_import: ["" : 18]> net {text}')


def types(model: ModelProto) -> dict[str, onnx.TypeProto]:
    return {info.name: info.type for info in model.graph.value_info}


@pytest.mark.parametrize("name", LIGHT)
def test_onnx_agrees(name: str, tmp_path: Path):
    target = tmp_path / "out.onnx"
    done = annotated(f"onnx:{name}", target)
    model = onnx.load(target)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, strict_mode=True, check_type=True)
    assert done.unknown == 0
    assert len(model.graph.value_info) >= done.known > 20


def test_all_else_stays(tmp_path: Path):
    annotated("onnx:light_resnet50", tmp_path / "out.onnx")
    before = onnx.load_from_string(bytes(bytes_of("onnx:light_resnet50").data))
    after = onnx.load(tmp_path / "out.onnx")
    for model in (before, after):
        del model.graph.value_info[:]
    assert before == after


def test_a_file_may_be_annotated_in_place_and_again(tmp_path: Path):
    path = tmp_path / "model.onnx"
    path.write_bytes(bytes(bytes_of("onnx:light_squeezenet").data))
    path.chmod(0o640)
    annotated(str(path), path)
    once = path.read_bytes()
    annotated(str(path), path)
    assert path.read_bytes() == once
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_a_link_is_followed(tmp_path: Path):
    (tmp_path / "link.onnx").symlink_to(tmp_path / "real.onnx")
    annotated("onnx:light_squeezenet", tmp_path / "link.onnx")
    assert (tmp_path / "link.onnx").is_symlink()
    assert onnx.load(tmp_path / "real.onnx").graph.value_info


def test_gzipped_in_and_out(tmp_path: Path):
    source = DATA / "t5_dynamo.onnx.gz"
    annotated(str(source), tmp_path / "plain.onnx")
    annotated(str(source), tmp_path / "packed.onnx.gz")
    plain = (tmp_path / "plain.onnx").read_bytes()
    assert gzip.decompress((tmp_path / "packed.onnx.gz").read_bytes()) == plain
    assert onnx.load_from_string(plain).graph.value_info


def test_sequences_optionals_and_sizes_that_are_not_known(tmp_path: Path):
    model = network("""(float[N,4] x) => (float[a,b] y) {
        s = SequenceConstruct(x, x)
        o = Optional(x)
        i = NonZero(x)
        k = Constant<value_int = 0>()
        y = SequenceAt(s, k)
    }""")
    done = annotated(model.SerializeToString(), tmp_path / "out.onnx")
    found = types(onnx.load(tmp_path / "out.onnx"))
    inner = found["s"].sequence_type.elem_type.tensor_type
    assert [dim.dim_param or dim.dim_value for dim in inner.shape.dim] == ["N", 4]
    assert found["o"].optional_type.elem_type.tensor_type.elem_type == TensorProto.FLOAT
    rank, count = found["i"].tensor_type.shape.dim
    assert (rank.dim_value, count.WhichOneof("value")) == (2, None)
    assert done == Annotated(4, 0, ())


def test_claims_that_are_wrong_are_replaced_and_those_on_what_is_not_known_stay(tmp_path: Path):
    model = network("(float[N,4] x) => (float[N,4] y) { a = Relu(x) [odd] b = Strange(a) y = Relu(a) }")
    model.graph.value_info.extend([helper.make_tensor_value_info("a", TensorProto.INT8, [7]),
                                   helper.make_tensor_value_info("b", TensorProto.INT8, [7])])
    done = annotated(model.SerializeToString(), tmp_path / "out.onnx")
    found = types(onnx.load(tmp_path / "out.onnx"))
    assert found["a"].tensor_type.elem_type == TensorProto.FLOAT
    assert found["b"].tensor_type.shape.dim[0].dim_value == 7
    assert (done.known, done.unknown) == (1, 1)


def test_weights_outside_that_stay_behind_are_named(tmp_path: Path):
    model = network("(float[N,4] x) => (float[N,4] y) { a = MatMul(x, w) y = Relu(a) }")
    weight = TensorProto(name="w", data_type=1, dims=[4, 4], data_location=1)
    weight.external_data.add(key="location", value="weights.bin")
    model.graph.initializer.append(weight)
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(bytes(64))
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    assert annotated(str(folder / "model.onnx"), tmp_path / "away.onnx").missing == ("weights.bin",)
    assert annotated(str(folder / "model.onnx"), folder / "beside.onnx").missing == ()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is measured with /proc")
def test_memory_does_not_grow_with_the_weights(tmp_path: Path):
    model = network("(float[N,4096] x) => (float[N,4096] y) { a = MatMul(x, w) y = Relu(a) }")
    weight = helper.make_tensor("w", TensorProto.FLOAT, [4096, 8192], bytes(1 << 27), raw=True)
    model.graph.initializer.append(weight)
    (tmp_path / "large.onnx").write_bytes(model.SerializeToString())
    script = ("import archcheck.cli, sys, atexit\n"
              "peak = lambda: next(line for line in open('/proc/self/status') if 'VmHWM' in line)\n"
              "atexit.register(lambda: sys.stderr.write(peak()))\n"
              "archcheck.cli.main(['annotate', 'large.onnx', '-o', 'out.onnx'])")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path,
                          env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}, timeout=120)
    assert done.returncode == 0
    assert int(done.stderr.split("VmHWM:")[1].split()[0]) < 64 << 10
    assert (tmp_path / "out.onnx").stat().st_size > 1 << 27
