"""Rules asked and fixes applied, until nothing is left to mend."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from archcheck.config import Settings
from archcheck.fixing._draft import Draft
from archcheck.fixing._edit import FIXES, Declined, Edit
from archcheck.rules._case import Case
from archcheck.rules._judge import open_faults
from archcheck.rules._rule import SAFE, UNSAFE, Fault, Rule

ROUNDS = 8
"""A fix may show what another one mends; after so many rounds what is left is left."""


class Mended(NamedTuple):
    """How many faults of each rule were mended, and why others were not; whether what was done keeps every
    output bit for bit, as far as the rules tell."""

    done: Counter[str]
    declined: Counter[tuple[str, str]]
    is_exact: bool


Fixable = list[tuple[Rule, Fault]]


def mended(draft: Draft, settings: Settings, unsafe: bool = False) -> Mended:
    """Mend in ``draft`` what the rules of ``settings`` find: what is safe to, or also what is ``unsafe``."""
    run = _Run(draft, settings, (SAFE, UNSAFE) if unsafe else (SAFE,))
    for _ in range(ROUNDS):
        if not run.round():
            break
    return Mended(run.done, run.declined, UNSAFE not in run.used)


class _Run:
    """What was mended so far, why the rest was not, and which kinds of fixes were used."""

    def __init__(self, draft: Draft, settings: Settings, kinds: Sequence[str]) -> None:
        from archcheck.fixing import known
        self.draft, self.settings, self.kinds, self.codes = draft, settings, kinds, known()
        self.done, self.declined = Counter[str](), Counter[tuple[str, str]]()
        self.used: set[str] = set()

    def round(self) -> bool:
        """Mend what there is, one rule after the other; whether anything was."""
        self.declined.clear()
        before, case = self.done.total(), self._case()
        found = self._found(case, self.codes)
        here = {rule.code for rule, _ in found}
        for code in (code for code in self.codes if code in here):
            if self.done.total() > before:  # what was found before is no more
                case = self._case()
                found = self._found(case, (code,))
            self._mend(Edit(self.draft, case), code, [one for one in found if one[0].code == code])
        return self.done.total() > before

    def _case(self) -> Case:
        return Case(self.draft.report(), self.settings)

    def _found(self, case: Case, codes: Sequence[str]) -> Fixable:
        return [(rule, fault) for rule, fault in open_faults(case, codes) if _kind(rule, fault) in self.kinds]

    def _mend(self, edit: Edit, code: str, found: Fixable) -> None:
        """Mend the faults of one rule."""
        for rule, fault in found:
            try:
                FIXES[code](edit, fault)
            except Declined as why:
                self.declined[code, str(why)] += 1
            else:
                self.done[code] += 1
                self.used.add(_kind(rule, fault))
        edit.apply()


def _kind(rule: Rule, fault: Fault) -> str:
    return rule.fix if fault.fixable is None else fault.fixable
