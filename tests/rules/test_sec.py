"""Hostile files, built byte by byte: each is reported by its rule, and nothing outside the model's folder is
opened."""
from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import archcheck
from archcheck.frontends._wire import encoded
from archcheck.infer import MAX_NESTING
from archcheck.rules import known
from archcheck.rules._judge import judge_failure

ABSURD, LARGE = 1 << 40, 1 << 20  # a terabyte, a megabyte
COUNT = 2000  # 8,000 bytes: more than what is read at once
OPENED: list[str] = []
WATCHING: list[bool] = []


def _watch(event, args):
    if WATCHING and event == "open" and isinstance(args[0], (str, bytes)):
        OPENED.append(os.path.realpath(os.fsdecode(args[0])))


sys.addaudithook(_watch)


def external(location, dims=(COUNT,), name="w", **entries):
    tensor = TensorProto(name=name, data_type=1, dims=dims, data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def model(*tensors, nodes=(), **more):
    """A model that adds all of ``tensors``."""
    names = [tensor.name for tensor in tensors]
    graph = helper.make_graph(
        [*nodes, helper.make_node("Sum", ["x", *names], ["y"], "sum")], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], list(tensors))
    opsets = more.pop("opset_imports", [helper.make_opsetid("", 17)])
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **more)


@pytest.fixture
def home(tmp_path):
    """The model's folder, with a whole file in it, and a secret beside it."""
    home = tmp_path / "home"
    (home / "sub").mkdir(parents=True)
    (tmp_path / "secret.bin").write_bytes(bytes(4 * COUNT))
    (home / "w.bin").write_bytes(bytes(4 * COUNT))
    (home / "short.bin").write_bytes(bytes(100))
    (home / "link.bin").symlink_to(tmp_path / "secret.bin")
    (home / "linked").symlink_to(tmp_path)
    (home / "inner.bin").symlink_to(home / "w.bin")
    return home


def judged(home: Path, proto, *select):
    """The findings of a model in ``home``, all its weights asked for, while what is opened is watched."""
    path = home / "m.onnx"
    path.write_bytes(proto.SerializeToString())
    OPENED.clear()
    WATCHING.append(True)
    try:
        settings = archcheck.Settings(extend_select=("SIZ", *select), ignore=("GRA",))
        return archcheck.check(path, settings).findings
    finally:
        WATCHING.clear()


def codes(found):
    return [(one.code, one.severity) for one in found]


OUTSIDE = {
    "../secret.bin": "'..'", "sub/../../secret.bin": "'..'", "..\\secret.bin": "'..'",
    "/etc/hostname": "an absolute path", "C:\\secret.bin": "an absolute path", "\\\\host\\share\\w.bin":
    "a share of another machine", "//host/share/w.bin": "a share of another machine",
    "link.bin": "a link", "linked/secret.bin": "a link", "*/_ORT_MEM_ADDR_/*": "an address in memory"}


@pytest.mark.parametrize("location", OUTSIDE)
def test_paths_out_of_the_folder_are_reported_and_never_opened(location, home):
    found = judged(home, model(external(location)))
    assert codes(found) == [("SEC101", "error")]
    assert OUTSIDE[location] in found[0].message
    assert found[0].value == location
    secrets = {str(home.parent / "secret.bin"), os.path.realpath("/etc/hostname")}
    assert OPENED
    assert not secrets & set(OPENED)


@pytest.mark.parametrize("location", ["w.bin", "inner.bin", "./w.bin", "sub/../w.bin", "..w.bin"])
def test_paths_inside_the_folder_are_not_meant(location, home):
    (home / "..w.bin").write_bytes(bytes(4 * COUNT))
    assert codes(judged(home, model(external(location)))) == []


def test_the_watch_sees_what_is_opened(home):
    judged(home, model(external("w.bin", dims=(64 << 8,)), external("w.bin", dims=[10], name="v")))
    assert str(home / "w.bin") in OPENED


def test_a_pipe_is_not_waited_for(home):
    os.mkfifo(home / "pipe.bin")
    assert codes(judged(home, model(external("pipe.bin")))) == [("SEC103", "advice")]


@pytest.mark.parametrize("entries", [
    {"offset": -4}, {"offset": "x"}, {"length": 4}, {"length": 4 * COUNT + 4}, {"offset": "9" * 30}])
def test_places_that_cannot_be(entries, home):
    assert codes(judged(home, model(external("w.bin", **entries)))) == [("SEC102", "error")]


