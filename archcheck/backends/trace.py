"""The trace that ONNX Runtime's profiler writes: JSON in the format of Chrome's tracing, times in whole
microseconds.

A ``model_run`` event spans each run; a ``…_kernel_time`` event each node, written when the node has ended, so
that nodes of a body come before the node that runs it. What else there is (fences of old versions, launches
and kernels of graphics cards) is left out.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from archcheck.analyses.timings import Kernel, Profile, Times

KERNEL = "_kernel_time"
RUN = "model_run"
MICRO = 1e-6

Event = Mapping[str, Any]


class Key(NamedTuple):
    """Which node an event is of: its name, its operator, and how many of that name came before in the run."""

    name: str
    op: str
    turn: int


def profile(events: Iterable[Event], walls: Sequence[float]) -> Profile:
    """What the ``events`` of a trace say of its last runs, of which ``walls`` are the seconds that whoever
    asked for them saw them take. Raises `ValueError` where the trace does not hold them."""
    found = runs(events)[-len(walls):]
    if not found or len(found) < len(walls):
        raise ValueError(f"the trace holds {len(found)} runs of {len(walls)}")
    times: dict[Key, list[float]] = {}
    said: dict[Key, Event] = {}
    for turn, nodes in enumerate(found):
        for key, event in _keyed(nodes):
            times.setdefault(key, [0.0] * len(walls))[turn] = event["dur"] * MICRO
            said[key] = event["args"]
    kernels = tuple(_kernel(key, said[key], seconds) for key, seconds in times.items())
    return Profile(kernels, Times(tuple(walls)))


def _kernel(key: Key, said: Event, seconds: Sequence[float]) -> Kernel:
    shapes = (shape for output in said.get("output_type_shape", ()) for shape in output.values())
    return Kernel(key.name, key.op, said.get("provider", ""), Times(tuple(seconds)),
                  tuple(tuple(shape) for shape in shapes))


def runs(events: Iterable[Event]) -> list[list[Event]]:
    """For each run the events of the nodes of the main graph, in the order in which they ran."""
    found: list[list[Event]] = []
    nodes: list[Event] = []
    for event in events:
        if event.get("name", "").endswith(KERNEL):
            while nodes and _is_inside(nodes[-1], event):
                nodes.pop()
            nodes.append(event)
        elif event.get("name") == RUN:
            found.append([node for node in nodes if node["ts"] >= event["ts"]])
            nodes = []
    return found


def _is_inside(earlier: Event, event: Event) -> bool:
    """Whether the node of an event that was written before ran within that of ``event``. One that took no
    time at the moment when ``event`` began ran before it."""
    begin, before = event["ts"], earlier["ts"]
    return bool(before >= begin and before + earlier["dur"] > begin)


def _keyed(kernels: Sequence[Event]) -> Iterator[tuple[Key, Event]]:
    turns: Counter[str] = Counter()
    for event in kernels:
        name = event["name"].removesuffix(KERNEL)
        yield Key(name, event["args"].get("op_name", ""), turns[name]), event
        turns[name] += 1
