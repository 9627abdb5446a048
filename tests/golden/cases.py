"""The outputs that are kept, and how they come about."""
from __future__ import annotations

import contextlib
import io
from pathlib import Path
from unittest import mock

from onnx import TensorProto, helper, parser

HERE = Path(__file__).parent
RESNET = "onnx:light_resnet50"

CASES = {
    "resnet50.txt": ("summary", RESNET),
    "resnet50.short.txt": (RESNET,),
    "resnet50.largest.md": ("summary", RESNET, "--sort", "macs", "--top", "5", "--format", "markdown"),
    "blocks.txt": ("summary", "blocks.onnx"),
    "blocks.json": ("summary", "blocks.onnx", "--format", "json"),
    "blocks.csv": ("summary", "blocks.onnx", "--format", "csv", "--columns",
                   "name,op,shape,params,macs,flops,nodes"),
    "blocks.md": ("summary", "blocks.onnx", "--format", "markdown"),
    "blocks.bound.txt": ("summary", "blocks.onnx", "--set", "batch=1", "--set", "height=64", "--set",
                         "width=64"),
    "blocks.wide.txt": ("summary", "blocks.onnx", "--wide", "--all"),
    "resnet50.memory.txt": ("memory", RESNET),
    "blocks.memory.txt": ("memory", "blocks.onnx"),
    "blocks.memory.json": ("memory", "blocks.onnx", "--set", "batch=1", "--set", "height=64", "--set",
                           "width=64", "--format", "json"),
    "draw.lenet5.svg": ("draw", "specs:lenet5"),
    "draw.lenet5.scale.svg": ("draw", "specs:lenet5", "--to-scale"),
    "draw.lenet5.auto.svg": ("draw", "specs:lenet5", "--theme", "auto", "--color", "cost"),
    "draw.alexnet.params.svg": ("draw", "specs:alexnet", "--color", "params", "--rankdir", "LR"),
    "draw.vgg16.plain.svg": ("draw", "specs:vgg16", "--style", "plain"),
    "draw.googlenet.svg": ("draw", "specs:googlenet", "--limit", "45"),
    "draw.resnet50.svg": ("draw", RESNET),
    "draw.unet.svg": ("draw", "specs:unet"),
    "draw.transformer.svg": ("draw", "specs:transformer_encoder"),
    "draw.lstm.debug.svg": ("draw", "specs:lstm", "--style", "debug"),
    "draw.blocks.svg": ("draw", "blocks.onnx"),
    "draw.blocks.dot": ("draw", "blocks.onnx", "--format", "dot"),
    "draw.blocks.mmd": ("draw", "blocks.onnx", "--format", "mmd"),
    "draw.blocks.tex": ("draw", "blocks.onnx", "--format", "tex"),
    "ops.conv.txt": ("ops", "Conv"),
    "ops.softmax.txt": ("ops", "Softmax"),
}
TERMINALS = {"blocks.80.ansi": ("blocks.onnx", 80), "blocks.140.ansi": ("blocks.onnx", 140),
             "resnet50.80.ansi": (RESNET, 80)}


def blocks() -> bytes:
    """A network with a stem, three equal blocks, a mask that is prepared, and an operator that nobody
    knows."""
    body = "".join(
        f'["/blocks.{k}/conv/Conv"] c{k} = Conv<pads=[1,1,1,1]>({"stem" if k == 0 else f"s{k - 1}"}, w{k})'
        f'["/blocks.{k}/act/Relu"] r{k} = Relu(c{k})'
        f'["/blocks.{k}/Add"] s{k} = Add({"stem" if k == 0 else f"s{k - 1}"}, r{k})' for k in range(3))
    model = parser.parse_model(f"""
        <ir_version: 9, opset_import: ["" : 18, "com.acme" : 1], producer_name: "hand">
        net (float[batch,3,height,width] image, int64[batch] mask) => (float[batch,n] y, float q) {{
            ["/stem/Conv"] stem = Conv<strides=[2,2], pads=[1,1,1,1]>(image, k)
            {body}
            ["/mask/Cast"] a = Cast<to=1>(mask)
            ["/mask/Neg"] b = Neg(a)
            ["/mask/Exp"] e = Exp(b)
            ["/pool/GlobalAveragePool"] p = GlobalAveragePool(s2)
            ["/pool/Flatten"] f = Flatten(p)
            ["/head/Gemm"] y = Gemm<transB=1>(f, head)
            ["/odd/Mystery"] q = com.acme.Mystery(y, e)
        }}""")
    shapes = {"k": (8, 3, 3, 3), "head": (10, 8), **{f"w{k}": (8, 8, 3, 3) for k in range(3)}}
    for number, (name, shape) in enumerate(shapes.items()):
        size = 1
        for axis in shape:
            size *= axis
        values = [float(number)] * size
        model.graph.initializer.append(helper.make_tensor(name, TensorProto.FLOAT, shape, values))
    return model.SerializeToString()


def printed(*args: str) -> str:
    """What a command prints into a pipe."""
    from archcheck.cli import main
    with contextlib.redirect_stdout(Utf8()) as out:
        try:
            main(args)
        except SystemExit as stop:
            if stop.code:
                raise
    return out.getvalue()


def shown(model: str, width: int) -> str:
    """What ``summary`` shows on a coloured terminal."""
    size = mock.patch("shutil.get_terminal_size", return_value=(width, 50))
    with size as terminal, mock.patch("archcheck.cli._options.on_terminal", return_value=True), \
            mock.patch.dict("os.environ", clear=False) as environment:
        environment.pop("NO_COLOR", None)
        terminal.return_value = mock.Mock(columns=width)
        return printed("summary", model)


class Utf8(io.StringIO):
    """A stream that takes Unicode."""

    encoding = "utf-8"


def outputs(folder: Path) -> dict[str, str]:
    """All outputs by file name. The current folder, ``folder``, holds ``blocks.onnx`` then."""
    (folder / "blocks.onnx").write_bytes(blocks())
    return {**{name: printed(*args) for name, args in CASES.items()},
            **{name: shown(*terminal) for name, terminal in TERMINALS.items()}}
