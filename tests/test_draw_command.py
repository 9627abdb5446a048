"""``archcheck draw``, as it is called."""
from __future__ import annotations

import builtins
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner, Result

from archcheck.cli import cli
from archcheck.errors import UserError


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, ["draw", *args])


@pytest.mark.parametrize(("name", "begins"), [
    ("x.svg", "<svg "), ("x.dot", "digraph"), ("x.gv", "digraph"), ("x.mmd", "flowchart"),
    ("x.tex", "\\documentclass"), ("x.html", "<!doctype html>")])
def test_the_suffix_decides_the_format(tmp_path: Path, name: str, begins: str):
    result = run("specs:lenet5", "-o", str(tmp_path / name))
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


def test_svg_goes_to_a_pipe():
    assert run("specs:lenet5").output.startswith("<svg ")


@pytest.mark.parametrize(("args", "said"), [
    (("-o", "x.jpeg"), "svg, png"), (("--focus", "C11"), "did you mean 'C1'"), (("--fold", "x"), "depth=N")])
def test_what_is_wrong_is_one_sentence(args: tuple[str, ...], said: str):
    result = run("specs:lenet5", *args)
    assert isinstance(result.exception, UserError)
    assert said in str(result.exception)


def test_png_says_what_it_needs(tmp_path: Path):
    real = builtins.__import__

    def without(name: str, *args: object, **more: object) -> object:
        if name == "cairosvg":
            raise ImportError(name)
        return real(name, *args, **more)
    with mock.patch("builtins.__import__", without), mock.patch("shutil.which", return_value=None):
        result = run("specs:lenet5", "-o", str(tmp_path / "x.png"))
    assert isinstance(result.exception, UserError)
    assert "pip install 'archcheck[png]'" in str(result.exception)
    assert not (tmp_path / "x.png").exists()


def test_png_is_a_png(tmp_path: Path):
    pytest.importorskip("cairosvg", reason="CairoSVG is not installed (pip install 'archcheck[png]')")
    result = run("specs:lenet5", "-o", str(tmp_path / "x.png"))
    assert result.exit_code == 0, result.exception
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
