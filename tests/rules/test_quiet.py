"""Sound networks are quiet: what is said of them at warning or above is true, and listed here with its
argument. `tests.rules.quiet` asks the same of any folder of models."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.rules.quiet import SEVERE, checked, shipped, specifications

DATA = sorted((Path(__file__).parents[1] / "data").glob("*.onnx.gz"))

TRUE = {
    "onnx:light_bvlc_alexnet": (["GEO002"], "windows of 11 that move by 4 end at 223 of 224"),
    "onnx:light_squeezenet": (["GEO002"], "windows of 3 that move by 2 end at 223 of 224"),
    "onnx:light_zfnet512": (["GEO002"], "windows of 7 that move by 2 end at 223 of 224"),
    "seq2seq_script.onnx.gz": (["SHP101", "SHP101"], "a Reshape has 20 and 11 in place of S and T"),
}
"""The codes of what is said of networks that ship and of those in the tests' data, and why it is true."""


def severe(path):
    """The codes at warning or above, without those that are known to be true."""
    row = checked(path)
    assert (row["error"], row["broken"]) == (None, [])
    known, _ = TRUE.get(Path(path).name, ([], ""))
    codes = [one["code"] for one in row["findings"] if one["severity"] in SEVERE]
    return codes if codes != known else []


@pytest.mark.parametrize("path", shipped())
def test_networks_that_ship_with_onnx(path):
    assert severe(path) == []


@pytest.mark.parametrize("path", specifications())
def test_specifications_that_ship(path):
    assert severe(path) == []


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.name)
def test_exported_networks(path):
    assert severe(str(path)) == []
