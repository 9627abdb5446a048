"""Figures as LaTeX, as Python functions and as C99 functions.

Code works every function of other sizes (a floor, a minimum) out once, under a name of its own, and prints
what is left, a polynomial. The text of a file becomes an identifier or stands escaped in a comment.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import reduce
from keyword import iskeyword
from textwrap import wrap
from typing import NamedTuple

from archcheck.algebra.polynomials import terms_of
from archcheck.analyses.formulas import Figure
from archcheck.dims import COUNTED, Atom, Dim, Size, atom_size, prod, symbol, total
from archcheck.errors import UserError
from archcheck.functions import INT64, magnitudes
from archcheck.printing import ATOM, CALLS, PRODUCT, SUM, Formula, Writer, monomial_of

SAFE_SIZE = 1 << 40
"""Sizes that the C functions take."""

SAFE_NUMBER = 9.2e18  # below 2**63, by more than adding up doubles can be wrong
_COLUMNS = 96
_ESCAPED = {
    " ": r"\ ", "\\": r"\backslash ", "~": r"\sim ", "^": r"\wedge ", **{c: f"\\{c}" for c in "{}$&#_%"}}


# ----------------------------------------------------------------------------------------------------- LaTeX
def latex(figures: Sequence[Figure], names: Mapping[str, str]) -> str:
    """An equation a line, in LaTeX's mathematics; symbols in the order of ``names``."""
    return "".join(f"{_equation(figure, _Latex(names))}\n" for figure in figures)


def _equation(figure: Figure, writer: _Latex) -> str:
    sign = r"\geq" if figure.lacks and not figure.is_shape else "="
    label = rf"\mathrm{{{_escaped(figure.label)}}}"
    if figure.sizes is None:
        return f"{label} = ?"
    if figure.is_shape:
        factor = r" \times ".join(writer.text(size, PRODUCT) for size in figure.sizes)
        return f"{label} : {factor or r'()'}"
    size, = figure.sizes
    return f"{label} {sign} {writer.number(size) if isinstance(size, int) else writer.text(size)}"


def _escaped(text: str) -> str:
    return "".join(_ESCAPED.get(c, c) if c.isprintable() else "?" for c in text)


class _Latex(Formula):
    """Writes formulas in LaTeX's mathematics."""

    times, minus = r" \cdot ", "-"

    def held(self, text: str, tightness: int, least: int) -> str:
        return text if tightness >= least else rf"\left({text}\right)"

    def number(self, number: int) -> str:
        """A number with its digits in groups."""
        return f"{number:,}".replace(",", "{,}") if number >= 1000 else str(number)

    _number = number

    def _power(self, count: int) -> str:
        return f"^{{{count}}}"

    def _symbol(self, atom: Atom) -> str:
        name: str = atom.args[0]
        if atom.origin and atom.origin != COUNTED:
            return "?"
        return name if len(name) == 1 and name.isalpha() else rf"\mathrm{{{_escaped(name)}}}"

    def _floor(self, numerator: Size, d: Size) -> tuple[str, int]:
        above = numerator - d + 1
        if isinstance(above, int) or len(terms_of(above)) < len(terms_of(numerator)):
            numerator, bracket = above, "ceil"
        else:
            bracket = "floor"
        fraction = rf"\frac{{{self.text(numerator)}}}{{{self.text(d)}}}"
        return rf"\left\l{bracket} {fraction} \right\r{bracket}", ATOM

    def _mod(self, numerator: Size, d: Size) -> tuple[str, int]:
        return rf"{self.text(numerator, PRODUCT)} \bmod {self.text(d, ATOM)}", SUM

    def _function(self, kind: str, args: list[Size]) -> str:
        name = rf"\{kind}" if kind in ("max", "min") else rf"\operatorname{{{kind}}}"
        return rf"{name}\left({', '.join(map(self.text, args))}\right)"


# ------------------------------------------------------------------------------------------------------ code
class _Plan(NamedTuple):
    """Sizes as code works them out: ``parameters``, the names of symbols, to identifiers; ``steps``, each
    an identifier, the function it is (`Atom.kind`) and its arguments; and the sizes, like the arguments
    polynomials over the identifiers."""

    parameters: dict[str, str]
    steps: list[tuple[str, str, tuple[Size, ...]]]
    sizes: tuple[Size, ...]


