"""Sweeps: against published tables, against each variant analyzed alone, and against brute force."""
from __future__ import annotations

import csv
import io
import itertools
import json
import random
import re
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archcheck
from archcheck.errors import UserError
from archcheck.sweeping import Axis, Plan, SweepError, axis, sweep
from archcheck.sweeping.arithmetic import evaluated, expression, tidied
from archcheck.sweeping.axes import whole
from archcheck.sweeping.target import scaled, target
from archcheck.sweeping.variants import Variants
from tests.test_cli import ends

PAGE = (Path(__file__).parents[1] / "docs" / "sweep.md").read_text(encoding="utf-8")


def table(variants: Variants) -> list[dict[str, object]]:
    """The rows as dictionaries of Python values."""
    columns = {name: column.tolist() for name, column in variants.columns.items()}
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def varied(model: str | bytes | Path, *texts: str, **more: object) -> Variants:
    return sweep(Plan(str(model) if isinstance(model, Path) else model, tuple(map(axis, texts)), **more))


# ------------------------------------------------------------------------------------------------ published
WIDTHS = {Fraction(1): (569, "4.2"), Fraction(3, 4): (325, "2.6"), Fraction(1, 2): (149, "1.3"),
          Fraction(1, 4): (41, "0.5")}
"""Howard et al. 2017, Table 6: millions of multiply-adds and of parameters, both rounded."""
RESOLUTIONS = {224: 568, 192: 418, 160: 290, 128: 186}
"""Table 7, which cuts off: it prints 569 for 224, taken over from Table 6."""


def test_mobilenets_tables():
    rows = table(varied("specs:mobilenet_v1", "width=0.25:1:0.25", "H,W=128:224:32"))
    assert len(rows) == 16
    at = {(row["width"], row["H"]): row for row in rows}
    for width, (millions, parameters) in WIDTHS.items():
        row = at[width, 224]
        # rounded halves up, as the paper does 149.497 and 41.03
        assert round(row["macs"] / 1e6) == millions
        assert f"{row['params'] / 1e6:.1f}" == parameters
    for size, millions in RESOLUTIONS.items():
        assert at[1, size]["macs"] // 10**6 == millions
        assert at[1, size]["params"] == at[1, 224]["params"]


TORCHVISION = (5_288_548, 7_794_184, 9_109_994, 12_233_232, 19_341_616, 30_389_784, 43_040_704, 66_347_960)
"""Parameters of efficientnet_b0 … b7, as torchvision documents them; below its GFLOPS (of multiply-adds),
but for b2, which it documents at another resolution."""
GIGA = (0.39, 0.69, None, 1.83, 4.39, 10.27, 19.07, 37.75)


@pytest.fixture(scope="module")
def efficientnet() -> bytes:
    return re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0].encode()


def numbers(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"\d{1,3}(?:,\d{3})+", text)]


def test_efficientnets_are_torchvisions_and_those_of_the_page(efficientnet):
    axes = re.findall(r"--vary (\S+)", PAGE.split("The eight networks")[1])[:3]
    rows = table(varied(efficientnet, *axes, together=True, wanted=("params", "macs")))
    assert tuple(row["params"] for row in rows) == TORCHVISION
    for row, giga in zip(rows, GIGA, strict=True):
        assert giga is None or round(row["macs"] / 1e9, 2) == giga
    shown = re.findall(r"^\| B\d .*$", PAGE, re.MULTILINE)
    assert [numbers(line) for line in shown] == [[row["params"], row["macs"]] for row in rows]


def test_compound_scaling_is_that_of_the_page(efficientnet):
    formulas = [tuple(text.split("=", 1)) for text in re.findall(r"--bind '(.+?)'", PAGE)[-4:]]
    rows = table(varied(efficientnet, "phi=0:4", formulas=tuple(formulas), wanted=("params", "macs")))
    shown = re.findall(r"^\| \d \|.*$", PAGE, re.MULTILINE)
    assert [numbers(line) for line in shown] == [[row["params"], row["macs"]] for row in rows]
    times = [f"{b['macs'] / a['macs']:.2f}" for a, b in itertools.pairwise(rows)]
    assert [line.split("|")[-2].strip() for line in shown] == ["", *times]
    assert [row["H"] for row in rows] == [round(224 * 1.15 ** k) for k in range(5)]


