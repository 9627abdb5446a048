"""A picture in the format that is asked for, as bytes."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from archcheck.drawing.layout import place
from archcheck.drawing.palette import PALETTES
from archcheck.drawing.style import Look
from archcheck.drawing.tree import Picture
from archcheck.errors import UserError

FORMATS = ("svg", "png", "pdf", "dot", "mmd", "tex", "html")

MOST_FOR_DOT = 1500
"""Graphviz needs minutes for more boxes."""

RESOLUTION = 2.0
"""Pixels of a PNG to a px."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
{ground}
svg{{max-width:100%;height:auto}}
</style>
</head><body>
{svg}</body></html>
"""


def drawn(picture: Picture, look: Look, form: str, engine: str = "auto") -> bytes:
    """The picture in the format ``form``, one of `FORMATS`. ``engine`` lays out what has a layout:
    ``builtin``, ``dot``, or ``auto``, which takes Graphviz only for what cannot be made without it. Raises
    `UserError` for another format, and where a program that it takes is not there."""
    if form not in FORMATS:
        raise UserError(f"a picture cannot be written as .{form}; the formats are {', '.join(FORMATS)}")
    if form == "dot":
        from archcheck.drawing.dot import render
        return render(picture, look).encode()
    if form == "mmd":
        from archcheck.drawing.mermaid import render
        return render(picture, look).encode()
    if engine == "dot" and form in ("svg", "png", "pdf"):
        return by_graphviz(picture, look, form)
    if form == "tex":
        from archcheck.drawing.tikz import render
        return render(picture, look).encode()
    return _laid_out(picture, look, form, engine)


def form_of(path: Path | None) -> str:
    """The format that the suffix of a file says; ``svg`` without one."""
    suffix = path.suffix.lower().removeprefix(".") if path else ""
    return {"": "svg", "gv": "dot", "mermaid": "mmd", "htm": "html"}.get(suffix, suffix)


def _laid_out(picture: Picture, look: Look, form: str, engine: str) -> bytes:
    """The picture as the embedded layout has it."""
    from archcheck.drawing.svg import render, text
    if form in ("png", "pdf") and look.theme == "auto":
        look = replace(look, theme="light")
    svg = render(place(picture, look), look, picture.title)
    if form == "svg":
        return svg.encode()
    if form == "html":
        return _PAGE.format(title=text(picture.title), svg=svg, ground=_ground(look)).encode()
    try:
        import cairosvg  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except (ImportError, OSError):  # OSError: the wheel is there, but not the C library
        if engine == "auto" and _has_dot():
            return by_graphviz(picture, look, form)
        raise UserError(f"a {form.upper()} needs CairoSVG or Graphviz, and neither is there: "
                        "pip install 'archcheck[png]', or write .svg") from None
    convert = cairosvg.svg2png if form == "png" else cairosvg.svg2pdf
    made: bytes = convert(bytestring=svg.encode(), scale=RESOLUTION if form == "png" else 1.0)
    return made


def _ground(look: Look) -> str:
    """The rules for the ground of a page."""
    dark = PALETTES["dark"].ground
    other = f"\n@media (prefers-color-scheme:dark){{body{{background:{dark}}}}}" * (look.theme == "auto")
    return f"body{{margin:1rem;background:{look.palette.ground}}}{other}"


def _has_dot() -> bool:
    from shutil import which
    return which("dot") is not None


def by_graphviz(picture: Picture, look: Look, form: str) -> bytes:
    """The picture as Graphviz lays it out."""
    import graphviz  # type: ignore[import-untyped,unused-ignore]

    from archcheck.drawing.dot import render
    count = sum(1 for _ in picture.shown())
    if count > MOST_FOR_DOT:
        raise UserError(f"Graphviz takes minutes for {count:,} boxes (at most {MOST_FOR_DOT:,} are given "
                        "to it); fold more with --fold or --limit, or take --engine builtin")
    try:
        made: bytes = graphviz.Source(render(picture, look)).pipe(format=form)
    except graphviz.ExecutableNotFound:
        raise UserError("Graphviz is not installed: apt install graphviz or brew install graphviz, "
                        "or take --engine builtin") from None
    except graphviz.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
        raise UserError(f"Graphviz failed ({said[-1] if said else error}); take --engine builtin") from None
    return made
