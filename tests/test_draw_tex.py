"""Pictures for LaTeX: names are shown and never obeyed, and where a TeX is installed, it sets them."""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from archcheck import analyze
from archcheck.drawing.draw import drawn
from archcheck.drawing.folding import picture
from archcheck.drawing.layout import place
from archcheck.drawing.look import look_for
from archcheck.drawing.tex import escaped, spelled
from tests.test_draw_formats import hostile


@pytest.mark.parametrize(("name", "shown"), [
    ("\\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
    ("\\write18{rm}", r"\textbackslash{}write18\{rm\}"),
    ("^^5cinput", r"\textasciicircum{}\textasciicircum{}5cinput"),
    ("100% #1 a_b & $x$ ~", r"100\% \#1 a\_b \& \$x\$ \textasciitilde{}"),
    ("a--b,,c", r"a-\kern0pt{}-b,\kern0pt{},c"),  # no dash, no quotation mark
    ("?` !` ''", r"?\textasciigrave{} !\textasciigrave{} \textquotesingle{}\textquotesingle{}"),
    ("é ñ ß ø", r"\'{e} \~{n} \ss{} \o{}"), ("e\u0301", r"\'{e}"), ("α∞⌈", r"$\alpha$$\infty$$\lceil$"),
    ("א\n\x00", "U+05D0U+000AU+0000"), ("🙂", "U+1F642")])
def test_every_character_is_a_letter_a_command_or_its_number(name: str, shown: str):
    assert escaped(name) == shown


def test_what_is_written_is_ascii():
    every = "".join(map(chr, range(0x3000)))
    assert escaped(every).isascii()
    assert spelled("plain_name.0") == "plain_name.0"


TEXT = re.compile(r"at \((\S+),(\S+)\) \{(.*)\};$", re.MULTILINE)


@pytest.mark.parametrize("name", ["unet", "googlenet", "alexnet"])
def test_all_that_the_svg_says_is_at_the_same_place(name: str):
    report = analyze(f"specs:{name}")
    found = picture(report)
    look = look_for(report, found, colour="params", to_scale=name == "alexnet")
    tex = drawn(found, look, "tex").decode()
    at = {(x, y): text for x, y, text in TEXT.findall(tex)}
    placed = place(found, look)
    for box in placed.walk():
        for line, (x, y), _ in box.lines():
            assert at[f"{x:.1f}".removesuffix(".0"), f"{y:.1f}".removesuffix(".0")] == escaped(line.text)
    for told, _ in look.legend:
        assert escaped(told) in at.values()


def test_colours_have_names_that_can_be_changed():
    report = analyze("specs:lenet5")
    found = picture(report)
    head, body = drawn(found, look_for(report, found), "tex").decode().split("\\begin{document}")
    defined = set(re.findall(r"\\definecolor\{([\w-]+)\}\{HTML\}\{[0-9A-F]{6}\}", head))
    used = set(re.findall(r"(?:draw|fill|text)=([\w-]+)", body))
    assert used <= defined and "convolution-fill" in used


@pytest.mark.parametrize("engine", ["pdflatex", "lualatex"])
def test_a_tex_sets_it(engine: str, tmp_path: Path):
    if shutil.which(engine) is None:
        pytest.skip(f"{engine} is not installed (apt install texlive-pictures texlive-latex-extra "
                    "texlive-fonts-recommended texlive-luatex)")
    report = hostile()
    found = picture(report, fold="none")
    (tmp_path / "x.tex").write_bytes(drawn(found, look_for(report, found, "debug"), "tex"))
    run = subprocess.run([engine, "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "x.tex"],
                         cwd=tmp_path, capture_output=True, timeout=120, check=False)
    log = (tmp_path / "x.log").read_text(encoding="utf-8", errors="replace")
    assert run.returncode == 0, log[-2000:]
    assert not re.search(r"Overfull|Missing character|^!", log, re.MULTILINE)
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")
    assert "Output written on x.pdf (1 page" in log.replace("\n", "")
