"""The summary's texts: numbers, formulas at a glance, and tables that keep to a width."""
from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper, parser

from archcheck import analyze, evaluate
from archcheck.dims import ceildiv, maximum, minimum, symbol
from archcheck.reporters import rough
from archcheck.reporters.facts import facts
from archcheck.reporters.records import render_csv
from archcheck.reporters.summary import View, rows
from archcheck.reporters.table import COLUMNS, laid_out, render_plain, render_terminal
from archcheck.reporters.text import Script, compact, shortened_shape

DATA = Path(__file__).parent / "data"
N, H, W = map(symbol, "NHW")
SCRIPT = Script(names={name: name for name in ("N", "H", "W")})


@pytest.mark.parametrize(("number", "text"), [
    (0, "0"), (9_999, "9,999"), (10_000, "10.00 k"), (999_949, "999.9 k"), (999_950, "1.00 M"),
    (25_557_032, "25.56 M"), (4_089_184_256, "4.09 G"), (10 ** 18, "1.00 E"), (36.75, "36.75"),
    (1234.5, "1,234"), (0.000244140625, "0.0002441"),
    (3 * 10 ** 21, "3.00e+21"), (1 << 1200, "2^1200 or more"),
])
def test_compact_numbers(number: float, text: str):
    assert compact(number) == text