def _plan(sizes: Sequence[Size], order: Iterable[str], reserved: Collection[str]) -> _Plan:
    found = {atom.args[0] for size in sizes if isinstance(size, Dim) for atom in size.symbols}
    names = [*filter(found.__contains__, order), *sorted(found.difference(order))]
    identifiers = _identifiers(names, reserved)
    planned: dict[Atom, Size] = {}
    steps: list[tuple[str, str, tuple[Size, ...]]] = []

    def flat(size: Size) -> Size:
        return total(prod([c, *map(place, atoms)]) for atoms, c in terms_of(size))

    def place(atom: Atom) -> Size:
        if atom not in planned and atom.kind == "symbol":
            planned[atom] = symbol(identifiers[atom.args[0]])
        elif atom not in planned:
            args = tuple(map(flat, atom.args))
            name = _free(f"t{len(steps) + 1}", {*identifiers.values(), *reserved})
            steps.append((name, atom.kind, args))
            planned[atom] = symbol(name)
        return planned[atom]

    return _Plan(identifiers, steps, tuple(map(flat, sizes)))


def _identifiers(names: Iterable[str], reserved: Collection[str]) -> dict[str, str]:
    """An identifier of its own for each of ``names``: the name itself where it can be one."""
    out: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^0-9A-Za-z_]", "_", name)
        plain = plain if re.match(r"[A-Za-z]", plain) else f"n{plain}"
        out[name] = _free(plain, {*out.values(), *reserved})
    return out


def _free(name: str, taken: Collection[str]) -> str:
    choices = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 3)))
    return next(choice for choice in choices if choice not in taken and not iskeyword(choice))


def _function_name(figure: Figure) -> str:
    return f"shape_of_{figure.name}" if figure.is_shape else figure.name


def _folded(text: str, indent: str) -> str:
    """``text`` in lines that fit, those after the first indented."""
    return f"\n{indent}".join(wrap(text, _COLUMNS - len(indent), break_long_words=False,
                                   break_on_hyphens=False))


def _about(figure: Figure) -> str:
    """What a figure is, for a comment of one line; nothing of a file's text can end it."""
    what = f"The shape of {figure.name!a}" if figure.is_shape else figure.label
    if figure.sizes is None:
        return f"{what} is not known: {figure.lacks!a}"
    return f"{what}{f', at least: {figure.lacks!a} not counted' if figure.lacks else ''}"


def _renamed(figure: Figure, plan: _Plan) -> str:
    """Which parameters stand for symbols of another name, and why those that are not known are not."""
    origins = {atom.args[0]: atom.origin for atom in figure.symbols}
    notes = [f"{new} is {old!a}{f' ({ascii(origins[old])[1:-1]})' if origins[old] else ''}"
             for old, new in plan.parameters.items() if new != old or origins[old]]
    return f"; {', '.join(notes)}" if notes else ""


# ---------------------------------------------------------------------------------------------------- Python
_PYTHON = frozenset(("max", "min", *CALLS))


def python(figures: Sequence[Figure], names: Mapping[str, str]) -> str:
    """A Python function a figure: of the symbols that it depends on, in the order of ``names``."""
    functions = _identifiers(map(_function_name, figures), _PYTHON)
    return "\n\n".join(_python(figure, functions[_function_name(figure)], names) for figure in figures)


def _python(figure: Figure, name: str, names: Mapping[str, str]) -> str:
    if figure.sizes is None:
        return f"# {_about(figure)}.\n"
    plan = _plan(figure.sizes, names, {name, *_PYTHON})
    lines = [f"# {_about(figure)}{_renamed(figure, plan)}.",
             f"def {name}({', '.join(plan.parameters.values())}):",
             *(f"    {step} = {_python_call(kind, args)}" for step, kind, args in plan.steps)]
    texts = [Writer(_names_of(plan)).text(size) for size in plan.sizes]
    answer = f"({', '.join(texts)}{',' * (len(texts) == 1)})" if figure.is_shape else texts[0]
    folded = _folded(answer, " " * 8)
    lines.append(f"    return {folded}" if "\n" not in folded or figure.is_shape else
                 f"    return (\n        {folded})")
    return "\n".join(lines) + "\n"


def _names_of(plan: _Plan) -> dict[str, str]:
    """The identifiers of a plan, in the order in which they are to stand in products."""
    names = [*plan.parameters.values(), *(step for step, _, _ in plan.steps)]
    return dict(zip(names, names))


def _python_call(kind: str, args: Sequence[Size]) -> str:
    writer = Writer()
    if kind == "floor":
        return f"{writer.text(args[0], ATOM)}//{writer.text(args[1], ATOM)}"
    texts = list(map(writer.text, args))
    if kind == "bcast":
        return reduce(lambda one, other: f"({other} if {one} == 1 else {one})", texts)
    return f"{kind}({', '.join(texts)})"


