"""Write the pages of the documentation that are made from code: ``python docs/generate.py``."""
from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from click.testing import CliRunner

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


class Shown(NamedTuple):
    """A picture of the gallery: the name of its file, the command that writes it, its heading and a sentence
    on what there is to see."""

    name: str
    command: str
    heading: str
    text: str


PICTURES_HEAD = """\
# Pictures

Made by `python docs/generate.py`: under each picture stands the command that writes it. All of them are SVG
with text that can be edited. With `--theme auto` one file suits a light and a dark page: whoever looks at it
decides. `--theme dark` is for one that is always dark.

| suffix | needs | |
|---|---|---|
| `.svg` | nothing | laid out by archcheck, or by Graphviz with `--engine dot` |
| `.html` | nothing | the same on a page |
| `.tex` | nothing | the same in TikZ, for pdflatex, xelatex and lualatex with `standalone` and Helvetica |
| `.mmd`, `.dot` | nothing | laid out by who shows it, as GitHub does with Mermaid |
| `.png`, `.pdf` | `pip install 'archcheck[png]'` | or Graphviz, which then lays it out, if `dot` is there |

`archcheck draw` folds: what repeats is one box with a count, modules and blocks are boxes around what is in
them, and as much of them is open as `--limit` has room for. Blocks are named by what they are. In a notebook
`archcheck.analyze(model).draw()` is the same picture.
"""

NOTEBOOK = """\
## In a notebook

A report shows itself: the summary as a table, its picture where there is no HTML.

```python
report = archcheck.analyze("model.onnx")
report                                             # layers and totals
report.draw(fold="depth=2", color="cost")          # a picture; the options are those of archcheck draw
report.draw(focus="conv1", radius=3).save("x.svg") # its suffix decides the format
report.to_dataframe().nlargest(5, "macs")          # a row for each layer, if pandas is installed
```
"""

PLOTS_HEAD = """\
## Charts

`archcheck plot` needs matplotlib (`pip install 'archcheck[plot]'`) and numbers: where a model has symbols,
`--set` gives them. Colours are those of the pictures.
"""

PICTURES = (
    Shown("lenet5", "draw specs:lenet5 --to-scale --theme auto", "LeNet-5",
          "To scale: as high as the resolution, as wide as the channels, features as bars."),
    Shown("alexnet", "draw specs:alexnet --to-scale --theme auto", "AlexNet", "The same for AlexNet."),
    Shown("resnet50", "draw specs:resnet50 --limit 30 --theme auto", "ResNet-50",
          "Stages are boxes. The first block of each, with its shortcut, is open, and the blocks like each "
          "other after it are one box with their number."),
    Shown("googlenet", "draw specs:googlenet --limit 40 --theme auto", "GoogLeNet",
          "As many inception modules are open as there is room for; the others are boxes of their name."),
    Shown("unet", "draw specs:unet --theme auto", "U-Net",
          "Skip connections run beside the descent and the ascent."),
    Shown("transformer_encoder", "draw specs:transformer_encoder --theme auto",
          "The encoder of a Transformer",
          "Six layers drawn once. The length is a symbol, and shapes are formulas over it."),
    Shown("lstm", "draw specs:lstm --theme auto", "An LSTM", "A language model of two layers."),
    Shown("resnet18-cost", "draw specs:resnet18 --color cost --limit 40 --theme auto", "Where the MACs are",
          "The stronger the colour, the larger the share; `--color` also takes params, memory, field and "
          "findings."),
    Shown("inception", "draw specs:googlenet --from maxpool2 --to inception3a.concat1.join --theme auto",
          "A part", "What lies between two nodes; `--focus` with `--radius` shows what is near one."),
)

PLOTS = (
    Shown("resnet50-macs", "plot specs:resnet50 --of macs", "MACs",
          "Layer by layer, repetitions together; `--of params` is the same for parameters."),
    Shown("resnet50-memory", "plot specs:resnet50 --of memory", "Memory",
          "The activations in memory while each node runs, and the peak."),
    Shown("resnet50-field", "plot specs:resnet50 --of field", "Receptive fields",
          "Where they change; the narrowest is what the network reads along its shortcuts."),
    Shown("resnet50-roofline", "plot specs:resnet50 --of roofline --device a100", "Roofline",
          "Which nodes a device's peak and which its memory hold up, and how long each takes at least."),
)


def pages() -> dict[Path, str]:
    """The generated pages by their paths."""
    return {HERE / "operators.md": operators_page(), HERE / "spec-layers.md": layers_page(),
            HERE / "claims-functions.md": functions_page(),
            HERE / "spec.schema.json": json.dumps(schema(), indent=1, ensure_ascii=False) + "\n",
            HERE / "config.schema.json": json.dumps(configuration(), indent=1, ensure_ascii=False) + "\n",
            HERE / "targets.md": runtimes.markdown(), **rules_pages(),
            HERE / "pictures.md": pictures_page(),
            **{HERE / "pictures" / f"{shown.name}.svg": made(shown) for shown in PICTURES}}


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


def pictures_page() -> str:
    """The gallery: pictures and charts with the commands that write them."""
    return "\n".join([PICTURES_HEAD, *map(_figure, PICTURES), PLOTS_HEAD,
                      *(f"#{_figure(shown)}" for shown in PLOTS), NOTEBOOK])


def _figure(shown: Shown) -> str:
    return (f"## {shown.heading}\n\n{shown.text}\n\n![{shown.heading}](pictures/{shown.name}.svg)\n\n"
            f"```sh\narchcheck {shown.command} -o {shown.name}.svg\n```\n")


def made(shown: Shown) -> str:
    """What the command of a picture writes."""
    from archcheck.cli import cli
    done = CliRunner().invoke(cli, shlex.split(shown.command), catch_exceptions=False)
    if done.exit_code:
        raise SystemExit(f"archcheck {shown.command}: {done.output}")
    return done.stdout_bytes.decode()


def plots() -> dict[Path, str]:
    """The charts by their paths. What they say is the same with every matplotlib, their bytes are not."""
    return {HERE / "pictures" / f"{shown.name}.svg": made(shown) for shown in PLOTS}


def texts(svg: str) -> list[str]:
    """What an SVG says, in order of the alphabet."""
    found = (re.sub(r"\s+", " ", text).strip() for text in ElementTree.fromstring(svg).itertext())
    return sorted(text for text in found if text and not text.startswith("*{"))


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
    """Write every page that is not current and, if matplotlib is there, every chart that says something
    else."""
    for path, text in pages().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            _write(path, text)
    if find_spec("matplotlib") is None:
        print("charts are left as they are: matplotlib is not installed")
        return
    for path, text in plots().items():
        if not path.exists() or texts(path.read_text(encoding="utf-8")) != texts(text):
            _write(path, text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    print(f"{path.relative_to(HERE)} written")


if __name__ == "__main__":
    main()
