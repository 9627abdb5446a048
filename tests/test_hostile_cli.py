"""Files and places meant ill: each gets a summary or one sentence, the right exit code, soon and in little
memory."""
from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from onnx import GraphProto, ModelProto, TensorProto, helper
from onnx.helper import make_node as node
from onnx.helper import make_tensor_value_info as value

from archcheck.cli import main

SECONDS, MEMORY = 20, 3 << 30


def model(nodes: list[object], inputs: list[object] | None = None, opset: int | None = 18,
          **extra: object) -> bytes:
    given = [value("x", 1, ["N", 3])] if inputs is None else inputs
    graph = helper.make_graph(nodes, "g", given, [value("y", 1, None)])
    imports = [] if opset is None else [helper.make_opsetid("", opset), helper.make_opsetid("d", 1)]
    return helper.make_model(graph, opset_imports=imports, **extra).SerializeToString()


def length(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number: int, body: bytes) -> bytes:
    return length(number << 3 | 2) + length(len(body)) + body


def nested(depth: int) -> bytes:
    """Ifs inside each other, written byte by byte: onnx itself could not."""
    graph = field(1, node("Relu", ["x"], ["r"]).SerializeToString())
    for _ in range(depth):
        branch = field(1, b"then_branch") + b"\xa0\x01\x05" + field(6, graph)
        graph = field(1, field(1, b"c") + field(2, b"r") + field(4, b"If") + field(5, branch))
    return b"\x08\x08" + field(7, graph)


def doubled(levels: int) -> bytes:
    """Each If holds two, so the file is small only as long as the levels are few."""
    graph = helper.make_graph([node("Relu", ["x"], ["r"])], "b", [], [value("r", 1, None)])
    for _ in range(levels):
        inner = node("If", ["c"], ["r"], then_branch=graph, else_branch=graph)
        graph = helper.make_graph([inner], "b", [], [value("r", 1, None)])
    graph.input.extend([value("x", 1, ["N"]), value("c", 9, [])])
    return helper.make_model(graph).SerializeToString()


def recursive() -> bytes:
    inner = node("F", ["a"], ["b"], domain="d")
    function = helper.make_function("d", "F", ["a"], ["b"], [inner, inner], [helper.make_opsetid("d", 1)])
    return model([node("F", ["x"], ["y"], domain="d")], functions=[function])


def constants(**numbers: object) -> list[object]:
    return [node("Constant", [], [name], **{f"value_int{'s' * isinstance(number, list)}": number})
            for name, number in numbers.items()]


SUMMARIES: dict[str, bytes] = {
    "cycle": model([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["a"], ["y"])]),
    "two of a name": model([node("Relu", ["x"], ["y"], name="n"), node("Abs", ["x"], ["y"], name="n")]),
    "long names": model([node("R" * 10 ** 6, ["x"], ["y"], name="n" * 10 ** 6)]),
    "long symbol": model([node("Relu", ["x"], ["y"])], [value("x", 1, ["N" * 10 ** 6, "a\n\x1b[31mb"])]),
    "huge sizes": model([node("Transpose", ["x"], ["t"], perm=[*range(58), 59, 58]),
                         node("MatMul", ["x", "t"], ["y"])],
                        [value("x", 1, [2 ** 62] * 60)]),
    "negative sizes": model([node("Relu", ["x"], ["y"])], [value("x", 1, [-5, -2 ** 62])]),
    "not a number": model([node("Upsample", ["x"], ["y"], scales=[float("nan"), float("inf")])], opset=7),
    "opset 0": model([node("Relu", ["x"], ["y"])], opset=0),
    "opset 999": model([node("Relu", ["x"], ["y"])], opset=999),
    "opset -3": model([node("Relu", ["x"], ["y"])], opset=-3),
    "no opset": model([node("Relu", ["x"], ["y"])], opset=None),
    "unknown domains": model([node("Foo", ["x"], ["y"], domain="com.acme"),
                              node("Bar\x1b[0m", ["y"], ["z"])]),
    "no inputs": model([node("Relu", ["q"], ["y"])], []),
    "no nodes": model([]),
    "nothing": helper.make_model(GraphProto(name="")).SerializeToString(),
    "windows": model([node("MaxPool", ["x"], ["y"], kernel_shape=[2 ** 62, 0], strides=[0, -1],
                           pads=[2 ** 62] * 4, dilations=[-(2 ** 62), 0])], [value("x", 1, [1, 3, 8, 8])]),
    "a long range": model([*constants(a=0, b=2 ** 62, c=1, k=[2 ** 40]),
                           node("Range", ["a", "b", "c"], ["r"]),
                           node("ConstantOfShape", ["k"], ["y"])]),
    "growth": model([node("Concat", [f"v{k - 1}" if k else "x"] * 2, [f"v{k}"], axis=0)
                     for k in range(1000)]),
    "powers": model([*constants(v0=3), *(node("Mul", [f"v{k}"] * 2, [f"v{k + 1}"]) for k in range(80))]),
    "a recursive function": recursive(),
    "doubled bodies": doubled(8),
    "fifty deep": nested(20),
}