# ------------------------------------------------------------------------------------------------ one by one
def alone(model: str | bytes, values: dict[str, object], wanted: tuple[str, ...]) -> list[int] | None:
    """The figures of one variant, analyzed with numbers only; None where it cannot run."""
    try:
        report = archcheck.analyze(model, values)
    except UserError:
        return None
    if report.failures:
        return None
    found = {"params": report.params, "macs": report.macs, "flops": report.flops,
             "memory": report.memory.to_run, "activations": report.memory.activations}
    return [found[name] for name in wanted]


NETS = {
    "valid-only": ("""
params: {F: 8, k: 3, deep: 1, bias: yes}
input: N=1 x 3 x H=32 x W=32
layers:
- conv F kxk /2 bias=bias -> relu
- (conv 2*F 3x3 -> relu)*deep -> maxpool 2x2 -> gap -> fc 10
""", ["H=0:40:5", "W=5,40", "F=1,4", "k=1,9", "deep=0,2", "bias=yes,no"]),
    "equal sizes": ("""
input: N=1 x 8 x H=32 x W=32
layers:
- mul: [transpose 0 1 3 2, pass]
- conv 4 3x3 same
""", ["H=1:6", "W=1:6"]),
    "up and down": ("""
params: {w: 1}
input: N=1 x 3 x H=32 x W=32
layers:
- conv 8*w 3x3 same -> relu as top
- maxpool 2x2 -> conv 16*w 3x3 same -> relu -> upsample 2 -> concat top -> conv 2 1x1
""", ["w=0.25,0.3,1,2", "H=14:20", "W=16,17"]),
    "flat": ("""
params: {units: 10}
input: N=1 x 3 x H=8 x W=8
layers: conv 4 3x3 -> relu -> flatten -> fc units -> softmax
""", ["N=1,3", "H=1:9", "W=3,8", "units=1,5"]),
}
COUNTED = ("params", "macs", "flops", "memory", "activations")


@pytest.mark.parametrize("name", NETS)
def test_rows_are_those_of_single_runs(name):
    text, axes = NETS[name]
    variants = varied(text.encode(), *axes, wanted=COUNTED)
    graph = archcheck.load(text.encode())
    names = [one.names[0] for one in map(axis, axes)]
    open_ = {size: archcheck.symbol(size) for size in ("H", "W") if size in names}
    for row, error in zip(table(variants), variants.errors):
        values = {key: row[key] for key in names}
        expected = alone(graph, values, COUNTED)
        if expected is not None and open_:
            validity = archcheck.analyze(graph, {**values, **open_}).valid
            sizes = {size: values.get(size, 32) for size in open_}
            expected = expected if validity.holds(sizes) else None
        assert (error is None) == (expected is not None), (values, error)
        assert [row[key] for key in COUNTED] == (expected or [None] * len(COUNTED)), values
    assert any(error is None for error in variants.errors)


def test_sizes_and_whole_parameters_are_opened_and_what_changes_the_structure_is_not():
    text, axes = NETS["valid-only"]
    variants = varied(text.encode(), *axes)
    assert variants.opened == ("H", "W", "F", "k")
    assert variants.analyses == 4  # two depths, two switches
    assert varied(NETS["up and down"][0].encode(), "w=0.5,1", "H=16:20").opened == ("H",)


def test_the_first_row_need_not_run():
    variants = varied("specs:mobilenet_v1", "width=0.3,0.5", "H,W=0:320:8", wanted=("macs",))
    assert variants.opened == ("H", "W")
    assert variants.analyses == 2
    assert set(variants.errors[:41]) == {variants.errors[0]}
    assert "width*32" in variants.errors[0] and variants.errors[41] is not None


