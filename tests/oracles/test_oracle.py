"""The oracle itself: it finds what is known of small networks, and refutes what is a position off."""
from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from onnx import helper, numpy_helper

from archcheck.probing.bounds import Points, bounds, everywhere, sets
from archcheck.probing.judge import Box, Verdict, judged
from archcheck.probing.network import Network
from tests.oracles import nets
from tests.oracles.draw import networks
from tests.oracles.misfits import misfits
from tests.oracles.nets import KNOWN, Known, Net

NAMES = list(KNOWN)


class Told(NamedTuple):
    """What is claimed of a known network: its boxes, the ends along the axis moved by so many positions."""

    known: Known
    moved: tuple[int, int] = (0, 0)
    upper_bound: bool = False

    def box(self, position: tuple[int, ...]) -> Box:
        reads = list(self.known.reads(position[self.known.axis]))
        whole = [(0, size - 1) for size in self.known.net.shape]
        whole[self.known.axis] = reads[0] + self.moved[0], reads[-1] + self.moved[1]
        return whole

    def positions(self, position: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        whole = [tuple(range(size)) for size in self.known.net.shape]
        whole[self.known.axis] = tuple(self.known.reads(position[self.known.axis]))
        return tuple(whole)


def network(known: Known) -> Network:
    return Network(known.net.model(), {"x": known.net.shape})


def points(known: Known, net: Network) -> Points:
    """The positions that are known, in the middle of the other axes."""
    at = np.array(list(known.at))
    shape = net.values[known.output]
    return {known.output: tuple(at if axis == known.axis else np.full(len(at), size // 2)
                                for axis, size in enumerate(shape))}


def verdict(known: Known, moved: tuple[int, int], runs: int | None = None) -> Verdict:
    """What comes of a claim that is ``moved``, along the axis that is known."""
    net = network(known)
    told = Told(known, moved)
    return judged(net, lambda value: {"x": told}, most_runs=runs, points=points(known, net),
                  axes=[known.axis])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "U-Net, linear"])  # its zero taps leak
def test_what_is_known_is_measured(name: str) -> None:
    known = KNOWN[name]
    net = network(known)
    where = points(known, net)
    found = sets(net.poisoned, net, "x", known.axis, where)[known.output]
    expected = {o: list(known.reads(o)) for o in known.at}
    assert {o: np.flatnonzero(column).tolist() for o, column in zip(known.at, found.T)} == expected


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("runs", [None, 40])
def test_right_claims_are_proved(name: str, runs: int | None) -> None:
    found = verdict(KNOWN[name], (0, 0), runs)
    assert found.faults == []
    assert runs or found.proved == found.claims == len(list(KNOWN[name].at))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("moved", "kind"), [((1, 0), "unsound"), ((0, -1), "unsound"), ((-1, 0), "loose"),
                                             ((0, 1), "loose")])
def test_a_claim_that_is_one_position_off_is_refuted(name: str, moved: tuple[int, int], kind: str) -> None:
    known = KNOWN[name]
    found = verdict(known, moved)
    assert {fault.kind for fault in found.faults} == {kind}
    assert {fault.position[known.axis] for fault in found.faults} == set(known.at)


def test_holes_are_seen() -> None:
    known = KNOWN["gridding"]
    net = network(known)
    where = points(known, net)
    right, full = Told(known), Told(known._replace(reads=lambda o: range(o - 6, o + 7)))
    assert [found for found in misfits(net, lambda value: {"x": right}, where) if found.axis == 2] == []
    wrong = [found for found in misfits(net, lambda value: {"x": full}, where) if found.axis == 2]
    assert {found.kind for found in wrong} == {"loose set"}
    assert {found.position[2] for found in wrong} == set(known.at)


def test_an_input_that_is_not_read() -> None:
    net = Net(1, 2, 6, 6)
    net.add("Mul", "x", net.stored(0, np.float32))
    found = judged(Network(net.model(), {"x": net.shape}), lambda value: {})
    assert {fault.kind for fault in found.faults} == {"unsound"}