def test_unknown_entries(home):
    (one,) = judged(home, model(external("w.bin", __class__="x")))
    assert (one.code, "'__class__'" in one.why) == ("SEC102", True)
    twice = external("w.bin")
    twice.external_data.add(key="location", value="w.bin")
    assert codes(judged(home, model(twice))) == [("SEC102", "error")]
    assert codes(judged(home, model(external("w.bin", checksum="0" * 40)))) == []


@pytest.mark.parametrize(("begin", "expected"), [(0, [("SEC102", "error")]), (3996, [("SEC102", "error")]),
                                                 (4000, [])])
def test_tensors_that_overlap(begin, expected, home):
    first = external("w.bin", dims=[1000], name="a", offset=0, length=4000)
    second = external("w.bin", dims=[900], name="b", offset=begin, length=3600)
    assert codes(judged(home, model(first, second))) == expected


def test_tensors_that_are_the_same_bytes_do_not_overlap(home):
    same = [external("w.bin", name=name) for name in "ab"]
    assert codes(judged(home, model(*same))) == []


def test_a_tensor_behind_the_end_of_a_whole_file(home):
    whole, beyond = external("w.bin", name="a"), external("w.bin", dims=[5], name="b", offset=4 * COUNT)
    (one,) = judged(home, model(whole, beyond))
    assert (one.code, "ends at byte 8,020" in one.why) == ("SEC102", True)


def test_a_file_that_is_cut_off(home):
    (one,) = judged(home, model(external("short.bin")))
    assert (one.code, one.severity) == ("SEC103", "error")
    assert "100 bytes" in one.why


def test_a_part_that_is_missing_is_an_error_and_all_of_it_is_not(home):
    gone = external("gone.bin", name="a")
    assert codes(judged(home, model(gone))) == [("SEC103", "advice")]
    assert codes(judged(home, model(gone, external("w.bin", name="b")))) == [("SEC103", "error")]
    assert codes(judged(home, model(gone, external("lost.bin", name="b")))) == [("SEC103", "advice")]
    inline = TensorProto(name="b", data_type=1, dims=[COUNT], raw_data=np.arange(COUNT, dtype="f").tobytes())
    assert codes(judged(home, model(gone, inline))) == [("SEC103", "advice")]


@pytest.mark.parametrize("tensor", [
    TensorProto(name="w", data_type=1, dims=[10], raw_data=bytes(36)),
    TensorProto(name="w", data_type=1, dims=[10], raw_data=bytes(44)),
    TensorProto(name="w", data_type=1, dims=[1 << 40], raw_data=bytes(40)),
    TensorProto(name="w", data_type=1, dims=[1 << 62, 1 << 62], raw_data=bytes(40)),
    TensorProto(name="w", data_type=1, dims=[-1], raw_data=bytes(40)),
    TensorProto(name="w", data_type=1, dims=[5000], raw_data=bytes(5000)),
    TensorProto(name="w", data_type=1, dims=[3], float_data=[1.0, 2.0]),
    TensorProto(name="w", data_type=1, dims=[1] * 100, raw_data=bytes(4))])
def test_tensors_that_lie_about_their_size(tensor, home):
    found = judged(home, model(tensor))
    assert [code for code, _ in codes(found)] == ["SEC104"]


