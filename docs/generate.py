"""Write the pages of the documentation that are made from code: ``python docs/generate.py``."""
from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from archcheck.claims._evaluate import figures, kinds, runs
from archcheck.claims._functions import FUNCTIONS, Function, described
from archcheck.config._keys import schema as configuration
from archcheck.frontends.spec._arguments import signature as signature_of
from archcheck.frontends.spec._layer import LAYERS, Layer
from archcheck.frontends.spec.schema import schema
from archcheck.ops import load_families
from archcheck.ops._op import OPS, Op
from archcheck.reporters import rule_pages, runtimes
from archcheck.reporters.operators import signature
from archcheck.rules import known as known_rules

HERE = Path(__file__).parent

OPERATORS = """\
# Operators

Made from the code by `python docs/generate.py`; `archcheck ops NAME` prints the same for one operator.

{count} operators are known. An entry holds from the opset it names on, up to the next entry of the same
operator. Positional parameters are inputs, keyword parameters are attributes.
"""


LAYERS_HEAD = """\
# Layers of specifications

Made from the code by `python docs/generate.py`. How layers are put together is in [the
manual](spec-format.md).

Words in capitals are given by their place; what stands in brackets may be left out. `[same]` is switched on
by its name, `[bias=yes]` is on unless `bias=no`; `…` is no fixed default. """


FUNCTIONS_HEAD = """\
# Functions of claims

Made from the code by `python docs/generate.py`. Where they may stand is in [the manual](claims.md).
"""


def pages() -> dict[Path, str]:
    """The generated pages by their paths."""
    return {HERE / "operators.md": operators_page(), HERE / "spec-layers.md": layers_page(),
            HERE / "claims-functions.md": functions_page(),
            HERE / "spec.schema.json": json.dumps(schema(), indent=1, ensure_ascii=False) + "\n",
            HERE / "config.schema.json": json.dumps(configuration(), indent=1, ensure_ascii=False) + "\n",
            HERE / "targets.md": runtimes.markdown(), **rules_pages()}


def operators_page() -> str:
    """All operators by domain, with their signatures and what they compute."""
    load_families()
    known = sorted((version for versions in OPS.values() for version in versions),
                   key=attrgetter("domain", "name", "since"))
    lines = [OPERATORS.format(count=len(OPS))]
    for domain, operators in groupby(known, key=attrgetter("domain")):
        lines += [f"\n## {domain or 'ai.onnx'}\n", *(line for one in operators for line in _entry(one))]
    return "\n".join(lines) + "\n"


def functions_page() -> str:
    """All functions of claims: of parts of networks by family, those that run them, then of numbers and
    lists."""
    lines = [FUNCTIONS_HEAD]
    heads = {"Of networks, layers and scopes": figures.__name__, "By kinds of layers": kinds.__name__,
             "By running networks, under `execute`": runs.__name__, "Of numbers and lists": ""}
    for head, module in heads.items():
        lines += [f"\n## {head}\n"]
        lines += [f"- **{signed}**: {text}" for known in FUNCTIONS.values() if _module(known) == module
                  for signed, _, text in [described(known).partition(": ")]]
    return "\n".join(lines) + "\n"


def _module(known: Function) -> str:
    """The module that a function of networks is in; empty for one of numbers."""
    return known.apply.__module__ if known.of_part else ""


def rules_pages() -> dict[Path, str]:
    """The list of all rules, and a page for each family."""
    own = [rule for rule in known_rules().values() if rule.function.__module__.startswith("archcheck.rules.")]
    folder, families = HERE / "rules", rule_pages.families(own)
    pages = {folder / f"{letters.lower()}.md": rule_pages.family(letters, known)
             for letters, known in families.items()}
    return {folder / "index.md": rule_pages.index(own), **pages}


def layers_page() -> str:
    """All layers of specifications by family, how they are written and what they are."""
    lines = [LAYERS_HEAD]
    by_family: dict[str, list[Layer]] = {}
    for name, found in LAYERS.items():
        if name == found.name:
            by_family.setdefault(found.family, []).append(found)
    for family, found in sorted(by_family.items()):
        lines += [f"\n## {family.capitalize()}\n", *(line for one in found for line in _layer(one))]
    return "\n".join(lines) + "\n"


def _layer(found: Layer) -> Iterator[str]:
    others = [name for name, other in LAYERS.items() if other.name == found.name != name]
    also = f", also `{'`, `'.join(others)}`" if others else ""
    yield f"### {found.name}\n"
    yield f"`{signature_of(found)}`{also}\n"
    yield inspect.cleandoc(found.function.__doc__ or "").replace("``", "`") + "\n"


def _entry(known: Op) -> Iterator[str]:
    yield f"### {known.name}, since {known.since}\n" if known.since > 1 else f"### {known.name}\n"
    yield f"```python\n{signature(known)}\n```\n"
    yield inspect.cleandoc(known.function.__doc__ or "").replace("``", "`") + "\n"


def main() -> None:
    """Write every page that is not current."""
    for path, text in pages().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"{path.relative_to(HERE)} written")


if __name__ == "__main__":
    main()
