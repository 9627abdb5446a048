"""Each test in a folder of its own, with no configuration around it."""
from __future__ import annotations

from tests.lint.conftest import here

__all__ = ["here"]
