"""Which models are meant: files, patterns, folders and short names, as the user gave them."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from archcheck.frontends._source import SHIPPED
from archcheck.frontends._zoo import PREFIX

MODELS = (".onnx", ".onnx.gz")
SPECS = (".yaml", ".yml")
STDIN = "-"

MAX_SPEC = 1 << 18
"""A longer text is no specification."""

_LAYERS = re.compile(rb"^(?:layers|pattern)[ \t]*:", re.MULTILINE)
_INPUT = re.compile(rb"^inputs?[ \t]*:", re.MULTILINE)


class Found(NamedTuple):
    """The ``models`` that names lead to, and for each name that leads to none a sentence."""

    models: list[str]
    missing: list[str]


def models(given: Iterable[str]) -> Found:
    """The models that ``given`` lead to, in this order, each once: a folder stands for all in it. What is no
    folder and no pattern is a model, whether it is there or not."""
    found: dict[str, None] = {}
    missing = []
    for name in given:
        led_to = list(_models(name))
        found.update(dict.fromkeys(led_to))
        if not led_to:
            what = "there is no model in the folder" if os.path.isdir(name) else "nothing matches"
            missing.append(f"{what} {name}; name a file that ends in .onnx, or a specification")
    return Found(list(found), missing)


def _models(name: str) -> Iterable[str]:
    if name == STDIN or name.startswith((SHIPPED, PREFIX)) or os.path.isfile(name):
        return (name,)
    if os.path.isdir(name):
        return in_folder(name)
    return _matching(name) if any(sign in name for sign in "*?[") else (name,)


def _matching(pattern: str) -> Iterator[str]:
    """The models that a pattern matches, and those in folders that it matches."""
    import glob
    for path in sorted(glob.glob(pattern, recursive=True)):
        yield from in_folder(path) if os.path.isdir(path) else (path,)


def in_folder(folder: str) -> Iterator[str]:
    """The models in a folder and in those inside it, hidden ones left out."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
        for file in sorted(files):
            path = os.path.join(root, file)
            if is_model(path):
                yield os.path.normpath(path)


def is_model(path: str) -> bool:
    """Whether a file is a model by its name, or a specification by what is in it."""
    try:
        if not path.endswith(SPECS):
            return path.endswith(MODELS)
        with open(path, "rb") as file:
            return is_spec(file.read(MAX_SPEC))
    except OSError:
        return False


def is_spec(text: bytes) -> bool:
    """Whether the text of a YAML file is a specification: it has layers and an input."""
    return bool(_LAYERS.search(text) and _INPUT.search(text))
