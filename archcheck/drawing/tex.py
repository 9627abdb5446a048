"""How text is written in TeX: every character as a letter, a command or its number, so that nothing of a name
is obeyed. Commands are those that pdfTeX, XeTeX and LuaTeX set alike in the encoding T1."""
from __future__ import annotations

import re
import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%",
    "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}", "\u00a0": "~",
    "×": r"\texttimes{}", "·": r"\textperiodcentered{}", "±": r"\textpm{}", "÷": r"\textdiv{}",
    "µ": r"\textmu{}", "°": r"\textdegree{}", "§": r"\S{}", "¶": r"\P{}", "¬": r"\textlnot{}",
    "©": r"\textcopyright{}", "®": r"\textregistered{}", "£": r"\pounds{}", "¥": r"\textyen{}",
    "½": r"\textonehalf{}", "¼": r"\textonequarter{}", "¾": r"\textthreequarters{}",
    "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}",
    "ł": r"\l{}", "Ł": r"\L{}", "đ": r"\dj{}", "Đ": r"\DJ{}", "ð": r"\dh{}", "Ð": r"\DH{}", "þ": r"\th{}",
    "Þ": r"\TH{}", "ı": r"\i{}", "¡": r"\textexclamdown{}", "¿": r"\textquestiondown{}",
    "«": r"\guillemotleft{}", "»": r"\guillemotright{}", "…": r"\dots{}", "–": r"\textendash{}",
    "—": r"\textemdash{}", "‘": r"\textquoteleft{}", "’": r"\textquoteright{}", "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}", "€": r"\texteuro{}",
    **{sign: rf"$\{command}$" for sign, command in zip("⌈⌉⌊⌋≈≥≤∞∝→←∈√", (
        "lceil", "rceil", "lfloor", "rfloor", "approx", "geq", "leq", "infty", "propto", "to", "gets", "in",
        "surd"))},
    "−": "$-$", **{digit: f"$^{power}$" for power, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{letter: rf"$\{name}$" for letter, name in zip("αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ", (
        "alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda",
        "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "varphi", "chi", "psi", "omega", "Gamma",
        "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"))},
}
_ACCENTS = {"\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0308": '"', "\u030a": "r",
            "\u0327": "c", "\u030c": "v", "\u0328": "k", "\u0306": "u", "\u0304": "=", "\u0307": ".",
            "\u030b": "H"}

_JOINED = re.compile(r"(?<=-)(?=-)|(?<=,)(?=,)")
"""Between two characters that the fonts join to another; groups do not keep LuaTeX from that."""


def spelled(text: str) -> str:
    """``text`` with every character that TeX's fonts do not have as its number, ``U+05D0``."""
    return "".join(c if _command(c) else f"U+{ord(c):04X}" for c in unicodedata.normalize("NFC", text))


def escaped(text: str) -> str:
    """``text`` as TeX shows it."""
    return _JOINED.sub(r"\\kern0pt{}", "".join(_command(c) for c in spelled(text)))


def _command(character: str) -> str:
    """How one character is written, empty where there is no way."""
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isascii():
        return character if character.isprintable() else ""
    letter, *marks = list(unicodedata.normalize("NFD", character))
    if len(marks) == 1 and marks[0] in _ACCENTS and letter.isascii() and letter.isalpha():
        return rf"\{_ACCENTS[marks[0]]}{{{letter}}}"
    return ""