@pytest.mark.parametrize(("size", "text"), [
    (32 * N * ceildiv(H, 2) * ceildiv(W, 2), "≈ 8·N·H·W"),
    (1152 * N * H * (H + 384), "N·H·(1,152·H + 442.4 k)"),
    (N * (ceildiv(H, 32) * 64 + 2_050_000), "≈ N·(2·H + 2.05 M)"),
    (N * H * H, "N·H²"),
    (maximum(H - 3, 1) * 5, "≈ 5·H - 15"),
    (minimum(H, 512) * 5, ""),
    (N // H, ""),
])
def test_formulas_at_a_glance(size: object, text: str):
    assert SCRIPT.rough(size) == text


def test_symbols_stand_in_the_order_of_the_inputs():
    script = Script(names={name: name for name in ("z", "y", "x")})
    z, y, x = map(symbol, "zyx")
    assert script.exact(3 * x * y * ceildiv(z, 2)) == "3·⌈z/2⌉·y·x"
    assert script.depends(x + z * y) == "f(z, y, x)"
    assert script.rough(1000 * x * z) == "1,000·z·x"


sizes = st.recursive(
    st.sampled_from([N, H, W]) | st.integers(1, 50),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
        st.tuples(inner, st.integers(2, 9)).map(lambda pair: pair[0] // pair[1])), max_leaves=6)


@settings(max_examples=150, deadline=None)
@given(sizes)
def test_a_formula_at_a_glance_is_close_where_the_symbols_are_large(size: object):
    """Within a thousandth at a million, with the coefficients unrounded."""
    if isinstance(size, int):
        return
    values = {"N": 10 ** 6, "H": 10 ** 6 + 3, "W": 10 ** 6 - 7}
    about = 0.0
    for names, value in rough.polynomial(size).items():
        for name in names:
            value *= values[name]
        about += value
    exact = evaluate(size, values)
    assert abs(about - exact) <= 0.001 * exact + 64


@pytest.mark.parametrize(("text", "width", "short"), [
    ("1 × 64 × 56 × 56", 16, "1 × 64 × 56 × 56"),
    ("N × 64 × ⌈H/32⌉ × ⌈W/32⌉", 16, "N × 64 × … × …"),
    ("N × 64 × ⌈Height/32⌉ × W", 16, "N × 64 × … × W"),
    ("1 × 3 × 128 × 160", 15, "1 × … × 160"),
])
def test_shapes_lose_whole_sizes(text: str, width: int, short: str):
    assert shortened_shape(text, width, "…", " × ") == short


# ----------------------------------------------------------------------------------------------- whole tables
def dynamic(batch: str = "batch_size", extra: str = "") -> ModelProto:
    model = parser.parse_model(f'''<ir_version: 9, opset_import: ["" : 18, "com.acme" : 1]>
        net (float[{batch},3,height,width] image) => (float[a,b,c,d] y) {{
            ["/stem/convolution/Conv"] h = Conv<strides=[2,2], pads=[1,1,1,1]>(image, k)
            ["/stem/a_rather_long_name_for_a_layer/Relu"] r = Relu(h)
            ["/body/with/many/levels/of/modules/Conv"] y = Conv<strides=[2,2], pads=[1,1,1,1]>(r, l)
            {extra}
        }}''')
    for name, shape in (("k", (8, 3, 3, 3)), ("l", (8, 8, 3, 3))):
        values = [0.5] * (shape[1] * 72)
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, shape, values))
    return model


def script_of(report: object) -> Script:
    return Script(names={name: name for name in report.symbols})


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
@pytest.mark.parametrize("source", [dynamic(), "onnx:light_inception_v1", str(DATA / "t5_dynamo.onnx.gz")],
                         ids=["dynamic", "inception", "t5"])
def test_tables_keep_to_the_width_and_never_cut_a_number(source: object, width: int):
    report = analyze(source)
    view, found = View(), rows(report, View())
    table = laid_out(found, view, script_of(report), width)
    assert max(map(len, table.lines())) <= width
    for k, name in enumerate(table.columns):
        if not COLUMNS[name].least:
            assert table.widths[k] == max(len(row[k]) for row in table.texts)


def test_long_symbols_get_short_names_and_a_legend():
    report = analyze(dynamic())
    out = render_terminal(report, View(), script_of(report), 80, colour=False)
    assert "b×8×⌈h/2⌉×⌈w/2⌉" in out
    assert "b = batch_size, h = height, w = width" in out
    assert "batch_size × 8" in render_plain(report, View(), script_of(report))


def test_short_names_never_clash():
    report = analyze(dynamic(batch="hat"))
    out = render_terminal(report, View(), script_of(report), 60, colour=False)
    line = next(line for line in out.splitlines() if line.startswith("symbols"))
    legend = dict(reversed(pair.split(" = ")) for pair in line.split("  ", 1)[1].split(", "))
    assert len(set(legend.values()) | {"hat"}) == len(legend) + 1


def test_partly_counted_is_at_least():
    report = analyze(dynamic(extra='["/body/odd/Mystery"] z = com.acme.Mystery(y)'))
    out = render_plain(report, View(depth=1), script_of(report))
    body = next(line for line in out.splitlines() if line.startswith("body"))
    assert "≳ " in body
    assert dict(facts(report, script_of(report)))["MACs"].startswith("≳ ")


def test_the_example_is_what_binding_gives():
    report = analyze(dynamic())
    hint = dict(facts(report, script_of(report)))["sizes"]
    assert hint.startswith("--set batch_size=1 --set height=224 --set width=224")
    bound = analyze(dynamic(), {"batch_size": 1, "height": 224, "width": 224})
    assert hint.endswith(f"{compact(bound.macs)} MACs")


def test_shares_are_shown_only_where_they_hold_at_every_size():
    """With height and width free, and roundings between them, no part is the same at every size."""
    report = analyze(dynamic())
    assert not any(row.share for row in rows(report, View(depth=3)) if row.macs != report.macs)
    bound = analyze(dynamic(), {"height": 32, "width": 32})
    assert sum(row.share or 0 for row in rows(bound, View(depth=1))) == pytest.approx(1)


@pytest.mark.parametrize("source", ["onnx:light_resnet50", str(DATA / "t5_dynamo.onnx.gz")])
def test_flops_of_a_table_add_up(source: str):
    """Where the column is asked for, nodes without rows have one in common."""
    report = analyze(source)
    for depth in (1, 2):
        text = render_csv(report, View(depth=depth, columns=("name", "flops")))
        top = [row for row in csv.DictReader(io.StringIO(text)) if row["level"] == "0"]
        values = dict.fromkeys(report.symbols, 7)
        total = sum(eval(row["flops"], {"Max": max, "Min": min, **values}) for row in top)
        assert total == evaluate(report.flops, values)


def test_names_cannot_command_a_terminal():
    model = dynamic()
    model.graph.node[1].name = "red\x1b[31m\n\x07"
    report = analyze(model)
    shown = render_terminal(report, View(), SCRIPT, 80, colour=False)
    for out in (render_plain(report, View(), SCRIPT), shown):
        assert "\x1b" not in out
        assert "\x07" not in out
        assert "\\x07" in out


def test_very_long_names_do_not_widen_every_row():
    model = dynamic()
    model.graph.node[1].name = "n" * 100_000
    report = analyze(model)
    assert len(render_plain(report, View(everything=True), script_of(report))) < 20_000
    render_terminal(report, View(), script_of(report), 80, colour=True)


def test_a_sum_in_a_shape_is_in_brackets():
    n = symbol("N")
    shape = (n, n + 1, 3, n - 1, ceildiv(n, 2), maximum(n - 1, 0), n * n + n)
    assert Script().shape(shape) == "N × (N + 1) × 3 × (N − 1) × ⌈N/2⌉ × max(N − 1, 0) × N·(N + 1)"
    assert Script(ascii=True).shape((n + 1, n - 1)) == "(N + 1) x (N - 1)"
