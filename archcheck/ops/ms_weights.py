"""Operators of com.microsoft with weights of few bits, packed into bytes, and mixtures of experts."""
from __future__ import annotations

from typing import Any

from archcheck.dims import Size, prod
from archcheck.graph import TensorType
from archcheck.ops._fusion import activation_cost, ms, shape_of
from archcheck.ops._inputs import reading, untold, whole
from archcheck.ops._op import ALL, FREE, Along, Cost, Effect, Reads, axis_of, equal, rank, require, result
from archcheck.ops.indexing import gather
from archcheck.ops.norm import NORMALIZE_ROOT
from archcheck.ops.pointwise import same_position
from archcheck.values import integers

DEQUANTIZE = Cost(add=1, mul=1)


# ---------------------------------------------------------------------------------- products
@ms("MatMulNBits")
def mat_mul_n_bits(a, b, scales, zero_points=None, g_idx=None, bias=None, *, K, N, block_size,
                   accuracy_level=0, bits=4, weight_prepacked=0):
    """``a · wᵀ + bias`` with a weight ``[N, K]`` of ``bits`` bits a number, scaled by blocks of
    ``block_size``."""
    return _projected(a, K, N, bias, b, scales, zero_points, g_idx)


@ms("MatMulBnb4")
def mat_mul_bnb4(a, b, absmax, *, K, N, block_size, quant_type, training_mode=0, transB=1):
    """``a · wᵀ`` (``a · w``, if not ``transB``) with a weight ``[N, K]`` of 4-bit floating-point numbers."""
    return _projected(a, *((K, N) if transB else (N, K)), None, b, absmax)


@ms("MatMulFpQ4")
def mat_mul_fp_q4(a, b, b_shape, *, blk_quant_type=1):
    """``a · w`` with a weight of 4-bit integers whose shape is ``b_shape``."""
    depth, width = integers(b_shape, "the shape of the weight")
    return _projected(a, depth, width, None, b)


@ms("MatMulBlockQuantizedFp8Weight")
def mat_mul_block_quantized_fp8_weight(a, b, b_scale, a_scale=None, bias=None, *, block_size=128):
    """``a · wᵀ + bias`` with a weight ``[N, K]`` of 8-bit floating-point numbers."""
    width, depth = b.shape
    return _projected(a, depth, width, bias, b, b_scale, a_scale)


@ms("MatMulBlockQuantizedFp4Weight")
def mat_mul_block_quantized_fp4_weight(a, b, weight_scale, weight_scale_2, input_scale=None, bias=None, *,
                                       block_size=16):
    """``a · wᵀ + bias`` with a weight ``[N, K]`` of 4-bit floating-point numbers, two to a byte."""
    width, half = b.shape
    return _projected(a, 2 * half, width, bias, b, weight_scale, weight_scale_2, input_scale)


def _projected(a: Any, depth: Size, width: Size, bias: Any, *weights: Any) -> Effect:
    """The last axis of ``a``, of ``depth``, projected to ``width`` by a weight that is made numbers first.
    The bias is the last input, and ``weights`` stand before it."""
    *outer, inner = a.shape
    equal(inner, depth, "the rows of the input have {} elements, but the weight takes {}", inner, depth)
    each = Cost(mac=depth, add=int(bias is not None))
    return result((*outer, width), a,
                  cost=lambda: each.times(prod(outer) * width) + DEQUANTIZE.times(depth * width),
                  reads=lambda _: ((*same_position(outer), ALL), *map(whole, weights),
                                   bias and (Along(len(outer)),)))


@ms("MatMulNBitsMlp")
def mat_mul_n_bits_mlp(a, skip=None, norm_scale=None, gate_b=None, gate_scales=None, gate_bias=None,
                       up_b=None, up_scales=None, up_bias=None, *, K, N, activation, block_size,
                       accuracy_level=0, bits=4, epsilon=1e-5):
    """``activation(x · gateᵀ) · (x · upᵀ)``, where ``x`` is the input plus ``skip``, normalized if
    ``norm_scale`` is given; also that sum."""
    shape = (*a.shape[:-1], N)

    def cost() -> Cost:
        products = _projection_cost(a, K, (N, N), (gate_bias, up_bias), skip, norm_scale)
        return products + (_activation(activation) + Cost(mul=1)).times(prod(shape))

    return Effect((TensorType(a.dtype, shape), untold(a)), cost, lambda k: _token_reads(
        k == 1, a, skip, norm_scale, gate_b, gate_scales, gate_bias, up_b, up_scales, up_bias))


