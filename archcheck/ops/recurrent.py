"""Recurrent layers: a state carried along the time axis, in one or both directions.

Inputs are X [time, batch, features], W [directions, gates·hidden, features], R [directions, gates·hidden,
hidden], B [directions, 2·gates·hidden] and initial states [directions, batch, hidden]. Outputs are Y [time,
directions, batch, hidden] and the last states [directions, batch, hidden]. With ``layout`` 1 the batch comes
first in all but the weights.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from archcheck.dims import Size
from archcheck.graph import TensorType
from archcheck.ops._inputs import expect
from archcheck.ops._op import (
    ALL,
    FREE,
    STATISTIC,
    Along,
    BothWays,
    Cost,
    Effect,
    Prefix,
    Product,
    Reader,
    Reads,
    op,
    require,
)


class Cell(NamedTuple):
    """What one unit does in one step: matrix products, activations (how often, and the default),
    arithmetic."""

    gates: int
    uses: tuple[int, ...]
    activations: tuple[str, ...]
    arithmetic: Cost


RNN = Cell(1, (1,), ("Tanh",), FREE)
GRU = Cell(3, (2, 1), ("Sigmoid", "Tanh"), Cost(add=2, mul=3))
LSTM = Cell(4, (3, 1, 1), ("Sigmoid", "Tanh", "Tanh"), Cost(add=1, mul=3))
PEEPHOLES = Cost(add=3, mul=3)

DIRECTIONS = {"forward": 1, "foward": 1, "reverse": 1, "bidirectional": 2}  # the default of GRU-1 is misspelt
ACTIVATIONS = {"Sigmoid": Cost(add=1, div=1, special=1), "Relu": Cost(cmp=1), "LeakyRelu": Cost(cmp=1, mul=1),
               "ThresholdedRelu": Cost(cmp=1), "Affine": Cost(mul=1, add=1),
               "HardSigmoid": Cost(mul=1, add=1, cmp=2)}
"""Cost per element; any other is one special function."""


class Layer(NamedTuple):
    """The sizes of a recurrent layer, and how it lies in its tensors."""

    time: Size
    batch: Size
    features: Size
    hidden: Size
    direction: str
    layout: int

    @property
    def directions(self) -> int:
        """1, or 2 where the sequence is read both ways."""
        return DIRECTIONS[self.direction]

    @property
    def units(self) -> Size:
        """Unit steps of one run."""
        return self.time * self.batch * self.directions * self.hidden

    def outputs(self, x: TensorType, states: int) -> tuple[TensorType, ...]:
        """The types of Y and of the last ``states``."""
        y: tuple[Size, ...] = (self.time, self.directions, self.batch, self.hidden)
        last: tuple[Size, ...] = (self.directions, self.batch, self.hidden)
        if self.layout:
            y, last = (self.batch, self.time, *y[1::2]), (self.batch, self.directions, self.hidden)
        return (TensorType(x.dtype, y), *(TensorType(x.dtype, last),) * states)

    def readers(self, output: int) -> tuple[tuple[Reader, ...], ...]:
        """How Y (output 0) and the last states read X, W, R, B, sequence_lens, initial_h, initial_c and P."""
        time, direction, batch = ((1, 2, 0) if self.layout else (0, 1, 2)) if output == 0 else \
            (-1, 1, 0) if self.layout else (-1, 0, 1)
        backward = self.direction == "reverse"
        steps: Reader = ALL if output else BothWays(time, direction) if self.directions == 2 else \
            Prefix(time, backward)
        rows: Reader = Along(batch)
        place: Reader = Along(direction)
        weights: tuple[Reader, ...] = (place, ALL, ALL)
        state: tuple[Reader, ...] = (place, rows, ALL)
        x: tuple[Reader, ...] = (steps, rows, ALL)
        if self.layout:
            x, state = (rows, steps, ALL), (rows, place, ALL)
        return x, weights, weights, weights[:2], (rows,), state, state, weights[:2]


def _layer(x: TensorType, r: TensorType, hidden_size: int | None, direction: str, layout: int = 0) -> Layer:
    require(direction in DIRECTIONS, "its direction is {!r}, but must be forward, reverse or bidirectional",
            direction)
    hidden = r.shape[2] if hidden_size is None else hidden_size  # type: ignore[index]
    first, second, features = x.shape  # type: ignore[misc]
    time, batch = (second, first) if layout else (first, second)
    return Layer(time, batch, features, hidden, direction, layout)


def _reads(given: Sequence[TensorType | None], readers: Sequence[tuple[Reader, ...]]) -> Reads:
    return tuple(None if kind is None else reader for kind, reader in zip(given, readers))


def _cost(cell: Cell, layer: Layer, inner: Size, b: TensorType | None, p: TensorType | None,
          activations: Sequence[str] | None) -> Cost:
    """Cost of ``cell`` in every step; each gate's product reads ``inner`` elements."""
    names = activations or cell.activations * layer.directions
    functions = FREE
    for name, uses in zip(names, cell.uses * layer.directions):
        functions = functions + ACTIVATIONS.get(name, Cost(special=1)).times(uses)
    arithmetic = cell.arithmetic + Cost(add=cell.gates * (3 if b else 1)) + (PEEPHOLES if p else FREE)
    return (Cost(mac=layer.units * cell.gates * inner) + arithmetic.times(layer.units)
            + functions.times(layer.time * layer.batch * layer.hidden))


