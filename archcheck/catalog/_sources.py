"""Which models a scan is about: files, folders, patterns, archives and URLs, each with what stands for its
contents."""
from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from archcheck import cache
from archcheck.errors import UserError
from archcheck.frontends import is_url
from archcheck.frontends._remote import models_at
from archcheck.frontends._source import find
from archcheck.lint import _paths
from archcheck.lint._one import digest

ARCHIVES = {".zip": "zip", ".tar": "tar", ".tar.gz": "tar", ".tgz": "tar"}
"""The suffixes of archives to the scheme of the models in them."""


class Item(NamedTuple):
    """A model: what it is called, the hash of its file (None: it is large, or not a file here), and what else
    stands for its contents."""

    name: str
    sha256: str | None
    version: str | None


class Found(NamedTuple):
    """The models that names lead to, each once, and for each name that leads to none a sentence."""

    items: list[Item]
    missing: list[str]


def items(given: Iterable[str]) -> Found:
    """The models that ``given`` lead to."""
    found: dict[str, Item] = {}
    missing = []
    for name in given:
        try:
            led_to = list(_items(name))
            found.update((item.name, item) for item in led_to)
            if not led_to:
                raise UserError(f"{name} leads to no model; name files that end in .onnx, or a folder")
        except UserError as error:
            missing.append(str(error))
    return Found(list(found.values()), missing)


def _items(name: str) -> Iterator[Item]:
    is_pattern = any(sign in name for sign in "*?[") and not is_url(name)
    matched = sorted(glob.glob(name, recursive=True)) if is_pattern else [name]
    archives = [url for path in matched for url in _archive(path)]
    if name == _paths.STDIN:
        raise UserError("a scan reads no standard input; name files, folders, patterns, archives or URLs")
    if is_url(name):
        yield from (Item(url, None, version or None) for url, version in models_at(name, _paths.MODELS))
    elif archives:
        yield from (item for archive in archives for item in _items(archive))
        yield from _files(path for path in matched if path.endswith(_paths.MODELS))
    else:
        yield from _files(_models(name, matched))


def _models(name: str, matched: Sequence[str]) -> Iterator[str]:
    """The models that a name of this machine leads to; of a pattern also specifications, but no other
    files. Raises `UserError` for one that is not there."""
    is_exact = matched == [name]
    if is_exact and ":" not in name and not os.path.exists(name):
        find(name)
    for model in _paths.models([name]).models:
        if is_exact or model.endswith((*_paths.MODELS, *_paths.SPECS)):
            yield model


def _archive(path: str) -> Iterator[str]:
    """The URL of the models in an archive, nothing for another file."""
    scheme = next((kind for suffix, kind in ARCHIVES.items() if path.lower().endswith(suffix)), None)
    if scheme and os.path.isfile(path):
        yield f"{scheme}://::{path}"


def _files(paths: Iterable[str]) -> Iterator[Item]:
    for path in paths:
        sha256 = digest(path)
        is_large = sha256 is None and os.path.isfile(path)
        yield Item(path, sha256, _version(path) if is_large else None)


def _version(path: str) -> str | None:
    try:
        return cache.ends(path)
    except OSError:
        return None
