"""Whether a network was trained, and whether it trains: what weights are before the first step."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from archcheck.rules._case import Case
from archcheck.rules._layers import is_affine
from archcheck.rules._operands import (
    Operand,
    kernels,
    meets_data,
    multiplies,
    of_kind,
    operand,
    parameter,
    uniform,
)
from archcheck.rules._paths import after, before, holds_data, is_view
from archcheck.rules._rule import Site

FEW = 2
"""So many biases of zero at least tell that a network was not trained."""


def fresh(case: Case) -> str:
    """How it shows that a network was not trained, in words; "" where it does not."""
    norms = list(of_kind(case, "batch normalization"))
    if norms:
        told = all(_is_fresh(case, site) for site in norms)
        count = f"all {len(norms)} batch normalizations have" if norms[1:] else "the batch normalization has"
        return f"{count} means of 0 and variances of 1" if told else ""
    found = [uniform(case, one, 0) for one in _biases(case)]
    if len(found) >= FEW and all(found):
        return f"all {len(found)} biases are 0"
    branches = _zero_branches(case)
    return f"the last layers of all {branches} residual branches are 0" if branches >= FEW else ""


def _zero_branches(case: Case) -> int:
    """How many additions of two values a network has, if a layer whose weights are all 0 makes one of the two
    in each; else 0. A normalization that starts with 0 leaves such layers where it is folded into them."""
    zero = [one for one, values in kernels(case) if values.is_zero and meets_data(case, one)]
    marked = set(_sums_after(case, [site for one in zero for site in _sharers(one)]))
    sums = [site for site in case.of("Add") if _adds_values(case, site)]
    return len(sums) * all((id(site.walk), site.at) in marked for site in sums)


def _sharers(one: Operand) -> Iterator[Site]:
    """The nodes that read a stored tensor, or a copy of it: exporters share equal ones."""
    for index in one.site.graph.uses[one.site.node.inputs[one.position]]:
        site = Site(one.site.walk, index)
        yield from after(site) if is_view(site) else (site,)


def _sums_after(case: Case, sites: list[Site]) -> Iterator[tuple[int, int]]:
    """The additions of two values that results of nodes come to, at most scaled, gated or moved: their walks,
    by their ``id``, and places."""
    seen, pending = set[tuple[int, int]](), sites
    while pending:
        for reader in pending.pop().readers():
            key = id(reader.walk), reader.at
            if _adds_values(case, reader):
                yield key
            elif key not in seen and (reader.op == "Mul" or is_view(reader) or is_affine(case, reader)):
                seen.add(key)
                pending.append(reader)


def _adds_values(case: Case, site: Site) -> bool:
    return site.op == "Add" and holds_data(case, site, 0) and holds_data(case, site, 1)


def _is_fresh(case: Case, site: Site) -> bool:
    """Whether the running statistics of a batch normalization are those that it starts with."""
    mean, variance = (operand(site, position) for position in (3, 4))
    return bool(uniform(case, mean, 0)) and bool(uniform(case, variance, 1))


def trains(site: Site) -> bool:
    """Whether a batch normalization is in training mode, at the version of its operator."""
    if site.version >= 14:
        return bool(site.node.attrs.get("training_mode", 0) == 1)
    return any(site.node.outputs[1:]) and not site.node.attrs.get("is_test")


def _biases(case: Case) -> Iterator[Operand]:
    """The stored vectors that are added to sums of products and to normalized values."""
    sites = chain(case.of("Add"), *(sites for sites in case.by_op.values() if _takes_bias(sites[0])))
    for site in sites:
        found = operand(site, 2) if site.op != "Add" and len(site.node.inputs) > 2 else _added(site)
        if found and found.kind.dtype and "float" in found.kind.dtype and len(found.axes) == 1 \
                and found.kind.shape != (1,):
            yield found


def _takes_bias(site: Site) -> bool:
    """Whether the third input of an operator is added to what it works out."""
    return parameter(site, 2) in ("b", "c", "bias")


def _added(site: Site) -> Operand | None:
    """The vector that an addition adds to a sum of products."""
    if site.op != "Add":
        return None
    for position in (0, 1):
        maker = before(site, 1 - position)
        if maker is not None and multiplies(maker):
            return operand(site, position)
    return None
