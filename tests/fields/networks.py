"""All reference networks by name."""
from __future__ import annotations

from functools import cache

from onnx import ModelProto

from tests.fields import convolutional, decoders, joins, mixing, slim

NETWORKS = {**convolutional.NETWORKS, **decoders.NETWORKS, **joins.NETWORKS, **mixing.NETWORKS,
            **{f"slim/{name}": build for name, build in slim.NETWORKS.items()}}


@cache
def network(name: str) -> ModelProto:
    """The reference network called ``name``."""
    return NETWORKS[name]()