def test_symbols_of_a_file(tmp_path):
    path = tmp_path / "net.onnx"
    archcheck.export(NETS["up and down"][0].encode(), path, {"H": archcheck.symbol("H"),
                                                             "W": archcheck.symbol("W")})
    rows = table(varied(path, "H=8,9,64", "W=8", wanted=("macs",)))
    taps = [8 * 27 + (8 * 16 * 9) // 4 + 2 * 24] * 2  # each position has 8 filters on 3 channels, and so on
    assert [row["macs"] for row in rows] == [8 * 8 * taps[0], None, 64 * 8 * taps[1]]


def test_shapes_fields_and_strides():
    net = b"input: 1 x 1 x H=9 x 9\nlayers: conv 2 3x3 as a -> maxpool 2x2 as b -> gap"
    variants = varied(net, "H=9,20", wanted=("a", "b", "field(b)", "stride(b)", "field"))
    assert table(variants) == [
        {"H": 9, "a[0]": 1, "a[1]": 2, "a[2]": 7, "a[3]": 7, "b[0]": 1, "b[1]": 2, "b[2]": 3, "b[3]": 3,
         "field(b)": 4, "stride(b)": 2, "field": 8},
        {"H": 20, "a[0]": 1, "a[1]": 2, "a[2]": 18, "a[3]": 7, "b[0]": 1, "b[1]": 2, "b[2]": 9, "b[3]": 3,
         "field(b)": 4, "stride(b)": 2, "field": 20}]


def test_numbers_beyond_64_bits_stay_exact():
    net = b"params: {F: 1}\ninput: 1 x F\nlayers: dense F bias=no -> dense F bias=no"
    sizes = [3, 10**6, 4 * 10**9, 9 * 10**11]
    variants = varied(net, "F=" + ",".join(map(str, sizes)), wanted=("params", "macs"))
    assert [row["params"] for row in table(variants)] == [2 * size * size for size in sizes]
    assert variants.where("params > 1e19").parameters["F"].tolist() == sizes[2:]
    assert variants.where("params * params > 1e30").parameters["F"].tolist() == sizes[2:]
    assert variants.pareto(["params", "macs"]).front.tolist() == [True, False, False, False]


def test_what_is_not_counted_is_named(capsys, tmp_path):
    model = onnx.parser.parse_model('''<ir_version: 9, opset_import: ["" : 18, "com.acme" : 1]>
        net (float[1,3,H,8] x) => (z) <float[2,3,3,3] k> {
            y = Conv(x, k)
            z = com.acme.Mystery(y)
        }''')
    model.graph.initializer.append(onnx.helper.make_tensor("k", 1, (2, 3, 3, 3), [0.5] * 54))
    path = tmp_path / "odd.onnx"
    onnx.save(model, path)
    variants = varied(path, "H=2,4,8", wanted=("macs", "params", "z"))
    assert variants.figures["macs"].tolist() == [None, 2 * 27 * 2 * 6, 2 * 27 * 6 * 6]
    assert variants.figures["z"].tolist() == [None] * 3
    assert "Mystery" in variants.lacks["macs"] and "Mystery" in variants.lacks["z"]
    code, out, _ = ends(capsys, "sweep", str(path), "--vary", "H=4,8")
    assert code == 0 and ">= 648" in out.replace("\u2265", ">=") and "lacks" in out


# ------------------------------------------------------------------------------------------------ arithmetic
OPERANDS = st.one_of(st.integers(-9, 9), st.integers(-2**63 + 1, 2**63 - 1),
                     st.fractions(-9, 9, max_denominator=6).map(whole))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(OPERANDS, OPERANDS), min_size=1, max_size=4),
       st.sampled_from(["a + b", "a - b", "a * b * a", "a < b", "a >= b", "a == b", "-a",
                        "a < b or not a > 2", "max(a, b) - min(a, b)", "floor(a) + ceil(b)",
                        "a * 3 + 9223372036854775"]))
def test_columns_reckon_as_pythons_fractions_do(rows, text):
    columns = {name: tidied(np.array([row[k] for row in rows] + [None], object)[:-1])
               for k, name in enumerate("ab")}
    found = np.broadcast_to(evaluated(expression(text), columns), len(rows)).tolist()
    expected = [eval(text, {"a": a, "b": b, "floor": floor, "ceil": ceil, "min": min, "max": max})
                for a, b in rows]
    assert found == expected
    assert [isinstance(x, bool) for x in found] == [isinstance(x, bool) for x in expected]


