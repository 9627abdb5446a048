"""What a path that somebody wants verified is: claims, a network, or both."""
from __future__ import annotations

from pathlib import Path

from archcheck.claims._read import holds_claims
from archcheck.claims._verify import SUFFIXES, path_of
from archcheck.frontends.spec._document import Document

CLAIMS, NETWORK, BOTH = "claims", "network", "both"


def kind_of(given: str) -> str:
    """`CLAIMS` for a folder and a file of claims, `BOTH` for a specification that has some, `NETWORK` for
    everything else."""
    path = Path(path_of(given))
    if path.is_dir():
        return CLAIMS
    if path.suffix not in SUFFIXES or not path.is_file():
        return NETWORK
    document = Document(path.read_bytes(), str(path))
    if not holds_claims(document):
        return NETWORK
    root = document.root
    keys = {key.value for key, _ in root.value}
    return CLAIMS if "statements" in keys else BOTH
