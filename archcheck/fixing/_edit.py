"""An edit: the scenes of a model, and what fixes ask for to change them."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar

from archcheck.fixing._draft import Draft
from archcheck.fixing._scene import Scene, bodies, keep
from archcheck.graph import Graph
from archcheck.rules._case import Case
from archcheck.rules._rule import Fault, Site

T = TypeVar("T")
Fix = Callable[["Edit", Fault], None]

FIXES: dict[str, Fix] = {}
"""What mends a fault that a rule has found, by the rule's code."""


class Declined(Exception):
    """A fault that is not mended by itself; says why."""


def fix(*codes: str) -> Callable[[Fix], Fix]:
    """Register what mends the faults that the rules ``codes`` find. It notes changes in an `Edit`, or raises
    `Declined` before it has noted any."""
    def register(function: Fix) -> Fix:
        FIXES.update(dict.fromkeys(codes, function))
        return function
    return register


def site_of(fault: Fault) -> Site:
    """The node that a fault is about, for rules whose faults all have one."""
    assert fault.site is not None
    return fault.site


class Edit:
    """What is changed in a ``draft`` for the faults of one rule in its ``case``."""

    def __init__(self, draft: Draft, case: Case) -> None:
        self.draft, self.proto, self.case = draft, draft.proto, case
        self._once: dict[Any, Any] = {}
        self.scenes = {id(scene.graph): scene for scene in self._scenes()}

    def once(self, of: Callable[[Edit], T]) -> T:
        """What ``of`` says of this edit, asked only once."""
        if of not in self._once:
            self._once[of] = of(self)
        found: T = self._once[of]
        return found

    @property
    def main(self) -> Scene:
        """The main graph."""
        return self.scenes[id(self.case.graph)]

    def at(self, site: Site | None) -> tuple[Scene, int]:
        """The scene of a node, and its index there. Nodes of functions, which are called in several places,
        are left alone."""
        scene = self.scenes.get(id(site.graph)) if site else None
        if scene is None or site is None or scene.is_function:
            raise Declined("it stands in a function")
        return scene, site.at

    def stored(self, value: str) -> tuple[Scene, str]:
        """The scene of a weight that a fault is about, and its name there."""
        for place in self.case.places:
            name = value[len(place.path):]
            if value.startswith(place.path) and name in place.graph.weights:
                return self.scenes[id(place.graph)], name
        raise Declined("the weight is not to be found by its name")

    def redirect(self, scene: Scene, old: str, new: str) -> None:
        """Let whatever reads ``old`` read ``new``."""
        self.require_apart()
        if old in scene.graph.outputs:
            raise Declined("its result is an output, which keeps its name")
        scene.renamed[old] = new

    def bypass(self, site: Site | None, source: str) -> None:
        """Take a node out that hands on ``source`` as its first result, and makes no other that is read."""
        self.require_apart()
        scene, index = self.at(site)
        made = scene.graph.nodes[index].outputs
        if made[0] in scene.renamed:
            raise Declined("what stands before it was mended first")
        if any(name in scene.graph.uses or name in scene.graph.outputs for name in made[1:]):
            raise Declined("another of its results is read")
        scene.bypass(index, source)

    def forget(self, scene: Scene, name: str) -> None:
        """Take a weight out."""
        self.require_apart()
        if name in self._annotated:
            raise Declined("an annotation for quantization names it")
        scene.gone.add(name)

    def require_apart(self) -> None:
        """Raise where other graphs in the file may name values of the main one."""
        if self.proto.training_info:
            raise Declined("the file has graphs for training, which name values of this one")

    def fresh(self, name: str) -> str:
        """A name like this that nothing has."""
        found, count = name, 0
        while found in self._names:
            count += 1
            found = f"{name}_{count}"
        self._names.add(found)
        return found

    def apply(self) -> None:
        """Make all changes that were noted; those of bodies come first."""
        for scene in reversed(self.scenes.values()):
            scene.apply()
        if not self.proto.training_info:
            _tidy(self.proto.graph)

    @cached_property
    def makers(self) -> Counter[str]:
        """How many graphs have a value of each name of their own."""
        return Counter(name for scene in self.scenes.values()
                       for name in {*scene.graph.inputs, *scene.graph.weights, *scene.graph.producers})

    @cached_property
    def _names(self) -> set[str]:
        """All names of values and nodes."""
        return {name for scene in self.scenes.values()
                for name in (*scene.graph.inputs, *scene.graph.weights, *scene.graph.outputs,
                             *(name for node in scene.graph.nodes
                               for name in (node.name, *node.inputs, *node.outputs)))}

    @cached_property
    def _annotated(self) -> set[str]:
        return {entry.value for note in self.proto.graph.quantization_annotation
                for entry in note.quant_parameter_tensor_names}

    def _scenes(self) -> Iterator[Scene]:
        """The main graph, the functions, and the bodies in them, each before those inside it."""
        yield from _with_bodies(self.case.graph, self.proto.graph)
        for proto in self.proto.functions:
            domain = "" if proto.domain == "ai.onnx" else proto.domain
            yield from _with_bodies(self.case.graph.functions[domain, proto.name, proto.overload], proto)


def _with_bodies(graph: Graph, proto: Any) -> Iterator[Scene]:
    scene = Scene(graph, proto)
    yield scene
    for node, one in zip(graph.nodes, scene.nodes):
        for name, index, body in bodies(one):
            value = node.attrs[name]
            yield from _with_bodies(value if isinstance(value, Graph) else value[index], body)


def _tidy(proto: Any) -> None:
    """Take out what is said of values that are not there."""
    made = {*(value.name for value in proto.input), *(tensor.name for tensor in proto.initializer),
            *(tensor.values.name for tensor in proto.sparse_initializer),
            *(name for node in proto.node for name in node.output)}
    keep(proto.value_info, lambda info: info.name in made)
    keep(proto.quantization_annotation, lambda note: note.tensor_name in made)
