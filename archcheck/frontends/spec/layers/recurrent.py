"""Recurrent layers over sequences of (batch, length, features)."""
from __future__ import annotations

from typing import Any

from archcheck.dims import Size
from archcheck.frontends.spec._layer import At, Flag, layer

CELLS = {"RNN": 1, "GRU": 3, "LSTM": 4}
"""How many gates a cell has, its candidate included."""


def _recurrent(at: At, x: str, op: str, hidden: Size, bidirectional: bool, last: bool, bias: bool) -> str:
    """ONNX's operators take the length first, and give directions an axis of their own."""
    ways, gates = 2 if bidirectional else 1, CELLS[op]
    features = at.size(x, 2)
    turned = at.node("Transpose", x, part="length_first", perm=(1, 0, 2))
    weights = [at.weight("w", ways, gates * hidden, features), at.weight("r", ways, gates * hidden, hidden)]
    if bias:
        weights.append(at.weight("b", ways, 2 * gates * hidden))
    attrs: dict[str, Any] = {"linear_before_reset": 1} if op == "GRU" else {}
    states = at.several(op, turned, *weights, part="cell", outputs=2, hidden_size=hidden,
                     direction="bidirectional" if bidirectional else "forward", **attrs)
    if last:
        final = at.node("Transpose", states[1], part="batch_first", perm=(1, 0, 2))
        return at.node("Reshape", final, at.ints((0, ways * hidden)), part="merge")
    whole = at.node("Transpose", states[0], part="batch_first", perm=(2, 0, 1, 3))
    return at.node("Reshape", whole, at.ints((0, 0, ways * hidden)), part="merge")


@layer("rnn")
def rnn(at: At, x: str, hidden: Size, *, bidirectional: Flag = False, last: Flag = False,
        bias: Flag = True) -> str:
    """A simple recurrent layer (Elman 1990) with two biases; ``last`` gives the state after the last position
    only."""
    return _recurrent(at, x, "RNN", hidden, bidirectional, last, bias)


@layer("gru")
def gru(at: At, x: str, hidden: Size, *, bidirectional: Flag = False, last: Flag = False,
        bias: Flag = True) -> str:
    """A layer of gated recurrent units."""
    return _recurrent(at, x, "GRU", hidden, bidirectional, last, bias)


@layer("lstm")
def lstm(at: At, x: str, hidden: Size, *, bidirectional: Flag = False, last: Flag = False,
         bias: Flag = True) -> str:
    """A layer of long short-term memory."""
    return _recurrent(at, x, "LSTM", hidden, bidirectional, last, bias)
