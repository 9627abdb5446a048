"""Every seeded fault is found by its rule, which names the cause; nothing else is said at warning or above,
and nothing at all of the network without the fault."""
from __future__ import annotations

import pytest

from archcheck.config import Settings
from archcheck.lint._one import Task, check_one
from tests.rules import seeds, seeds_values
from tests.rules.seeds import saved

SEEDS = [*seeds.SEEDS, *seeds_values.SEEDS]
NAMES = [f"{seed.code}-{seed.name}" for seed in SEEDS]


def found(seed, fault, folder):
    """What is found in the network of a seed, read from a file as a user has it."""
    checked = check_one(Task(str(saved(seed.make(fault), folder)), Settings(**seed.options), {}))
    assert not checked.broken
    return list(checked.active)


@pytest.mark.parametrize("seed", SEEDS, ids=NAMES)
def test_a_fault_is_found_by_its_rule_which_names_the_cause(seed, tmp_path):
    findings = found(seed, True, tmp_path)
    told = [one for one in findings if one.code == seed.code]
    assert len(told) == 1, [(one.code, one.message) for one in findings]
    assert seed.words in f"{told[0].message} {told[0].why}"
    assert told[0].fix
    assert {one.code for one in findings if one.severity != "advice"} <= {seed.code}


@pytest.mark.parametrize("seed", SEEDS, ids=NAMES)
def test_nothing_is_found_without_the_fault(seed, tmp_path):
    assert [(one.code, one.message) for one in found(seed, False, tmp_path)] == []


def test_seeds_are_many():
    assert len(SEEDS) >= 90
    assert len(set(NAMES)) == len(NAMES)
