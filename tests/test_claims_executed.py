"""Claims that are executed: what runs show is held against numpy and against numbers worked out by hand."""
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import yaml
from click.testing import CliRunner

from archcheck.backends import guard
from archcheck.backends.guard import Crashed, Limits
from archcheck.backends.ort import Device
from archcheck.claims import Execution, Outcome, _execute, verify
from archcheck.claims._evaluate import ExpressionError, evaluate
from archcheck.claims._execute import Ran
from archcheck.claims._networks import Networks
from archcheck.claims._read import claims
from archcheck.claims._running import Runner, drawn
from archcheck.claims._verify import _judged, disagreement
from archcheck.cli.verify import verify as command
from archcheck.errors import UserError
from archcheck.frontends.spec._document import Document

ROOT = Path(__file__).parents[1]
NETWORKS = """
networks:
  line: {params: {S: 1}, input: 1 x 1 x W=16, layers: conv 1 3 /S bias=no as c}
  same_line: {params: {S: 1}, input: 1 x 1 x W=16, layers: conv 1 3 /S same bias=no as c}
  plane: {params: {K: 2}, input: 1 x 2 x W=12 x W, layers: conv K 3x3 as c}
  deep: {input: 1 x 2 x 24 x 24, layers: [conv 4 3x3 same -> relu -> maxpool 2x2 /2 -> conv 3 3x3 same]}
  pointwise: {input: 1 x 2 x 8 x 8, layers: [conv 3 1x1 as c -> relu]}
  untied: {input: 1 x 1 x 16, layers: local 1 3 as c}
  dense: {params: {n: 5}, input: 1 x W=5, layers: fc n as d}
  no_bias: {input: 1 x 4, layers: fc 3 bias=no as d}
  as_conv: {input: 1 x 1 x 4 x 1, layers: conv 3 4x1 bias=no as c}
  wider: {input: 1 x 4, layers: fc 4 bias=no as d}
  pool: {params: {F: 2}, input: 1 x 2 x W=8 x W, layers: maxpool FxF}
  least: {input: 1 x 1 x 16, layers: [conv 1 3 as c -> relu -> gmp]}
  still: {input: 1 x 1 x 16, layers: relu}
  halves: {input: 1 x 1 x 4, layers: [avgpool 2 /2 -> Mul 0.1]}
  two: {inputs: {a: 1 x 3, b: 1 x 3}, layers: [from a -> Sub b]}
  uneven: {inputs: {a: 1 x 3, b: 1 x 4}, layers: [from a -> Sub b]}
  stack: {input: 1 x 1 x 9 x 9, layers: [(conv 1 3x3 bias=no -> relu)*3]}
  open: {input: 1 x 1 x V, layers: conv 1 3}
  huge: {input: 1 x 100000, layers: fc 1000}
"""


def value(text: str, folder: Path) -> Any:
    file = claims(Document(f"{NETWORKS}statements: []\n".encode(), "claims.yaml"))
    return evaluate(text, Networks(file), Runner(folder, Device()))


def moving(x: np.ndarray[Any, Any], w: np.ndarray[Any, Any]) -> list[Any]:
    """Each window of x times w, added up, by numpy."""
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    axes = tuple(range(x.ndim, 2 * x.ndim))
    return (windows * w).sum(axis=axes).tolist()


