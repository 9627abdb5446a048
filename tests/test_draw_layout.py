"""The layout of small pictures whose best layout is known."""
from __future__ import annotations

import random
from itertools import pairwise

import pytest

from archcheck import analyze
from archcheck.drawing.folding import picture
from archcheck.drawing.layout import Placed, place
from archcheck.drawing.look import look_for
from archcheck.drawing.style import Look
from archcheck.drawing.svg import render
from archcheck.drawing.tree import OUTSIDE, Box, Link, Picture
from tests._pictures import faults

SHAPE = (1, 64, 56, 56)

Pairs = list[tuple[int, int]]


def net(count: int, pairs: Pairs) -> Picture:
    """Boxes ``0``, ``1``, … and links between them."""
    boxes = tuple(Box(str(k), f"b{k}", f"Op{k}", "join") for k in range(count))
    links = tuple(Link(str(a), str(b), (f"v{a}",), SHAPE) for a, b in pairs)
    return Picture(Box("net", "net", "", children=boxes, links=links), frozenset(["net"]))


def laid_out(count: int, pairs: Pairs, direction: str = "TB") -> Placed:
    return place(net(count, pairs), Look(direction=direction, shape=lambda link: "1×64×56×56"))


def middles(placed: Placed) -> dict[str, float]:
    return {box.box.id: box.x + box.width / 2 for box in placed.walk()}


# -------------------------------------------------------------------------------------------------- backwards
LOOPS: list[tuple[int, Pairs, Pairs]] = [
    (1, [], [(0, 0)]),
    (2, [(0, 1)], [(1, 0)]),
    (3, [(0, 1), (1, 2)], [(2, 0)]),
    (4, [(0, 1), (1, 2), (2, 3)], [(2, 1)]),
    (5, [(0, 1), (1, 2), (2, 3), (3, 4)], [(3, 1), (4, 0), (2, 2)]),
    (6, [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 5), (4, 5)], [(5, 0), (4, 1)]),
]


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize(("count", "forward", "back"), LOOPS)
def test_edges_that_lead_backwards_touch_nothing(direction: str, count: int, forward: Pairs, back: Pairs):
    """They go against the flow, and nothing else is wrong: they begin behind their box and end before the
    other one, cross no box and no label, and the labels are on no box."""
    turned = direction == "LR"
    placed = laid_out(count, forward + back, direction)
    assert set(faults(placed, turned)) == {f"{a} -> {b} goes against the flow" for a, b in back}
    boxes = {box.box.id: box for box in placed.children}
    for wire in placed.wires:
        a, b = boxes[wire.link.source], boxes[wire.link.target]
        (x, y), (x2, y2) = wire.points[0], wire.points[-1]
        ends = (x, x2, a.x + a.width, b.x) if turned else (y, y2, a.y + a.height, b.y)
        assert ends[0] == pytest.approx(ends[2], abs=0.2) and ends[1] == pytest.approx(ends[3], abs=0.2)
        assert all(0 <= x <= placed.width and 0 <= y <= placed.height for x, y in wire.points)


def test_random_networks_with_edges_backwards():
    for seed in range(30):
        rng = random.Random(seed)
        count = rng.randint(2, 14)
        forward = sorted({tuple(sorted(rng.sample(range(count), 2))) for _ in range(count)})
        back = sorted({(b, a) for a, b in rng.sample(forward, min(3, len(forward)))})
        found = set(faults(laid_out(count, forward + back)))
        assert found <= {f"{a} -> {b} goes against the flow" for a, b in forward + back}, seed


# ---------------------------------------------------------------------------------------------------- in line
def test_a_chain_is_straight_whatever_skips_it():
    """As in a U-Net: each of the first five is read by the next one and by one of the last five."""
    pairs = [*pairwise(range(10)), *((k, 9 - k) for k in range(4))]
    assert len({round(x, 1) for x in list(middles(laid_out(10, pairs)).values())[1:]}) == 1


@pytest.mark.parametrize("name", ["unet", "resnet18", "vgg16"])
def test_the_main_path_goes_straight_down(name: str):
    """Of the steps along the first path of the outermost level, nearly all are."""
    report = analyze(f"specs:{name}")
    found = picture(report)
    placed = place(found, look_for(report, found))
    steps = [wire.points for wire in placed.wires if len(wire.points) == 4]
    straight = sum(abs(points[0][0] - points[-1][0]) < 0.2 for points in steps)
    assert straight >= 0.75 * len(steps) > 3


def test_branches_stand_on_both_sides_of_what_they_join():
    where = middles(laid_out(5, [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)]))
    assert where["0"] == pytest.approx(where["2"], abs=0.2) == pytest.approx(where["4"], abs=0.2)
    assert where["2"] - where["1"] == pytest.approx(where["3"] - where["2"], abs=0.2)


def test_a_line_is_drawn_once():
    """Three edges leave at one place: the straight part that they share is in the first one only."""
    placed = laid_out(4, [(0, 1), (0, 2), (0, 3)])
    begins = [line.split('"')[1] for line in render(placed, Look()).splitlines() if line.startswith("<path")]
    x, y = placed.wires[0].points[0]
    assert sum(path.startswith(f"M{x:g},{y:g} ") for path in begins) == 1


def test_a_box_that_is_open_and_repeated_stands_on_sheets():
    inner = Box("r/a", "a", "Relu", "activation")
    outer = Box("r", "r", "", "activation", count=3, children=(inner,),
                links=(Link(OUTSIDE, "r/a", ("x",)), Link("r/a", OUTSIDE, ("y",))))
    whole = Box("net", "net", "", children=(outer,), links=())
    svg = render(place(Picture(whole, frozenset(["net", "r"])), Look()), Look())
    assert svg.count("<rect") == 1 + 3 + 1  # the ground, the box on two sheets, the one inside
