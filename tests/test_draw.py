"""Pictures: what is in them is what flows in the network, and nothing overlaps."""
from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from archcheck import analyze
from archcheck.drawing.ends import edges
from archcheck.drawing.folding import DrawingError, picture
from archcheck.drawing.layout import place
from archcheck.drawing.look import look_for
from archcheck.report import Report
from tests._pictures import faults

SPECS = sorted(path.stem for path in (Path(__file__).parents[1] / "specs").glob("*.yaml"))


@cache
def spec(name: str) -> Report:
    return analyze(f"specs:{name}")


@cache
def dag(seed: int, count: int = 40, scopes: bool = True) -> Report:
    """A random network of sums, in scopes that nodes are in at random, so that scopes read each other in
    circles."""
    rng = random.Random(seed)
    values, nodes = ["x"], []
    for k in range(count):
        read = rng.sample(values[-12:], min(len(values), rng.choice((1, 1, 1, 2, 2, 3))))
        scope = f"/{rng.choice('abc')}/{rng.choice('de')}/" if scopes and rng.random() < 0.7 else ""
        name = f"{scope}op_{k}"
        nodes.append(helper.make_node("Relu" if len(read) == 1 else "Sum", read, [f"v{k}"], name=name))
        values.append(f"v{k}")
    kind = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("x", values[-1])]
    graph = helper.make_graph(nodes, "dag", kind[:1], kind[1:])
    return analyze(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]))


def layout_faults(report: Report, direction: str = "TB", style: str = "paper", **asked: object) -> list[str]:
    found = picture(report, **asked)
    look = look_for(report, found, style, direction=direction)
    return faults(place(found, look), turned=direction == "LR")


@pytest.mark.parametrize("name", SPECS)
def test_nothing_overlaps_and_all_flows_one_way(name: str):
    report = spec(name)
    found = picture(report, limit=100)
    placed = place(found, look_for(report, found))
    assert faults(placed) == []
    assert len(list(found.shown())) <= 100
    assert placed.height <= 3500


@pytest.mark.parametrize("style", ["debug", "plain"])
@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_nothing_overlaps_in_any_style_and_direction(style: str, direction: str):
    for name in ("googlenet", "unet", "transformer_encoder", "resnet18"):
        assert layout_faults(spec(name), direction, style) == []


@pytest.mark.parametrize("fold", ["auto", "scope", "none", "depth=1", "depth=2"])
def test_nothing_overlaps_in_random_networks(fold: str):
    for seed in range(12):
        assert layout_faults(dag(seed), fold=fold) == [], seed


@pytest.mark.parametrize("name", ["lenet5", "googlenet", "unet"])
def test_nothing_overlaps_to_scale(name: str):
    report = spec(name)
    found = picture(report)
    look = look_for(report, found, to_scale=True)
    assert faults(place(found, look), turned=True) == []


# ----------------------------------------------------------------------------------------------- what is told
def read_pairs(report: Report) -> set[tuple[int, int]]:
    """Which node reads which, from the graph's own lists."""
    made = {name: k for k, node in enumerate(report.graph.nodes) for name in node.outputs}
    return {(made[name], k) for k, node in enumerate(report.graph.nodes)
            for name in node.inputs if name in made}


@pytest.mark.parametrize("fold", ["auto", "scope", "none", "depth=1", "depth=3"])
def test_edges_are_those_of_the_graph(fold: str):
    for seed in range(20):
        report = dag(seed)
        found = picture(report, fold=fold)
        closed = {}
        for box in found.shown():
            if box.id not in found.open:
                closed.update(dict.fromkeys(box.own, box.id))
        drawn = {(a.id, b.id) for a, b, _ in edges(found) if a.family != "input" and b.family != "output"}
        wanted = {(closed[a], closed[b]) for a, b in read_pairs(report)
                  if a in closed and b in closed and closed[a] != closed[b]}
        assert wanted <= drawn, seed
        if all(box.count == 1 for box in found.shown()):
            assert drawn == wanted, seed


def test_every_node_is_in_one_box():
    for seed in range(10):
        report = dag(seed)
        found = picture(report)
        closed = [box for box in found.shown() if box.id not in found.open]
        assert sorted(index for box in closed for index in box.nodes) == list(range(len(report.graph.nodes)))


def test_figures_add_up():
    for name in ("resnet50", "transformer_encoder", "densenet121"):
        report = spec(name)
        top = picture(report).root.children
        assert sum(box.macs for box in top) == report.macs
        assert sum(box.params for box in top) == report.params


def test_repetitions_are_told_once():
    boxes = list(picture(spec("transformer_encoder")).shown())
    assert [box.count for box in boxes if box.count > 1] == [6]
    kinds = {box.kind for box in boxes}
    assert {"transformer", "attention"} <= kinds


def test_blocks_are_found_without_names():
    """ResNet-50 has 16 bottlenecks, of which 4 change the resolution or the channels (He et al., 2016)."""
    boxes = list(picture(analyze("onnx:light_resnet50")).shown())
    assert sum(box.count for box in boxes if box.kind == "residual") == 16


def test_the_branches_of_googlenet():
    """Nine inception modules of six convolutions each (Szegedy et al., 2015), none folded into another."""
    boxes = list(picture(spec("googlenet"), limit=200).shown())
    inceptions = [box for box in boxes if box.kind == "inception"]
    assert len(inceptions) == 9
    for box in inceptions:
        layers = [child.children[0] if child.fused else child for _, child in box.walk()
                  if child.fused or not child.children]
        assert len({layer.id for layer in layers if "Conv" in layer.label}) == 6


def parallel(op: str, count: int) -> Report:
    """``count`` equal operators side by side, which are added up."""
    nodes = [helper.make_node(op, ["x"], [f"b{k}"], name=f"b{k}") for k in range(count)]
    nodes.append(helper.make_node("Sum", [f"b{k}" for k in range(count)], ["y"], name="sum"))
    kind = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "parallel", kind[:1], kind[1:])
    return analyze(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]))


def test_what_is_side_by_side_is_no_chain():
    boxes = list(picture(parallel("Tanh", 3)).shown())
    assert [box.count for box in boxes if box.op == "Tanh"] == [1, 1, 1]


# ------------------------------------------------------------------------------------------- parts of a graph
def names(report: Report, **asked: object) -> set[str]:
    return {report.graph.nodes[index].name for box in picture(report, **asked).shown()
            for index in box.nodes}


def test_focus_shows_what_is_near():
    report = spec("lenet5")
    assert names(report, focus="S2", radius=1) == {"sigmoid1", "S2", "C3"}
    assert names(report, focus="S2", radius=0) == {"S2"}


def test_from_and_to():
    report = spec("lenet5")
    assert names(report, start="S2", end="S4") == {"S2", "C3", "sigmoid2", "S4"}
    assert names(report, end="C1") == {"C1"}


@pytest.mark.parametrize(("asked", "said"), [
    ({"focus": "S22"}, "did you mean 'S2'"), ({"fold": "deep"}, "depth=N"), ({"fold": "depth=0"}, "depth=N"),
    ({"start": "S4", "end": "S2"}, "nothing between"),
])
def test_what_cannot_be_drawn_is_said(asked: dict[str, str], said: str):
    with pytest.raises(DrawingError, match=said):
        picture(spec("lenet5"), **asked)


@pytest.mark.parametrize("limit", [1, 10, 30, 60])
def test_a_limit_is_kept_where_that_can_be(limit: int):
    report = spec("googlenet")
    least = len(list(picture(report, fold="depth=1").shown()))
    assert len(list(picture(report, limit=limit).shown())) <= max(limit, least)
