"""Two folders of models, patterns, or folders of a commit: which model of one is compared with which of the
other."""
from __future__ import annotations

import fnmatch
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from archcheck.errors import UserError
from archcheck.frontends import _revisions, is_url
from archcheck.lint._one import digest
from archcheck.lint._paths import MAX_SPEC, MODELS, SPECS, in_folder, is_model, is_spec, models

WILD = "*?["


class Matched(NamedTuple):
    """The models of two folders by their paths inside: those that both have, and those that have moved (where
    they were, and where they are), each with their names on both sides; the names of those that were
    ``added``, and of those that were ``removed``."""

    both: dict[str, tuple[str, str]]
    moved: dict[tuple[str, str], tuple[str, str]]
    added: dict[str, str]
    removed: dict[str, str]


def is_folder(name: str) -> bool:
    """Whether ``name`` means several models: a folder, a pattern, or either of a commit."""
    if os.path.exists(name) or is_url(name):
        return os.path.isdir(name)
    if _revisions.is_revision(name):
        path = name.partition(":")[2]
        return _is_wild(path) or bool(_revisions.files_under(name))
    return _is_wild(name)


def match(old: str, new: str) -> Matched:
    """The models that ``old`` and ``new`` lead to, matched: by their paths in the folders, then by their
    contents. Raises `UserError` where both lead to none."""
    before, after = files(old), files(new)
    if not before and not after:
        raise UserError(f"there is no model in {old}, nor in {new}; name folders that have some")
    both = {path: (before.pop(path), after.pop(path)) for path in list(before) if path in after}
    moved = dict(_moved(before, after))
    for was, now in moved:
        del before[was], after[now]
    return Matched(both, moved, after, before)


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[
        tuple[tuple[str, str], tuple[str, str]]]:
    """Models of the same contents under another path."""
    if not before or not after:
        return
    known: dict[str | None, list[str]] = defaultdict(list)
    for path in reversed(list(before)):
        known[digest_of(before[path])].append(path)
    for path, name in after.items():
        contents = digest_of(name)
        if contents and known[contents]:
            was = known[contents].pop()
            yield (was, path), (before[was], name)


def digest_of(name: str) -> str | None:
    """The hash of a model's contents: of a file, or of a file of a commit; None of a large file."""
    return _revisions.digest(name) if _revisions.is_revision(name) else digest(name)


def files(name: str) -> dict[str, str]:
    """The models that the name of a folder or pattern leads to, by their paths inside, in their order."""
    is_revision = _revisions.is_revision(name)
    commit, _, path = name.partition(":") if is_revision else ("", "", name)
    folder = _literal(path)
    if not is_revision:
        found = filter(is_model, models([path]).models) if folder != path else in_folder(path)
        return {os.path.relpath(one, folder).replace(os.sep, "/"): one for one in found}
    pattern = path.removeprefix(folder).strip("/").split("/") if _is_wild(path) else ["**"]
    there = _revisions.files_under(f"{commit}:{folder}")
    return {inner: full for inner, full in sorted(there.items())
            if _is_meant(inner.split("/"), pattern) and _is_model(inner, full)}


def _is_meant(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a pattern matches a path, or a folder on the way to it."""
    return any(_matches(parts[:count], pattern) for count in range(1, len(parts) + 1))


def _is_model(path: str, name: str) -> bool:
    if any(part.startswith(".") for part in path.split("/")):
        return False
    return path.endswith(MODELS) or path.endswith(SPECS) and is_spec(_revisions.contents(name, MAX_SPEC))


def _is_wild(path: str) -> bool:
    return any(sign in path for sign in WILD)


def _literal(path: str) -> str:
    """The folder that a pattern begins in, ``.`` for the current one; the path itself where it is none."""
    if not _is_wild(path) or os.path.exists(path):
        return path
    parts = path.split("/")
    fixed = next(place for place, part in enumerate(parts) if _is_wild(part))
    return "/".join(parts[:fixed]) or ("/" if path.startswith("/") else ".")


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path are as a pattern says; ``**`` stands for any number of folders."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_matches(parts[skipped:], pattern[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
