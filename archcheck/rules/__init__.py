"""The rules of the lint, one module a family; the letters of a family's codes are its module's name."""
from __future__ import annotations

from importlib import import_module

from archcheck.rules._rule import RULES, Fault, Rule, Site, rule

__all__ = ["FAMILIES", "Fault", "Rule", "Site", "known", "rule"]

FAMILIES = ("onx", "sec", "gra", "shp", "geo", "arc", "num", "dty", "trn", "qnt", "prf", "siz", "rtm", "bud",
            "doc", "spc", "meta")
"""The modules of rules, in the order in which their pages are listed."""


def known() -> dict[str, Rule]:
    """Every rule by its code, families in their order and codes in theirs; those of plugins come last."""
    for family in FAMILIES:
        import_module(f"archcheck.rules.{family}")
    place = {family.upper(): index for index, family in enumerate(FAMILIES)}
    return dict(sorted(RULES.items(), key=lambda item: (place.get(item[1].family, len(place)), item[0])))
