"""Every rule's page: its bad examples fire it and nothing else, its good ones fire nothing."""
from __future__ import annotations

import pytest

from archcheck.rules import known
from archcheck.rules._page import page
from tests.rules.examples import codes

RULES = known()
BAD = [(code, index) for code, rule in RULES.items() for index in range(len(page(rule).bad))]
GOOD = [(code, index) for code, rule in RULES.items() for index in range(len(page(rule).good))]


@pytest.mark.parametrize(("code", "index"), BAD)
def test_a_bad_example_fires_this_rule_alone(code, index):
    assert codes(page(RULES[code]).bad[index], code) == [code]


@pytest.mark.parametrize(("code", "index"), GOOD)
def test_a_good_example_is_silent(code, index):
    assert codes(page(RULES[code]).good[index], code) == []


@pytest.mark.parametrize("code", RULES)
def test_a_page_says_what_and_why(code):
    said = page(RULES[code])
    assert said.summary.endswith(".")
    assert said.text


def test_names_and_codes_are_used_once():
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