@pytest.mark.parametrize("text", ["a + a", "a * b", "0 - a - b - 3", "a * 4 - a", "-a - b - b"])
def test_nothing_wraps_around(text):
    a, b = 2**62, 2**62 + 1
    found = evaluated(expression(text), {"a": np.array([a, 1]), "b": np.array([b, 2])})
    assert found.tolist() == [eval(text), eval(text, {"a": 1, "b": 2})]


def test_powers_are_exact():
    column = {"phi": np.arange(4)}
    assert evaluated(expression("1.2^phi"), column).tolist() == [1, *(Fraction(6, 5) ** k for k in (1, 2, 3))]


@pytest.mark.parametrize(("text", "message"), [
    ("macs < ", "should stand here"), ("mac < 1", "macs"),
    ("macs / (params - params) > 1", "divides by zero"),
    ("macs^0.5 < 1", "whole numbers"), ("macs + 1", "no condition"), ("[1, 2] == macs", "no meaning"),
    ("not macs", "yes or no"), ("__import__('os')", "import")])
def test_conditions_that_are_none(text, message):
    variants = varied("specs:lenet5", "N=1,2", wanted=("macs", "params"))
    with pytest.raises(UserError, match=message):
        variants.where(text)


# ------------------------------------------------------------------------------------------------ fronts
def dominated(point: tuple[int, ...], others: list[tuple[int, ...]]) -> bool:
    return any(all(a <= b for a, b in zip(other, point)) and other != point for other in others)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_fronts_against_brute_force(width):
    chance = random.Random(width)
    for _ in range(60):
        points = [tuple(chance.randrange(5) for _ in range(width)) for _ in range(chance.randrange(1, 25))]
        errors = np.array([None if chance.random() < .8 else "it fails" for _ in points], object)
        columns = {f"c{k}": np.ma.array([point[k] for point in points]) for k in range(width)}
        found = Variants({}, columns, errors, {}).pareto([f"c{k}" for k in range(width)]).front
        running = [point for point, error in zip(points, errors) if error is None]
        assert found.tolist() == [error is None and not dominated(point, running)
                                  for point, error in zip(points, errors)]
        signs = ["-c0", *(f"c{k}" for k in range(1, width))]
        turned = [(-point[0], *point[1:]) for point in points]
        running = [point for point, error in zip(turned, errors) if error is None]
        found = Variants({}, columns, errors, {}).pareto(signs).front
        assert found.tolist() == [error is None and not dominated(point, running)
                                  for point, error in zip(turned, errors)]


# ------------------------------------------------------------------------------------------------ axes
def test_axes():
    assert axis("w=0.25:1:0.25") == Axis(("w",), (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), 1))
    assert axis("w=0:1:0.3").values == (0, Fraction(3, 10), Fraction(3, 5), Fraction(9, 10))
    assert axis("H, W=4:6,9") == Axis(("H", "W"), (4, 5, 6, 9))
    assert axis("b=yes,no").values == (True, False)


@pytest.mark.parametrize(("texts", "message"), [
    (["w"], "what varies"), (["w="], "what varies"), (["=1"], "what varies"), (["H=1:x"], "no number"),
    (["H=3:1"], "goes up"), (["H=1:3:0"], "goes up"), (["H=1:2:3:4"], "no number"), (["H=1,1"], "twice"),
    (["H=1", "H=2"], "twice"), (["H=1:100000", "W=1:1000"], "too many"), (["H=1:999999999999"], "at most"),
    (["resolution=1,2"], "no size or parameter called resolution"), (["H=-1"], "no number")])
def test_axes_that_are_none(texts, message):
    with pytest.raises(UserError, match=message):
        varied("specs:mobilenet_v1", *texts)


def test_sizes_that_are_left_open_are_asked_for():
    with pytest.raises(SweepError, match="without a number: T"):
        varied(b"input: N=1 x T x 8\nlayers: dense 4", "N=1,2")
    with pytest.raises(SweepError, match="equally many"):
        varied("specs:mobilenet_v1", "H=1,2", "W=1,2,3", together=True)
    with pytest.raises(SweepError, match="no size or parameter called X"):
        varied("specs:mobilenet_v1", "H=1,2", given={"X": 3})
    with pytest.raises(SweepError, match="already"):
        varied("specs:mobilenet_v1", "H=32,64", formulas=(("H", "64"),))


