"""Rules about valid models, held against onnx's own checker and its node tests."""
from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import checker, helper, parser

import archcheck
from archcheck.rules import known
from archcheck.rules._judge import judge_failure
from archcheck.rules._page import page
from tests.rules.examples import codes, network

DATA = Path(__file__).parents[1] / "data"

HEAD = '<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]>\n'


def found(text, *select, ignore=("GRA", "SHP", "ARC", "GEO")):
    proto = parser.parse_model(text if text.startswith("<") else HEAD + text)
    settings = archcheck.Settings(extend_select=select, ignore=ignore)
    return archcheck.check(proto, settings).findings


def refused(text):
    """Whether onnx's checker refuses a model, its shapes included."""
    try:
        proto = parser.parse_model(text if text.startswith("<") else HEAD + text)
        checker.check_model(proto, full_check=True)
    except (checker.ValidationError, onnx.shape_inference.InferenceError):
        return True
    return False


VIOLATIONS = {
    "missing input": ("g (float[N, 4] x) => (float[N, 4] y) { y = Add (x) }", "2"),
    "too many inputs": ("g (float[N, 4] x) => (float[N, 4] y) { y = Relu (x, x) }", "2 inputs"),
    "input left out": ('g (float[N, 4] x) => (float[N, 4] y) { y = MatMul ("", x) }', "left out"),
    "too many outputs": ("g (float[N, 4] x) => (float[N, 4] y) { y, z = Relu (x) }", "2 outputs"),
    "unknown attribute": ("g (float[N, 4] x) => (float[N, 4] y) { y = Relu <slope = 2> (x) }", "'slope'"),
    "missing attribute": ("g (float[N, 4] x) => (float[N, 4] y) { y = Concat (x, x) }", "'axis'"),
    "attribute of another type": (
        "g (float[N, 4] x) => (float[N, 4] y) { y = Softmax <axis = 1.0> (x) }", "INT"),
    "list for a number": ("g (float[N, 4] x) => (float[N, 4] y) { y = Softmax <axis = [1]> (x) }", "INTS"),
    "number for a list": ("g (float[1, 9, 9] x) => (y) { y = MaxPool <kernel_shape = 2> (x) }", "INTS"),
    "type that is not allowed": ("g (string[N, 4] x) => (string[N, 4] y) { y = Relu (x) }", "string"),
    "types that differ": ("g (float[N, 4] x, double[N, 4] z) => (float[N, 4] y) { y = Add (x, z) }",
                          "float32 and float64"),
    "index of another type": ("g (float[N, 4] x, float[2] i) => (y) { y = Gather (x, i) }", "int32 or int64"),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_is_told_and_the_checker_refuses_it_too(name):
    text, said = VIOLATIONS[name]
    assert refused(text)
    (one,) = found(text)
    assert (one.code, one.severity) == ("ONX002", "error")
    assert said in one.message


FLOATS = "float16 or float32 or float64 at opset 13"


@pytest.mark.parametrize(("nodes", "message", "fix"), [
    ("y = Sum ()", "Sum has 0 inputs, but takes at least 1", "give it [data_0]"),
    ("y = Gemm (x)", "Gemm has 1 input, but takes 2 to 3", "give it A, B, [C]"),
    ("y = MatMul (x)", "MatMul has 1 input, but takes 2", "give it A, B"),
    ("y, z = Relu (x)", "Relu has 2 outputs, but makes 1", "give it Y"),
    ("y = Constant <value = 1> ()", "the attribute 'value' of Constant is INT, but must be TENSOR",
     "store 'value' as TENSOR"),
    ("y = Softmax <axis = int64[1] {1}> (x)", "the attribute 'axis' of Softmax is TENSOR, but must be INT",
     "store 'axis' as INT"),
    ("y = Relu <slope = 1.0> (x)", "Relu has no attribute 'slope' at opset 13",
     "leave it out; Relu takes no attributes"),
    ("y = Elu <zzz = 1.0> (x)", "Elu has no attribute 'zzz' at opset 13", "leave it out; Elu takes alpha"),
    ("y = Elu <alhpa = 1.0> (x)", "Elu has no attribute 'alhpa' at opset 13", "did you mean 'alpha'?"),
    ("y = Sigmoid (i)", f"the input 'X' of Sigmoid is int64, but must be bfloat16 or {FLOATS}", "cast it"),
    ("y = Round (i)", f"the input 'X' of Round is int64, but must be {FLOATS}", "cast it"),
    ("y = Add (x, d)", "the inputs 'A' and 'B' of Add must be of one type, but are float32 and float64",
     "cast one of them")])
def test_what_is_told_of_a_violation(nodes, message, fix):
    text = f"g (float[N, 4] x, double[N, 4] d, int64[N, 4] i) => (y) {{ {nodes} }}"
    (one,) = found(f'<ir_version: 8, opset_import: ["" : 13]>\n{text}')
    assert (one.code, one.message, one.fix) == ("ONX002", message, fix)


def test_an_attribute_that_came_later_names_an_opset_that_has_it():
    (one,) = found('''<ir_version: 8, opset_import: ["" : 13]>
    g (float[N, 4] x, int64[1] s) => (y) { y = Reshape <allowzero = 1> (x, s) }''')
    opset = int(one.fix.removeprefix("import opset ").removesuffix(" or newer, or leave it out"))
    assert "allowzero" in onnx.defs.get_schema("Reshape", opset).attributes
    assert "allowzero" not in onnx.defs.get_schema("Reshape", 13).attributes


def test_how_many_more_types_are_allowed():
    (one,) = found("g (string[N, 4] x) => (y) { y = Relu (x) }")
    allowed = onnx.defs.get_schema("Relu", 17).type_constraints[0].allowed_type_strs
    assert one.message.endswith(f"float64 or {len(allowed) - 4} more at opset 17")


def test_a_constant_that_is_stored_sparsely():
    stored = helper.make_sparse_tensor(helper.make_tensor("v", 1, [1], [1.0]),
                                       helper.make_tensor("i", 7, [1], [2]), [4])
    graph = helper.make_graph([helper.make_node("Constant", [], ["y"], sparse_value=stored)], "g", [],
                              [helper.make_tensor_value_info("y", 1, [4])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    assert not archcheck.check(model, select=("ONX002",)).findings


def test_every_violation_is_told():
    (one,) = found("g (float[N, 4] x) => (float[N, 4] y) { y = Concat <axes = 1, into = 2> (x, x) }")
    for part in ("'axes'", "'into'", "'axis'"):
        assert part in one.message


def test_a_branch_that_is_never_taken_is_judged_too():
    text = """g (float[N, 4] x) => (float[N, 4] y) <bool c = {1}> {
        y = If (c) <then_branch = t () => (a) { a = Relu (x) }, else_branch = e () => (b) { b = Rleu (x, q) }>
    }"""
    one, two = sorted(found(text), key=lambda one: one.code)
    assert (one.code, two.code) == ("ONX004", "ONX007")
    assert two.fix == "did you mean Relu?"
    assert "else_branch > " in two.value


@pytest.mark.parametrize("path", sorted(DATA.glob("*.onnx.gz")), ids=lambda path: path.name)
def test_real_models_are_valid(path):
    findings = archcheck.check(path, archcheck.Settings(select=("ONX", "SEC", "GRA", "SIZ"))).findings
    assert [one.code for one in findings if one.severity != "advice"] == []


CHECKED = ("ONX002", "ONX003", "ONX004", "ONX005", "ONX006", "ONX007", "ONX008", "ONX009", "ONX013")


@pytest.mark.parametrize("code", CHECKED)
def test_the_checker_refuses_bad_examples_and_takes_good_ones(code):
    said = page(known()[code])
    assert said.bad
    for example in said.bad:
        assert refused(example.text)
    for example in said.good:
        checker.check_model(network(example), full_check=True)


@pytest.mark.parametrize("data", [
    b"", b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", b"<!DOCTYPE html><html></html>",
    b"PK\x03\x04" + bytes(40), b"\x08\x08\x3a\xff\xff"])
def test_what_is_no_model_is_one_finding(data):
    with pytest.raises(archcheck.LoadError) as caught:
        archcheck.check(data)
    (one,) = judge_failure(caught.value, "model.onnx", archcheck.Settings())
    assert (one.code, one.file, one.message) == ("ONX001", "model.onnx", str(caught.value))


# -------------------------------------------------------------------------------- one cause, one finding
def test_a_circle_is_one_finding():
    (one,) = found("g (float[N, 4] x) => (float[N, 4] y) "
                   "{ a = Add (x, d) b = Relu (a) d = Exp (b) e = Neg (d) y = Add (e, a) }")
    assert (one.code, one.node) == ("ONX005", "Add_0")
    assert "Add_0 → Relu_1 → Exp_2 → Add_0" in one.why


def test_a_value_that_many_read_is_one_finding():
    (one,) = found("g (float[N, 4] x) => (float[N, 4] y) "
                   "{ a = Add (x, lost) b = Mul (a, lost) y = Sub (b, lost) }")
    assert (one.code, one.places, one.value) == ("ONX004", 3, "lost")


def test_a_slip_in_a_name_is_guessed():
    (one,) = found("g (float[N, 4] xs) => (float[N, 4] y) { hidden = Relu (xs) y = Neg (hiden) }")
    assert (one.code, one.fix) == ("ONX004", "did you mean 'hidden'?")


@pytest.mark.parametrize(("others", "fix"), [
    (998, "did you mean 'hidden'?"), (999, "make the value, or read another one")])
def test_a_thousand_names_are_looked_through(others, fix):
    """The input is one of them."""
    nodes = " ".join(f"v{k} = Relu (x)" for k in range(others))
    (one,) = found(f"g (float[N, 4] x) => (float[N, 4] y) {{ {nodes} hidden = Relu (x) y = Neg (hiden) }}")
    assert (one.code, one.fix) == ("ONX004", fix)


def test_an_output_that_nothing_makes():
    (one,) = found("g (float[N, 4] x) => (float[N, 4] y, float[N, 4] z) { y = Relu (x) }")
    assert (one.code, one.value, one.node) == ("ONX004", "z", None)


def test_bodies_see_what_was_made_before_them_and_functions_see_nothing():
    text = """g (float[N, 4] x, bool c) => (float[N, 4] y) {
        seen = Neg (x)
        y = If (c) <then_branch = t () => (a) { a = Relu (seen) }, else_branch = e () => (b) { b = Exp (x) }>
    }"""
    assert not found(text)
    function = """<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
    g (float[N, 4] x) => (float[N, 4] y) { y = own.f (x) }
    <domain: "own", opset_import: ["" : 17]> f (a) => (b) { b = Add (a, x) }"""
    assert [one.code for one in found(function)] == ["ONX004"]


def test_a_value_that_hides_another():
    text = """g (float[N, 4] x, bool c) => (float[N, 4] y) {
        y = If (c) <then_branch = t () => (x) { x = Relu (x) }, else_branch = e () => (b) { b = Exp (x) }>
    }"""
    assert "ONX006" in [one.code for one in found(text)]


def test_a_closer_rule_speaks_in_place_of_the_general_one(monkeypatch):
    from archcheck.rules import RULES, Fault
    text = "g (float[N, 4] x, float[N, 5] z) => (float[N, 4] y) { y = Add (x, z) }"
    rule = RULES["ONX013"]

    def close(case):
        yield Fault("closer", site=case.sites[0], severity=severity)
    monkeypatch.setitem(RULES, "ONX013", rule._replace(function=close))
    severity = "error"
    assert [one.message for one in found(text)] == ["closer"]
    severity = "warning"
    assert [one.code for one in found(text)] == ["ONX009", "ONX013"]


# ---------------------------------------------------------------------------------------------- versions
@pytest.mark.parametrize(("opset", "severity"), [(6, "warning"), (7, "advice"), (12, "advice"), (13, None)])
def test_old_opsets(opset, severity):
    text = f"""<ir_version: 6, opset_import: ["" : {opset}]>
    g (float[N, 4] x) => (float[N, 4] y) {{ y = Relu (x) }}"""
    assert [one.severity for one in found(text, "ONX012")] == [severity] * (severity is not None)


def test_an_operator_that_came_later_names_its_opset():
    (one,) = found("g (float[N, 4] x) => (float[N, 4] y) { y = Gelu (x) }")
    assert "20" in one.message and "17" in one.message
    assert onnx.defs.get_schema("Gelu", 20).since_version == 20


def test_domains_that_are_not_imported_are_one_finding_each():
    text = """<ir_version: 8, opset_import: ["" : 17]> g (float[N, 4] x) => (float[N, 4] y)
    { a = com.microsoft.Gelu (x) b = com.microsoft.Gelu (a) y = ai.onnx.ml.Binarizer (b) }"""
    assert [(one.code, one.places) for one in found(text)] == [("ONX008", 2), ("ONX008", 1)]


NEWEST = onnx.defs.onnx_opset_version()
NEWEST_ML = max(schema.since_version for schema in onnx.defs.get_all_schemas_with_history()
                if schema.domain == "ai.onnx.ml")


@pytest.mark.parametrize(("call", "imported", "fix", "fixable"), [
    ("Relu", "foo", f"import ai.onnx, version {NEWEST} or older", "unsafe"),
    ("ai.onnx.ml.Binarizer", "", f"import ai.onnx.ml, version {NEWEST_ML} or older", "unsafe"),
    ("com.microsoft.Gelu", "", "import com.microsoft", "safe"),
    ("own.f", "", "import own", "safe"), ("other.f", "", "import other", "")])
def test_which_version_is_to_be_imported(call, imported, fix, fixable):
    """Of what has one version only there is no doubt."""
    text = f"""<ir_version: 8, opset_import: ["{imported}" : 17]> g (float[N, 4] x) => (float[N, 4] y)
    {{ y = {call} (x) }} <domain: "own", opset_import: ["" : 17]> f (a) => (b) {{ b = Relu (a) }}"""
    (one,) = [one for one in found(text) if one.code == "ONX008"]
    assert (one.fix, one.fixable) == (fix, fixable)


@pytest.mark.parametrize(("call", "domain"), [("Rleu", "ai.onnx"), ("ai.onnx.ml.Binariser", "ai.onnx.ml")])
def test_an_operator_that_a_domain_does_not_have(call, domain):
    (one,) = found(f"g (float[N, 4] x) => (float[N, 4] y) {{ y = {call} (x) }}")
    assert one.message == f"{call.rpartition('.')[2]} is no operator of {domain}"


@pytest.mark.parametrize(("text", "opset", "fixable"), [
    ("<int64[1, 1] i = {1}, float[1, 1] u = {1}> { y = Scatter (x, i, u) }", 11, "unsafe"),
    ("<float[2] s = {1, 2}> { y = Upsample (x, s) }", 10, "unsafe"),
    ("<float[2] s = {1, 1}> { y = GroupNormalization <num_groups = 2> (x, s, s) }", 18, "")])
def test_what_stands_in_place_of_a_deprecated_operator(text, opset, fixable):
    (one,) = found(f'<ir_version: 8, opset_import: ["" : {opset}]>\ng (float[N, 4] x) => (y) {text}')
    assert (one.code, one.fixable) == ("ONX013", fixable)
    assert onnx.defs.get_schema(one.op, opset).deprecated


def declaring(kind, shape):
    """A ReLU of x, float32 of N × 4, whose output is declared as told."""
    y = helper.make_tensor_value_info("y", kind, shape)
    x = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["N", 4])
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"], "relu")], "g", [x], [y])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize(("kind", "shape", "said"), [
    ("FLOAT", ["N", 5], "float32 of N × 5"), ("DOUBLE", [], "float64 of a single number"),
    ("INT64", None, "int64 of ?"), ("UNDEFINED", ["N", 5], "? of N × 5")])