X, K = np.array([3, 1, 4, 1, 5, 9, 2, 6]), np.array([2, 7, 1])
FOUND: list[tuple[str, Any]] = [
    (f'run(line[W=8], {X.tolist()}, "c", {K.tolist()}) == {moving(X, K)}', True),
    ('run(dense[W=2, n=2], [10, 1], "d", [[1, 2], [3, 4]], "d.bias", [5, 6])', (10 + 2 + 5, 30 + 4 + 6)),
    ("run(pool[F=2, W=2], [[[1, 2], [3, 4]], [[9, 8], [7, 6]]])", (((4,),), ((9,),))),
    ("run(halves, [0, 3, 1, 4])", (0.15, 0.25)), ("near(run(halves, [0, 3, 1, 4]), [3/20, 1/4])", True),
    ('run(two, [1, 2, 3], "b", [3, 3, 3])', (-2, -1, 0)),
    ("measured(plane[W=7, K=4])", (1, 4, 5, 5)), ("measured(deep)", (1, 3, 12, 12)),
    ("runs(two)", True), ("runs(uneven)", False),
    ("depends(same_line[W=4])", ((1, 1, 0, 0), (1, 1, 1, 0), (0, 1, 1, 1), (0, 0, 1, 1))),
    ("depends(same_line[W=6, S=2])", ((1, 1, 0, 0, 0, 0), (0, 1, 1, 1, 0, 0), (0, 0, 0, 1, 1, 1))),
    ("sum(depends(dense)) == 25", True), ("sum(at(depends(stack), 4))", 49),
    ("depends(line[W=3])", ((1, 1, 1),)),
    ('uses(same_line[W=5], "c")', (4, 5, 4)), ('uses(dense[W=2, n=3], "d")', ((1, 1),) * 3),
    ('uses(dense[W=2, n=3], "d.bias")', (1, 1, 1)),
    ('equivariant(line, "shift", 3)', True), ('equivariant(line, "shift", -4)', True),
    ('equivariant(same_line, "shift", 2)', True),
    ('equivariant(line[S=2], "shift", 2, 1)', True), ('equivariant(line[S=2], "shift", 4, 2)', True),
    ('equivariant(line[S=2], "shift", 1)', False), ('equivariant(line[S=2], "shift", 1, 0)', False),
    ('equivariant(deep, "shift", [2, 4], [1, 2])', True),
    ('equivariant(deep, "shift", [1, 2], [1, 1])', False),
    ('equivariant(plane, "rotate")', False), ('equivariant(plane, "flip")', False),
    ('equivariant(plane, "scale")', False), ('equivariant(plane, "channels")', False),
    ('equivariant(pointwise, "rotate")', True), ('equivariant(pointwise, "flip")', True),
    ('equivariant(pointwise, "scale")', True), ('equivariant(pool, "channels")', True),
    ('equivariant(pool, "rotate")', True), ('equivariant(pool, "shift", [2, 0], [1, 0])', True),
    ('equivariant(pool, "shift", 1)', False), ('equivariant(untied, "shift", 1)', False),
    ('equivariant(dense[W=16, n=16], "shift", 2)', False),
    ('invariant(least, "shift", 2)', True), ('invariant(line, "shift", 1)', False),
    ('invariant(dense, "flip")', False), ('changes(still, "shift", 0)', 0),
    ("agree(no_bias, as_conv)", True), ("agree(as_conv, no_bias)", True),
    ("agree(line, same_line[W=18])", "differ"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.mark.parametrize(("text", "truth"), FOUND, ids=[text for text, _ in FOUND])
def test_what_runs_show(text: str, truth: Any, folder: Path) -> None:
    if truth == "differ":
        with pytest.raises(ExpressionError, match="cannot"):
            value(text, folder)
    else:
        assert value(text, folder) == truth


def test_shares_of_changed_outputs_are_counted(folder: Path) -> None:
    """A ReLU's output is other where the input or its neighbour on the left is above 0."""
    count = 0
    for seed in range(20):
        x = drawn("input", (1, 1, 16), seed).reshape(-1).clip(0)
        x[[0, 1, 2, 3, 12, 13, 14, 15]] = 0
        count += int((np.concatenate([[0], x[:-1]]) != x).sum())
    assert value('changes(still, "shift")', folder) == count / (20 * 16)


def test_a_counterexample_is_one(folder: Path) -> None:
    """With what was drawn numpy finds the same numbers at the same place."""
    x, w = drawn("input", (1, 1, 16), 0).reshape(-1), drawn("c.weight", (1, 1, 3), 0).reshape(-1)
    x[[0, 1, 2, 3, 12, 13, 14, 15]] = 0
    out, after = (np.array(moving(signal, w)) for signal in (x, np.concatenate([[0], x[:-1]])))
    at = int(np.argwhere(out != after)[0, 0])
    runner = Runner(folder, Device())
    file = claims(Document(f"{NETWORKS}statements: []\n".encode(), "claims.yaml"))
    (folder / "0.onnx").unlink(missing_ok=True)
    assert evaluate('invariant(line, "shift")', Networks(file), runner) is False
    assert runner.notes[0].startswith("with seed 0, the input moved by shift of [")
    assert runner.notes[0].endswith(f"makes line {after[at]:g}, not {out[at]:g} at [0, {at}]")


MISTAKES = [
    ("run(line, [1, 2])", "input is 1 × 1 × 16, and given as 2"),
    ('run(line[W=3], [1, 2, 3], "k", [1])', "no layer with weights called 'k'"),
    ('run(line[W=3], [1, 2, 3], "c")', "pairs of a name and a value"),
    ('run(line[W=3], [[1, 2], [3]])', "lists of equal length"),
    ("measured(open)", "the shape of input in open is 1 × 1 × V; to run it, set what is open"),
    ("measured(huge)", "claims run networks of at most"), ("depends(two)", "has 2 inputs"),
    ("depends(plane[W=40, K=8])", "pairs; take a smaller network"),
    ('equivariant(line, "turn")', "not by 'turn'"),
    ('equivariant(line, "shift", 5)', "moves by at most 4, not 5"),
    ('equivariant(line, "shift", [1, 1, 1])', "a shift is"),
    ('equivariant(line, "shift", 1/2)', "a shift is"), ('equivariant(line, "rotate")', "takes squares"),
    ('equivariant(stack[W=4], "shift")', "no size or parameter called W"),
    ("agree(no_bias, wider)", "tensor by tensor"), ("random([100, 100])", "the number of elements"),
    ("run(3, 4)", "takes a network"), ("equivariant(deep)", "equivariant")]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_mistakes_are_told(text: str, message: str, folder: Path) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(text, folder)
    assert message in caught.value.reason


# ------------------------------------------------------------------------------------------------ statements
GOOD = """\
source: slides
networks:
  line: {input: 1 x 1 x W=16, layers: conv 1 3 same bias=no as c}
  pool: {input: 1 x 1 x 2 x 2, layers: maxpool 2x2}
statements:
- {id: a, says: both, verdict: exact, printed: 13, value: 'connections(line[W=5])',
   execute: 'sum(depends(line[W=5]))'}
- {id: b, says: only run, verdict: exact, printed: 4, execute: 'at(run(pool, [[1, 2], [3, 4]]), 0)'}
- {id: c, says: rounded, verdict: rounds-to, printed: 0.3, execute: 'at(run(pool, [[0.33, 0], [0, 0]]), 0)'}
- {id: d, says: moves, verdict: exact, execute: 'equivariant(line, "shift")'}
- {id: e, says: stays, verdict: refuted, truth: false, why: it moves, execute: 'invariant(line, "shift")'}
- {id: f, says: borne out, verdict: exact, printed: 3, value: kernel(line.c),
   execute: 'sum(at(depends(line), 5)) == 3'}
- {id: g, says: not run, verdict: exact, printed: 3, value: weights(line)}
"""
WRONG = [
    ("sum(depends(line[W=5]))", "sum(depends(line[W=6]))", "a", "executed, it is 16, and 13 is computed"),
    ("printed: 4,", "printed: 3,", "b", "recorded as exact, but 4 is computed, and 3 printed"),
    ("verdict: rounds-to", "verdict: exact", "c", "which rounds to 0.3"),
    ("'equivariant(line, \"shift\")'", "'equivariant(line, \"flip\")'", "d",
     "false is computed, and true printed"),
    ("verdict: refuted, truth: false", "verdict: exact", "e", "false is computed"),
    ("depends(line), 5)) == 3", "depends(line), 0)) == 3", "f", "executed, it is false, and 3 is computed")]


HOW = Execution()


def written(folder: Path, text: str = GOOD) -> Path:
    path = folder / "claims.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def outcomes(folder: Path, text: str = GOOD, how: Execution | None = HOW) -> dict[str, Any]:
    return {outcome.statement.id: outcome for outcome in verify([written(folder, text)], how).outcomes}


def test_verdicts_are_found_from_runs(tmp_path: Path) -> None:
    found = outcomes(tmp_path)
    assert [outcome.problem for outcome in found.values()] == [""] * 7
    assert [outcome.found for outcome in found.values()] == [
        "exact", "exact", "rounds-to", "exact", "refuted", "exact", "exact"]
    assert [outcome.ran is not None for outcome in found.values()] == [True] * 6 + [False]
    assert found["e"].ran.note.startswith("with seed 0, the input moved by shift")


def test_without_a_run_they_wait(tmp_path: Path) -> None:
    found = outcomes(tmp_path, how=None)
    assert [outcome.found for outcome in found.values()] == [
        "exact", *["needs-run"] * 4, "exact", "exact"]
    assert all(outcome.is_right for outcome in found.values())


def test_what_runs_do_not_bear_out_fails(tmp_path: Path) -> None:
    text = GOOD
    for old, new, _, _ in WRONG:
        assert old in text
        text = text.replace(old, new)
    found = outcomes(tmp_path, text)
    assert [message for _, _, key, message in WRONG if message not in found[key].problem] == []
    assert found["g"].is_right


PLACES = [
    ("sum(depends(line[W=5]))", "sum(depnds(line[W=5]))", "depnds",
     "there is no depnds here; did you mean depends?"),
    ("sum(depends(line[W=5]))", "sum(depends(lin[W=5]))", "lin[",
     "no network called lin; did you mean line?"),
    ("sum(depends(line[W=5]))", "sum([kernel(line), 2])", "sum(", "this runs no network"),
    ("connections(line[W=5])", "sum(depends(line[W=5]))", "depends(", "only done under 'execute'"),
    ("run(pool, [[1, 2], [3, 4]])", "run(pool, [1, 2])", "run(", "input is 1 × 1 × 2 × 2, and given as 2"),
    ("execute: 'at(", "exekute: 'at(", "exekute", "did you mean 'execute'?")]


@pytest.mark.parametrize(("old", "new", "at", "message"), PLACES)
def test_slips_stop_with_their_place(tmp_path: Path, old: str, new: str, at: str, message: str) -> None:
    text = GOOD.replace(old, new, 1)
    line, column = next((number, line.index(new) + new.index(at) + 1)
                        for number, line in enumerate(text.splitlines(), 1) if new in line)
    with pytest.raises(UserError) as caught:
        verify([written(tmp_path, text)], Execution())
    assert f"claims.yaml:{line}:{column}: " in str(caught.value)
    assert message in str(caught.value)


def test_without_the_runtime_one_line_says_how_to_get_it(tmp_path: Path,
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError) as caught:
        verify([written(tmp_path)], Execution())
    assert str(caught.value).endswith("pip install 'archcheck[ort]'")
    assert "\n" not in str(caught.value)
    assert all(outcome.is_right for outcome in verify([written(tmp_path)]).outcomes)


def test_a_device_that_is_not_there_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--device abacus: .* has no provider for abacus"):
        verify([written(tmp_path)], Execution(Device("abacus")))


def test_what_ends_the_process_fails_and_the_others_go_on(tmp_path: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    def dying(job: Any, due: Sequence[Any], *more: Any, **others: Any) -> Iterator[Any]:
        for record in guard.stream(job, due, *more, **others):
            if due[0][1] == "a" and not sent:
                sent.append(record)
                yield record
            elif due[0][1] == "a":
                raise Crashed("signal", "it ended ONNX Runtime with a segmentation fault")
            else:
                yield record
    sent: list[Any] = []
    monkeypatch.setattr(_execute, "stream", dying)
    found = outcomes(tmp_path)
    assert [name for name, outcome in found.items() if not outcome.is_right] == ["b"]
    assert "segmentation fault" in found["b"].problem


def test_time_that_is_up_is_a_failure(tmp_path: Path) -> None:
    text = f"{GOOD[:GOOD.index('- {id: a')]}{GOOD[GOOD.index('- {id: b'):GOOD.index('- {id: c')]}"
    found = outcomes(tmp_path, text, Execution(limits=Limits(timeout=0.01)))
    assert "ran for 0.01 s" in found["b"].problem


def run(*arguments: str) -> Any:
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def test_the_command(tmp_path: Path) -> None:
    path = str(written(tmp_path))
    done = run(path, "--execute", "--format", "json")
    data = json.loads(done.output)
    assert done.return_value == 0
    assert data["executed"] == 6
    assert data["runtime"].startswith("ONNX Runtime ")
    assert data["runtime"].endswith(" CPUExecutionProvider")
    rows = {row["id"]: row for row in data["statements"]}
    assert [rows["a"][key] for key in ("value", "executed", "execute")] == [13, 13, "sum(depends(line[W=5]))"]
    assert "makes line" in rows["e"]["note"]
    table = run(path, "--execute").output
    assert "6 statements, in ONNX Runtime" in table
    assert "run: with seed 0" in table
    assert "need a run  4, which --execute gives them" in run(path).output
    wrong = str(written(tmp_path, GOOD.replace("printed: 4,", "printed: 5,")))
    assert run(wrong, "--execute").return_value == 1


def test_a_file_has_its_own_weights(tmp_path: Path) -> None:
    """A convolution with 1, -1 in an ONNX file gives differences; given weights take their place."""
    helper, value = onnx.helper, onnx.helper.make_tensor_value_info
    weight = onnx.numpy_helper.from_array(np.array([[[1, -1]]], np.float32), "w")
    graph = helper.make_graph([helper.make_node("Conv", ["x", "w"], ["y"])], "differences",
                              [value("x", 1, [1, 1, "W"])], [value("y", 1, None)], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), tmp_path / "net.onnx")
    rows = [("[2, 2, -1]", "run(model[W=4], [5, 3, 1, 2])"), ("[2]", 'run(model[W=2], [1, 2], "w", [2, 0])'),
            ("[7, 7]", 'uses(model[W=8], "w")')]
    text = "model: net.onnx\nstatements:\n" + "".join(
        f"- {{says: s, verdict: exact, printed: {printed}, execute: '{expression}'}}\n"
        for printed, expression in rows)
    assert [outcome.problem for outcome in outcomes(tmp_path, text).values()] == [""] * 3


def test_the_example_of_the_manual_holds(tmp_path: Path) -> None:
    manual = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8").partition("## Executed claims")[2]
    example = manual.partition("```yaml\n")[2].partition("```")[0]
    found = outcomes(tmp_path, example)
    assert len(found) == len(yaml.safe_load(example)["statements"])
    assert all(outcome.is_right and outcome.ran for outcome in found.values())


# ----------------------------------------------------------------------------------------------- the lectures
SETTLED_BY_RUNS = """
S0-019 S0-020 S0-021 S0-023 S1-004 S1-019 S1-022 S1-034 S1-035 S2-006 S2-022 S2-023 S2-025 S2-026 S2-040
S2-043 S2-047 S3-011 S3-022 S3-027 S3-033 S3-034 S4-003 S4-004 S4-005 S4-008 S4-015 S4-020 S4-029 S4-031
S4-032 S4-034 S4-043 S4-050 S4-054 S4-055 S4-056 S4-057
"""
"""Statements that a review of the lectures settled by running something, or called properties and numeric
examples that a run would show."""


@pytest.fixture(scope="module")
def lectures() -> list[Outcome]:
    """The outcomes of all statements that are executed."""
    paths = sorted((ROOT / "specs").rglob("*.yaml"))
    documents = [Document(path.read_bytes(), str(path)) for path in paths]
    files = [claims(document) for document in documents if "execute:" in document.text]
    files = [file._replace(statements=tuple(statement for statement in file.statements
                                            if "execute" in statement.fields)) for file in files]
    runs = _execute.execute(files, HOW)
    return [outcome for file in files for outcome in _judged(file, runs)]


def test_the_lectures_are_borne_out(lectures: list[Outcome]) -> None:
    assert [(outcome.statement.id, outcome.problem) for outcome in lectures if not outcome.is_right] == []
    assert all(outcome.ran for outcome in lectures)
    assert not set(SETTLED_BY_RUNS.split()) - {outcome.statement.id for outcome in lectures}


def test_nothing_else_would_be_borne_out(lectures: list[Outcome]) -> None:
    assert not [outcome.statement.id for outcome in lectures
                if outcome.ran and not disagreement(outcome.value, Ran(other(outcome.ran.value)))]


def other(found: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(found, tuple):
        return (*found[:-1], other(found[-1]))
    return not found if isinstance(found, bool) else 2*found + 1
