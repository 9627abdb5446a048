"""Files that are mended: what is not meant stays as it is, and what cannot be mended is left."""
from __future__ import annotations

import gzip
import os

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import archcheck
from archcheck.errors import UserError
from archcheck.fixing import Draft, _file, _listing
from archcheck.frontends import bytes_of
from archcheck.frontends._wire import LIMIT, encoded, skim
from archcheck.writers._restore import restored
from tests.fixing._mending import mend, model, same
from tests.test_cli import ends

DEAD = "g (float[N, 4] x) => (float[N, 4] y) { a = Exp (x) y = Relu (x) }"
ALL = archcheck.Settings(select=("GRA",))


def large(name, dtype=np.float32):
    return numpy_helper.from_array(np.random.default_rng(0).integers(1, 99, (70, 80)).astype(dtype), name)


def full_model():
    """A model with a large payload in every place that has one, and something that nobody knows."""
    proto = model("""<ir_version: 10, opset_import: ["" : 17, "own" : 1], metadata_props: ["a" : "b"]>
        g (float[N, 70] x, bool c) => (float[N, 80] y) {
            k = own.f (x)
            z = If (c) <then_branch = t () => (p) { p = MatMul (k, w) },
                        else_branch = e () => (q) { q = MatMul (k, v) }>
            y = Relu (z)
        }
        <domain: "own", opset_import: ["" : 17]> f (a) => (b) { b = Neg (a) }""")
    proto.graph.initializer.append(large("w"))
    branch = proto.graph.node[1].attribute[1].g
    branch.initializer.append(helper.make_tensor("v", TensorProto.FLOAT, (70, 80), range(5600)))
    constant = helper.make_node("Constant", [], ["k2"], value=large("t", np.int64))
    proto.functions[0].node.insert(0, constant)
    return proto


def test_every_payload_is_at_its_place_again():
    proto = full_model()
    data = proto.SerializeToString() + b"\xa2\x3f\x05later"  # field 1012: none that is known
    skimmed = skim(data)
    assert len(skimmed.cut) == 3 and len(skimmed.message) < LIMIT
    parts = restored(skimmed.message, skimmed.cut)
    assert b"".join(part if isinstance(part, bytes) else data[slice(*part)] for part in parts) == data


def test_what_is_not_meant_stays(tmp_path):
    proto = full_model()
    path = tmp_path / "m.onnx"
    path.write_bytes(proto.SerializeToString() + b"\xa2\x3f\x05later")
    draft = Draft(bytes_of(str(path)), tmp_path / "n.onnx")
    draft.proto.graph.node[2].op_type = "Neg"
    draft.write(draft.target)
    proto.graph.node[2].op_type = "Neg"
    assert onnx.load(draft.target).SerializeToString()[:-8] == proto.SerializeToString()
    assert draft.target.read_bytes().endswith(b"\xa2\x3f\x05later")


def test_a_segment_that_a_file_claims_is_no_payload():
    proto = model(DEAD)
    tensor = large("w")
    tensor.segment.begin, tensor.segment.end = 1, 10
    tensor.raw_data = tensor.raw_data[:80]
    proto.graph.initializer.append(tensor)
    data = proto.SerializeToString()
    assert restored(skim(data).message, skim(data).cut) == [data]


def field(number, body):
    return encoded(number << 3 | 2) + encoded(len(body)) + body


def test_a_tensor_in_pieces_is_not_mended(tmp_path):
    """Protobuf lets a list be stored in several pieces; no writer of ONNX does so."""
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4000]).SerializeToString()
    half = field(4, np.arange(2000, dtype=np.float32).tobytes())
    path = tmp_path / "m.onnx"
    graph = model(DEAD).graph.SerializeToString() + field(5, tensor + half + half)
    path.write_bytes(b"\x08\x08" + field(7, graph))
    with pytest.raises(UserError, match="several pieces"):
        Draft(bytes_of(str(path)), tmp_path / "n.onnx")