# ---------------------------------------------------------------------------------------------- NaN passes
def made(op: str, *stored: object, shape: tuple[int, ...] = (1, 2, 6, 9), **attrs: object) -> Network:
    """One node probed; what is stored is its further inputs."""
    arrays = [array if isinstance(array, np.ndarray) else np.float32(array) for array in stored]
    weights = [numpy_helper.from_array(np.asarray(array), f"w{k}") for k, array in enumerate(arrays)]
    node = helper.make_node(op, ["x", *(weight.name for weight in weights)], ["y"], **attrs)
    graph = helper.make_graph([node], "g", [helper.make_tensor_value_info("x", 1, shape)],
                              [onnx.ValueInfoProto(name="y")], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    return Network(model, {"x": shape})


def count(net: Network, at: tuple[int, ...]) -> int:
    """How many outputs turn NaN with one element."""
    mask = np.zeros(net.inputs["x"].shape, bool)
    mask[at] = True
    return int(net.poisoned({"x": mask})["y"].sum())


ELEMENTWISE = ["Relu", "LeakyRelu", "Sigmoid", "Tanh", "Elu", "Selu", "Softplus", "Softsign", "HardSigmoid",
               "HardSwish", "Mish", "Erf", "Gelu", "Exp", "Sqrt", "Sign", "Round", "Floor", "Abs"]
WINDOWS = [("MaxPool", 9), ("AveragePool", 9), ("LpPool", 9)]
KERNEL = np.zeros((2, 2, 3, 3), np.float32)


@pytest.mark.parametrize("op", ELEMENTWISE)
def test_functions_pass_nan_on(op: str) -> None:
    assert count(made(op), (0, 0, 3, 4)) == 1


@pytest.mark.parametrize("op", ["Max", "Min", "Add", "Mul"])
def test_joins_pass_nan_on(op: str) -> None:
    assert count(made(op, 0.5), (0, 0, 3, 4)) == 1
    assert count(made("Clip", 0.0, 6.0), (0, 0, 3, 4)) == 1


@pytest.mark.parametrize(("op", "expected"), WINDOWS)
@pytest.mark.parametrize("dilations", [[1, 1], [2, 3]])
def test_windows_pass_nan_on(op: str, expected: int, dilations: list[int]) -> None:
    net = made(op, shape=(1, 2, 12, 14), kernel_shape=[3, 3], dilations=dilations)
    assert count(net, (0, 0, 5, 6)) == expected


@pytest.mark.parametrize(("net", "expected"), [
    (made("GlobalMaxPool"), 1), (made("ReduceMax", np.array([2])), 1), (made("ReduceMin", np.array([3])), 1),
    (made("Conv", KERNEL), 18), (made("ConvTranspose", KERNEL, strides=[2, 2]), 18),
    (made("Softmax", axis=2), 6), (made("CumSum", np.array(3)), 5)])
def test_others_pass_nan_on(net: Network, expected: int) -> None:
    assert count(net, (0, 0, 3, 4)) == expected


@pytest.mark.parametrize("layout", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize(("op", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_recurrences_pass_nan_on(op: str, gates: int, layout: str) -> None:
    ways = 1 + (layout == "bidirectional")
    kernels = [np.full((ways, 2 * gates, depth), 0.1, np.float32) for depth in (3, 2)]
    net = made(op, *kernels, shape=(6, 1, 3), hidden_size=2, direction=layout)
    assert count(net, (2, 0, 1)) == {"forward": 4, "reverse": 3, "bidirectional": 7}[layout] * 2


def test_pools_are_replaced_window_by_window() -> None:
    """AveragePool in MaxPool's place has the same shape, padding in excess and all."""
    for ceil_mode in 0, 1:
        net = made("MaxPool", kernel_shape=[3, 2], strides=[4, 3], pads=[2, 1, 2, 1], ceil_mode=ceil_mode)
        assert "y" in net.values


def test_what_nan_cannot_get_through_is_changed_instead() -> None:
    node = helper.make_node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2, 2])
    again = helper.make_node("Cast", ["i"], ["z"], to=1)
    graph = helper.make_graph([node, again], "g", [helper.make_tensor_value_info("x", 1, (1, 1, 4, 4))],
                              [onnx.ValueInfoProto(name="z")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    net = Network(model, {"x": (1, 1, 4, 4)})
    assert "indices" in net.cut
    assert net.run("x") == net.disturbed
    assert net.through["y"] == {"all it goes through"}


# ------------------------------------------------------------------------------------------ known tolerances
def test_changes_prove_less_and_nan_more() -> None:
    """Where linear Resize hits a position exactly, its neighbour counts for nothing, but a NaN there leaks; a
    change does not get through a rectifier that is closed."""
    net = made("Resize", np.array([], np.float32), np.array([1, 1, 1, 2], np.float32), mode="linear",
               coordinate_transformation_mode="asymmetric")
    where: Mapping[str, tuple[np.ndarray, ...]] = {"y": tuple(np.array([n]) for n in (0, 0, 2, 4))}
    assert np.flatnonzero(sets(net.poisoned, net, "x", 3, where)["y"]).tolist() == [2, 3]
    assert np.flatnonzero(sets(net.disturbed, net, "x", 3, where)["y"]).tolist() == [2]
    assert net.leaking["y"] == {"Resize"}
    closed = Net(1, 1, 4, 4)
    closed.add("Relu", closed.add("Add", "x", closed.stored(-1000, np.float32)))
    net = Network(closed.model(), {"x": closed.shape})
    mask = np.ones(closed.shape, bool)
    assert not net.disturbed({"x": mask})["relu1"].any()
    assert net.poisoned({"x": mask})["relu1"].all()


def test_integers_are_changed() -> None:
    graph = helper.make_graph(
        [helper.make_node("Gather", ["w", "x"], ["y"])], "g", [helper.make_tensor_value_info("x", 7, (1, 5))],
        [onnx.ValueInfoProto(name="y")], [numpy_helper.from_array(np.eye(2, 3, dtype=np.float32), "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    net = Network(model, {"x": (1, 5)})
    found = bounds(net.disturbed, net, "x", 1, {"y": tuple(np.array([n]) for n in (0, 3, 0))}, everywhere(5))
    assert (found["y"].first_most[0], found["y"].last_least[0]) == (3, 3)


def test_weights_that_are_missing_are_drawn() -> None:
    model = nets.stack(9, {"size": 3}).model()
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="weights.bin")
    net = Network(model, {"x": (1, 1, 9, 8)})
    assert net.values["conv0"] == (1, 1, 7, 6)
    assert count_of(net, "conv0") == 9


def count_of(net: Network, value: str) -> int:
    mask = np.zeros(net.inputs["x"].shape, bool)
    mask[0, 0, 4, 4] = True
    return int(net.disturbed({"x": mask})[value].sum())


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(networks())
def test_random_networks_run(model: onnx.ModelProto) -> None:
    """Every network that is drawn can be probed, and every change shows as NaN, but for what is named."""
    shapes = {given.name: tuple(n.dim_value for n in given.type.tensor_type.shape.dim)
              for given in model.graph.input}
    net = Network(model, shapes)
    mask = {name: np.ones(shape, bool) for name, shape in shapes.items()}
    changed, poisoned = net.disturbed(mask), net.poisoned(mask)
    assert [name for name in net.values if (changed[name] & ~poisoned[name]).any()] == []
