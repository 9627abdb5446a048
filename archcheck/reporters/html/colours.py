"""The colours of boxes in the page: a rule for each family of operators, on light and on dark ground."""
from __future__ import annotations

from collections.abc import Iterator, Mapping

from archcheck.drawing.palette import DARK, LIGHT, Tone


def rules() -> str:
    """The rules, those for dark ground last."""
    return "".join([*_rules("", LIGHT), *_rules('[data-theme="dark"] ', DARK)])


def _rules(before: str, tones: Mapping[str, Tone]) -> Iterator[str]:
    for family, tone in tones.items():
        yield f"{before}.f-{family}{{--fill:{tone.fill};--line:{tone.line};--ink:{tone.text}}}\n"