def _recurrent(cell: Cell, states: int, given: Sequence[Any], activations: Sequence[str] | None,
               hidden_size: int | None, direction: str, layout: int) -> Effect:
    x, w, r, b, *others = given
    p = others[3] if len(others) > 3 else None
    layer = _layer(x, r, hidden_size, direction, layout)
    expect(w, "W", layer.directions, cell.gates * layer.hidden, layer.features)
    expect(r, "R", layer.directions, cell.gates * layer.hidden, layer.hidden)
    return Effect(layer.outputs(x, states),
                  lambda: _cost(cell, layer, layer.features + layer.hidden, b, p, activations),
                  lambda k: _reads(given, layer.readers(k)),
                  products=lambda: _products(cell, layer, len(given)))


def _products(cell: Cell, layer: Layer, inputs: int) -> tuple[Product, ...]:
    """The features times W, and the states, which come from everything, times R."""
    of_x, of_h = (layer.units * cell.gates * inner for inner in (layer.features, layer.hidden))
    everything = tuple(k for k in range(inputs) if k != 4)
    return (Product(of_x, of_x, (0,), (1,), layer.batch), Product(of_h, of_h, everything, (2,), layer.batch))


# ---------------------------------------------------------------------------------- ONNX
@op("RNN", buffers=("initial_h",), kind="rnn")
def rnn(x, w, r, b=None, sequence_lens=None, initial_h=None, *, activation_alpha=None, activation_beta=None,
        activations=None, clip=None, direction="forward", hidden_size=None, layout=0, output_sequence=0):
    """``h = f(W·x + R·h + b)``."""
    given = x, w, r, b, sequence_lens, initial_h
    return _recurrent(RNN, 1, given, activations, hidden_size, direction, layout)


@op("GRU", buffers=("initial_h",), kind="gru")
def gru(x, w, r, b=None, sequence_lens=None, initial_h=None, *, activation_alpha=None, activation_beta=None,
        activations=None, clip=None, direction="forward", hidden_size=None, layout=0, linear_before_reset=0,
        output_sequence=0):
    """``h = (1 - z)·n + z·h`` with an update gate ``z``, a reset gate ``r`` and ``n = g(W·x + R·(r·h))``."""
    given = x, w, r, b, sequence_lens, initial_h
    return _recurrent(GRU, 1, given, activations, hidden_size, direction, layout)


@op("LSTM", buffers=("initial_h", "initial_c"), kind="lstm")
def lstm(x, w, r, b=None, sequence_lens=None, initial_h=None, initial_c=None, p=None, *,
         activation_alpha=None, activation_beta=None, activations=None, clip=None, direction="forward",
         hidden_size=None, input_forget=0, layout=0, output_sequence=0):
    """``c = f·c + i·g``, ``h = o·tanh(c)`` with input, output, forget and cell gates; ``p`` lets gates see
    ``c``."""
    given = x, w, r, b, sequence_lens, initial_h, initial_c, p
    return _recurrent(LSTM, 2, given, activations, hidden_size, direction, layout)


