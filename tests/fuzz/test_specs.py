"""Specifications that were damaged at random: they are read, or refused with one sentence and a place; never
anything else, and never slowly."""
from __future__ import annotations

import contextlib
import random
import re
import time
from pathlib import Path

import pytest

import archcheck
from archcheck.errors import UserError

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
SIGNS = "[](){}:-,*&!|>'\"%@`#?=/\\\n\t x0é"
PIECES = [*SIGNS, "->", "- ", "  ", ": ", "as ", "from ", "*99999", "1e9", "9" * 30, "None",
          "__import__('os')", "&a", "*a", "<<: ", "if: ", "in.", "here.height", "//0", "x" * 400]
ROUNDS = 15


def damaged(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 4)):
        at, end = sorted((chance.randrange(len(text)), chance.randrange(len(text))))
        piece = chance.choice([*PIECES, text[at:min(end, at + 40)]])
        kind = chance.randrange(3)
        stop = at if kind == 0 else min(len(text), at + chance.randint(1, 12))
        text = text[:at] + ("" if kind == 2 else piece) + text[stop:] or " "
    return text


HOSTILE = {
    "blanks": '- "relu' + " " * 100_000 + '"',
    "as": "- relu " + "as " * 50_000,
    "by": '- "conv 8' + " x" * 50_000 + '"',
    "folded": "- relu" + " ->\n  relu" * 12_000,
    "brackets": "- " + "(" * 50_000 + "relu" + ")" * 50_000,
    "lists": "- Slice " + "[" * 50_000,
    "commas": "- conv " + "," * 100_000,
    "escapes": '- "' + "\\n" * 50_000 + 'relu"'}


@pytest.mark.parametrize("layers", HOSTILE.values(), ids=HOSTILE)
def test_long_texts_take_no_long_time(layers: str) -> None:
    start = time.process_time()
    with contextlib.suppress(UserError):
        archcheck.load(f"input: 1 x 3 x 8 x 8\nlayers:\n{layers}\n".encode())
    assert time.process_time() - start < 10


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_damage_is_told_in_one_sentence(path: Path) -> None:
    chance = random.Random(path.stem)
    text = path.read_text(encoding="utf-8").partition("\n")[2]  # without its name
    for _ in range(ROUNDS):
        broken = damaged(text, chance)
        start = time.process_time()
        try:
            archcheck.analyze(f"name: fuzz\n{broken}".encode()).params  # noqa: B018
        except UserError as error:
            sentence, *shown = str(error).split("\n")
            assert len(shown) in (0, 2) and "Traceback" not in sentence and len(sentence) < 900
            assert not shown or re.match(r"the model:\d+:\d+: ", sentence)
        assert time.process_time() - start < 5
