"""What runtimes take: the tables against ONNX Runtime itself, and nodes on both sides of each limit."""
from __future__ import annotations

import onnx
import pytest
from onnx import parser

from archcheck.errors import UserError
from archcheck.rules.targets import RUNTIMES, canonical, limits, runtime_target
from archcheck.rules.targets._operators import CPU_LACKS
from tests.rules._judged import found

HEAD = '<ir_version: 8, opset_import: ["" : 17]> g '
NUMPY = {"float64": "double", "float32": "float"}


def net(body, head=HEAD):
    return parser.parse_model(head + body)


def codes(body, target, *select, head=HEAD):
    findings = found(net(body, head), *(select or ("RTM",)), targets=(target,))
    return [(one.code, one.severity) for one in findings]


# ------------------------------------------------------------------------------------------------ versions
@pytest.mark.parametrize(("target", "ir", "opset"), [
    # https://onnxruntime.ai/docs/reference/compatibility.html
    ("onnxruntime==1.2", 6, 11), ("ort==1.5", 7, 12), ("ort==1.6.0", 7, 13), ("ort==1.8", 7, 14),
    ("ort==1.9", 8, 15),
    ("ort==1.11", 8, 16), ("ort==1.12", 8, 17), ("ort==1.14.1", 8, 18), ("ort==1.15", 8, 19),
    ("ort==1.16", 9, 19),
    ("ort==1.17.3", 9, 20), ("ort==1.18", 10, 21), ("ort==1.20", 10, 21),
    # tried
    ("ort==1.19.2", 10, 21), ("ort==1.21.1", 10, 22), ("ort==1.22.1", 10, 22), ("ort==1.23.2", 11, 23),
    ("ort==1.24.4", 13, 25), ("ort==1.25.1", 13, 26), ("ort==1.31.1", 13, 26), ("ort==1.32.0", 14, 28),
    ("ort", 14, 28), ("onnxruntime-coreml==1.17", 9, 20),
    # docs/operators.md of its parser, by release; what is between two knows no more than the newer
    ("tensorrt==8.6", None, 17), ("trt==8.5", None, 17), ("trt==10.3", None, 24), ("trt==10.15.1", None, 24),
    ("trt==11.5", None, 25), ("openvino==2025.0", None, None), ("fp16", None, None), ("int8", None, None)])
def test_limits_by_version(target, ir, opset):
    assert limits(target)[:2] == (ir, opset)


@pytest.mark.parametrize(("target", "message"), [
    ("onnxruntim", "did you mean 'onnxruntime'"), ("tvm", "there are onnxruntime, cuda, .*int8"),
    ("ort==1.99", "the newest known is 1.32"), ("ort==new", "no version such as 1.17"),
    ("ort==one", "no version"),
    ("ort==", "no version"), ("fp16==2.0", "no limits are known for fp16 2.0"),
    ("trt==1.17.0.0.0", "no version")])
def test_targets_that_are_none(target, message):
    for read in (limits, canonical):
        with pytest.raises(UserError, match=message):
            read(target)


def test_short_names_stand_for_long_ones():
    assert canonical("trt==10.3") == "tensorrt==10.3"
    assert canonical("onnxruntime-webnn") == "webnn"
    assert runtime_target("int8") is None


@pytest.mark.parametrize("opset", [20, 21])
def test_formats_are_held_against_versions(opset):
    head = f'<ir_version: 9, opset_import: ["" : {opset}]> g '
    assert codes("(float[N] x) => (float[N] y) { y = Relu (x) }", "ort==1.17", "ONX011", head=head) == [
        ("ONX011", "error")] * (opset > 20)
    assert codes("(float[N] x) => (float[N] y) { y = Relu (x) }", "fp16", "ONX011", head=head) == []


def test_this_runtime_is_as_its_row_says():
    """The newest row, by loading what it says and one more."""
    ort = pytest.importorskip("onnxruntime")
    here = limits(f"ort=={'.'.join(ort.__version__.split('.')[:2])}")
    ort.set_default_logger_severity(4)

    def loads(ir, opset):
        model = net("(float[N] x) => (float[N] y) { y = Relu (x) }",
                    f'<ir_version: {ir}, opset_import: ["" : {opset}]> g ')
        try:
            ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        except Exception:
            return False
        return True
    assert loads(here.ir, 17)
    assert not loads(here.ir + 1, 17)
    assert loads(8, here.opset)
    assert not loads(8, here.opset + 1)


