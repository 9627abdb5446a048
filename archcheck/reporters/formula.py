"""What ``archcheck formula`` shows: figures as formulas, and how they grow."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any

from archcheck.algebra.polynomials import common
from archcheck.analyses.formulas import Figure, unknowns
from archcheck.analyses.growth import Growth, NoPolynomial, Polynomial, at, growth, unrounded
from archcheck.dims import Atom, Dim, Size, atom_size, atoms_of, evaluate, prod, symbol, total
from archcheck.report import Report
from archcheck.reporters.facts import example_sizes, runs_at
from archcheck.reporters.sheet import Column, Sheet
from archcheck.reporters.text import Script, compact

COLUMNS = tuple(Column(key, key) for key in (
    "figure", "formula", "lacks", "leading", "about", "within", "where", "polynomial", "value"))
Row = tuple[Any, ...]


MOSTLY = 95  # percent


def formula_sheet(report: Report, figures: Sequence[Figure], script: Script, as_data: bool) -> Sheet:
    """A sheet with a row for each of ``figures`` where it is to be read ``as_data``, else with their
    lines."""
    sizes = example_sizes(report)
    sizes = sizes if runs_at(report, sizes) else {}
    schema = "archcheck.formula/1"
    if as_data:
        rows = [_row(figure, sizes, report.symbols) for figure in figures]
        record = {"symbols": report.symbols, "sizes": sizes,
                  "unknown": {atom.args[0]: atom.origin for atom in unknowns(figures)}}
        return Sheet(schema, COLUMNS, rows, record=record, rows_key="figures")
    lines = [(script.safe(figure.label), "\n".join(_lines(figure, sizes, script))) for figure in figures]
    return Sheet(schema, (), (), [*lines, *_notes(figures, script)])


# ------------------------------------------------------------------------------------------------ for people
def _lines(figure: Figure, sizes: Mapping[str, int], script: Script) -> Iterator[str]:
    if figure.sizes is None:
        yield f"?  {script.safe(figure.lacks)}"
        return
    names = list(script.names)
    multiples, exact = unrounded(figure.sizes, names)
    where = f"  {_where(multiples, script)}"
    if figure.is_shape:
        yield script.shape(figure.sizes)
        yield from [f"{script.shape(tuple(exact))}{where}"] if exact else []
        return
    size, = figure.sizes
    yield _bounded(grouped(size, script), figure, script)
    if exact:
        yield f"= {grouped(exact[0], script)}{where}"
    if isinstance(size, Dim):
        yield from filter(None, (_settled(size, sizes, script), _about(size, sizes, script),
                                 _leading(size, script), _value(size, sizes, script)))
    if figure.lacks:
        yield f"not counted: {script.safe(figure.lacks)}"


def _bounded(text: str, figure: Figure, script: Script) -> str:
    return script.at_least(text) if figure.lacks else text


def grouped(size: Size, script: Script) -> str:
    """A formula in full; where its terms share no factor, those with the symbol that most of them have stand
    together, unless that is longer."""
    plain = script.exact(size)
    if isinstance(size, int) or len(size.terms) < 3 or common(size.terms)[1]:
        return plain
    counts = Counter(atom for atoms, _ in size.terms for atom in set(atoms) if atom.kind == "symbol")
    if not counts:
        return plain
    places = {name: -place for place, name in enumerate(script.names)}
    most = max(counts, key=lambda atom: (counts[atom], places.get(atom.args[0], -len(places)), atom.key))
    parts = [total(_term(atoms, c) for atoms, c in size.terms if (most in atoms) is inside)
             for inside in (True, False)]
    first, second = (script.exact(part) for part in parts)
    falls = second.startswith(("−", "-"))
    text = f"{first} {'+' if not falls else '-' if script.ascii else '−'} {second[falls:]}"
    return text if len(text) <= len(plain) else plain


def _term(atoms: tuple[Atom, ...], c: int) -> Size:
    size: Size = c
    for atom in atoms:
        size = size * atom_size(atom)
    return size


def _where(multiples: Mapping[str, Dim], script: Script) -> str:
    return "where " + ", ".join(f"{_name(name, script)} = {script.size(m)}" for name, m in multiples.items())


def _name(name: str, script: Script) -> str:
    return script.safe(script.names.get(name, name))


def _growth(size: Size, start: Mapping[str, int] | None = None) -> Growth | None:
    try:
        return growth(size, start)
    except NoPolynomial:
        return None


def _settled(size: Dim, sizes: Mapping[str, int], script: Script) -> str:
    """The polynomial that a formula with minima, maxima and broadcasts is from some sizes on."""
    if all(atom.kind == "symbol" for atom in atoms_of(size)):
        return ""
    for start in (dict.fromkeys(sizes, 1), dict.fromkeys(sizes, 2), sizes):
        found = _growth(size, start)
        if found and found.exact and found.smooth:
            exact = total(prod([int(c), *map(symbol, product)]) for product, c in found.smooth.items())
            return f"= {grouped(exact, script)}  where {_from(found, script)}"
    return ""


def _about(size: Dim, sizes: Mapping[str, int], script: Script) -> str:
    """The formula without its roundings, and how far that may be off."""
    found = _growth(size, sizes) if sizes else None
    within = found and found.within()
    if not found or not within or found.exact or not found.smooth:
        return ""
    return (f"{script.about}{_products(found.smooth, script)}  "
            f"(exact: up to {_off(*within)}, where {_from(found, script)})")


def _off(low: float, high: float) -> str:
    parts = [f"{ceil(abs(part) * 1000) / 10:g} % {word}" for part, word in ((low, "less"), (high, "more"))
             if part]
    return " or ".join(parts)


def _from(found: Growth, script: Script) -> str:
    starts: dict[int, list[str]] = {}
    for name in [*filter(found.start.__contains__, script.names), *found.start]:
        names = starts.setdefault(found.start[name], [])
        names += [] if _name(name, script) in names else [_name(name, script)]
    sign = ">=" if script.ascii else "≥"
    return " and ".join(f"{', '.join(names)} {sign} {start}" for start, names in starts.items())


def _products(polynomial: Polynomial, script: Script) -> str:
    return script.products({product: float(c) for product, c in polynomial.items()})


def _leading(size: Dim, script: Script) -> str:
    """How it grows, with its leading terms."""
    try:
        found = growth(size)
    except NoPolynomial as reason:
        return f"no leading term: {reason}"
    if not any(found.leading):
        return "does not grow"
    ones = script.products(dict.fromkeys(found.leading, 1.0))
    plural = "s" * (len(found.leading) > 1)
    return f"{script.grows}{ones}, leading term{plural} {_products(found.leading, script)}"


def _value(size: Dim, sizes: Mapping[str, int], script: Script) -> str:
    whole, found = evaluate(size, sizes), _growth(size)
    if not isinstance(whole, int):
        return ""
    share = 100 * at(found.leading, sizes) / whole if found and whole > 0 else 100
    of_it = f", {compact(float(share))} % of it the leading term" if 0 <= share < MOSTLY else ""
    return f"{compact(whole)} at {_at(sizes, script)}{of_it}"


def _at(sizes: Mapping[str, int], script: Script) -> str:
    return " ".join(f"{_name(name, script)}={size}" for name, size in sizes.items())


def _notes(figures: Sequence[Figure], script: Script) -> Iterator[tuple[str, str]]:
    lines = []
    for atom in unknowns(figures):
        most = f", at most {script.size(atom.limit)}" if atom.limit is not None else ""
        lines.append(f"{script.safe(atom.args[0])}: {script.safe(str(atom.origin))}{most}")
    if lines:
        yield "not known", "\n".join(lines)
    multiples, _ = unrounded([size for figure in figures for size in figure.sizes or ()], list(script.names))
    if multiples:
        options = " ".join(f"--bind {name}={size!r}" for name, size in multiples.items())
        yield "sizes", f"{script.safe(options)} leaves nothing to round"


# -------------------------------------------------------------------------------------------------- for data
def _row(figure: Figure, sizes: Mapping[str, int], names: Sequence[str]) -> Row:
    """The values of `COLUMNS`; those of a shape are lists, a value for each axis."""
    if figure.sizes is None:
        return figure.name, None, figure.lacks, *[None] * 6
    multiples, exact = unrounded(figure.sizes, names)
    columns = list(zip(*(_facts(size, sizes) for size in figure.sizes))) or [()] * 4
    leading, about, within, value = columns if figure.is_shape else [column[0] for column in columns]
    one = list if figure.is_shape else lambda found: found[0]
    return (figure.name, one(figure.sizes), figure.lacks or None, leading, about, within,
            multiples or None, one(exact) if exact else None, value)


def _facts(size: Size, sizes: Mapping[str, int]) -> tuple[Any, Any, Any, Any]:
    """Leading terms, approximation and its relative errors, and the value at ``sizes``."""
    value = evaluate(size, sizes)
    if isinstance(size, int):
        return None, None, None, value
    far, near = _growth(size), _growth(size, sizes)
    return (far and _terms(far.leading), near and _terms(near.smooth), near and near.within(),
            value if isinstance(value, int) else None)


def _terms(polynomial: Polynomial) -> list[dict[str, Any]]:
    return [{"coefficient": c, "powers": Counter(product)} for product, c in polynomial.items()]
