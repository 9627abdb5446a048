"""A model of hundreds of megabytes that takes no room: its weights are holes in a file."""
from __future__ import annotations

from pathlib import Path

from onnx import TensorProto, helper

from archcheck.frontends._wire import encoded

LAYERS, WIDTH = 31, 2048
"""So many weights of WIDTH × WIDTH floats: 16 MiB each, 520 MB in all."""


def save_big(path: Path, layers: int = LAYERS, width: int = WIDTH) -> int:
    """Write the model, and give the number of its parameters."""
    names = [f"w{k}" for k in range(layers)]
    nodes = [helper.make_node("MatMul", [f"v{k}", name], [f"v{k + 1}"], name=f"n{k}")
             for k, name in enumerate(names)]
    inputs = [helper.make_tensor_value_info("v0", TensorProto.FLOAT, ["N", width])]
    outputs = [helper.make_tensor_value_info(f"v{layers}", TensorProto.FLOAT, ["N", width])]
    graph = helper.make_graph(nodes, "big", inputs, outputs).SerializeToString()
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(helper.make_graph([], "big", [], []), opset_imports=opsets)
    model.ClearField("graph")
    size = width * width * 4
    heads = []
    for name in names:
        tensor = TensorProto(name=name, dims=[width, width], data_type=TensorProto.FLOAT).SerializeToString()
        head = tensor + bytes([9 << 3 | 2]) + encoded(size)
        heads.append(bytes([5 << 3 | 2]) + encoded(len(head) + size) + head)
    length = len(graph) + sum(len(head) + size for head in heads)
    with open(path, "wb") as file:
        file.write(model.SerializeToString() + bytes([7 << 3 | 2]) + encoded(length) + graph)
        for head in heads:
            file.write(head)
            file.seek(size, 1)
        file.truncate()
    return layers * width * width