# ------------------------------------------------------------------------------------------------ kernels
def kernels():
    """The types that the installed runtime has kernels for, by operator: of the first input, in any opset."""
    state = pytest.importorskip("onnxruntime.capi.onnxruntime_pybind11_state")
    made = {}
    for known in state.get_all_opkernel_def():
        if not known.domain and known.provider == "CPUExecutionProvider":
            made.setdefault(known.op_name, []).append(known.type_constraints)
    return made


def test_types_that_the_cpu_lacks_have_no_kernel():
    made = kernels()
    for dtype, names in CPU_LACKS.items():
        for name in names.split():
            schema = onnx.defs.get_schema(name)
            kinds = [one for constraints in made[name] for one in constraints[schema.inputs[0].type_str]]
            assert f"tensor({NUMPY.get(dtype, dtype)})" not in kinds, (name, dtype)


def test_no_double_that_the_cpu_lacks_is_left_out():
    lacking = set()
    for name, known in kernels().items():
        if onnx.defs.has(name) and onnx.defs.get_schema(name).inputs:
            schema = onnx.defs.get_schema(name)
            kind = schema.inputs[0].type_str
            allowed = next((one.allowed_type_strs for one in schema.type_constraints
                            if one.type_param_str == kind), ())
            is_function = schema.has_function or schema.has_context_dependent_function
            if "tensor(double)" in allowed and not is_function and not any(
                    "tensor(double)" in constraints.get(kind, ["tensor(double)"]) for constraints in known):
                lacking.add(name)
    assert lacking - {"Col2Im", "Upsample"} == set(CPU_LACKS["float64"].split())


CONV = "(float[1, 1, 4, 4] x, float[1, 1, 1, 1] w) => (float[1, 1, 4, 4] y) { y = Conv (x, w) }"


@pytest.mark.parametrize(("body", "codes_"), [
    (CONV.replace("float", "double"), ["RTM102"]),
    (CONV, []),
    ("(double[4] x) => (double[4] y) { y = Erf (x) }", ["RTM102"]),
    ("(double[4] x) => (double[4] y) { y = Exp (x) }", []),
    ("(double[1, 1, 4] x) => (double[1, 1, 1] y) { y = GlobalAveragePool (x) }", ["RTM102"]),
    ("(float16[4] x) => (float16[4] y) { y = Erf (x) }", []),
    ("(int32[4, 4] x) => (int32[4, 4] y) { y = Gemm (x, x) }", ["RTM102"]),
    ("(int16[4] x) => (int64[1, n] y) { y = NonZero (x) }", ["RTM102"])])
def test_a_missing_kernel_stops_the_runtime(body, codes_):
    """What is said not to be loaded is not, and what is silent is."""
    assert [code for code, _ in codes(body, "ort")] == codes_
    ort = pytest.importorskip("onnxruntime")
    ort.set_default_logger_severity(4)
    content = net(body).SerializeToString()
    if codes_:
        with pytest.raises(Exception, match="NOT_IMPLEMENTED"):
            ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    else:
        ort.InferenceSession(content, providers=["CPUExecutionProvider"])


# ------------------------------------------------------------------------------------------------ operators
@pytest.mark.parametrize(("version", "has"), [("8.5", False), ("8.6", True), ("10.15", True), ("", True)])
def test_operators_come_with_versions(version, has):
    target = runtime_target(f"tensorrt=={version}" if version else "tensorrt")
    assert target.lacks("LayerNormalization", 17) is not has
    assert target.lacks("Unique", 17)
    assert not target.lacks("Conv", 17)


def test_functions_that_are_taken_apart_are_not_judged():
    """No kernel for them is registered; their parts are asked for instead."""
    from archcheck.rules.targets._operators import EXPANDED
    assert EXPANDED.isdisjoint(kernels())
    schemas = [onnx.defs.get_schema(op) for op in EXPANDED]
    assert all(one.has_function or one.has_context_dependent_function for one in schemas)
    assert not runtime_target("webgpu").lacks("HardSwish", 17)


