"""The judging itself, with rules of its own."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import archcheck
from archcheck.findings import Broken
from archcheck.rules import rule
from archcheck.rules._judge import judge_failure
from archcheck.rules._rule import RULES


@contextmanager
def registered(function: Callable[[Any], Any], **options: Any) -> Iterator[None]:
    """``function`` as the rule XYZ001."""
    rule("XYZ001", "thing", severity="error", **options)(function)
    try:
        yield
    finally:
        del RULES["XYZ001"]


def fails(subject: Any) -> Any:
    """Never anything."""
    raise ValueError("no")


def test_a_rule_that_fails_where_a_model_cannot_be_read():
    error, settings = archcheck.LoadError("it is damaged"), archcheck.Settings(select=("XYZ",))
    with registered(fails, of="failure"):
        broken: list[Broken] = []
        assert judge_failure(error, "m.onnx", settings, broken) == ()
        assert broken == [Broken("XYZ001", "ValueError: no")]
        assert judge_failure(error, "m.onnx", settings) == ()
