"""What a value reads of the inputs, measured by running the network with NaN in chosen places.

`prepare` makes a model fit for that, `network` runs it, `bounds` measures along an axis and `judge` holds
what was predicted of receptive fields against runs. They import ONNX Runtime, so that archcheck itself uses
them in a child process only (`archcheck.backends.fields`).
"""
