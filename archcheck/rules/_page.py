"""A rule's docstring as its page: a summary, an explanation, and examples of bad and good."""
from __future__ import annotations

import re
from inspect import cleandoc
from textwrap import dedent
from typing import NamedTuple

from archcheck.rules._rule import Rule

_HEAD = re.compile(r"^(Bad|Good)(?: \((?P<options>[^)]*)\))?::$", re.MULTILINE)


class Example(NamedTuple):
    """A network as text, a specification or ONNX's own text form, and the ``options`` of ``archcheck check``
    that it is to be judged by."""

    text: str
    options: tuple[str, ...]

    @property
    def is_onnx(self) -> bool:
        """Whether it is in ONNX's text form."""
        return self.text.lstrip().startswith("<")


class Page(NamedTuple):
    """What a rule's docstring says."""

    summary: str
    text: str
    bad: tuple[Example, ...]
    good: tuple[Example, ...]


def page(rule: Rule) -> Page:
    """The page of ``rule``."""
    doc = cleandoc(rule.function.__doc__ or "")
    heads = list(_HEAD.finditer(doc))
    ends = [head.start() for head in heads[1:]] + [len(doc)]
    examples = [(head[1], Example(dedent(doc[head.end():end]).strip() + "\n",
                                  tuple((head["options"] or "").split()))) for head, end in zip(heads, ends)]
    intro = doc[:heads[0].start()] if heads else doc
    summary, _, text = intro.partition("\n\n")
    return Page(" ".join(summary.split()), text.strip(),
                tuple(example for kind, example in examples if kind == "Bad"),
                tuple(example for kind, example in examples if kind == "Good"))
