"""What is printed is what was looked at and kept; ``python -m tests.golden`` writes it anew."""
from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.cases import CASES, HERE, TERMINALS, outputs


@pytest.fixture(scope="module")
def current(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("golden")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return outputs(Path(folder))


@pytest.mark.parametrize("name", [*CASES, *TERMINALS])
def test_output_is_as_kept(name: str, current: dict[str, str]):
    assert current[name] == (HERE / name).read_text(encoding="utf-8"), "python -m tests.golden"


def test_nothing_else_is_kept():
    kept = {path.name for path in HERE.iterdir() if path.suffix not in (".py", "")}
    assert kept == {*CASES, *TERMINALS}
