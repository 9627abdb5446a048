"""The examples in the rules' pages, judged as a user would judge them."""
from __future__ import annotations

import archcheck
from archcheck.rules._page import Example

FLAGS = {"--target": "targets", "--profile": "profiles", "--select": "select", "--dynamic": "dynamic"}


def network(example: Example):
    """The network of an example: a specification's bytes, or a ``ModelProto``."""
    if example.is_onnx:
        from onnx import parser
        return parser.parse_model(example.text)
    return example.text.encode()


def settings(example: Example, *extend: str) -> archcheck.Settings:
    """The settings that an example's options name."""
    options: dict[str, tuple[str, ...]] = {"extend_select": extend}
    for flag, value in zip(example.options[::2], example.options[1::2]):
        field = FLAGS[flag]
        options[field] = (*options.get(field, ()), value)
    return archcheck.Settings(**options)


def codes(example: Example, *extend: str) -> list[str]:
    """The codes of what is found in an example."""
    return [found.code for found in archcheck.check(network(example), settings(example, *extend)).findings]
