"""Specifications that are wrong: one finding each, of the right rule, at the right line and column."""
from __future__ import annotations

import pytest

import archcheck
from archcheck.rules._judge import judge_failure
from tests._broken_specs import BROKEN

KINDS = {
    "wrong key": "SPC001", "unknown option": "SPC001", "key said twice": "SPC002", "option twice": "SPC002",
    "missing argument": "SPC003", "too many arguments": "SPC003", "block without an argument": "SPC003",
    "unknown layer": "SPC004", "operator in small letters": "SPC004", "undefined value": "SPC004",
    "undefined in from": "SPC004", "undefined size": "SPC004", "no such output": "SPC004",
    "defaults for no layer": "SPC004", "tab": "SPC009", "bracket left open": "SPC009",
    "size of zero": "SPC009"}


def failure(text, folder):
    (folder / "net.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(archcheck.LoadError) as caught:
        archcheck.check(folder / "net.yaml")
    return judge_failure(caught.value, "net.yaml", archcheck.Settings())


@pytest.mark.parametrize(("name", "text", "place", "said"), BROKEN, ids=[entry[0] for entry in BROKEN])
def test_what_is_wrong_is_one_finding_at_its_place(name, text, place, said, tmp_path):
    (one,) = failure(text, tmp_path)
    assert f"{one.line}:{one.column}" == place
    assert one.code == KINDS.get(name, one.code)
    assert one.code.startswith("SPC")
    assert said in f"{one.message}; {one.fix}" or name == "bracket in a line"
    assert "\n" not in one.message


def test_every_name_of_the_table_is_there():
    assert KINDS.keys() <= {name for name, *_ in BROKEN}


@pytest.mark.parametrize("data", [b"name: \xff\nlayers: [relu]\n", b"layers: relu\n" + b"#" * (1 << 18)])
def test_what_cannot_be_read_at_all(data):
    with pytest.raises(archcheck.LoadError) as caught:
        archcheck.check(data)
    (one,) = judge_failure(caught.value, "net.yaml", archcheck.Settings())
    assert one.code == "SPC009"
    assert one.message and one.message in str(caught.value)


def odd(text, code):
    found = archcheck.check(text.encode(), archcheck.Settings(select=(code,))).findings
    return [(one.value, one.line, one.column) for one in found]


UNUSED = """params: {{width: 8, extra: 3}}
constants: {{table: [1, 2]}}
blocks:
  unit(n): conv n 3x3 same
  spare(n): conv n 1x1
input: N x 3 x 8 x 8
layers:
- conv width 3x3 same as a
- conv 8 3x3 same as b
{rest}
"""


def test_parts_that_nothing_uses():
    text = UNUSED.format(rest="- from a -> unit 8 -> relu")
    assert odd(text, "SPC005") == [("b", 9, 3), ("spare", 5, 3), ("extra", 1, 20), ("table", 2, 13)]
    assert ("b", 9, 3) not in odd(UNUSED.format(rest="- from a -> unit 8 -> add b"), "SPC005")


def test_a_layer_that_some_turn_of_a_repetition_reads_is_used():
    text = """input: N x 8 x 8 x 8
layers:
- repeat: 3
  do:
  - conv 8 3x3 same as kept
  - relu as shown
  - from kept
- relu
"""
    assert odd(text, "SPC005") == [("repeat1.1.shown", 6, 5)]
    assert odd(text.replace("from kept", "add kept"), "SPC005") == []


def test_the_dead_branch_of_a_specification_is_told_once():
    text = UNUSED.format(rest="- from a -> unit 8 -> relu")
    found = archcheck.check(text.encode()).findings
    assert [one.code for one in found if one.line == 9] == ["SPC005"]


@pytest.mark.parametrize(("line", "count"), [
    ("name: no", 1), ("name: on", 1), ("name: 'no'", 0), ("name: net", 0), ("name: 2024-01-01", 1),
    ("params: {no: 3}", 1), ("params: {w: 010}", 1), ("params: {w: 1:30}", 1), ("params: {w: 0}", 0),
    ("params: {w: 10}", 0), ("params: {w: 0.5}", 0), ("params: {w: yes}", 0)])
def test_words_that_yaml_takes_for_something_else(line, count):
    text = f"{line}\ninput: N x 3 x 8 x 8\nlayers:\n- relu\n"
    try:
        assert len(odd(text, "SPC006")) == count
    except archcheck.LoadError:
        assert count
