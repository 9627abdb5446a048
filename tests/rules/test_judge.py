"""The judging itself, with rules of its own."""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import archcheck
from archcheck.findings import Broken
from archcheck.rules import rule
from archcheck.rules._judge import judge_failure
from archcheck.rules._rule import RULES, Fault


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


def test_fingerprints_are_those_of_kept_baselines():
    """The first 16 digits of a hash of the code, the scope, the operator and the message; numbered from the
    second cause on."""
    def twice(case: Any) -> Any:
        """Two things of one name."""
        for cause in range(3):
            yield Fault("it is so", cause=cause)

    with registered(twice):
        found = archcheck.check(b"input: N x 4\nlayers: relu\n", select=("XYZ",)).findings
    digest = hashlib.sha256(b"XYZ001\0\0\0it is so").hexdigest()[:16]
    assert [one.fingerprint for one in found] == [digest, f"{digest}-2", f"{digest}-3"]
    assert {(one.file, one.line, one.node) for one in found} == {(None, None, None)}


def test_what_has_one_cause_is_one_finding_that_names_every_place():
    def everywhere(case: Any) -> Any:
        """Each node."""
        yield from (Fault("it is so", site=site, cause="one") for site in case.sites)

    with registered(everywhere):
        (one,) = archcheck.check(b"input: N x 4\nlayers: relu -> tanh -> sigmoid\n", select=("XYZ",)).findings
    assert (one.places, one.node, one.also) == (3, "relu1", ("tanh1", "sigmoid1"))
