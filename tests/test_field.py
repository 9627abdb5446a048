"""``archcheck field``: its table, one position, and its records."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from onnx import TensorProto, helper, parser

from archcheck import analyze, evaluate
from archcheck.analyses.reached import ReachError
from archcheck.cli import main

RESNET = "onnx:light_resnet50"


def printed(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(args)
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def saved(path: Path, text: str, **weights: tuple[int, ...]) -> str:
    model = parser.parse_model(text)
    for name, shape in weights.items():
        size = 1
        for axis in shape:
            size *= axis
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, shape, [1.0] * size))
    path.write_bytes(model.SerializeToString())
    return str(path)


@pytest.fixture
def gated(tmp_path: Path) -> str:
    """A convolution, scaled by a gate over all positions: squeeze and excitation."""
    return saved(tmp_path / "gated.onnx", '''<ir_version: 9, opset_import: ["" : 18]>
        net (float[1,4,16,16] x) => (float[a,b,c,d] y) <float[4,4,3,3] w> {
            [conv] h = Conv<pads=[1,1,1,1]>(x, w)
            [pool] p = GlobalAveragePool(h)
            [gate] g = Sigmoid(p)
            [scale] y = Mul(h, g)
        }''', w=(4, 4, 3, 3))


@pytest.fixture
def holes(tmp_path: Path) -> str:
    """Row 40 of the reference: 1x1 stride 2, 3x3, 2x2 stride 3: a field of 7, of which 4 are read."""
    return saved(tmp_path / "holes.onnx", '''<ir_version: 9, opset_import: ["" : 18]>
        net (float[1,1,97,97] x) => (float[a,b,c,d] y)
        <float[1,1,1,1] a, float[1,1,3,3] b, float[1,1,2,2] c> {
            [one] h = Conv<strides=[2,2]>(x, a)
            [two] i = Conv<pads=[1,1,1,1]>(h, b)
            [three] y = Conv<strides=[3,3]>(i, c)
        }''', a=(1, 1, 1, 1), b=(1, 1, 3, 3), c=(1, 1, 2, 2))


def test_the_published_field_of_resnet_50(capsys: pytest.CaptureFixture[str]) -> None:
    """427 / 32 / -213: torchvision's ResNet-50, and Araujo et al.'s algebra."""
    code, out, err = printed(capsys, "field", RESNET, "n165")
    assert (code, err) == (0, "")
    assert out.splitlines()[1].split()[-4:] == ["427", "75", "32", "-213"]


def test_layers_that_change_nothing_are_left_out_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    _, some, _ = printed(capsys, "field", RESNET)
    _, every, _ = printed(capsys, "field", RESNET, "--all")
    hidden = int(some.split("left out")[1].split()[0])
    assert len(every.splitlines()) - len(some.splitlines()) == hidden - 1  # less the line that says so


def test_a_gate_makes_the_field_global_and_the_local_one_does_not(capsys: pytest.CaptureFixture[str],
                                                                  gated: str) -> None:
    _, out, _ = printed(capsys, "field", gated, "y")
    row = out.splitlines()[1].split()
    assert "all" in row
    assert "3" in row
    field = analyze(gated)
    assert field.fields["y"]["x"][2].is_whole
    assert field.fields["y"]["x"][2].by == "p"
    assert field.local_fields["y"]["x"][2].size == 3


def test_what_is_really_read(capsys: pytest.CaptureFixture[str], holes: str) -> None:
    """Published: 7, of which 4 are read; 49 of 97 rows never."""
    _, out, _ = printed(capsys, "field", holes, "y", "--exact")
    assert "4 of 7" in out
    assert "49 of 97 positions of axis 2 are never read" in out


def test_one_position(capsys: pytest.CaptureFixture[str], holes: str) -> None:
    code, out, _ = printed(capsys, "field", holes, "--from", "y", "--index", "2,3", "--format", "json")
    assert code == 0
    rows = json.loads(out)["reads"]
    assert [(row["first"], row["last"], row["read"]) for row in rows] == [
        (0, 0, 1), (0, 0, 1), (2 * (3 * 2 - 1), 2 * (3 * 2 + 2), 4), (2 * (3 * 3 - 1), 2 * (3 * 3 + 2), 4)]


def test_records_have_every_axis_of_every_value(capsys: pytest.CaptureFixture[str], gated: str) -> None:
    _, out, _ = printed(capsys, "field", gated, "--format", "json")
    found = json.loads(out)
    assert found["schema"] == "archcheck.field/1"
    assert {row["value"] for row in found["fields"]} == {"x", "h", "p", "g", "y"}
    row, = (row for row in found["fields"] if (row["value"], row["axis"]) == ("h", 2))
    assert (row["size"], row["stride"], row["start"], row["end"]) == (3, 1, -1, 1)


@pytest.mark.parametrize(("args", "message"), [
    (("h9",), "did you mean 'h'?"),
    (("w",), "does not depend on any input"),
    (("--input", "y",), "no input called 'y'"),
    (("--from", "h"), "--from VALUE and --index I,J go together"),
    (("--from", "h", "--index", "1,2,3"), "there is no position 1, 2, 3"),
    (("--from", "h", "--index", "0,0,99,0"), "there is no position 0, 0, 99, 0"),
    (("--from", "h", "--index", "-1,0"), "not of the form"),
])
def test_what_cannot_be_shown_gets_one_sentence(capsys: pytest.CaptureFixture[str], gated: str,
                                                args: tuple[str, ...], message: str) -> None:
    code, out, err = printed(capsys, "field", gated, *args)
    assert (code, out) == (2, "")
    assert message in err


def test_one_position_needs_numbers(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = saved(tmp_path / "free.onnx", '''<ir_version: 9, opset_import: ["" : 18]>
        net (float[N,4,H,16] x) => (float[a,b,c,d] y) <float[4,4,3,3] w> { y = Conv(x, w) }''',
                  w=(4, 4, 3, 3))
    code, _, err = printed(capsys, "field", model, "--from", "y", "--index", "0,0")
    assert code == 2
    assert "give numbers for N, H" in err
    code, out, _ = printed(capsys, "field", model, "--from", "y", "--index", "0,0", "--set", "N=1", "--set",
                           "H=9")
    assert code == 0
    assert out.splitlines()[3].split()[:6] == ["x", "2", "0", "2", "3", "9"]


def test_at_binds_the_sizes_that_are_left(tmp_path: Path) -> None:
    model = saved(tmp_path / "free.onnx", '''<ir_version: 9, opset_import: ["" : 18]>
        net (float[N,4,H,16] x) => (float[a,b,c,d] y) <float[4,4,3,3] w> { y = Conv(x, w) }''',
                  w=(4, 4, 3, 3))
    field = analyze(model).fields["y"]
    assert field.at({"N": 1, "H": 9})["x"].box((0, 0, 6, 0)) == ((0, 0), (0, 3), (6, 8), (0, 2))
    with pytest.raises(ReachError):
        field.at({"N": 1})
    with pytest.raises(ReachError):
        field.at({"N": 1, "H": 9})["x"].box((0, 0, 7, 0))
    with pytest.raises(ReachError):
        field.at({"N": 1, "H": 9})["x"].positions((0, 0, 0, 0))


def test_the_projective_field_is_the_field_turned_round(holes: str) -> None:
    reach = analyze(holes).fields["y"].at(exact=True)["x"]
    for place in (0, 1, 4, 48, 96):
        axes, reads = reach.readers(2, place)
        assert axes == (2,)
        assert [place in reach.positions((0, 0, row, 0))[2] for row in range(len(reads))] == reads.tolist()


def test_joins_of_unequal_centres_are_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    model = saved(tmp_path / "apart.onnx", '''<ir_version: 9, opset_import: ["" : 18]>
        net (float[1,4,16,16] x) => (float[a,b,c,d] y) <float[4,4,2,2] v, float[4,4,3,3] w> {
            [even] h = Conv<pads=[0,0,1,1]>(x, v)
            [odd] i = Conv<pads=[1,1,1,1]>(x, w)
            [join] y = Add(h, i)
        }''', v=(4, 4, 2, 2), w=(4, 4, 3, 3))
    _, out, _ = printed(capsys, "field", model)
    assert "join: the centres of its branches are 0.5 positions apart (axis 2)" in out


def test_the_summary_has_columns_for_it(capsys: pytest.CaptureFixture[str], gated: str) -> None:
    _, out, _ = printed(capsys, "summary", gated, "--columns", "name,field,stride,start", "--format", "csv")
    assert "0,1,conv,3,1,-1" in out.splitlines()


def test_a_start_that_the_size_decides_is_a_table_over_remainders(capsys: pytest.CaptureFixture[str],
                                                                  tmp_path: Path) -> None:
    """SAME_UPPER pads (⌈n/s⌉ - 1)·s + k - n positions, the smaller half in front: followed back by hand."""
    body = "".join(f'[c{k}] h{k} = Conv<auto_pad="SAME_UPPER", strides=[2,2], kernel_shape=[3,3]>'
                   f'({"x" if k == 0 else f"h{k - 1}"}, w) ' for k in range(4))
    model = saved(tmp_path / "same.onnx", f'''<ir_version: 9, opset_import: ["" : 18]>
        net (float[N,4,H,W] x) => (float[a,b,c,d] h3) <float[4,4,3,3] w> {{ {body} }}''', w=(4, 4, 3, 3))
    field = analyze(model).fields["h3"]["x"][2]
    table = field.start_by_remainder
    assert table is not None and len(table.numbers) == 16
    for size in range(table.first, 200):
        start, n, pads = 0, size, []
        for _ in range(4):
            pads.append(max(0, (-(-n // 2) - 1) * 2 + 3 - n) // 2)
            n = -(-n // 2)
        for before in reversed(pads):
            start = 2 * start - before
        assert table.numbers[size % 16] == start == evaluate(field.start, {"H": size})
    _, out, _ = printed(capsys, "field", model)
    assert "-15 to 0" in out
    assert "for H mod 16 = 0, 1, …" in out


def test_padding_reads_nothing_even_where_nothing_moves(tmp_path: Path) -> None:
    """The mean over an axis, padded: only its one row reads the input."""
    model = saved(tmp_path / "padded.onnx", '''<ir_version: 9, opset_import: ["" : 18]>
        net (float[1,1,6,6] x) => (float[a,b,c,d] y)
        <int64[1] axes = {2}, int64[8] pads = {0,0,1,0,0,0,1,0}> {
            h = ReduceMean(x, axes)
            y = Pad(h, pads)
        }''')
    reach = analyze(model).fields["y"].at(exact=True)["x"]
    assert [reach.box((0, 0, row, 3)) for row in range(3)] == [None, ((0, 0), (0, 0), (0, 5), (3, 3)), None]
    assert reach.positions((0, 0, 0, 3)) == ((), (), (), ())
    assert reach.positions((0, 0, 1, 3))[2] == tuple(range(6))


def test_each_direction_of_a_recurrence_reads_its_own_side(tmp_path: Path) -> None:
    """Y of a bidirectional GRU: time, direction, batch, unit."""
    model = saved(tmp_path / "gru.onnx", '''<ir_version: 9, opset_import: ["" : 18]>
        net (float[5,1,3] x) => (float[a,b,c,d] y, float[e,f,g,h] back) <float[2,6,3] w, float[2,6,2] r,
        int64[1] one = {1}, int64[1] two = {2}, int64[1] axis = {1}> {
            y = GRU<direction="bidirectional", hidden_size=2>(x, w, r)
            back = Slice(y, one, two, axis)
        }''', w=(2, 6, 3), r=(2, 6, 2))
    fields = analyze(model).fields
    both, back = (fields[name].at()["x"] for name in ("y", "back"))
    for time in range(5):
        assert both.box((time, 0, 0, 0))[0] == (0, time)  # type: ignore[index]
        assert both.box((time, 1, 0, 0))[0] == back.box((time, 0, 0, 0))[0] == (time, 4)  # type: ignore[index]
    assert not both.upper_bound
    assert fields["y"]["x"][0].is_whole
    assert fields["back"]["x"][0].upper_bound


def test_values_of_unknown_shape_have_no_positions(tmp_path: Path) -> None:
    model = saved(tmp_path / "some.onnx", '''<ir_version: 9, opset_import: ["" : 18]>
        net (float[5,3] x) => (int64[a,b] y) { y = NonZero(x) }''')
    with pytest.raises(ReachError, match="not known"):
        analyze(model).fields["y"].at()["x"].box((0, 0))
