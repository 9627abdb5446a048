"""Symbols of a network's inputs that only some sizes fit, and the node that ties each down."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from archcheck import values
from archcheck.algebra.polynomials import constant_of, terms_of
from archcheck.algebra.sizes import Atom
from archcheck.analyses.constraints import Constraint, certain, reduced
from archcheck.analyses.products import factored, separated
from archcheck.analyses.quasipolynomials import Unsolvable
from archcheck.analyses.sizesets import EVERY, SizeSet
from archcheck.dims import Size, prod, symbol, symbols
from archcheck.graph import Shape
from archcheck.infer import Walk
from archcheck.rules._case import Case
from archcheck.rules._paths import upstream
from archcheck.rules._rule import Site

MANY = 64
"""So many sizes or more are a limit, not one size that was traced."""


class Tie(NamedTuple):
    """What only holds where the symbols ``names`` have a few ``sizes`` (none: of several symbols together):
    the ``constraint`` of the node at ``site``, and what that ``compares``."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    constraint: Constraint
    compares: Constraint
    site: Site

    @property
    def said(self) -> str:
        """The symbols, in words."""
        return " and ".join(self.names)

    @property
    def trial(self) -> int | None:
        """A size of all its symbols that does not fit."""
        sizes = range(2, 2 + MANY)  # one of them is none of those few
        return next((size for size in sizes if not self._at(size, self.constraint).holds), None)

    def _at(self, size: int, one: Constraint) -> Constraint:
        return one.bound(dict.fromkeys(self.constraint.symbols, size))

    @property
    def proof(self) -> str:
        """What meets at a size that does not fit, in numbers."""
        one, trial = self.compares, self.trial
        told = f"{self.site.node.op} needs {_told(one.a)} = {_told(one.b)}"
        if trial is None:
            return told
        bound = self._at(trial, one)
        numbers = f"{_told(bound.a)}, not {_told(bound.b)}"
        return f"{told}; at {' = '.join(self.names)} = {trial} that is {numbers}"

    @property
    def only(self) -> str:
        """Where it fits, in words."""
        if not self.sizes:
            return f"{self.constraint.a} = {self.constraint.b}"
        few = " or ".join(map(str, self.sizes))
        if len(self.sizes) > 3:
            few = f"one of {self.sizes[0]} to {self.sizes[-1]}"
        return f"{self.said} = {few}{self._aside}"

    @property
    def _aside(self) -> str:
        """What lets any size pass: sizes of 1 broadcast."""
        others = {atom.args[0] for atom in self.compares.symbols} - {*self.names}
        broadcasts = self.compares.kind == "broadcast" and others
        return f" ({' = '.join(sorted(others))} = 1 aside)" if broadcasts else ""


def _told(size: Size) -> str:
    return f"{size:,}" if isinstance(size, int) else str(size)


def ties(case: Case) -> tuple[Tie, ...]:
    """For each symbol of the inputs that only a few sizes fit the first node that ties it."""
    names = {atom for name in case.report.symbols for atom in symbols(symbol(name))}
    found: dict[tuple[str, ...], Tie] = {}
    for walk, index, one in _equations(case.report.walk) if names else ():
        for part in separated([_simple(one)]):
            tied = tuple(sorted(atom.args[0] for atom in part.symbols))
            if part.symbols <= names and tied not in found:
                sizes = _few(part, next(iter(part.symbols))) if len(tied) == 1 else ()
                if sizes or len(tied) > 1 and _is_joint(part):
                    found[tied] = Tie(tied, sizes, part, one, Site(walk, index))
    return tuple(found.values())


def _is_joint(one: Constraint) -> bool:
    """Whether an expression that grows with each of several symbols must be one number."""
    return isinstance(one.b, int) and all(times == abs(times) for _, times in terms_of(one.a))