# ---------------------------------------------------------------------------------- what is left
def test_graphs_for_training_keep_what_they_name(tmp_path):
    proto = model("""g (float[N, 4] x) => (float[N, 4] y) <float[4] v = {1, 2, 3, 4}>
        { a = Exp (x) y = Relu (x) }""")
    info = proto.training_info.add()
    info.algorithm.CopyFrom(model("t () => (float[4] b) { b = Neg (v) }").graph)
    done = mend(tmp_path, proto, "GRA").done
    assert not done.done and {code for code, _ in done.declined} == {"GRA001", "GRA002"}


def test_annotations_keep_the_scales_they_name(tmp_path):
    proto = model("g (float[N, 4] x) => (float[N, 4] y) <float v = {1}, float w = {2}> { y = Relu (x) }")
    note = proto.graph.quantization_annotation.add(tensor_name="x")
    note.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="v")
    pair = mend(tmp_path, proto, "GRA001")
    assert [tensor.name for tensor in pair.new.graph.initializer] == ["v"]


def test_what_is_said_of_values_goes_with_them(tmp_path):
    proto = model(DEAD)
    proto.graph.value_info.append(helper.make_tensor_value_info("a", TensorProto.FLOAT, ["N", 4]))
    assert not mend(tmp_path, proto, "GRA").new.graph.value_info


def test_nodes_of_functions_are_left(tmp_path):
    done = mend(tmp_path, """<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
        g (float[N, 4] x) => (float[N, 4] y) { y = own.f (x) }
        <domain: "own", opset_import: ["" : 17]> f (a) => (b) { c = Identity (a) b = Relu (c) }""",
                "GRA006").done
    assert not done.done and done.declined == {("GRA006", "it stands in a function"): 1}


# ---------------------------------------------------------------------------------- bodies
def test_bodies_read_what_their_names_stand_for(tmp_path):
    pair = mend(tmp_path, """g (float[N, 4] x, bool c) => (float[N, 4] y) { a = Identity (x)
        y = If (c) <then_branch = t () => (p) { p = Add (a, a) },
                    else_branch = e () => (q) { d = Identity (a) q = Mul (a, d) }> }""", "GRA006")
    branches = [one.g for one in pair.new.graph.node[0].attribute]
    assert [[list(node.input) for node in one.node] for one in branches] == [[["x", "x"]], [["x", "x"]]]
    assert same(pair, x=(3, 4), c=np.array(True)) and same(pair, x=(3, 4), c=np.array(False))


def test_a_branch_that_hands_out_what_is_outside(tmp_path):
    pair = mend(tmp_path, """g (float[N, 4] x) => (float[N, 4] y, float[N, 4] z) <bool c = {0}> {
        a = Exp (x)
        y, z = If (c) <then_branch = t () => (p, q) { p = Neg (a) q = Relu (a) },
                       else_branch = e () => (p, q) { p = Identity (a) b = Neg (p) q = Identity (b) }> }""",
                "GRA008")
    assert "If" not in pair.ops and same(pair, x=(3, 4))


def test_a_large_weight_of_a_branch_moves_with_it(tmp_path):
    proto = full_model()
    proto.graph.node[1].input[0] = "yes"
    del proto.graph.input[1]
    proto.graph.initializer.append(helper.make_tensor("yes", TensorProto.BOOL, [], [False]))
    pair = mend(tmp_path, proto, "GRA008", "GRA001")
    assert [tensor.name for tensor in pair.new.graph.initializer] == ["v"]
    assert same(pair, x=(2, 70))


def test_a_model_is_listed_line_by_line():
    proto = model("""g (float[N, 4] x, bool c) => (float[N, 4] y)
        <int64[2] s = {1, -1}, float[4] w = {1, 2, 3, 4}> {
        [if] y = If (c) <then_branch = t () => (p) { [add] p = Add (x, w) },
                         else_branch = e () => (q) { [view] q = Reshape <allowzero = 1> (x, s) }> }""")
    assert _listing.listing(proto) == [
        "ir_version 8", "import ai.onnx 17", "input x: float32[N, 4]", "input c: bool[]",
        "weight s: int64[2] = [1, -1]", "weight w: float32[4]", "if: y = If(c)", "  then_branch",
        "    add: p = Add(x, w)", "    output p: ?", "  else_branch",
        "    view: q = Reshape(x, s) {allowzero=1}", "    output q: ?", "output y: float32[N, 4]"]


