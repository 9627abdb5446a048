"""What makes a file larger than it need be."""
from __future__ import annotations

from collections.abc import Iterator

from archcheck.graph import Literal, TensorType
from archcheck.rules._case import Case
from archcheck.rules._copies import equal, repeats, stored, transposed
from archcheck.rules._rule import SAFE, UNSAFE, WARNING, Fault, Faults, Site, rule

LARGE_CONSTANT = 1 << 20
"""A constant of more bytes belongs among the weights."""

PROTOBUF = (1 << 31) - 1
"""The most bytes that a protobuf message can have."""

NEAR = 1_800_000_000
"""A file of more bytes is near to that."""


@rule("SIZ001", "duplicate-initializer", severity=WARNING, weights=True, fix=SAFE)
def duplicate_initializer(case: Case) -> Faults:
    """Two stored tensors of at least 64 KiB are the same, or one is the other with rows for columns.

    An embedding and the output layer of a language model are often one matrix; a tie that is lost in the
    export doubles its bytes: 50,257 × 768 numbers of 4 bytes are 154 MB. A runtime takes memory for both.
    Tensors that share their bytes in a file are not meant.
    """
    tensors = stored(case)
    taken = set()
    for group in equal(case.payloads, tensors):
        first, *others = group
        for other in others:
            taken.add(other.name)
            yield _duplicate(first.name, other.name, other.kind, "the same as another one")
    for first, other in transposed(one for one in tensors if one.name not in taken):
        yield _duplicate(first.name, other.name, other.kind, "another one with rows for columns")


def _duplicate(first: str, other: str, kind: TensorType, how: str) -> Fault:
    return Fault(f"a stored tensor of {kind.bytes:,} bytes is {how}", f"it is the same as {first!r}",
                 "store it once, and read it in both places", value=other,
                 facts={"bytes": kind.bytes, "first": first}, fixable=SAFE if "same" in how else "")


@rule("SIZ002", "large-constant-node", severity=WARNING, fix=SAFE)
def large_constant_node(case: Case) -> Faults:
    """A tensor of more than 1 MiB is an attribute of a node.

    Weights can be kept in a file of their own, be mapped into memory and be shared; what is in an attribute
    cannot. It counts against the 2 GiB that a model's own file may have, and tools that list weights
    overlook it.
    """
    large = list(_large(case))
    for _, site in large:
        size = sum(size for size, _ in large)
        yield Fault(f"constants of {size:,} bytes are attributes of nodes" if len(large) > 1 else
                    f"a constant of {size:,} bytes is an attribute of a node",
                    f"what has more than {LARGE_CONSTANT:,} bytes belongs among the weights",
                    "make it an initializer", site, cause="large", facts={"bytes": size})


def _large(case: Case) -> Iterator[tuple[int, Site]]:
    """The nodes that have a large tensor as an attribute, and how many bytes that has."""
    for site in case.of("Constant"):
        kind = site.node.attrs.get("value")
        size = kind.bytes if isinstance(kind, TensorType) else None
        if isinstance(size, int) and size > LARGE_CONSTANT:
            yield size, site


@rule("SIZ003", "materialised-broadcast", severity=WARNING, weights=True, fix=UNSAFE)
def materialised_broadcast(case: Case) -> Faults:
    """A stored tensor of at least 64 KiB is one slice over and over.

    An optimizer that folds constants works out an Expand or a Tile and stores the result: a bias of 64
    numbers becomes a map of 64 × 112 × 112. Most operators broadcast, so that one slice does; a part of
    several positions, four times or more, is what a Tile makes.
    """
    for one in stored(case):
        found = repeats(one)
        shape = one.kind.shape or ()
        if found:
            axis, times, period = found
            what = "one slice" if period == 1 else f"{period:,} slices"
            cure = "with an axis of 1, and let the operator broadcast it" if period == 1 else "and Tile them"
            yield Fault(f"a stored tensor of {one.kind.bytes:,} bytes holds {what} {times:,} times",
                        f"along axis {axis} of its {' × '.join(map(str, shape))} position k + {period:,} "
                        "holds what position k does", f"store {what} {cure}",
                        value=one.name, facts={"bytes": one.kind.bytes, **found._asdict()})


@rule("SIZ004", "near-2gb", severity=WARNING, fix=SAFE)
def near_two_gigabytes(case: Case) -> Faults:
    """The file has more than 1.8 GB, and its weights are inside it.

    A protobuf message ends at 2 GiB: a little more and no runtime reads the file. Weights in a file beside it
    have no such limit, and a checker need not load them.
    """
    size = case.graph.file_size
    inside = sum(kind.value.location.length for kind in case.graph.weights.values()
                 if isinstance(kind.value, Literal) and kind.value.location
                 and kind.value.location.file is None)
    if size > NEAR and inside * 2 > size:
        yield Fault(f"the file has {size:,} bytes, and {PROTOBUF:,} are the most that protobuf can read",
                    f"{inside:,} of them are weights", "store the weights as external data",
                    facts={"bytes": size, "limit": PROTOBUF})
