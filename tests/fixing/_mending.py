"""What is mended in a model, for tests."""
from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxruntime as ort
from onnx import parser

import archcheck
from archcheck.fixing import Draft
from archcheck.fixing._mend import Mended, mended
from archcheck.frontends import bytes_of

HEAD = '<ir_version: 8, opset_import: ["" : 17]>\n'


class Pair(NamedTuple):
    """A model before and after, and what was done to it."""

    old: Any
    new: Any
    done: Mended

    @property
    def ops(self) -> list[str]:
        """The operators of the new one, in the order of the file."""
        return [node.op_type for node in self.new.graph.node]


def model(text: str) -> Any:
    """A model in ONNX's text form."""
    return parser.parse_model(text if text.startswith("<") else HEAD + text)


def mend(folder: Path, proto: Any, *select: str, unsafe: bool = False, **settings: Any) -> Pair:
    """The model mended by the rules ``select``, and written as a file."""
    proto = model(proto) if isinstance(proto, str) else proto
    path = folder / "m.onnx"
    onnx.save(proto, path)
    draft = Draft(bytes_of(str(path)), folder / "m.fixed.onnx")
    done = mended(draft, archcheck.Settings(select=select, **settings), unsafe)
    draft.write(draft.target)
    return Pair(proto, onnx.load(draft.target, load_external_data=False), done)


def found(proto: Any, *select: str, **settings: Any) -> list[str]:
    """The codes of what these rules find in a model."""
    findings = archcheck.check(proto.SerializeToString(),
                               archcheck.Settings(select=select, **settings)).findings
    return [one.code for one in findings]


def outputs(proto: Any, **given: Any) -> list[Any]:
    """What comes out of a model, nothing optimized; ``given`` are arrays, or shapes for random ones."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    session = ort.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    numbers = np.random.default_rng(0)
    fed = {name: numbers.standard_normal(value).astype(np.float32) if isinstance(value, tuple) else value
           for name, value in given.items()}
    wanted = {value.name for value in session.get_inputs()}
    return session.run(None, {name: value for name, value in fed.items() if name in wanted})


def same(pair: Pair, **given: Any) -> bool:
    """Whether both make the same, bit for bit."""
    return all(one.tobytes() == other.tobytes() and one.dtype == other.dtype
               for one, other in zip(outputs(pair.old, **given), outputs(pair.new, **given), strict=True))


def close(pair: Pair, **given: Any) -> bool:
    """Whether both make nearly the same."""
    return all(np.allclose(one, other, rtol=1e-4, atol=1e-5)
               for one, other in zip(outputs(pair.old, **given), outputs(pair.new, **given), strict=True))