def test_operators_end_with_opsets():
    target = runtime_target("webgpu")
    assert not target.lacks("GridSample", 19)
    assert target.lacks("GridSample", 20)
    assert target.lacks("Trilu", 17)


@pytest.mark.parametrize(("target", "severity"), [("webgpu", "advice"), ("coreml", "advice"),
("openvino", "warning"),
                                                  ("tensorrt", "warning"), ("tflite", None), ("ort", None)])
def test_what_is_run_elsewhere_is_advice(target, severity):
    wanted = [("RTM101", severity)] if severity else []
    assert codes("(float[N, 4, 4] x) => (float[N] y) { y = Det (x) }", target, "RTM101") == wanted


def test_what_follows_from_constants_or_shapes_is_not_meant():
    body = """(float[N, 4] x) => (float[N, 4] y) <float[2, 2] c = {1, 2, 3, 4}>
    { s = Shape (x) r = Cast <to = 1> (s) n = Size (x) d = Det (c) k = Identity (x) y = Add (k, d) }"""
    assert codes(body, "webnn", "RTM101") == []
    assert codes("(float[N, 4] x) => (int64 y) { y = Size (x) }", "webnn", "RTM101") == []
    body = "(float[N, 2, 2] x) => (float[N] y) { y = Det (x) }"
    assert codes(body, "webnn", "RTM101") == [("RTM101", "advice")]


def test_operators_of_other_domains_and_targets_that_are_no_runtimes_are_not_judged():
    head = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]> g '
    body = "(float[N] x) => (float[N] y) { y = com.microsoft.Gelu (x) }"
    assert codes(body, "coreml", "RTM101", head=head) == []
    assert codes("(float[N, 4, 4] x) => (float[N] y) { y = Det (x) }", "fp16") == []


# ------------------------------------------------------------------------------------------------ conditions
POOL = "(float[1, 3, {0}] x) => (float[1, 3, {1}] y) {{ y = MaxPool <kernel_shape = [{2}]{3}> (x) }}"
SCALES = """(float[1, 3, 8, 8] x) => (float[1, 3, 16, 16] y)
    <float[4] s = {1, 1, 2, 2}> { y = Resize <%s> (x, , s) }"""
TOP = "(float[1, 4] x, int64[1] k) => (float[1, n] y, int64[1, n] i) { y, i = TopK (x, k) }"
UNSORTED = """(float[1, 4] x) => (float[1, 2] y, int64[1, 2] i) <int64[1] k = {2}>
    { y, i = TopK <sorted = 0> (x, k) }"""
