"""What is said of specifications that are wrong: one sentence, at the right place, with a mark below it."""
from __future__ import annotations

import pytest

import archcheck
from tests._broken_specs import BROKEN


@pytest.mark.parametrize(("text", "place", "says"), [row[1:] for row in BROKEN],
                         ids=[row[0] for row in BROKEN])
def test_a_mistake_is_shown_at_its_place(tmp_path, text: str, place: str, says: str) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(text)
    with pytest.raises(archcheck.LoadError) as caught:
        archcheck.load(path)
    sentence, shown, mark = str(caught.value).split("\n")
    where, line, column, message = sentence.split(":", 3)
    assert (where, f"{line}:{column}") == (str(path), place)
    assert says in message
    number, _, source = shown[2:].partition(" | ")
    lines = [*text.split("\n"), ""]
    assert number == line and source == "".join(c if c.isprintable() else " " for c
                                                in lines[int(line) - 1])[:100]
    assert mark.index("^") - mark.index("|") - 2 == int(column) - 1
