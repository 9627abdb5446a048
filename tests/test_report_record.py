"""The HTML report without a browser: what its data say, how they are packed, and the policy of the page."""
from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from pathlib import Path

import numpy as np
import onnx
import pytest

import archcheck
from archcheck.reporters.html import render
from archcheck.reporters.html.fields import lengths
from archcheck.reporters.html.pool import Pool
from archcheck.reporters.html.record import record
from archcheck.reporters.html.scopes import runs
from archcheck.reporters.html.sliders import beginning
from tests._nets import Net
from tests.benchmarks.graphs import Builder
from tests.test_cli import ends


def net() -> onnx.ModelProto:
    """A convolution of 5 × 5 that moves by 4."""
    made = Builder(x=["N", 3, "H", "W"])
    return onnx.load_from_string(made.bytes(made.add("Conv", "x", made.weight(8, 3, 5, 5), strides=[4, 4])))


def data_of(page: str) -> dict:
    packed = re.search(r'id="data">([^<]*)<', page)
    return json.loads(zlib.decompress(base64.b64decode(packed[1])))


def test_the_page_holds_its_data_and_is_the_same_every_time():
    page = render(archcheck.analyze(net()))
    assert page == render(archcheck.analyze(net()))
    data = data_of(page)
    assert data["schema"] == "archcheck.report/1" and [row[1] for row in data["nodes"]] == ["Conv"]
    assert not re.search(r"""(?:src|href|url)[=(]["']?(?!["']|#)""", page.partition("<script>")[0])


def test_the_policy_names_the_style_and_the_script_that_are_there():
    page = render(archcheck.analyze(net()))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    for tag in ("style", "script"):
        text = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy


def test_lengths_and_runs_by_hand():
    assert lengths(0b111) == [3] and lengths(0) == []
    assert lengths(0b1_0001_0011) == [2, 2, 1, 3, 1]
    assert runs([7, 3, 4, 5, 9]) == [3, 3, 7, 1, 9, 1] and runs([]) == []


@pytest.mark.parametrize("seed", range(5))
def test_lengths_are_those_of_numpy(seed):
    bits = np.random.default_rng(seed).integers(0, 2, 60)
    bits[0] = 1
    found = lengths(int("".join(map(str, bits[::-1])), 2))
    again = [bit for k, count in enumerate(found) for bit in [1 - k % 2] * count]
    assert again == bits[:len(again)].tolist() and not bits[len(again):].any()


def test_a_pool_is_made_of_earlier_entries_and_loses_no_digit():
    pool = Pool(("H",))
    size = archcheck.dims.maximum(archcheck.dims.symbol("H") // 3 - 7, 1 << 70) * archcheck.dims.symbol("H")
    places = [pool(size), pool(size), pool(1 << 70), pool(None)]
    assert places[0] == places[1] and places[3] == -1
    assert str(1 << 70) in pool.entries
    for index, entry in enumerate(pool.entries):
        if isinstance(entry, list) and entry[0] == "+":
            assert all(place < index for _, *factors in entry[1:] for place in factors)
        elif isinstance(entry, list) and entry[0] not in ("s", "?"):
            assert all(place < index for place in entry[1:])


def test_unknown_sizes_stay_unknown():
    pool = Pool(("H",))
    assert pool.entries[pool(archcheck.dims.unknown("place"))][1][1] == 0 and pool.entries[0] == ["?"]


def test_sizes_begin_where_the_network_runs():
    assert beginning(archcheck.analyze(net())) == {"N": 1, "H": 225, "W": 225}  # 4·k + 1, nothing left over
    valve = Net()
    taken = valve.cut(valve.conv("x", 9), 0, 500)
    start = beginning(archcheck.analyze(onnx.load_from_string(valve.bytes(taken))))
    assert start is not None and start["H"] >= 9


def test_exact_sets_are_those_of_the_window():
    data = record(archcheck.analyze(net(), {"N": 1, "H": 21, "W": 21}))
    fields = data["fields"]
    axis, firsts, shapes = fields["rows"][fields["exact"][0][0]]
    assert (axis, firsts) == (2, [0, 4, 8, 12, 16])
    assert [fields["patterns"][k] for k in shapes] == [[5]] * 5


def test_exact_sets_of_what_all_positions_read_alike():
    """Two sums, each over a half of an axis: sets that no position decides meet."""
    made = Builder(x=[1, 8])
    halves = [made.add("ReduceSum", made.add("Slice", "x", *map(made.constant, ends)), made.constant([1]))
              for ends in (([0], [3], [1]), ([4], [8], [1]))]
    report = archcheck.analyze(onnx.load_from_string(made.bytes(made.add("Add", *halves))))
    found = report.fields[report.graph.outputs[0]].at(exact=True)["x"]
    assert found.positions((0, 0)) == ((0,), (0, 1, 2, 4, 5, 6, 7))


def test_the_command_writes_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "page.html"
    assert ends(capsys, "report", "specs:lenet5", "-o", str(path)) == (0, "", "")
    assert data_of(path.read_text("utf-8"))["claims"]
    assert ends(capsys, "report", "no-such-file.onnx", "-o", str(path))[0] == 2
    assert ends(capsys, "report", "specs:lenet5") == (0, path.read_text("utf-8"), "")