def test_what_is_declared_and_what_comes(kind, shape, said):
    proto = declaring(onnx.TensorProto.DataType.Value(kind), shape)
    (one,) = archcheck.check(proto, select=("ONX009",)).findings
    assert one.message == f"{said} is declared, but float32 of N × 4 is what comes"
    assert (one.node, one.value) == ("relu", "y")


def test_an_input_that_is_declared_as_another_output():
    (one,) = found("g (float[N, 4] x) => (float[N, 4] y, float[N, 5] x) { y = Relu (x) }", ignore=("GRA",))
    assert (one.code, one.node, one.value) == ("ONX009", None, "x")


def test_operators_of_a_runtime_that_are_not_known_are_advice():
    text = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
    g (float[N, 4] x) => (float[N, 4] y) { y = com.microsoft.NoSuch (x) }"""
    assert [(one.code, one.severity) for one in found(text)] == [("ONX007", "advice")]


def test_weights_as_inputs_are_counted():
    text = """<ir_version: 4, opset_import: ["" : 17]>
    g (float[N, 4] x, float[4] w = {1, 2, 3, 4}, float[4] v = {1, 2, 3, 4}) => (float[N, 4] y)
    { a = Add (x, w) y = Add (a, v) }"""
    (one,) = found(text)
    assert (one.code, one.message) == ("ONX014", "2 weights are listed as inputs too")
    assert not found(text.replace("ir_version: 4", "ir_version: 3"))


def test_unnamed_nodes_are_counted_in_bodies_too():
    body = helper.make_graph([helper.make_node("Relu", ["x"], ["b"])], "b", [],
                             [helper.make_tensor_value_info("b", 1, None)])
    node = helper.make_node("If", ["c"], ["y"], "choice", then_branch=body, else_branch=body)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", 1, ["N"]),
                                            helper.make_tensor_value_info("c", 9, [])],
                              [helper.make_tensor_value_info("y", 1, ["N"])])
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (one,) = archcheck.check(proto, archcheck.Settings(select=("ONX016",))).findings
    assert one.message == "2 of 3 nodes have no name"


def test_examples_are_found_by_their_own_rule_only_when_asked():
    for code in ("ONX012", "ONX016"):
        assert codes(page(known()[code]).bad[0]) == []
