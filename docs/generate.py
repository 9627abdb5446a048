"""Write the pages of the documentation that are made from code: ``python docs/generate.py``."""
from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from archcheck.ops import load_families
from archcheck.ops._op import OPS, Op
from archcheck.reporters.operators import signature

HERE = Path(__file__).parent

OPERATORS = """\
# Operators

Made from the code by `python docs/generate.py`; `archcheck ops NAME` prints the same for one operator.

{count} operators are known. An entry holds from the opset it names on, up to the next entry of the same
operator. Positional parameters are inputs, keyword parameters are attributes.
"""


def pages() -> dict[Path, str]:
    """The generated pages by their paths."""
    return {HERE / "operators.md": operators_page()}


def operators_page() -> str:
    """All operators by domain, with their signatures and what they compute."""
    load_families()
    known = sorted((version for versions in OPS.values() for version in versions),
                   key=attrgetter("domain", "name", "since"))
    lines = [OPERATORS.format(count=len(OPS))]
    for domain, operators in groupby(known, key=attrgetter("domain")):
        lines += [f"\n## {domain or 'ai.onnx'}\n", *(line for one in operators for line in _entry(one))]
    return "\n".join(lines) + "\n"


def _entry(known: Op) -> Iterator[str]:
    yield f"### {known.name}, since {known.since}\n" if known.since > 1 else f"### {known.name}\n"
    yield f"```python\n{signature(known)}\n```\n"
    yield inspect.cleandoc(known.function.__doc__ or "").replace("``", "`") + "\n"


def main() -> None:
    """Write every page that is not current."""
    for path, text in pages().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"{path.name} written")


if __name__ == "__main__":
    main()
