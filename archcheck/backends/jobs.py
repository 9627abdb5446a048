"""The jobs that run in the child process: generators that import ONNX Runtime, which nothing else does."""
from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from archcheck.backends import _arrays, _child
from archcheck.backends.ort import (
    CPU,
    PACKAGES,
    Device,
    Finished,
    Measured,
    Started,
    Task,
    exposing,
    provider_for,
    require_taken,
)
from archcheck.errors import UserError

QUIET = 3
"""Errors only; those are for the sentence of a failure."""

_ALONE = "session.disable_cpu_ep_fallback"


def measured(task: Task, slices: Sequence[Sequence[str]] | None, keep: bool,
             statistics: bool) -> Iterator[Started | Measured | Finished]:
    """The job of `archcheck.backends.ort.measure`."""
    seconds = 0.0
    for index, wanted in enumerate([task.wanted] if slices is None else slices):
        begin = time.perf_counter()
        session = opened(task, wanted)
        names = [output.name for output in session.get_outputs()] if wanted is None else list(wanted)
        if index == 0:
            yield Started(provider_of(session), time.perf_counter() - begin)
        begin = time.perf_counter()
        found = fetched(session, names, fed(session, task.feeds))
        seconds += time.perf_counter() - begin
        while names:  # what was sent is let go
            name = names.pop(0)
            yield _arrays.measured(name, *found.pop(name), keep=keep, statistics=statistics)
        del session
    yield Finished(seconds)


def beginning(task: Task, count: int) -> Iterator[str]:
    """Run the first ``count`` nodes of a model and no others; the last of them, before it runs."""
    from archcheck.frontends._proto import schema
    model = schema().ModelProto.FromString(task.path.read_bytes())
    nodes, outputs = model.graph.node, model.graph.output
    last = nodes[min(count, len(nodes)) - 1]
    yield f"the {last.op_type} {last.name or last.output[0]}"
    del nodes[count:], outputs[:]
    outputs.extend(schema().ValueInfoProto(name=name) for name in last.output if name)
    session = _session(task, model.SerializeToString(), _beside(task))
    session.run(None, fed(session, task.feeds))


def opened(task: Task, wanted: Sequence[str] | None = None, options: Any = None) -> Any:
    """A session for a task, in which all values that are ``wanted`` are outputs. ``options`` are the
    `session_options` that it would have, changed."""
    if wanted is None:
        return _session(task, str(task.path), options or session_options(task.device, task.optimized))
    data = task.path.read_bytes()
    more = exposing([name for name in wanted if name not in _outputs(data)])
    return _session(task, data + more, _beside(task, options))


def _session(task: Task, model: str | bytes, options: Any) -> Any:
    import onnxruntime
    device = task.device
    provider = provider_for(device, onnxruntime.get_available_providers())
    chosen: list[Any] = [CPU]
    if provider != CPU:
        _child.unlimit()
        chosen.insert(0, (provider, {**device.options, **_rounding(task)}))
        if device.kind in PACKAGES and hasattr(onnxruntime, "preload_dlls"):
            onnxruntime.preload_dlls()  # CUDA's libraries, where pip installed them
    session = _alone(model, options, chosen) if provider != CPU else None
    if session is None:
        session = onnxruntime.InferenceSession(model, options, providers=chosen, enable_fallback=False)
    require_taken(device, provider, session.get_providers())
    return session


def _alone(model: str | bytes, options: Any, chosen: list[Any]) -> Any:
    """A session in which no node is left to the processor, None where there can be none."""
    import onnxruntime
    options.add_session_config_entry(_ALONE, "1")
    try:
        return onnxruntime.InferenceSession(model, options, providers=chosen, enable_fallback=False)
    except Exception:  # noqa: BLE001 - whatever else is wrong with it is said by the next attempt
        options.add_session_config_entry(_ALONE, "0")
        return None


def provider_of(session: Any) -> str:
    """The provider that runs a session, and the processor's where some nodes are left to that."""
    first: str = session.get_providers()[0]
    if first == CPU or session.get_session_options().get_session_config_entry(_ALONE) == "1":
        return first
    return f"{first} ({CPU} for nodes that it does not run)"


def _rounding(task: Task) -> dict[str, str]:
    """What keeps a device from rounding the factors of products to ten bits, where numbers are compared."""
    return {"use_tf32": "0"} if task.device.kind == "cuda" and not task.optimized else {}


def session_options(device: Device, optimized: bool = False) -> Any:
    """The options of a session: the graph left as it is unless ``optimized``, the threads and the libraries
    of ``device``."""
    import onnxruntime
    onnxruntime.set_default_logger_severity(QUIET)
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimized else levels.ORT_DISABLE_ALL
    options.log_severity_level = QUIET
    options.intra_op_num_threads = device.threads or 0
    for library in device.libraries:
        try:
            options.register_custom_ops_library(str(library.absolute()))
        except Exception as error:  # noqa: BLE001 - whatever the loader says
            raise UserError(f"the custom operators in {library} cannot be loaded: {error}") from None
    return options


def _beside(task: Task, options: Any = None) -> Any:
    """The options of a session that is made of bytes: its external files are beside the model's."""
    options = options or session_options(task.device, task.optimized)
    folder = str(task.path.absolute().parent)
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", folder)
    return options


def _outputs(data: bytes) -> set[str]:
    """The names of a model's outputs, and of all that cannot be one besides."""
    from archcheck.frontends._proto import schema
    from archcheck.frontends._wire import fields
    graph, output = 7, 12  # fields of ModelProto and of GraphProto
    info = schema().ValueInfoProto
    return {info.FromString(data[inner:after]).name
            for number, _, begin, end in fields(data, 0, len(data)) if number == graph
            for part, _, inner, after in fields(data, begin, end) if part == output}


def fed(session: Any, feeds: Mapping[str, Any]) -> dict[str, Any]:
    """``feeds`` as the runtime takes them, of the types that the inputs have; None is left out."""
    kinds = {value.name: _arrays.dtype_of(value.type) for value in session.get_inputs()}
    return {name: _arrays.to_runtime(value, kinds.get(name, "")) for name, value in feeds.items()
            if value is not None}


def fetched(session: Any, names: Sequence[str], feeds: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
    """The dtype and the elements of the outputs ``names``. Those of types that Python has none for come by
    their bytes, the others as they are."""
    kinds = {value.name: _arrays.dtype_of(value.type) for value in session.get_outputs()}
    odd = [name for name in names if kinds[name] in _arrays.ODD]
    plain = [name for name in names if name not in odd]
    found: dict[str, tuple[str, Any]] = {}
    if plain or not odd:
        values = session.run(plain, feeds)
        found.update((name, (kinds[name], value)) for name, value in zip(plain, values))
    if odd:
        handles = {name: _arrays.handle(value) for name, value in feeds.items()}
        values = session.run_with_ort_values(odd, handles)
        found.update((name, (kinds[name], _arrays.from_handle(value, kinds[name])))
                     for name, value in zip(odd, values))
    return found
