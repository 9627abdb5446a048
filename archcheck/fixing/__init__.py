"""Mending models: what rules find, taken out of the file that they found it in.

An edit is made to the file's own messages with the payloads cut out, so that all else in it stays as it is:
metadata, functions, what archcheck does not know. A fix is one small function a rule, `fix`; `mended` asks
the rules and applies fixes until nothing is left to mend.
"""
from __future__ import annotations

from importlib import import_module

from archcheck.fixing._draft import Draft
from archcheck.fixing._edit import FIXES, Declined, Edit, fix

__all__ = ["FIXES", "Declined", "Draft", "Edit", "fix", "known"]

MODULES = ("files", "versions", "names", "branches", "doubles", "casts", "quantized", "merging", "layers",
           "folded", "flow", "stored")
"""The modules of fixes, in the order in which they are tried."""


def known() -> tuple[str, ...]:
    """The codes of the rules that can be fixed, in the order in which they are."""
    for name in MODULES:
        import_module(f"archcheck.fixing.{name}")
    return tuple(FIXES)
