"""Many networks held against runs: as many at once as there is memory for, each in processes of its own, and
those that agree remembered."""
from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from archcheck import cache, many
from archcheck.backends import _free, guard, measure
from archcheck.backends._plain import Answer, answer, as_plain
from archcheck.backends.guard import Limits
from archcheck.deadline import ENDED, TOO_MUCH
from archcheck.deadline import Limits as Share
from archcheck.frontends import Source, bytes_of, graph_in
from archcheck.pool import Place, processors

RUNS = 16
"""A network whose analysis does not come to an end is given up after the time of so many runs."""


class Ask(NamedTuple):
    """A network to be verified: its ``path``, with a ``source`` where that is standard input, which has no
    second time; the ``sizes`` that are given, at how many others it is run (``times``), which axes are
    ``free``; whether its ``fields`` are looked at; the ``plugins`` that it needs; how it is run; and the
    folder of the ``cache`` (None: none), and what stands for archcheck itself in it."""

    path: str
    sizes: Mapping[str, Any]
    times: int = 2
    free: tuple[str, ...] = ()
    fields: bool = False
    plugins: tuple[str, ...] = ()
    how: measure.How = measure.AS_USUAL
    cache: str | None = None
    salt: str = ""
    source: Source | None = None


def verify_many(asks: Sequence[Ask], jobs: int | None, progress: many.Progress) -> list[Any]:
    """An `Answer` for each of ``asks``, or an `archcheck.many.Failed`, in their order. Those that run out of
    their share of the memory are tried again, one after the other, with all of it. Raises
    `archcheck.many.Interrupted`."""
    if len(asks) == 1:
        return [many.attempted(verify_one, asks[0])]
    here = {index: many.attempted(verify_one, ask) for index, ask in enumerate(asks) if ask.source}
    apart = [index for index in range(len(asks)) if index not in here]
    found = dict(zip(apart, _at_once([asks[index] for index in apart], _room(asks, jobs), progress)))
    short = [index for index in apart if is_short(found[index])]
    again = _at_once([asks[index] for index in short], 1, progress) if _shares(asks[0]) else ()
    found.update(zip(short, again))
    return [{**here, **found}[index] for index in range(len(asks))]


def _shares(ask: Ask) -> bool:
    """Whether what a network may take is a share of what is free."""
    return ask.how.limits.memory is None


def _at_once(asks: Sequence[Ask], jobs: int, progress: many.Progress) -> Sequence[Any]:
    """What comes of ``asks``, of which so many are under way at once."""
    jobs = max(min(jobs, len(asks)), 1)
    limits = _share(asks[0].how.limits, jobs) if asks else Limits()
    threads = max(processors() // jobs, 1)
    work = [ask._replace(how=replace(ask.how, limits=limits, progress=measure.silent,
                                     device=_with_threads(ask.how.device, threads))) for ask in asks]
    seconds = None if limits.timeout is None else RUNS * limits.timeout
    return many.in_order(verify_one, work, Place(jobs), Share(seconds, limits.bytes), progress)


def _with_threads(device: Any, threads: int) -> Any:
    return device if device.threads else replace(device, threads=threads)


def _share(limits: Limits, jobs: int) -> Limits:
    """What one of several may take: its share of what is free, unless something else is said."""
    size = limits.bytes
    return limits if limits.memory is not None or size is None else replace(limits, memory=size // jobs)


def _room(asks: Sequence[Ask], jobs: int | None) -> int:
    """How many are under way at once: of those that may take so much memory each as many as there is room
    for; one on a device, as nothing says what it has left."""
    how, most = asks[0].how, jobs or processors()
    free = _free.memory()
    if how.device.kind != "cpu":
        return 1
    if how.limits.memory is None or free is None:
        return most
    return max(min(most, free * 9 // 10 // how.limits.memory), 1)


def refused(path: str, why: str) -> Answer:
    """What came of a network that could not be tried."""
    return measure.Verified(path, (measure.Run({}, "", (), why),)), None


def is_short(found: Any) -> bool:
    """Whether a network ran out of memory."""
    if isinstance(found, many.Failed):
        return found.reason in (ENDED, TOO_MUCH)
    verified, probed = found
    reasons = [run.reason for run in verified.runs] + [probed.reason if probed else ""]
    return guard.MEMORY in reasons


def verify_one(ask: Ask) -> Answer:
    """What comes of a network. Raises `UserError` where it cannot be tried."""
    for plugin in ask.plugins:
        from archcheck.plugins import load_plugin
        load_plugin(plugin)
    source = ask.source or bytes_of(ask.path)
    place = _place(ask)
    known = place and _known(place)
    if known:
        return known
    found = _fresh(ask, source)
    graph = graph_in(source)
    if place and _is_right(found) and not cache.has_foreign(graph):
        plain = as_plain(*found)
        if plain is not None:
            place.keep(plain, [graph])
    return found


def _fresh(ask: Ask, source: Source) -> Answer:
    from archcheck.backends.fields import probe
    found = measure.verify(source, ask.sizes, count=ask.times, free=ask.free, how=ask.how)
    probed = None
    if ask.fields:
        probed = probe(source, ask.sizes, seed=ask.how.seed, limits=ask.how.limits, plugins=ask.plugins)
    return found, probed


def _is_right(found: Answer) -> bool:
    verified, probed = found
    return verified.is_right and (probed is None or probed.is_right)


def _place(ask: Ask) -> cache.Entry | None:
    """The place of an answer in the cache, None where there is none: without a file of this machine nothing
    says what was run, and what a plugin does may be another thing another time."""
    from archcheck.lint._one import digest, file_of
    path = file_of(ask.path)
    if ask.cache is None or ask.plugins or ask.source is not None or path is None:
        return None
    device = ask.how.device
    asked = (sorted(ask.sizes.items()), ask.times, ask.free, ask.fields, ask.how.seed, device.name,
             [(str(library), cache.stamp(str(library))) for library in device.libraries])
    contents = digest(ask.path) or cache.ends(path)
    return cache.Entry(ask.cache, (ask.salt, "verify", _runtime(), ask.path, repr(asked), contents), [path])


def _runtime() -> str:
    """What stands for ONNX Runtime: where it is, and the time of its installation."""
    spec = importlib.util.find_spec("onnxruntime")
    origin = spec and spec.origin
    return f"{origin} {cache.stamp(origin)}" if origin else ""


def _known(place: cache.Entry) -> Answer | None:
    try:
        plain = place.found()
        return answer(plain) if plain else None
    except (KeyError, TypeError, ValueError):
        return None
