"""Figures of claims that look beyond the part that they are asked of."""
from pathlib import Path

import pytest

from archcheck.claims import verify

FILE = """
networks:
  chain: {input: 1 x 8, layers: [fc 8 as a -> relu as b -> fc 8 as c]}
  ladder:
    input: 1 x 8
    layers:
    - fc 8 as a -> fc 8 as b
    - from a -> fc 8 as head
    - from b -> fc 8 -> add head as sum
statements:
- says: what was measured by hand
  verdict: exact
  value: VALUE
"""


def outcome(value: str, folder: Path):
    """What comes of a statement that ``value`` is true."""
    file = folder / "claims.yaml"
    file.write_text(FILE.replace("VALUE", value))
    return verify([file]).outcomes[0]


@pytest.mark.parametrize("value", [
    "depth_to(chain.input) == 0", "depth_to(chain.a) == 1", "depth_to(chain.b) == 1",
    "depth_to(chain.c) == 2", "depth_to(ladder.head) == 2", "depth(ladder.head) == 1",
    "depth_to(ladder.sum) == 3", "depth_to(ladder) == 3"])
def test_figures_are_those_counted_by_hand(value, tmp_path):
    assert outcome(value, tmp_path).found == "exact"
