"""ONNX Runtime in a process of its own, because some models crash it."""
from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

SECONDS = 60
_NAMES = {"float": "float32", "double": "float64"}
_ORDINARY = {"float32", "float64", "float16", "bool", "string",
             *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))}
_ROOT = Path(__file__).parents[2]


class Refused(Exception):
    """ONNX Runtime does not run a model: why, and whether it had accepted it at first."""

    @property
    def built(self) -> bool:
        """Whether ONNX Runtime accepted the model and then failed to run it."""
        return bool(self.args[1])


class Plain(NamedTuple):
    """A tensor that numpy cannot hold: only its dtype's name and its shape."""

    dtype: str
    shape: tuple[int, ...]


def run(model: bytes, feeds: Mapping[str, Any]) -> list[Any]:
    """The outputs of ``model``, or `Refused`."""
    worker = _worker()
    timer = threading.Timer(SECONDS, worker.kill)
    timer.start()
    try:
        pickle.dump((model, feeds), worker.stdin)
        worker.stdin.flush()
        answer = pickle.load(worker.stdout)
    except (EOFError, BrokenPipeError, pickle.UnpicklingError):
        _worker.cache_clear()
        raise Refused(f"it crashed, or took more than {SECONDS} seconds", False) from None
    finally:
        timer.cancel()
    if isinstance(answer, Refused):
        raise answer
    return answer


@cache
def _worker() -> subprocess.Popen[bytes]:
    code = "from tests.ops import _ort; _ort.serve()"
    return subprocess.Popen([sys.executable, "-c", code], cwd=_ROOT,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


# -------------------------------------------------------------------------------------------- in that process
def serve() -> None:
    """Answer models with their outputs until the pipe is closed."""
    answers = sys.stdout.buffer
    while True:
        try:
            model, feeds = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(_answer(model, feeds), answers)
        answers.flush()


def _answer(model: bytes, feeds: Mapping[str, Any]) -> list[Any] | Refused:
    session = None
    try:
        session = _session(model)
        if feeds or not all(output.type.startswith("tensor(") for output in session.get_outputs()):
            return list(session.run(None, dict(feeds)))
        return [_array(value) for value in session.run_with_ort_values(None, {})]
    except Exception as error:
        return Refused(str(error), session is not None)


def _session(model: bytes) -> Any:
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _array(value: Any) -> Any:
    name = value.data_type()[len("tensor("):-1]
    dtype = _NAMES.get(name, name)
    return value.numpy() if dtype in _ORDINARY else Plain(dtype, tuple(value.shape()))
