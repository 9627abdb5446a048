"""Ways through a network that rules follow: windows, views, constants, what comes before and after."""
from __future__ import annotations

from collections.abc import Iterator

from archcheck import values
from archcheck.dims import same
from archcheck.graph import Element
from archcheck.infer import Walk
from archcheck.ops._op import FREE, Along, Axes, cost_of
from archcheck.rules._case import Case
from archcheck.rules._rule import Site


def reads(site: Site, position: int = 0, output: int = 0) -> Axes:
    """How an output of a node reads the axes of the input at ``position``; empty where that is not stated."""
    try:
        found = site.effect.reads(output) if site.effect.reads else ()
    except Exception:  # noqa: BLE001 - what cannot be worked out must not take the others with it
        return ()
    return found[position] or () if position < len(found) else ()


def windows(site: Site) -> list[Along]:
    """How the first output of a node reads its first input, axis by axis, where it does so by a window."""
    return [reader for reader in reads(site) if isinstance(reader, Along)]


def is_view(site: Site) -> bool:
    """Whether a node hands on all elements of its first input, moved at most: views, transpositions."""
    if not site.node.inputs or not site.node.outputs or site.walk.bodies.get(site.at):
        return False
    if site.effect.alias == 0:
        return True
    given, made = site.inputs[0].shape, site.outputs[0].shape
    if given is None or made is None or len(site.node.inputs) != 1 or cost_of(site.effect) != FREE:
        return False
    return sorted(map(repr, given)) == sorted(map(repr, made))


def before(site: Site, position: int = 0) -> Site | None:
    """The node whose result the input at ``position`` is, views in between left out."""
    found = site.producer(position)
    while found is not None and is_view(found):
        found = found.producer()
    return found


def after(site: Site) -> list[Site]:
    """The nodes that read the result of one, views in between left out."""
    found: list[Site] = []
    pending = [site]
    while pending:
        made = pending.pop()
        for reader in made.readers():
            is_viewed = is_view(reader) and reader.node.inputs[0] == made.node.outputs[0]
            (pending if is_viewed else found).append(reader)
    return found


def is_shared(site: Site) -> bool:
    """Whether more than one node, or the caller, reads the result of one."""
    name = site.node.outputs[0]
    return len(site.graph.uses.get(name, ())) != 1 or name in site.graph.outputs


def alone_before(site: Site, position: int = 0) -> Site | None:
    """The same as `before` where nothing else reads what lies on the way."""
    found = site.producer(position)
    while found is not None and not is_shared(found):
        if not is_view(found):
            return found
        found = found.producer()
    return None


def upstream(site: Site) -> Iterator[Site]:
    """The nodes that one depends on in its own graph, the nearest first, itself included."""
    seen, ahead = {site.at}, [site]
    while ahead:
        behind = []
        for found in ahead:
            yield found
            for position in range(len(found.node.inputs)):
                producer = found.producer(position)
                if producer is not None and producer.at not in seen:
                    seen.add(producer.at)
                    behind.append(producer)
        ahead = behind


def constant(site: Site, position: int) -> tuple[Element, ...] | None:
    """The elements of an input; None where they are not known."""
    return values.items(site.inputs[position]) if position < len(site.node.inputs) else None


def holds_data(case: Case, site: Site, position: int) -> bool:
    """Whether an input depends on the data that the network is given, more than by their shapes."""
    return site.node.inputs[position] in case.fact(data)[id(site.walk)]


def is_learned(case: Case, site: Site, position: int) -> bool:
    """Whether an input depends on data and, by floating-point numbers, on trained weights."""
    flow = case.report.flows.get(id(site.walk))
    name = site.node.inputs[position]
    return flow is not None and name in flow.data and name in flow.trained


def is_weight(case: Case, site: Site, position: int) -> bool:
    """Whether an input is the same whatever the data are."""
    return position < len(site.node.inputs) and bool(site.node.inputs[position]) \
        and not holds_data(case, site, position)


def data(case: Case) -> dict[int, set[str]]:
    """The names of the values that depend on the network's inputs, by the ``id`` of their walks. What loops
    are given all does."""
    found: dict[int, set[str]] = {}
    _follow(case.report.walk, set(case.graph.inputs), found)
    return found


def _follow(walk: Walk, names: set[str], found: dict[int, set[str]]) -> set[str]:
    found[id(walk)] = names
    for index, node in enumerate(walk.graph.nodes):
        if node.op in SHAPES:
            continue
        depends = not names.isdisjoint(node.inputs)
        for body in walk.bodies.get(index, {}).values():
            given = set(body.graph.inputs) if depends or not body.is_function else set()
            inner = _follow(body, given if body.is_function else given | names, found)
            depends = depends or not inner.isdisjoint(body.graph.outputs)
        if depends:
            names.update(filter(None, node.outputs))
    return names


SHAPES = ("Shape", "Size")


def keeps_axis(site: Site, position: int, axis: int) -> int | None:
    """The axis of the input at ``position`` that an axis of the output has each position of, None if none."""
    given, made = site.inputs[position].shape or (), site.outputs[0].shape or ()
    for place, reader in enumerate(reads(site, position)):
        if reader == Along(axis):
            return place if same(given[place], made[axis]) else None
    return None


def written(shape: tuple[object, ...] | None) -> str:
    """A shape as messages show it."""
    return "?" if shape is None else f"[{', '.join(map(str, shape))}]"
