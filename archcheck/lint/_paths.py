"""Which models are meant: files, patterns, folders and short names, as the user gave them."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from archcheck.errors import UserError
from archcheck.frontends._source import SHIPPED
from archcheck.frontends._zoo import PREFIX

MODELS = (".onnx", ".onnx.gz")
SPECS = (".yaml", ".yml")
STDIN = "-"

MAX_SPEC = 1 << 18
"""A longer text is no specification."""

_LAYERS = re.compile(rb"^(?:layers|pattern)[ \t]*:", re.MULTILINE)
_INPUT = re.compile(rb"^inputs?[ \t]*:", re.MULTILINE)


def models(given: Iterable[str]) -> list[str]:
    """The models that ``given`` lead to, in this order, each once: a folder stands for all in it. Raises
    `UserError` where a folder or pattern leads to none."""
    found: dict[str, None] = {}
    for name in given:
        found.update(dict.fromkeys(_models(name)))
    return list(found)


def _models(name: str) -> Iterator[str]:
    if name == STDIN or name.startswith((SHIPPED, PREFIX)) or os.path.isfile(name):
        yield name
    elif os.path.isdir(name):
        yield from _some(_in_folder(name), f"there is no model in the folder {name}")
    elif any(sign in name for sign in "*?["):
        yield from _some(_matching(name), f"nothing matches {name}")
    else:
        yield name


def _matching(pattern: str) -> Iterator[str]:
    """The models that a pattern matches, and those in folders that it matches."""
    import glob
    for path in sorted(glob.glob(pattern, recursive=True)):
        yield from _in_folder(path) if os.path.isdir(path) else (path,)


def _some(found: Iterable[str], otherwise: str) -> list[str]:
    paths = list(found)
    if not paths:
        raise UserError(f"{otherwise}; name a file that ends in .onnx, or a specification")
    return paths


def _in_folder(folder: str) -> Iterator[str]:
    """The models in a folder and in those inside it, hidden ones left out."""
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
        for file in sorted(files):
            path = os.path.join(root, file)
            if file.endswith(MODELS) or file.endswith(SPECS) and _is_spec(path):
                yield os.path.normpath(path)


def _is_spec(path: str) -> bool:
    """Whether a YAML file is a specification: it has layers and an input."""
    try:
        with open(path, "rb") as file:
            text = file.read(MAX_SPEC)
    except OSError:
        return False
    return bool(_LAYERS.search(text) and _INPUT.search(text))