REFUSALS: dict[str, tuple[bytes, str]] = {
    "cut off": (SUMMARIES["cycle"][:40], "cut off"),
    "web page": (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
    "zip": (b"PK\x03\x04" + bytes(100), "zip"),
    "empty": (b"", "empty"),
    "a lie of 2 GB": (b"\x08\x08\x3a\xff\xff\xff\xff\x07" + bytes(100), "cut off"),
    "ten thousand deep": (nested(10_000), "deep"),
    "no graph": (ModelProto(ir_version=8).SerializeToString(), "no ONNX graph"),
}


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def ends(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(args)
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.mark.parametrize("name", SUMMARIES)
def test_summarized(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "model.onnx"
    path.write_bytes(SUMMARIES[name])
    for options in (["--all", "--wide", "--sort", "flops"], ["--format", "table"], ["--format", "json"],
                    ["--format", "csv", "--columns", "name,flops,share"], ["--format", "markdown"]):
        start = time.process_time()
        code, out, err = ends(capsys, "summary", str(path), *options)
        assert (code, err) == (0, "")
        assert time.process_time() - start < SECONDS
        assert "\x1b" not in out or options[:2] == ["--format", "csv"]
        assert len(out) < 40 << 20
    code, _, err = ends(capsys, "annotate", str(path), "-o", str(tmp_path / "out.onnx"))
    assert (code, "Traceback" in err) == (0, False)


@pytest.mark.parametrize("name", REFUSALS)
def test_refused(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data, word = REFUSALS[name]
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    for command in (["summary", str(path)], ["annotate", str(path), "-o", str(tmp_path / "out.onnx")]):
        code, out, err = ends(capsys, *command)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert word in err
    assert os.listdir(tmp_path) == ["model.onnx"]


def test_endless_memory_is_not_asked_for(tmp_path: Path):
    """The worst of them in a process of limited memory."""
    for name in ("huge sizes", "long names", "growth", "doubled bodies"):
        path = tmp_path / "model.onnx"
        path.write_bytes(SUMMARIES[name])
        done = subprocess.run([sys.executable, "-m", "archcheck", "summary", str(path)], capture_output=True,
                              preexec_fn=limited, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")


class TestPlaces:
    """Where a model is read from, and where a result goes."""

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
    def test_no_permission(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        path = tmp_path / "model.onnx"
        path.touch(mode=0)
        code, _, err = ends(capsys, "summary", str(path))
        assert (code, "permission" in err) == (2, True)

    @pytest.mark.parametrize("name", ["", "x\0y", "a" * 5000, "."])
    def test_odd_names(self, name: str, capsys: pytest.CaptureFixture[str]):
        code, out, err = ends(capsys, "summary", name)
        assert (code, out, err.count("\n")) == (2, "", 1)

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
    def test_a_full_device(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([sys.executable, "-m", "archcheck", "onnx:light_squeezenet"], stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)

    @pytest.mark.skipif(not Path("/dev/full").exists() or os.access("/dev", os.W_OK),
                        reason="a device of Linux, which a defect would replace")
    def test_output_to_a_full_device(self, capsys: pytest.CaptureFixture[str]):
        for command in ("summary", "annotate"):
            code, _, err = ends(capsys, command, "onnx:light_squeezenet", "-o", "/dev/full")
            assert (code, err.count("\n")) == (2, 1)

    def test_a_device_is_written_to_and_not_replaced(self, tmp_path: Path,
                                                     capsys: pytest.CaptureFixture[str]):
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        assert ends(capsys, "summary", "onnx:light_squeezenet", "--depth", "1", "-o", str(pipe))[0] == 0
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert b"params" in os.read(reader, 1 << 16)
        os.close(reader)

    @pytest.mark.parametrize("close", [0, 1])
    def test_closed_streams(self, close: int):
        source = "-" if close == 0 else "onnx:light_squeezenet"
        done = subprocess.run([sys.executable, "-m", "archcheck", "summary", source], stderr=subprocess.PIPE,
                              text=True, preexec_fn=partial(os.close, close))
        assert done.returncode == (2 if close == 0 else 0)
        assert "Traceback" not in done.stderr
        assert "internal" not in done.stderr

    def test_a_source_of_nothing_is_named(self):
        done = subprocess.run([sys.executable, "-m", "archcheck", "summary", "-"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
        assert (done.returncode, "standard input" in done.stderr) == (2, True)


def test_half_a_size_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "model.onnx"
    path.write_bytes(model([node("MatMulNBits", ["x", "x", "x"], ["y"], domain="com.microsoft", K=3, N=1.5,
                                 block_size=16)]))
    code, out, _ = ends(capsys, "summary", str(path))
    assert code == 0
    assert "not a whole number" in out


def test_tensors_that_lie_about_their_size_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    made = ModelProto.FromString(model([node("Add", ["x", "w"], ["y"])]))
    made.graph.initializer.append(TensorProto(name="w", data_type=1, dims=[2 ** 40], raw_data=bytes(8)))
    path = tmp_path / "model.onnx"
    path.write_bytes(made.SerializeToString())
    code, out, _ = ends(capsys, "summary", str(path))
    assert code == 0
    assert "faults" in out
