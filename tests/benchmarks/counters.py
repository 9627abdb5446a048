"""What other tools print for networks in PyTorch, and those networks as ONNX graphs.

``python -m tests.benchmarks.counters`` writes ``tests/data/profiles.json`` and the graphs in the folder
``profiles`` beside it, their weights left out. It needs torch, torchvision, onnxscript and the tools: fvcore,
thop, ptflops, deepspeed; one that is not installed is left out. The tests need none of them.

A network is exported up to three times: ``script`` is the older exporter without constant folding, which
keeps batch normalizations; ``dynamo`` the newer one without optimization; ``folded`` the older one as it is
by default, with batch normalizations folded into convolutions. `counters_tf` has the numbers of tf.profiler.
"""
from __future__ import annotations

import gzip
import importlib.metadata
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn

from tests.benchmarks import networks

DATA = Path(__file__).parents[1] / "data"
GRAPHS = DATA / "profiles"
INLINE = 1024  # elements of a tensor that stays in the file


# ------------------------------------------------------------------------------------------------ the tools
def by_torch(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> int:
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model(*inputs)
    return counter.get_total_flops()


def by_fvcore(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> int:
    from fvcore.nn import FlopCountAnalysis
    return int(FlopCountAnalysis(model, inputs).unsupported_ops_warnings(False).total())


def by_thop(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> int:
    import thop
    return int(thop.profile(model, inputs, verbose=False)[0])


def by_ptflops(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> int:
    """For a batch of 1: it divides what modules do by the batch, but not what functions do."""
    from ptflops import get_model_complexity_info
    return get_model_complexity_info(model, (1,), as_strings=False, print_per_layer_stat=False,
                                     input_constructor=lambda _: inputs[0][:1])[0]


def by_deepspeed(model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> int:
    from deepspeed.profiling.flops_profiler import FlopsProfiler
    profiler = FlopsProfiler(model)
    profiler.start_profile()
    model(*inputs)
    found = profiler.get_total_flops()
    profiler.end_profile()
    return int(found)


TOOLS: dict[str, Callable[..., int]] = {"torch": by_torch, "fvcore": by_fvcore, "thop": by_thop,
                                        "ptflops": by_ptflops, "deepspeed": by_deepspeed}


def printed(name: str) -> dict[str, int]:
    """What each tool prints for a network, each for a fresh copy: some leave hooks behind."""
    found = {}
    for tool, count in TOOLS.items():
        torch.manual_seed(0)
        model, inputs = networks.NETWORKS[name]()
        try:
            found[tool] = count(model.eval(), inputs)
        except ImportError:
            print(f"{tool} is not installed", file=sys.stderr)
        except Exception as error:  # a tool that fails on one network has no number for it
            print(f"{tool} fails on {name}: {type(error).__name__}: {error}", file=sys.stderr)
    return found


# ------------------------------------------------------------------------------------------------ the graphs
def exported(name: str, how: str) -> bytes:
    """A network as an ONNX file without its larger weights."""
    model, inputs = networks.NETWORKS[name]()
    buffer = io.BytesIO()
    options: dict[str, Any] = {"opset_version": 17, "input_names": ["x"], "dynamic_axes": {"x": {0: "N"}}}
    if how == "dynamo":
        torch.onnx.export(model.eval(), inputs, dynamo=True, optimize=False, verbose=False).save(buffer)
    elif how == "script":
        torch.onnx.export(model.eval(), inputs, buffer, dynamo=False, do_constant_folding=False,
                          training=torch.onnx.TrainingMode.PRESERVE, **options)
    else:
        torch.onnx.export(model.eval(), inputs, buffer, dynamo=False, **options)
    return stripped(onnx.load_from_string(buffer.getvalue()))


def stripped(model: onnx.ModelProto) -> bytes:
    """The file without weights of more than `INLINE` elements and without what exporters note."""
    offset = 0
    for tensor in model.graph.initializer:
        if len(tensor.raw_data) > 4 * INLINE:
            length = len(tensor.raw_data)
            tensor.ClearField("raw_data")
            tensor.data_location = onnx.TensorProto.EXTERNAL
            for key, value in (("location", "weights.bin"), ("offset", offset), ("length", length)):
                tensor.external_data.add(key=key, value=str(value))
            offset += length
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for value in model.graph.value_info:
        value.ClearField("metadata_props")
    model.graph.ClearField("value_info")
    return model.SerializeToString()


def main() -> None:
    """Count and export the networks named, or all of them."""
    path = DATA / "profiles.json"
    data: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"versions": {}, "networks": {}}
    for name in sys.argv[1:] or list(networks.NETWORKS):
        batch, found = len(networks.NETWORKS[name]()[1][0]), printed(name)
        data["networks"].setdefault(name, {"batch": batch, "printed": {}})["printed"].update(found)
        data["versions"].update((tool, importlib.metadata.version(tool)) for tool in found)
        path.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
        for how in networks.EXPORTS.get(name, ("script",)):
            graph = GRAPHS / f"{name}.{how}.onnx.gz"
            graph.write_bytes(gzip.compress(exported(name, how), mtime=0))
            print(graph.name, graph.stat().st_size, file=sys.stderr)


if __name__ == "__main__":
    main()