def test_branches_that_call_their_values_alike(tmp_path):
    branch = """<then_branch = t () => (b) { a = Exp (x) b = Neg (a) },
                 else_branch = e () => (a) { a = Neg (x) }>"""
    pair = mend(tmp_path, f"""g (float[N, 4] x) => (float[N, 4] y) <bool c = {{1}}>
        {{ p = If (c) {branch} q = If (c) {branch} y = Add (p, q) }}""", "GRA008")
    made = [name for node in pair.new.graph.node for name in node.output]
    assert len(made) == len(set(made)) == 5 and same(pair, x=(3, 4))


def test_what_others_read_of_a_value_that_is_called_as_an_output(tmp_path):
    pair = mend(tmp_path, """g (float[N, 4] x) => (float[N, 4] y, float[N, 4] z)
        { a = Exp (x) y = Dropout (a) z = Neg (a) }""", "TRN003")
    assert pair.ops == ["Exp", "Neg"] and same(pair, x=(3, 4))


# ---------------------------------------------------------------------------------- the file
def test_a_mended_file_is_proved_and_put_beside_the_old_one(tmp_path):
    path = tmp_path / "m.onnx.gz"
    path.write_bytes(gzip.compress(model(DEAD).SerializeToString()))
    fixed = _file.fix_file(str(path), ALL)
    assert (fixed.path, fixed.proof.verdict) == (tmp_path / "m.fixed.onnx.gz", "equal")
    assert len(onnx.load_from_string(gzip.decompress(fixed.path.read_bytes())).graph.node) == 1
    assert sorted(os.listdir(tmp_path)) == ["m.fixed.onnx.gz", "m.onnx.gz"]


def test_nothing_is_written_where_a_fix_changes_what_comes_out(tmp_path, monkeypatch):
    path = tmp_path / "m.onnx"
    onnx.save(model(DEAD), path)
    write = Draft.write

    def spoilt(draft, target):
        draft.proto.graph.node[0].op_type = "Neg"
        write(draft, target)
    monkeypatch.setattr(Draft, "write", spoilt)
    fixed = _file.fix_file(str(path), ALL)
    assert (fixed.path, fixed.proof.verdict) == (None, "differs")
    assert os.listdir(tmp_path) == ["m.onnx"]
    assert "defect" in "".join(_file.words(fixed))


@pytest.mark.parametrize(("name", "message"), [
    ("specs:lenet5", "specification"), ("onnx:light_resnet50", "belongs to the onnx package")])
def test_what_cannot_be_mended_in_place(name, message):
    with pytest.raises(UserError, match=message):
        _file.fix_file(name, ALL, in_place=True)


def test_the_command_mends_and_judges_what_is_left(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_file, "proved", lambda *_: _file.Proof("equal", "the outputs are equal bit for bit"))
    onnx.save(model(DEAD), "m.onnx")
    options = "--no-cache", "--select", "GRA", "-q"
    assert ends(capsys, "check", "m.onnx", *options)[0] == 1
    code, out, _ = ends(capsys, "check", "m.onnx", *options, "--diff")
    assert code == 1 and "\n--: a = Exp(x)\n" in out and os.listdir() == ["m.onnx"]
    assert ends(capsys, "check", "m.onnx", *options, "--fix") == (
        0, "", "m.onnx: 1 fixed (1 GRA002), written to m.fixed.onnx\n  the outputs are equal bit for bit\n")
    assert ends(capsys, "check", "m.fixed.onnx", *options, "--diff") == (0, "", "")
    assert ends(capsys, "check", "m.onnx", *options, "--fix", "--in-place")[0] == 0
    assert len(onnx.load("m.onnx").graph.node) == 1


def test_a_specification_is_judged_as_it_is(capsys):
    code, out, err = ends(capsys, "check", "specs:lenet5", "--no-cache", "--select", "GRA", "-q", "--fix")
    assert (code, out) == (0, "") and err.startswith("note: specs:lenet5 is a specification")


@pytest.mark.parametrize("options", [["--unsafe-fixes"], ["--in-place"], ["--diff", "--in-place"]])
def test_options_that_have_nothing_to_act_on(options, capsys):
    code, _, err = ends(capsys, "check", "specs:lenet5", *options)
    assert code == 2 and "goes with" in err