@ms("MatMulNBitsQkv")
def mat_mul_n_bits_qkv(a, skip=None, norm_scale=None, q_b=None, q_scales=None, q_bias=None, k_b=None,
                       k_scales=None, k_bias=None, v_b=None, v_scales=None, v_bias=None, *, K, Nq, Nkv,
                       block_size, accuracy_level=0, bits=4, epsilon=1e-6):
    """``x · qᵀ``, ``x · kᵀ`` and ``x · vᵀ``, where ``x`` is the input plus ``skip``, normalized; also that
    sum."""
    widths = Nq, Nkv, Nkv
    return Effect((*(TensorType(a.dtype, (*a.shape[:-1], width)) for width in widths), untold(a)),
                  lambda: _projection_cost(a, K, widths, (q_bias, k_bias, v_bias), skip, norm_scale),
                  lambda k: _token_reads(k == 3, a, skip, norm_scale, q_b, q_scales, q_bias, k_b, k_scales,
                                         k_bias, v_b, v_scales, v_bias))


def _projection_cost(a: Any, depth: int, widths: tuple[int, ...],
                     biases: tuple[Any, ...], skip: Any, norm: Any) -> Cost:
    """Projections to ``widths`` of an input that is normalized and summed before."""
    adds = sum(width for width, bias in zip(widths, biases) if bias is not None)
    before = (FREE if norm is None else NORMALIZE_ROOT) + Cost(add=int(skip is not None))
    token = Cost(mac=depth * sum(widths), add=adds) + before.times(depth)
    return token.times(prod(a.shape[:-1])) + DEQUANTIZE.times(depth * sum(widths))


def _token_reads(summed: bool, a: Any, skip: Any, *weights: Any) -> Reads:
    """The sum of the input and ``skip`` reads its own position; everything else, whole tokens."""
    own = (*same_position(a.shape[:-1]), Along(rank(a) - 1) if summed else ALL)
    return own, skip and own, *(None if summed else whole(kind) for kind in weights)


# ---------------------------------------------------------------------------------- rows of a table
@ms("GatherBlockQuantized", dtypes=(2,))
def gather_block_quantized(data, indices, scales, zero_points=None, *, bits=4, block_size=128, gather_axis=0,
                           quantize_axis=1):
    """`Gather` from a table of few bits a number; bytes hold ``8 / bits`` numbers of the last axis each."""
    require(bits > 0, "a number of {} bits holds nothing", bits)
    *outer, last = data.shape
    numbers = last * 8 // bits if data.dtype == "uint8" else last
    table = TensorType(scales.dtype, (*outer, numbers))
    effect = gather(table, untold(indices), axis=axis_of(gather_axis, rank(data)))
    return effect._replace(cost=lambda: DEQUANTIZE.times(prod(shape_of(effect))), reads=lambda k: reading(
        {1: effect.reads(k)[1]}, data, indices, scales, zero_points))


# ---------------------------------------------------------------------------------- mixtures of experts
@ms("MoE")
def experts(input, router_probs, fc1_experts_weights, fc1_experts_bias=None, fc2_experts_weights=None,
            fc2_experts_bias=None, fc3_experts_weights=None, fc3_experts_bias=None, *, k=1,
            activation_alpha=1.0, activation_beta=0.0, activation_type="relu", normalize_routing_weights=0,
            swiglu_fusion=0, swiglu_limit=None, use_sparse_mixer=0):
    """Each token through the ``k`` experts that its router weighs most: ``fc2(activation(fc1(x)))``, by the
    router's weights."""
    layers = [(fc1_experts_weights, fc1_experts_bias, 8), (fc2_experts_weights, fc2_experts_bias, 8),
              (fc3_experts_weights, fc3_experts_bias, 8)]
    return _experts(k, activation_type, layers, input, router_probs, fc1_experts_weights, fc1_experts_bias,
                    fc2_experts_weights, fc2_experts_bias, fc3_experts_weights, fc3_experts_bias)


