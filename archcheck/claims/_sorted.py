"""What a path that somebody wants verified is: claims, a network, or both."""
from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from archcheck.claims._read import holds_claims
from archcheck.claims._verify import SUFFIXES, path_of
from archcheck.frontends.spec._document import Document
from archcheck.lint._paths import in_folder

CLAIMS, NETWORK, BOTH = "claims", "network", "both"


class Sorted(NamedTuple):
    """The paths of claims (``stated``), the networks that are to be run, whether there are specifications
    that are ``both``, and for each path that leads to neither a sentence."""

    stated: list[str]
    networks: list[str]
    both: bool
    missing: list[str]


def sort(paths: Iterable[str], execute: bool) -> Sorted:
    """What ``paths`` lead to, each network once. Of a specification with claims the network is run where
    there is to ``execute``; a folder stands for the claims and the networks in it, a pattern for what it
    matches."""
    stated: list[str] = []
    networks: dict[str, None] = {}
    missing: list[str] = []
    both = False
    for path in (one for given in paths for one in _matched(given, missing)):
        is_folder = Path(path).is_dir()
        kinds = {file: kind_of(file) for file in (_files(path) if is_folder else [path])}
        if kinds and any(kind != NETWORK for kind in kinds.values()):
            stated.append(path)
        if not kinds:
            missing.append(f"there is neither a network nor a claim in the folder {path}; name another one")
        networks.update(dict.fromkeys(file for file, kind in kinds.items()
                                      if kind == NETWORK or execute and kind == BOTH))
        both = both or BOTH in kinds.values()
    return Sorted(stated, list(networks), both, missing)


def _matched(given: str, missing: list[str]) -> list[str]:
    """The paths that a pattern matches; a name that is none as it is."""
    if not any(sign in given for sign in "*?[") or "://" in given or Path(given).exists():
        return [given]
    found = sorted(glob.glob(given, recursive=True))
    if not found:
        missing.append(f"nothing matches {given}; name a network, claims, or a folder of them")
    return found


def _files(folder: str) -> Iterator[str]:
    """The networks and files of claims in a folder."""
    networks = list(in_folder(folder))
    yield from networks
    for file in sorted(Path(folder).rglob("*")):
        if file.suffix in SUFFIXES and str(file) not in networks and kind_of(str(file)) == CLAIMS:
            yield str(file)


def kind_of(given: str) -> str:
    """`CLAIMS` for a file of claims, `BOTH` for a specification that has some, `NETWORK` for everything
    else."""
    path = Path(path_of(given))
    if path.suffix not in SUFFIXES or not path.is_file():
        return NETWORK
    document = Document(path.read_bytes(), str(path))
    if not holds_claims(document):
        return NETWORK
    root = document.root
    keys = {key.value for key, _ in root.value}
    return CLAIMS if "statements" in keys else BOTH
