"""Attention with its projections."""
from __future__ import annotations

from archcheck.dims import Size
from archcheck.frontends.spec._layer import At, Flag, Value, layer


@layer("attention")
def attention(at: At, x: str, heads: Size, memory: Value | None = None, *, kv_heads: Size | None = None,
              head: Size | None = None, causal: Flag = False, bias: Flag = True) -> str:
    """Multi-head attention of a sequence to itself, or to ``memory``: projections to queries, keys and
    values, attention, projection back. A ``head`` has features/heads features unless given; ``kv_heads``
    fewer heads of keys and values are shared by several of queries."""
    if not isinstance(heads, int) or not isinstance(kv_heads, (int, type(None))):
        raise at.error("the number of heads is a number; give it with --set, or a default")
    features = at.size(x, -1)
    if head is None and isinstance(features, int) and features % heads:
        raise at.error(f"{features} features cannot be shared out to {heads} heads")
    size, source, shared = head or features // heads, memory or x, kv_heads or heads
    q = _projected(at, x, heads * size, "query", bias)
    k, v = (_projected(at, source, shared * size, part, bias) for part in ("key", "value"))
    made = at.node("Attention", q, k, v, part="heads", q_num_heads=heads, kv_num_heads=shared,
                   is_causal=int(causal))
    return _projected(at, made, features, "output", bias)


def _projected(at: At, x: str, units: Size, part: str, bias: bool) -> str:
    made = at.node("MatMul", x, at.weight(f"{part}.weight", at.size(x, -1), units), part=f"{part}.product")
    return at.node("Add", made, at.weight(f"{part}.bias", units), part=f"{part}.sum") if bias else made