def _equations(root: Walk) -> Iterator[tuple[Walk, int, Constraint]]:
    """What nodes took to be equal, each pair once; a number comes second."""
    seen = set()
    for walk in certain(root):
        for index, (kind, a, b) in walk.assumptions:
            if kind in ("equal", "broadcast") and (kind, a, b) not in seen:
                seen.add((kind, a, b))
                node = walk.graph.nodes[index]
                a, b = (b, a) if isinstance(a, int) else (a, b)
                one = Constraint(kind, a, b, node.name, node.op, "")
                if one.is_known:
                    yield walk, index, one


def _simple(one: Constraint) -> Constraint:
    """An equation without what both sides share."""
    a, b = one.a, one.b
    product = factored(a - b)
    zeros = [part for part in product.factors.values() if not _is_symbol(part)] if product else []
    if len(zeros) == 1 and product and len(product.factors) > 1:
        rest = zeros[0]
        return one._replace(kind="equal", a=rest - constant_of(rest), b=-constant_of(rest))
    if one.kind == "equal":
        a, b = reduced(a, b, "equal")
    return one._replace(a=a, b=b)


def _is_symbol(size: Size) -> bool:
    return any(size is symbol(atom.args[0]) for atom in symbols(size))


def _few(one: Constraint, atom: Atom) -> tuple[int, ...]:
    """The sizes other than 0 that a constraint leaves its symbol, if they are few and no limit from 1 on."""
    try:
        allowed: SizeSet = EVERY & one.solutions(atom)
    except Unsolvable:
        return ()
    if allowed.residues:
        return ()
    sizes = [size for size in allowed if size]
    few = len(sizes) < MANY and (isinstance(one.b, int) or sizes[:2] != [1, 2])
    return tuple(sizes) if few else ()


# ------------------------------------------------------------------------------------------ who did it
def baked_reshapes(case: Case) -> dict[str, list[Site]]:
    """For each symbol of the inputs the nodes that reshape to a number where its axis was."""
    found: dict[str, list[Site]] = {}
    for site in case.of("Reshape"):
        for name in case.report.symbols:
            if bakes(site, name):
                found.setdefault(name, []).append(site)
    return found


def bakes(site: Site, name: str) -> bool:
    """Whether the target of a Reshape has a number where its input has the symbol ``name``, and no axis of
    the result has that symbol's size."""
    source, made = site.inputs[0].shape or (), site.outputs[0].shape or ()
    fixed = any(size is symbol(name) and type(wanted) is int and wanted != -1
                for size, wanted in zip(source, target_of(site)))
    return fixed and not any(size is symbol(name) for size in made)


def target_of(site: Site) -> Sequence[object]:
    """The elements of a Reshape's target; none where they are not known."""
    if len(site.node.inputs) < 2:
        given = site.node.attrs.get("shape", ())
        return given if isinstance(given, tuple) else ()
    return values.items(site.inputs[1]) or ()


def blamed(tie: Tie) -> Site | None:
    """The Reshape nearest to where a tie shows that has a number in place of its symbol."""
    return next((site for site in upstream(tie.site) if site.op == "Reshape"
                 and any(bakes(site, name) for name in tie.names)), None)


def mended(site: Site, names: Sequence[str]) -> tuple[object, ...]:
    """The target that keeps the axes of the symbols ``names``: 0 copies an axis. Where there is one, and what
    was left open is a number for each of its positions, that is written, and the axis left open instead."""
    source: Shape = site.inputs[0].shape or ()
    made: Shape = site.outputs[0].shape or ()
    target = list(target_of(site))
    axes = [axis for axis, size in enumerate(source) if any(size is symbol(name) for name in names)]
    for axis in axes:
        target[axis] = 0
    if -1 in target and len(axes) == 1:
        place, (axis,) = target.index(-1), axes
        rest = prod(size for other, size in enumerate(made) if other not in (place, axis)) * source[axis]
        each = prod(source) // rest
        if isinstance(each, int) and each * rest == prod(source):
            target[place], target[axis] = each, -1
    return tuple(target)