def test_a_few_bytes_that_ask_for_more_than_any_machine_has(home):
    def asking(count):
        node = helper.make_node("ConstantOfShape", ["s"], ["c"], "bomb")
        proto = model(nodes=[node])
        proto.graph.node[1].input.append("c")
        proto.graph.initializer.append(numpy_helper.from_array(np.array([count], np.int64), "s"))
        return proto
    assert codes(judged(home, asking(ABSURD // 4))) == [("SEC104", "error")]
    assert codes(judged(home, asking(ABSURD // 4 - 1))) == []


def function(name, *calls):
    nodes = [helper.make_node(op, ["a"], [f"b{k}"], domain=domain) for k, (op, domain) in enumerate(calls)]
    return helper.make_function("own", name, ["a"], [f"b{len(calls) - 1}"], nodes,
                                [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)])


def calling(*functions):
    proto = model(nodes=[helper.make_node("f", ["x"], ["c"], "call", domain="own")],
                  opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("own", 1)],
                  functions=functions)
    proto.graph.node[1].input.append("c")
    return proto


def test_functions_that_call_each_other(home):
    (one,) = judged(home, calling(function("f", ("h", "own")), function("h", ("f", "own"))))
    assert one.code == "SEC107"
    assert one.why in ("f → h → f, without end", "h → f → h, without end")
    assert one.value == one.why[0]
    never = calling(function("f", ("Relu", "")), function("h", ("h", "own")))
    assert codes(judged(home, never)) == [("SEC107", "error")]
    assert codes(judged(home, calling(function("f", ("h", "own")), function("h", ("Relu", ""))))) == []


def test_functions_that_double_level_by_level(home):
    levels = [function("f", ("f1", "own"), ("f1", "own"))]
    levels += [function(f"f{k}", *[(f"f{k + 1}", "own")] * 2) for k in range(1, 25)]
    found = judged(home, calling(*levels, function("f25", ("Relu", ""))))
    assert "SEC107" in [one.code for one in found]


@pytest.mark.parametrize(("depth", "expected"), [(MAX_NESTING - 1, []), (MAX_NESTING, ["SEC107"])])
def test_functions_in_functions(depth, expected, home):
    levels = [function(f"f{k}", (f"f{k + 1}", "own")) for k in range(1, depth)]
    found = judged(home, calling(function("f", ("f1", "own")), *levels, function(f"f{depth}", ("Relu", ""))))
    assert [one.code for one in found] == expected


def test_messages_that_nest_too_deep_for_protobuf_are_refused(home):
    data = b""
    for _ in range(60):  # a graph in an attribute of a node of a graph
        for field in (0x32, 0x2A, 0x0A):
            data = bytes([field]) + encoded(len(data)) + data
    (home / "deep.onnx").write_bytes(b"\x08\x08\x3a" + encoded(len(data)) + data)
    with pytest.raises(archcheck.LoadError) as caught:
        archcheck.check(home / "deep.onnx")
    assert [one.code for one in judge_failure(caught.value, "deep.onnx", archcheck.Settings())] == ["ONX001"]


def base_score(vector):
    """A base score of CVSS 3.1 (FIRST, section 7.1); the scope is unchanged, and no rights are needed."""
    metrics = dict(part.split(":") for part in vector.split("/"))
    left = 1.0
    for name in "CIA":
        left *= 1 - {"H": 0.56, "L": 0.22, "N": 0}[metrics[name]]
    reach = 8.22 * {"N": 0.85, "L": 0.55}[metrics["AV"]] * 0.77 * 0.85 * {"N": 0.85, "R": 0.62}[metrics["UI"]]
    return math.ceil(10 * min(6.42 * (1 - left) + reach, 10)) / 10


WEAKNESSES = {
    "SEC101": (22, "AV:N/UI:N/C:H/I:N/A:N"),     # path traversal, https://cwe.mitre.org/data/definitions/22.html
    "SEC102": (125, "AV:L/UI:R/C:H/I:N/A:H"),    # out-of-bounds read
    "SEC104": (1284, "AV:L/UI:R/C:N/I:N/A:H"),   # improper validation of specified quantity in input
    "SEC107": (674, "AV:L/UI:R/C:N/I:N/A:H")}    # uncontrolled recursion


@pytest.mark.parametrize("code", WEAKNESSES)
def test_weaknesses_and_how_severe_they_are(code):
    rule, (number, vector) = known()[code], WEAKNESSES[code]
    assert (rule.cwe, rule.cvss) == (number, base_score(vector))


def test_large_texts(home):
    proto = model(external("w.bin"))
    helper.set_model_props(proto, {"note": "x" * LARGE})
    assert codes(judged(home, proto, "SEC106")) == [("SEC106", "advice")]
    helper.set_model_props(proto, {"note": "x" * (LARGE - 1)})
    assert codes(judged(home, proto, "SEC106")) == []


@pytest.mark.parametrize(("size", "expected"), [(LARGE, [("SEC106", "advice")]), (LARGE - 1, [])])
def test_large_strings(size, expected, home):
    text = TensorProto(name="s", data_type=TensorProto.STRING, dims=[1], string_data=[b"x" * size])
    numbers = TensorProto(name="w", data_type=1, dims=[LARGE], raw_data=bytes(4 * LARGE))
    proto = model(numbers)
    proto.graph.initializer.append(text)
    assert codes(judged(home, proto, "SEC106")) == expected


def test_paths_of_the_machine_are_one_finding(home):
    proto = model(nodes=[helper.make_node("Relu", ["x"], [f"r{k}"], f"n{k}") for k in range(3)])
    for node in proto.graph.node[:3]:
        proto.graph.node[3].input.append(node.output[0])
        frame = 'File "' + "/".join(["", "home", "alice", "net.py"]) + '", line 7, in forward'
        node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value=frame)
    (one,) = judged(home, proto, "SEC108")
    assert (one.code, one.places) == ("SEC108", 3)
    assert "alice" in one.why