# ------------------------------------------------------------------------------------------------ scaling
def test_scaling_against_every_value():
    variants = varied("specs:mobilenet_v1", "H,W=1:400", wanted=("macs",))
    macs = {n: alone("specs:mobilenet_v1", {"H": n, "W": n}, ("macs",)) for n in (192, 193, 224, 225)}
    found = scaled(variants, target("macs=569e6"))
    assert found.within.figures["macs"].tolist() == macs[224] and macs[224][0] <= 569e6 < macs[225][0]
    assert found.above.parameters["H"].tolist() == [225]
    exact = scaled(variants, target(f"macs={macs[192][0]}"))
    assert exact.within.figures["macs"].tolist() == macs[192]
    assert exact.above.parameters["W"].tolist() == [193]
    assert scaled(variants, target("macs=1")).within is None
    assert scaled(variants, target("macs=1e12")).above is None


# ------------------------------------------------------------------------------------------------ commands
SMALL = ("sweep", "specs:mobilenet_v1", "--vary", "width=0.25,0.3,0.5", "--vary", "H,W=0:64:32")


def test_json_has_every_variant(capsys):
    code, out, _ = ends(capsys, *SMALL, "--pareto", "params,-H", "--format", "json")
    found = json.loads(out)
    assert (code, found["schema"], found["variants"], found["valid"]) == (0, "archcheck.sweep/1", 9, 4)
    assert sum(found["faults"].values()) == 5
    marked = [(row["width"], row["H"]) for row in found["table"] if row["front"]]
    assert marked == [(0.25, 64)]
    assert all((row["macs"] is None) == (row["error"] is not None) for row in found["table"])


def test_csv_and_tables(capsys):
    code, out, _ = ends(capsys, *SMALL, "--format", "csv", "--where", "macs > 0", "--sort=-macs",
                        "--top", "2")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and [(row["width"], row["H"]) for row in rows] == [("0.5", "64"), ("0.25", "64")]
    code, out, _ = ends(capsys, *SMALL)
    assert code == 0 and "cannot run" in out and "H and W from closed forms" in out
    code, _, err = ends(capsys, *SMALL, "--sort", "mac")
    assert code == 2 and "did you mean macs?" in err


def test_the_scale_command(capsys):
    code, out, _ = ends(capsys, "scale", "specs:mobilenet_v1", "--to", "macs=200e6", "--by",
                        "width=0.25:1:0.25", "--of", "macs", "--format", "json")
    found = json.loads(out)
    assert (code, found["schema"], found["tried"]) == (0, "archcheck.scale/1", 4)
    assert [(row["side"], row["width"]) for row in found["rows"]] == [("within", 0.5), ("above", 0.75)]
    code, _, err = ends(capsys, "scale", "specs:mobilenet_v1", "--to", "macs", "--by", "width")
    assert code == 2 and "no target" in err
    code, _, err = ends(capsys, "scale", "specs:mobilenet_v1", "--to", "macs=1", "--by", "phi")
    assert code == 2 and "--by phi=" in err


def test_parquet_has_the_same(capsys, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    path = tmp_path / "all.parquet"
    assert ends(capsys, *SMALL, "-o", str(path))[0] == 0
    _, out, _ = ends(capsys, *SMALL, "--format", "json")
    assert parquet.read_table(path).to_pylist() == json.loads(out)["table"]


def test_plots(capsys, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    path = tmp_path / "front.svg"
    assert ends(capsys, *SMALL, "--pareto", "params,macs", "--plot", str(path))[0] == 0
    assert "Pareto front" in path.read_text(encoding="utf-8") or path.stat().st_size > 5000
    code, _, err = ends(capsys, *SMALL, "--plot", str(tmp_path / "front.xyz"))
    assert code == 2 and "no picture has" in err


def test_processes_give_the_same(capsys):
    one, two = (ends(capsys, *SMALL, "--format", "json", "-j", jobs)[1] for jobs in "12")
    assert one == two
