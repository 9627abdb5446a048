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
from archcheck.frontends._tar import is_tar, members
from archcheck.frontends._zip import is_zip, models_in
from archcheck.lint import _paths
from archcheck.lint._one import digest

ARCHIVES = {".zip": "zip", ".tar": "tar", ".tar.gz": "tar", ".tgz": "tar"}
"""The suffixes of archives to the scheme of the models in them."""


class Item(NamedTuple):
    """A model: what it is called, the hash of its file (None: it is large, or not a file here), what else
    stands for its contents, and the file that holds what is needed of one from an archive."""

    name: str
    sha256: str | None
    version: str | None
    held: str | None = None


class Found(NamedTuple):
    """The models that names lead to, each once, and for each name that leads to none a sentence."""

    items: list[Item]
    missing: list[str]


def items(given: Iterable[str], folder: str | None) -> Found:
    """The models that ``given`` lead to. What is needed of those in tar archives is put into ``folder``
    (None: nowhere)."""
    found: dict[str, Item] = {}
    missing = []
    for name in given:
        try:
            led_to = list(_items(name, folder))
            found.update((item.name, item) for item in led_to)
            if not led_to:
                raise UserError(f"{name} leads to no model; name files that end in .onnx, or a folder")
        except UserError as error:
            missing.append(str(error))
    return Found(list(found.values()), missing)


def _items(name: str, folder: str | None) -> Iterator[Item]:
    is_pattern = any(sign in name for sign in "*?[") and not is_url(name)
    matched = sorted(glob.glob(name, recursive=True)) if is_pattern else [name]
    archives = [url for path in matched for url in _archive(path)]
    if name == _paths.STDIN:
        raise UserError("a scan reads no standard input; name files, folders, patterns, archives or URLs")
    if is_tar(name) and folder is not None:
        yield from (Item(one.url, one.sha256, None, one.path) for one in members(name, _paths.MODELS, folder))
    elif is_url(name):
        found = models_in if is_zip(name) else models_at
        yield from (Item(url, None, version or None) for url, version in found(name, _paths.MODELS))
    elif archives:
        yield from (item for archive in archives for item in _items(archive, folder))
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