# --------------------------------------------------------------------------------------------------------- C
_HELPERS = {
    "floor": "static int64_t floor_div(int64_t a, int64_t b) {\n    assert(b != 0);\n"
             "    return a / b - (a % b != 0 && (a < 0) != (b < 0));\n}\n",
    "max": "static int64_t max_of(int64_t a, int64_t b) { return a > b ? a : b; }\n",
    "min": "static int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }\n",
    "bcast": "static int64_t broadcast(int64_t a, int64_t b) { return a == 1 ? b : a; }\n",
    "fits": "static double above(int64_t a) { return a < 0 ? 1.0 - a : 1.0 + a; }\n"}
_CALLS = {"floor": "floor_div", "max": "max_of", "min": "min_of", "bcast": "broadcast"}
_C = frozenset((
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum", "extern",
    "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short",
    "signed", "sizeof", "static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile",
    "while", "asm", "main", "assert", "shape", "int64_t", "above", "linux", "unix", *_CALLS.values(), *CALLS))


def c99(figures: Sequence[Figure], names: Mapping[str, str]) -> str:
    """A C99 function a figure. What would not fit 64 bits fails an assertion."""
    functions = _identifiers(map(_function_name, figures), _C)
    bodies = [_c(figure, functions[_function_name(figure)], names, functions.values()) for figure in figures]
    code = "\n".join(bodies)
    helpers = [text for kind, text in _HELPERS.items() if f"{_CALLS.get(kind, 'above')}(" in code]
    return "\n".join(["#include <assert.h>\n#include <stdint.h>\n", *helpers, code])


def _c(figure: Figure, name: str, names: Mapping[str, str], taken: Collection[str]) -> str:
    if figure.sizes is None:
        return f"// {_about(figure)}.\n"
    plan = _plan(figure.sizes, names, {*taken, *_C})
    writer, limits = _CWriter(_names_of(plan)), dict.fromkeys(plan.parameters.values(), SAFE_SIZE)
    lines = [f"assert(0 <= {one} && {one} <= INT64_C({SAFE_SIZE}));" for one in limits]
    for step, kind, args in plan.steps:
        lines += [guard for arg in args for guard in _guards(arg, limits)]
        lines.append(f"const int64_t {step} = {_c_call(kind, list(map(writer.text, args)))};")
        limits[step] = max(magnitudes(arg, limits)[0] for arg in args)
    for axis, size in enumerate(plan.sizes):
        lines += _guards(size, limits)
        lines.append(f"shape[{axis}] = {writer.text(size)};" if figure.is_shape else
                     f"return {writer.text(size)};")
    parameters = [f"int64_t {one}" for one in plan.parameters.values()]
    kind, last = ("void", ["int64_t *shape"]) if figure.is_shape else ("int64_t", [])
    head = f"{kind} {name}({', '.join([*parameters, *last]) or 'void'}) {{"
    unused = ["(void)shape;"] if figure.is_shape and not plan.sizes else []
    return "\n".join([f"// {_about(figure)}{_renamed(figure, plan)}.", head,
                      *(f"    {_folded(line, ' ' * 8)}" for line in [*lines, *unused]), "}\n"])


def _c_call(kind: str, texts: list[str]) -> str:
    return reduce(lambda one, other: f"{_CALLS[kind]}({one}, {other})", texts)


def _guards(size: Size, limits: Mapping[str, int]) -> list[str]:
    """The assertion that all numbers on the way to ``size`` fit; none where they must."""
    if any(abs(factor) >= INT64 for _, factor in terms_of(size)):
        raise UserError(f"a number in this formula does not fit C's int64_t: {size}")
    if magnitudes(size, limits)[1] < INT64:
        return []
    terms = ["*".join([f"{abs(factor)}.0", *(f"above({atom.args[0]})" for atom in atoms)])
             for atoms, factor in terms_of(size)]
    return [f"assert({' + '.join(terms)} < {SAFE_NUMBER:.1e});"]


class _CWriter(Writer):
    """Writes polynomials in C. Only what all terms share is taken out: no number on the way is larger than
    the terms together then."""

    def factors(self, size: Dim) -> tuple[int, list[Dim]]:
        number, atoms, rest = monomial_of(size)
        return number, [*map(atom_size, atoms), *([rest] if isinstance(rest, Dim) else [])]

    def _product(self, number: int, factors: list[tuple[str, int]]) -> tuple[str, int]:
        texts = [self.held(text, tightness, ATOM) for text, tightness in factors]
        if len(texts) == 1 and number == 1:
            return factors[0]
        return "*".join([str(number)] * (number != 1 or not texts) + texts), PRODUCT


LANGUAGES: Mapping[str, Callable[[Sequence[Figure], Mapping[str, str]], str]] = {
    "latex": latex, "python": python, "c": c99}