# ---------------------------------------------------------------------------------- ONNX Runtime
@op("DynamicQuantizeLSTM", domain="com.microsoft", buffers=("initial_h", "initial_c"))
def dynamic_quantize_lstm(x, w, r, b=None, sequence_lens=None, initial_h=None, initial_c=None, p=None,
                          w_scale=None, w_zero_point=None, r_scale=None, r_zero_point=None, *,
                          activation_alpha=None, activation_beta=None, activations=None, clip=None,
                          direction="forward", hidden_size=None, input_forget=0):
    """An LSTM with 8-bit weights, stored transposed: W [directions, features, 4·hidden]. All of the input and
    all states of a step are quantised together, so every row takes part in every other's scale."""
    if hidden_size is None:
        hidden_size = r.shape[1]
    layer = _layer(x, r, hidden_size, direction)
    expect(w, "W", layer.directions, layer.features, 4 * layer.hidden)
    expect(r, "R", layer.directions, layer.hidden, 4 * layer.hidden)
    given = x, w, r, b, sequence_lens, initial_h, initial_c, p
    scales = [kind for kind in (w_scale, w_zero_point, r_scale, r_zero_point) if kind]

    def reads(k: int) -> Reads:
        _, weight, _, bias, *_ = layer.readers(k)
        state = weight[0], STATISTIC, ALL
        readers = (ALL, STATISTIC, ALL), weight, weight, bias, (STATISTIC,), state, state, bias
        return _reads((*given, *scales), (*readers, *(bias[:len(kind.shape)] for kind in scales)))

    return Effect(layer.outputs(x, 2),
                  lambda: _cost(LSTM, layer, layer.features + layer.hidden, b, p, activations), reads,
                  products=lambda: _products(LSTM, layer, len(given)))


@op("AttnLSTM", domain="com.microsoft", buffers=("initial_h", "initial_c"))
def attention_lstm(x, w, r, b=None, sequence_lens=None, initial_h=None, initial_c=None, p=None, qw=None,
                   mw=None, v=None, m=None, memory_seq_lens=None, aw=None, *, activation_alpha=None,
                   activation_beta=None, activations=None, clip=None, direction="forward", hidden_size=None,
                   input_forget=0):
    """An LSTM that in every step also reads what it attends to in a memory M [batch, steps, depth]
    (Bahdanau): ``softmax(V·tanh(M·MW + h·QW))·M``, which the layer AW, if there is one, joins with ``h``."""
    require(None not in (qw, mw, v, m), "attention needs QW, MW, V and M")
    layer = _layer(x, r, hidden_size, direction)
    _, steps, depth = m.shape
    attended = aw.shape[2] if aw else depth
    expect(w, "W", layer.directions, 4 * layer.hidden, layer.features + attended)
    expect(r, "R", layer.directions, 4 * layer.hidden, layer.hidden)
    given = x, w, r, b, sequence_lens, initial_h, initial_c, p

    def cost() -> Cost:
        width, runs = qw.shape[2], layer.time * layer.batch * layer.directions
        joined = attended * (layer.hidden + depth) if aw else 0
        query = layer.hidden * width + steps * (width + depth) + joined
        keys = layer.batch * layer.directions * steps * depth * width
        scores = Cost(add=width + 2, special=width + 1, cmp=1, div=1).times(runs * steps)
        cells = _cost(LSTM, layer, layer.features + attended + layer.hidden, b, p, activations)
        return cells + scores + Cost(mac=runs * query + keys)

    def reads(k: int) -> Reads:
        readers = layer.readers(k)
        weight, (rows,) = readers[1], readers[4]
        return _reads((*given, qw, mw, v, m, memory_seq_lens, aw),
                      (*readers, weight, weight, weight[:2], (rows, ALL, ALL), (rows,), weight))

    return Effect(layer.outputs(x, 2), cost, reads)