@ms("QMoE")
def quantized_experts(input, router_probs, fc1_experts_weights, fc1_scales=None, fc1_experts_bias=None,
                      fc2_experts_weights=None, fc2_scales=None, fc2_experts_bias=None,
                      fc3_experts_weights=None, fc3_scales=None, fc3_experts_bias=None, fc1_zero_points=None,
                      fc2_zero_points=None, fc3_zero_points=None, router_weights=None, fc1_global_scale=None,
                      fc2_global_scale=None, fc1_act_scale=None, fc2_act_scale=None, fc1_act_block_scale=None,
                      fc2_act_block_scale=None, *, k=1, accuracy_level=0, activation_alpha=1.0,
                      activation_beta=0.0, activation_type="relu", block_size=0, expert_weight_bits=4,
                      fc1_expert_weight_bits=None, fc2_expert_weight_bits=None, fc3_expert_weight_bits=None,
                      normalize_routing_weights=0, quant_type="int", swiglu_fusion=0, swiglu_limit=None,
                      use_sparse_mixer=0, weights_prepacked=-1):
    """`MoE` with weights of few bits, packed into bytes."""
    own = [fc1_expert_weight_bits, fc2_expert_weight_bits, fc3_expert_weight_bits]
    bits = [8 if quant_type == "fp8" else said or expert_weight_bits for said in own]
    layers = [(fc1_experts_weights, fc1_experts_bias, bits[0]),
              (fc2_experts_weights, fc2_experts_bias, bits[1]),
              (fc3_experts_weights, fc3_experts_bias, bits[2])]
    return _experts(k, activation_type, layers, input, router_probs, fc1_experts_weights, fc1_scales,
                    fc1_experts_bias, fc2_experts_weights, fc2_scales, fc2_experts_bias, fc3_experts_weights,
                    fc3_scales, fc3_experts_bias, fc1_zero_points, fc2_zero_points, fc3_zero_points,
                    router_weights, fc1_global_scale, fc2_global_scale, fc1_act_scale, fc2_act_scale,
                    fc1_act_block_scale, fc2_act_block_scale)


def _activation(name: str) -> Cost:
    """What an activation costs that is called by the name it has in PyTorch."""
    names = {"relu": "Relu", "gelu": "Gelu", "silu": "Swish", "swiglu": "Swish", "identity": ""}
    return activation_cost(names.get(name, name))


def _experts(k: int, activation: str,
             layers: list[tuple[Any, Any, int]], x: Any, router: Any, *weights: Any) -> Effect:
    """``layers`` are the weights ``[expert, out, in]`` of the layers of the experts, their biases, and the
    bits of a number, where a byte holds several."""
    tokens, (_, choices) = prod(x.shape[:-1]), router.shape
    given = [(weight, bias, bits) for weight, bias, bits in layers if weight is not None]
    require(all(bits > 0 for *_, bits in given), "a number of 0 bits holds nothing")
    inner = given[1][0].shape[2] * 8 // given[1][2]
    products = sum((prod(weight.shape[1:]) * 8 // bits for weight, _, bits in given), 0)
    adds = sum((bias.shape[1] for _, bias, _ in given if bias is not None), 0)

    def cost() -> Cost:
        unit = _activation(activation) + Cost(mul=int(activation == "swiglu"))
        expert = Cost(mac=products, add=adds) + unit.times(inner) + Cost(mul=1, add=1).times(x.shape[-1])
        routed = (activation_cost("Softmax") + Cost(cmp=1)).times(choices)
        return (expert.times(k) + routed).times(tokens)

    token = (*same_position(x.shape[:-1]), ALL)
    row = Along(0) if rank(x) == 2 else ALL
    return result(x.shape, x, cost=cost, reads=lambda _: reading(
        {0: token, 1: (row, ALL)}, x, router, *weights))
