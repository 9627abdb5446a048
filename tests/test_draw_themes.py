"""Pictures on light and on dark ground: they can be read, by people who are blind to some colours too."""
from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from archcheck import analyze
from archcheck.cli import draw as command
from archcheck.drawing.draw import drawn
from archcheck.drawing.families import FAMILIES
from archcheck.drawing.folding import picture
from archcheck.drawing.look import CHOICES, look_for
from archcheck.drawing.palette import PALETTES, Palette
from archcheck.errors import UserError

TEXT, BORDER = 4.5, 3.0
"""The least contrast of text and of what has to be seen (WCAG 2.1, 1.4.3 and 1.4.11)."""

Rgb = tuple[float, float, float]

BLIND = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216),
               (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413),
               (-0.011820, 0.042940, 0.968881)),
    "sees all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}
"""How linear RGB is seen (Machado, Oliveira and Fernandes, 2009, severity 1)."""


def linear(colour: str) -> Rgb:
    parts = (int(colour[k:k + 2], 16) / 255 for k in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                        for part in parts)
    return red, green, blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(colour)))
                          for colour in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: Rgb) -> Rgb:
    """CIE L*a*b* of linear sRGB, D65."""
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    x, y, z = (sum(w * max(c, 0) for w, c in zip(row, rgb)) / white
               for row, white in zip(rows, (0.9505, 1.0, 1.089)))
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def apart(one: str, other: str, eyes: str) -> float:
    """How different two colours look, in units of CIE 1976; 2.3 is just noticeable."""
    a, b = (lab(tuple(sum(w * c for w, c in zip(row, linear(colour))) for row in BLIND[eyes]))
            for colour in (one, other))
    return sum((x - y) ** 2 for x, y in zip(a, b)) ** 0.5


def test_black_on_white_is_21_to_1():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert apart("#000000", "#ffffff", "sees all") == pytest.approx(100, abs=0.1)


@pytest.fixture(params=sorted(PALETTES))
def palette(request: pytest.FixtureRequest) -> Palette:
    return PALETTES[request.param]


def test_every_text_can_be_read(palette: Palette):
    pairs = {key: (tone.text, tone.fill) for key, tone in palette.tones.items()}
    for ground in (palette.ground, palette.panel.fill):
        pairs |= {f"{what} on {ground}": (colour, ground)
                  for what, colour in (("text", palette.panel.text), ("label", palette.edge))}
    assert {key: contrast(*pair) for key, pair in pairs.items() if contrast(*pair) < TEXT} == {}


def test_every_border_can_be_seen(palette: Palette):
    """Where the fill itself does not stand out from the ground."""
    weak = {key for key, tone in palette.tones.items()
            if max(contrast(tone.line, palette.ground), contrast(tone.fill, palette.ground)) < BORDER}
    assert weak == set()


@pytest.mark.parametrize("eyes", sorted(BLIND))
def test_families_are_told_apart(palette: Palette, eyes: str):
    """By what they are filled with or by their border, the better of the two."""
    tones = {name: palette.tones[name] for name in FAMILIES}
    near = [(a, b) for (a, one), (b, other) in combinations(tones.items(), 2)
            if max(apart(one.fill, other.fill, eyes), apart(one.line, other.line, eyes)) < 12]
    assert near == []


@pytest.mark.parametrize("eyes", sorted(BLIND))
def test_heat_grows_away_from_the_ground(palette: Palette, eyes: str):
    steps = [palette.tones[f"heat{k}"].fill for k in range(5)]
    far = [contrast(step, palette.ground) for step in steps]
    assert far == sorted(far)
    assert min(apart(a, b, eyes) for a, b in combinations(steps, 2)) > 10


def svg(theme: str, colour: str = "op", form: str = "svg") -> str:
    report = analyze("specs:transformer_encoder")
    found = picture(report)
    return drawn(found, look_for(report, found, colour=colour, theme=theme), form).decode()


@pytest.mark.parametrize("colour", ["op", "cost", "findings"])
def test_auto_is_the_light_picture_with_a_rule_for_dark_ground(colour: str):
    light, auto, dark = (svg(theme, colour) for theme in ("light", "auto", "dark"))
    assert re.sub(r' class="[^"]*"|<style>.*</style>\n', "", auto) == light
    style = re.search(r"<style>@media \(prefers-color-scheme:dark\)\{(.*)\}</style>", auto)
    assert style is not None
    rules = dict(re.findall(r"\.([\w-]+)\{([^}]*)\}", style[1]))
    assert applied(auto, rules) == applied(dark, {})


def applied(text: str, rules: dict[str, str]) -> list[tuple[str | None, str | None]]:
    """What each element is filled with and bordered by."""
    found = []
    for element in ElementTree.fromstring(text).iter():
        colours = {name: element.get(name) for name in ("fill", "stroke")}
        for name in rules:
            if name in (element.get("class") or "").split():
                colours |= dict(part.split(":") for part in rules[name].split(";"))
        if not element.tag.endswith("style"):
            found.append((colours["fill"], colours["stroke"]))
    return found


def test_a_light_picture_has_no_style():
    assert "<style" not in svg("light") and "class=" not in svg("light")


def test_a_page_has_the_ground_of_its_picture():
    assert "prefers-color-scheme:dark){body" in svg("auto", form="html")
    assert f"background:{PALETTES['dark'].ground}" in svg("dark", form="html")


@pytest.mark.parametrize(("asked", "said"), [
    ({"style": "papr"}, "paper"), ({"color": "red"}, "cost"), ({"theme": "night"}, "dark"),
    ({"edges": "x"}, "shape"), ({"direction": "BT"}, "LR")])
def test_another_look_is_refused(asked: dict[str, str], said: str):
    with pytest.raises(UserError, match=said):
        analyze("specs:lenet5").draw(**asked)


def test_the_command_takes_what_a_look_may_be():
    names = {"style": command.STYLES, "color": command.COLOURS, "edges": command.EDGES,
             "theme": command.THEMES}
    assert {name: CHOICES[name] for name in names} == names
