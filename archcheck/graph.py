"""The architecture as read: tensor types, nodes and graphs, frozen and in ONNX's vocabulary."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from archcheck.dims import Size, prod
from archcheck.dtypes import storage

if TYPE_CHECKING:
    import networkx

Shape = tuple[Size, ...]
Element = Any  # int | Dim | Ratio | float | bool | str, or None where one element is not known


class Location(NamedTuple):
    """Where a stored payload lies: a file (None: the model's own), the offset of its first byte, its length,
    and the ``field`` of the tensor message that it is the contents of (``row``: one field after another, with
    their headers; ``sparse``: the elements that are not zero)."""

    file: str | None
    offset: int
    length: int
    field: str = "raw_data"


class Literal:
    """The elements of a tensor stored in a file: decoded on first use if they are small, else only located.

    ``decode`` gives the elements in row-major order, or None where they cannot be read after all; it is None
    when they are not to be read. Two tensors with the same ``location`` are the same bytes.
    """

    __slots__ = ("_decode", "_items", "location")

    def __init__(self, decode: Callable[[], tuple[Element, ...] | None] | None,
                 location: Location | None = None) -> None:
        self._decode, self.location = decode, location
        self._items: tuple[Element, ...] | None = None

    @property
    def items(self) -> tuple[Element, ...] | None:
        """The elements in row-major order, or None when they are too many to have been read."""
        if self._items is None and self._decode is not None:
            self._items, self._decode = self._decode(), None
        return self._items


@dataclass(frozen=True)
class Uniform:
    """The value of a tensor all of whose elements are ``element``, however many there are."""

    element: Element
    items = None


@dataclass(frozen=True)
class Deferred:
    """The value of a constant table of numbers that nothing but a run has to know: ``elements`` works them
    out, in row-major order."""

    elements: Callable[[], Iterable[int]] = field(compare=False)
    items = None


@dataclass(frozen=True)
class Several:
    """The value of a sequence of ``length`` elements, of which no more is known than what they have in
    common."""

    length: Size
    items = None


class TensorType(NamedTuple):
    """What is known of a value: dtype, shape and, for small tensors, the elements themselves.

    ``dtype`` is numpy's name (``float32``, ``int64``, ``bool``, ``string``) or ONNX's beyond numpy
    (``bfloat16``, ``float8e4m3fn``, ``int4``); ``seq(…)``, ``opt(…)``, ``sparse(…)`` and ``map(…)`` wrap it;
    None is not known. ``shape`` is None where the rank is not known. For a sequence it is what all elements
    have in common and ``value`` holds the elements' own types, or `Several`, if their number is known.
    ``value`` of a tensor is its elements in row-major order, with None for an element that is not known; or a
    `Literal`, `Uniform` or `Deferred`; or None when nothing is known of them.
    """

    dtype: str | None
    shape: Shape | None
    value: Union[tuple[Element, ...], Literal, Uniform, Deferred, Several, None] = None

    @property
    def bytes(self) -> Size | None:
        """What the tensor takes, packed without gaps; None where its dtype or shape is not known, or its
        elements have no fixed size."""
        return None if self.shape is None or self.dtype is None else storage(self.dtype, prod(self.shape))


class AttrRef(NamedTuple):
    """An attribute inside a function's body that stands for the attribute ``name`` of the call."""

    name: str


class Node(NamedTuple):
    """One operator at its place. A node without a name gets one: its operator and its place in the file,
    ``Conv_7``.

    ``attrs`` hold Python values: int, float, str, tuples of them, `TensorType` for a tensor and `Graph` for a
    body; None for one without a value. ``metadata`` is what the exporter left (scopes, stack traces).
    """

    name: str
    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attrs: Mapping[str, Any]
    metadata: Mapping[str, str] = {}
    overload: str = ""
    doc: str = ""


class Irregularity(NamedTuple):
    """Something about the file itself that is not as the format wants it, kept for the lint. ``kind`` is a
    slug: ``unsorted-nodes``, ``cycle``, ``duplicate-value``, ``duplicate-node-name``, ``duplicate-function``,
    ``empty-name``, ``not-utf8``, ``weights-as-inputs``, ``tensor-size`` (not as many elements as its shape
    has), ``external-data-missing``, ``external-data-escapes``, ``external-data-short``,
    ``external-data-beyond``, ``external-data-overlaps``, ``external-data-keys`` or ``external-data-invalid``;
    in a specification ``unused`` or ``implicit-type``. ``subject`` names the node, value, graph, file or word
    that it is about; ``line`` and ``column`` are where it stands in a specification."""

    kind: str
    subject: str
    message: str
    line: int = 0
    column: int = 0


class Remark(NamedTuple):
    """What a file says to the lint behind ``archcheck: ignore``: the ``text`` that follows, the ``line`` that
    it stands on, and the other line that it is about, if any; ``whole``: it is about all of the file."""

    text: str
    line: int
    other: int | None = None
    whole: bool = False


class Family(NamedTuple):
    """The networks that one description stands for: ``at`` gives the one with these values of its parameters,
    the others at their defaults. ``symbols`` are the parameters that are open in this one, ``fixed`` those
    sizes of its inputs that are at their defaults, ``names`` all that may be given a value."""

    at: Callable[[Mapping[str, Any]], Graph]
    symbols: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """A network as read. Names lead from nodes to values; ``inputs`` leaves out those that an initializer
    fills.

    ``weights`` are the initializers, ``declared`` the shapes the file claims for values and outputs: claims,
    never truth. ``opsets`` maps a domain (``""`` for ai.onnx) to its version. ``functions`` maps (domain,
    name, overload) to the body of a local function, whose ``attributes`` names its parameters and their
    defaults (None: required). A body's ``irregularities`` are its own, those of the main graph all that the
    file has. ``training`` are the graphs that a file keeps for training it, which are not part of running it.
    ``unnamed`` counts the nodes that have no name in the file. ``data`` are the bytes that it was read from
    where ``source`` does not lead to them again. ``remarks`` are comments for the lint. ``family`` is there
    for a network that was built from a description with parameters.
    """

    name: str
    inputs: Mapping[str, TensorType]
    outputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    weights: Mapping[str, TensorType]
    declared: Mapping[str, TensorType] = field(default_factory=dict)
    opsets: Mapping[str, int] = field(default_factory=dict)
    functions: Mapping[tuple[str, str, str], Graph] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)
    irregularities: tuple[Irregularity, ...] = ()
    source: str = ""
    ir_version: int = 0
    producer: str = ""
    doc: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    file_size: int = 0
    training: tuple[Graph, ...] = ()
    remarks: tuple[Remark, ...] = ()
    unnamed: int = 0
    data: Any = field(default=None, compare=False, repr=False)
    family: Family | None = field(default=None, compare=False, repr=False)

    @cached_property
    def producers(self) -> Mapping[str, int]:
        """Value name to the index of the node that makes it; inputs and weights are not in it."""
        return {name: index for index, node in enumerate(self.nodes) for name in node.outputs if name}

    @cached_property
    def uses(self) -> Mapping[str, tuple[int, ...]]:
        """Value name to the indices of the nodes that read it, once for each time they do."""
        found: dict[str, list[int]] = {}
        for index, node in enumerate(self.nodes):
            for name in node.inputs:
                found.setdefault(name, []).append(index)
        return {name: tuple(indices) for name, indices in found.items()}

    @cached_property
    def free_names(self) -> tuple[str, ...]:
        """Names that the nodes, and the bodies inside them, read from the graphs around this one."""
        made = {*self.inputs, *self.weights, *self.producers, ""}
        read = dict.fromkeys(name for node in self.nodes for name in (*node.inputs, *names_in_bodies(node)))
        return tuple(name for name in (*read, *self.outputs) if name not in made)

    def dag(self) -> networkx.MultiDiGraph[int]:
        """The nodes' indices as a networkx graph, with an edge for every value that one makes and another
        reads."""
        import networkx
        graph: networkx.MultiDiGraph[int] = networkx.MultiDiGraph()
        graph.add_nodes_from((index, {"node": node}) for index, node in enumerate(self.nodes))
        for index, node in enumerate(self.nodes):
            graph.add_edges_from((self.producers[name], index, {"value": name})
                                 for name in node.inputs if name in self.producers)
        return graph


def names_in_bodies(node: Node) -> tuple[str, ...]:
    """What the subgraphs of a node read from outside themselves."""
    bodies = (value for value in node.attrs.values() if isinstance(value, Graph))
    return tuple(name for body in bodies for name in body.free_names)
