"""Single nodes with inputs of known types, walked without an oracle."""
from __future__ import annotations

from typing import Any

import numpy as np

import archcheck
from archcheck.graph import Graph, Node, TensorType


def ints(*numbers: int) -> np.ndarray[Any, Any]:
    """A vector of int64."""
    return np.array(numbers, np.int64)


def vector(*elements: Any, dtype: str = "int64") -> TensorType:
    """A known vector; None is an element that is not known."""
    return TensorType(dtype, (len(elements),), elements)


def scalar(element: Any, dtype: str = "int64") -> TensorType:
    """A known scalar."""
    return TensorType(dtype, (), (element,))


def walked(op: str, *inputs: TensorType, outputs: int = 1, **attrs: Any) -> archcheck.Report:
    """What is known of one node; its inputs are called x0, x1, …, its outputs y0, y1, …"""
    names = [f"x{index}" for index in range(len(inputs))]
    made = tuple(f"y{index}" for index in range(outputs))
    node = Node("node", op, "", tuple(names), made, attrs)
    return archcheck.analyze(Graph("g", dict(zip(names, inputs, strict=True)), made, (node,), {}))


def answer(op: str, *inputs: TensorType, **attrs: Any) -> TensorType:
    """The type of the one output of a node."""
    found: TensorType = walked(op, *inputs, **attrs).types["y0"]
    return found
