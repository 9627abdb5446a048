"""The layers of the specification language, one module a family. Importing this registers them all."""
from archcheck.frontends.spec.layers import (
    attention,
    convolution,
    elementwise,
    linear,
    norm,
    pooling,
    recurrent,
    shapes,
)

__all__ = ["attention", "convolution", "elementwise", "linear", "norm", "pooling", "recurrent", "shapes"]
