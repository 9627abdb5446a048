"""Recurrent layers in all their forms; ONNX Runtime is the oracle but for ``layout``, which it does not run."""
from dataclasses import replace

import numpy as np

from tests.ops._rows import Row, row, rows_test

X = "float32[T,B,6]"
AT = {"T": 4, "B": 3, "M": 5}


def _weights(gates: int, directions: int = 1, hidden: int = 5, features: int = 6) -> tuple[str, str, str]:
    return (f"float32[{directions},{gates * hidden},{features}]", f"float32[{directions},{gates * hidden},{hidden}]",
            f"float32[{directions},{2 * gates * hidden}]")


def _both(directions: int, states: int = 1) -> list[str]:
    return [f"float32[T, {directions}, B, 5]", *[f"float32[{directions}, B, 5]"] * states]


W1, R1, B1 = _weights(1)
W3, R3, B3 = _weights(3)
W4, R4, B4 = _weights(4)
LENGTHS = {4: np.array([4, 2, 3], np.int32)}
QUANTISED = ("uint8[2,6,20]", "uint8[2,5,20]", "float32[2,40]", None, None, None, None, "float32[2]", "uint8[2]",
             "float32[2]", "uint8[2]")
MEMORY = "float32[1,5,7]", "float32[1,8,7]", "float32[1,7]", "float32[B,M,8]"

ROWS = [
    row("RNN", X, W1, R1, hidden_size=5, out=_both(1)),
    row("RNN", X, W1, R1, B1, direction="reverse", activations=["Relu"], out=_both(1), hidden_size=5),
    row("RNN", X, *_weights(1, 2), "int32[B]", "float32[2,B,5]", direction="bidirectional", hidden_size=5,
        activations=["Tanh", "Affine"], activation_alpha=[0.5], activation_beta=[0.5], out=_both(2),
        at=[{"T": 4, "B": 3}], data=LENGTHS),
    row("RNN", X, W1, R1, hidden_size=5, opset=7, out=_both(1)),
    row("RNN", X, W1, R1, hidden_size=5, opset=1, output_sequence=1, oracle="published",
        why="no oracle runs RNN-1; the sizes are those of RNN-7", out=_both(1)),
    row("RNN", "float32[B,T,6]", W1, R1, hidden_size=5, layout=1, oracle="reference",
        out=["float32[B, T, 1, 5]", "float32[B, 1, 5]"], at=[{"T": 1, "B": 3}]),
    row("GRU", X, W3, R3, B3, hidden_size=5, out=_both(1)),
    row("GRU", X, *_weights(3, 2), hidden_size=5, direction="bidirectional", linear_before_reset=1, out=_both(2)),
    row("GRU", X, W3, R3, B3, None, "float32[1,B,5]", hidden_size=5, direction="reverse", out=_both(1)),
    row("GRU", X, W3, R3, hidden_size=5, out=[None, "float32[1, B, 5]"]),
    row("GRU", "float32[B,T,6]", W3, R3, hidden_size=5, layout=1, oracle="reference",
        out=["float32[B, T, 1, 5]", "float32[B, 1, 5]"], at=[{"T": 1, "B": 3}]),
    row("LSTM", X, W4, R4, B4, hidden_size=5, out=_both(1, 2)),
    row("LSTM", X, *_weights(4, 2), "int32[B]", "float32[2,B,5]", "float32[2,B,5]", "float32[2,15]", hidden_size=5,
        direction="bidirectional", input_forget=1, clip=3.0, out=_both(2, 2), at=[{"T": 4, "B": 3}], data=LENGTHS),
    row("LSTM", X, W4, R4, out=_both(1, 2), hidden_size=5, opset=7),
    row("LSTM", X, W4, R4, hidden_size=5, out=[None, None, "float32[1, B, 5]"]),
    row("LSTM", "float32[B,T,6]", W4, R4, hidden_size=5, layout=1, oracle="reference",
        out=["float32[B, T, 1, 5]", "float32[B, 1, 5]"], at=[{"T": 1, "B": 3}]),
    row("LSTM", X, "float32[1,20,7]", R4, hidden_size=5, fails="axis 2 of W is 7, but the other inputs make it 6"),
    row("LSTM", X, W4, R4, hidden_size=5, direction="sideways", fails="its direction is 'sideways'"),
    row("DynamicQuantizeLSTM", X, *QUANTISED, domain="com.microsoft", hidden_size=5, direction="bidirectional",
        out=_both(2, 2)),
    row("AttnLSTM", X, "float32[1,20,14]", R4, B4, None, None, None, None, *MEMORY, None, "float32[1,13,8]",
        domain="com.microsoft", hidden_size=5, out=_both(1, 2)),
    row("AttnLSTM", X, "float32[1,20,14]", R4, None, None, None, None, None, *MEMORY, domain="com.microsoft",
        hidden_size=5, direction="reverse", out=_both(1, 2)),
]


def _no_empty_sequences(one: Row) -> Row:
    """ONNX Runtime crashes on them."""
    return one if one.at else replace(one, at=[{name: AT[name] for name in one.symbols}, dict.fromkeys(one.symbols, 1)])


test_rows = rows_test(list(map(_no_empty_sequences, ROWS)))
