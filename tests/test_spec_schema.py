"""The published schema: specifications that are good pass it, and those whose form is wrong do not."""
from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests._broken_specs import BROKEN

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "docs" / "spec.schema.json").read_text(encoding="utf-8"))
GOOD = [*sorted((ROOT / "specs").glob("*.yaml")), ROOT / "tests" / "data" / "every_layer.yaml"]
FORMS = ("not a mapping", "wrong key", "no layers", "no input", "layers and pattern", "empty layers",
         "empty item",
         "then missing")
OTHERS = (
    "input: 1 x 3\nlayers:\n- conv: {filters: 3, kernal: 3x3}\n",
    "input: 1 x 3\nlayers:\n- conv: {filters: [3]}\n",
    "input: 1 x 3\nlayers:\n- repeat: 3\n", "input: 1 x 3\nlayers: 5\n", "input: {a: 1}\nlayers: relu\n",
    "input: 1\nlayers: relu\ndefaults: {con: same}\n", "input: 1\nlayers: relu\nwith: {N: 1}\n",
    "input: 1\nlayers: relu\nblocks: {'b(': relu}\n", "input: 1\nlayers: relu\nparams: {3a: 1}\n")


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_specifications_pass(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), SCHEMA)


@pytest.mark.parametrize("text", [*(row[1] for row in BROKEN if row[0] in FORMS), *OTHERS])
def test_wrong_forms_do_not(text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), SCHEMA)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
