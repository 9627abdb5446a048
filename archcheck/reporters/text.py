"""Words for people: numbers, sizes, shapes and dtypes as text, in Unicode or plain ASCII."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby

from archcheck.dims import Dim, Size
from archcheck.graph import Shape, TensorType

_PREFIXES = ("", "k", "M", "G", "T", "P", "E")
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Script:
    """How to write: in Unicode or in plain ``ascii``; with ``names`` for the symbols, in the order in which
    they are to stand; formulas in at most ``room`` characters; and shapes without spaces where they are to be
    ``tight``."""

    ascii: bool = False
    names: Mapping[str, str] = field(default_factory=dict)
    room: int = 32
    tight: bool = False
    _texts: dict[Dim, str] = field(default_factory=dict, compare=False)

    @property
    def times(self) -> str:
        """What stands before a count."""
        return "x" if self.ascii else "×"

    @property
    def by(self) -> str:
        """What stands between the sizes of a shape."""
        return self.times if self.tight and not self.ascii else f" {self.times} "

    @property
    def dot(self) -> str:
        """What stands between factors."""
        return "*" if self.ascii else "·"

    @property
    def separator(self) -> str:
        """What stands between facts of one line."""
        return ", " if self.ascii else " · "

    @property
    def cut(self) -> str:
        """What stands where text was left out."""
        return ".." if self.ascii else "…"

    @property
    def about(self) -> str:
        """What stands before a formula that leaves roundings out."""
        return "~" if self.ascii else "≈ "

    @property
    def grows(self) -> str:
        """What stands before what something is proportional to, for large sizes."""
        return "grows as " if self.ascii else "∝ "

    def seconds(self, value: float) -> str:
        """A time in three digits: ``3.97 ms``."""
        for scale, unit in ((1, "s"), (1e-3, "ms"), (1e-6, "us" if self.ascii else "µs")):
            if value >= scale:
                return f"{value / scale:.3g} {unit}"
        return f"{value / 1e-9:.3g} ns"

    def at_least(self, text: str) -> str:
        """``text``, a count that something is missing from: ``≥ 4.09 G``; ``≳ 8·N·H·W`` where it was about
        that."""
        if text.startswith(self.about):
            return (">~" if self.ascii else "≳ ") + text.removeprefix(self.about)
        return (">=" if self.ascii else "≥ ") + text

    @property
    def blocks(self) -> tuple[str, ...]:
        """Bars of growing length, from none to a whole cell."""
        return (" ", "#") if self.ascii else tuple(" ▏▎▍▌▋▊▉█")

    def safe(self, text: str) -> str:
        """``text`` without what a terminal would obey, or cannot show."""
        if not text.isprintable():
            text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        return text.replace("…", "..").encode("ascii", "backslashreplace").decode() if self.ascii else text

    def size(self, size: Size) -> str:
        """A size: ``512``, ``⌈H/32⌉``, ``?``."""
        if isinstance(size, int):
            return str(size) if abs(size) < 1 << 128 else _grouped(size)
        if size not in self._texts:
            from archcheck.printing import human
            self._texts[size] = human(size, self.ascii, self.names)
        return self._texts[size]

    def shape(self, shape: Shape | None) -> str:
        """A shape: ``N × 512 × ⌈H/32⌉``, ``scalar``, ``?`` where the rank is not known."""
        if shape is None:
            return "?"
        return self.by.join(map(self._axis, shape)) or "scalar"

    def _axis(self, size: Size) -> str:
        """A size in a shape; a sum is in brackets, so that none of its parts looks like a size."""
        text = self.size(size)
        return f"({text})" if _is_sum(text) else text

    def type(self, kind: TensorType) -> str:
        """A dtype and a shape: ``float32 N × 3``."""
        if kind.dtype is None and kind.shape is None:
            return "?"
        return f"{kind.dtype or '?'} {self.shape(kind.shape)}"

    def exact(self, size: Size) -> str:
        """A count in full: ``25,557,032``, or its formula."""
        return _grouped(size) if isinstance(size, int) else self.size(size)

    def compact(self, size: Size) -> str:
        """A count in four digits: ``25.56 M``; a formula at a glance, or the symbols it depends on."""
        if isinstance(size, int):
            return compact(size)
        text = self.rough(size)
        return text if text and len(text) <= self.room else self.depends(size)

    def rough(self, size: Dim) -> str:
        """A formula at a glance, in any length: ``≈ 81.5 k·N·H·W``; empty where there is none."""
        from archcheck.reporters import rough
        try:
            products = rough.polynomial(size)
        except rough.NotRough:
            return ""
        text = self.products(products)
        return text if not text or rough.is_exact(size) else self.about + text

    def products(self, products: Mapping[tuple[str, ...], float]) -> str:
        """A sum of products of symbols with coefficients: ``81.5 k·N·H·W``; empty where there are none."""
        from archcheck.reporters import rough
        if not products:
            return ""
        shared, rest = rough.factored(products, {name: place for place, name in enumerate(self.names)})
        terms = [(value, self._product(compact(float(abs(value))), names if len(rest) > 1 else shared))
                 for names, value in rest]
        text = "".join(f" {'-' if value < 0 else '+'} {term}" for value, term in terms).lstrip(" +")
        if len(rest) > 1 and shared:
            text = self._product(f"({text})", shared, last=True)
        return text

    def _product(self, factor: str, names: list[str], last: bool = False) -> str:
        powers = [(self.safe(self.names.get(name, name)), len(list(same))) for name, same in groupby(names)]
        texts = [name + (self._power(count) if count > 1 else "") for name, count in powers]
        if factor == "1" and texts:
            return self.dot.join(texts)
        return self.dot.join([*texts, factor] if last else [factor, *texts])

    def _power(self, count: int) -> str:
        return f"^{count}" if self.ascii else str(count).translate(_SUPERSCRIPT)

    def depends(self, size: Dim) -> str:
        """The symbols a formula depends on: ``f(N, H)``; ``?`` where something that is not known is among
        them."""
        from archcheck.dims import atom_size, is_known
        if not is_known(size):
            return "?"
        places = {name: place for place, name in enumerate(self.names)}
        found = sorted(size.symbols, key=lambda atom: (places.get(atom.args[0], len(places)), atom.args[0]))
        return f"f({', '.join(self.size(atom_size(atom)) for atom in found)})"


def _grouped(number: int) -> str:
    """A number in full; one that no computer can count to as a power of two."""
    return f"{number:,}" if abs(number) < 1 << 128 else f"2^{number.bit_length() - 1} or more"


def compact(number: float) -> str:
    """A number in four significant digits with an SI prefix: ``9,408``, ``25.56 M``, ``36.75``."""
    if abs(number) >= 10 ** 21:
        return f"{float(number):.2e}" if abs(number) < 1 << 1000 else _grouped(int(number))
    if abs(number) < 10_000:
        return f"{number:,.0f}" if number == int(number) or abs(number) >= 1000 else f"{number:.4g}"
    scaled, power = float(number), 0
    while abs(scaled) >= 999.95 and power < len(_PREFIXES) - 1:
        scaled, power = scaled / 1000, power + 1
    digits = 2 if abs(scaled) < 100 else 1
    return f"{scaled:.{digits}f} {_PREFIXES[power]}"


def size_in_bytes(number: int) -> str:
    """A number of bytes: ``97.49 MiB``."""
    scaled, power = float(number), 0
    while scaled >= 1024 and power < len(_BINARY) - 1:
        scaled, power = scaled / 1024, power + 1
    return f"{number:,} B" if power == 0 else f"{scaled:.2f} {_BINARY[power]}"


def shortened(text: str, width: int, cut: str) -> str:
    """``text`` in at most ``width`` characters, its middle left out where it is longer."""
    if len(text) <= width:
        return text
    kept = max(width - len(cut), 1)
    head = kept // 3
    return (text[:head] + cut + text[len(text) - (kept - head):])[:max(width, 1)]


def shortened_shape(text: str, width: int, cut: str, by: str) -> str:
    """A shape in at most ``width`` characters: whole sizes are left out, formulas first, those in the middle
    next."""
    parts = text.split(by)
    for longest in sorted(range(len(parts)), key=lambda k: (-len(parts[k]), k)):
        if len(by.join(parts)) > width and not parts[longest].isdigit():
            parts[longest] = cut
    whole = parts
    for gone in range(1, len(parts) - 1):
        if len(by.join(parts)) <= width:
            break
        parts = [*whole[:1], cut, *whole[1 + gone:]]
    return shortened(by.join(parts), width, cut)


def _is_sum(formula: str) -> bool:
    """Whether something is added outside all brackets of a formula in words."""
    depth = 0
    for before, sign, after in zip(f" {formula}", formula, f"{formula[1:]} "):
        depth += (sign in "(⌊⌈") - (sign in ")⌋⌉")
        if sign in "+−-" and (before, after) == (" ", " ") and depth == 0:
            return True
    return False