NORM = "(float[N, 4] x) => (float[N, 4] y%s) <float[4] s = {1, 1, 1, 1}> { y, m = LayerNormalization (x, s) }"
QUANTIZE = "(float[N] x) => (uint8[N] y) <float s = {0.5}, uint8 z = {%d}> { y = QuantizeLinear (x, s, z) }"
BACK = "(int8[N] x) => (float[N] y) <float s = {0.5}, int8 z = {%d}> { y = DequantizeLinear (x, s, z) }"
REDUCE = "(float[4, 6] x%s) => (float[4, 1] y) %s { y = ReduceSum (x, axes) }"
SPLIT = "(float[4, 6] x, int64[2] s) => (float[1, 6] y, float[3, 6] z) { y, z = Split <axis = 0> (x, s) }"
CASES = [
    ("trt", POOL.format("8", "7", "2", ""), "RTM103"),
    ("trt", POOL.format("8, 8", "7, 7", "2, 2", ""), None),
    ("trt", POOL.format("8, 8, 8", "7, 7, 7", "2, 2, 2", ""), None),
    ("trt", POOL.format("4, 4, 4, 4", "3, 3, 3, 3", "2, 2, 2, 2", ""), "RTM103"),
    ("webnn", POOL.format("8, 8, 8", "7, 7, 7", "2, 2, 2", ""), "RTM103"),
    ("webnn", POOL.format("8, 8", "7, 7", "2, 2", ""), None),
    ("coreml", POOL.format("8, 8, 8", "7, 7, 7", "2, 2, 2", ""), "RTM103"),
    ("webgpu", POOL.format("8, 8, 8", "7, 7, 7", "2, 2, 2", ""), None),
    ("coreml", POOL.format("8, 8", "4, 4", "3, 3", ", strides = [2, 2], ceil_mode = 1"), "RTM105"),
    ("coreml", POOL.format("8, 8", "3, 3", "3, 3", ", strides = [2, 2], ceil_mode = 0"), None),
    ("trt", POOL.format("8, 8", "4, 4", "3, 3", ", strides = [2, 2], ceil_mode = 1"), None),
    ("trt", POOL.format("8, 8", "4, 4", "3, 3", ", dilations = [1, 2]"), "RTM108"),
    ("trt", POOL.format("8, 8", "6, 6", "3, 3", ", dilations = [1, 1]"), None),
    ("trt", SCALES % 'mode = "cubic"', "RTM104"), ("trt", SCALES % 'mode = "linear"', None),
    ("trt", SCALES % "antialias = 0", None),
    ("trt", SCALES % 'coordinate_transformation_mode = "asymmetric"', None),
    ("webnn", SCALES % 'mode = "cubic"', "RTM104"), ("webnn", SCALES % "exclude_outside = 0", None),
    ("webnn", SCALES % 'mode = "linear", exclude_outside = 1', "RTM104"),
    ("trt", REDUCE % (", int64[1] axes", ""), "RTM107"),
    ("trt", REDUCE % ("", "<int64[1] axes = {1}>"), None),
    ("webnn", SPLIT, "RTM107"), ("trt", SPLIT, None),
    ("webnn", "(float[N, 6] x) => (float[a, b] y) { s = Shape (x) y = Reshape (x, s) }", "RTM107"),
    ("webnn", "(float[4, 6] x) => (float[4, 6] y) { s = Shape (x) y = Reshape (x, s) }", None),
    ("trt", TOP, None), ("trt==8.5", TOP, "RTM107"), ("trt", UNSORTED, "RTM108"),
    ("trt", NORM % "", None), ("trt", NORM % ", float[N, 1] m", "RTM109"),
    ("trt", QUANTIZE % 128, "RTM110"), ("trt", QUANTIZE % 0, None),
    ("trt", BACK % -1, "RTM110"), ("trt", BACK % 0, None),
    ("trt", "(float[N] x) => (uint8[N] y) <float s = {0.5}> { y = QuantizeLinear (x, s) }", None),
]


@pytest.mark.parametrize(("target", "body", "code"), CASES)
def test_conditions_at_their_borders(target, body, code):
    assert [one for one, _ in codes(body, target)] == ([code] if code else [])


def test_an_input_of_unknown_rank_is_not_judged():
    assert codes("(float x_) => (float y) { y = MaxPool <kernel_shape = [2, 2]> (nowhere) }", "trt") == []


def test_several_targets_are_several_findings_of_one_node():
    one = net("(float[N, 4, 4] x) => (float[N] y) { y = Det (x) }")
    said = [finding.message for finding in found(one, "RTM", targets=("webgpu", "trt==10.3"))]
    assert sorted(said) == ["trt==10.3 has no Det", "webgpu has no Det"]


def test_every_fact_says_where_it_is_from():
    for name, runtime in RUNTIMES.items():
        assert runtime.source, name
        assert all(row.source for row in runtime.versions.values())
        assert all(clause.source and clause.says for clause in runtime.clauses)
        rows = [tuple(map(int, row.split("."))) for row in runtime.versions]
        assert rows == sorted(rows)
        for clause in runtime.clauses:
            assert all(onnx.defs.has(op) for op in clause.ops), clause.ops
        for op in (*(runtime.operators or ()), *runtime.lacks):
            assert onnx.defs.has(op) or op in ("SimplifiedLayerNormalization", "Scatter", "Upsample"), op


def test_a_body_reads_what_is_fixed_outside():
    body = """(bool c, float[4, 6] x) => (float[4, 1] y) <int64[1] axes = {1}> { y = If (c)
    <then_branch = a () => (float[4, 1] p) { p = ReduceSum (x, axes) },
     else_branch = b () => (float[4, 1] q) { q = ReduceSum (x, axes) }> }"""
    assert codes(body, "trt") == []


def test_settings_have_names_in_full():
    from archcheck.config._readers import targets
    assert targets("trt==8.5", "") == ("tensorrt==8.5",)
    assert targets(["fp16", "ort"], "") == ("fp16", "onnxruntime")
