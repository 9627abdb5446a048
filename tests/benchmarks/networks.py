"""The networks in PyTorch that `counters` has other tools count."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

try:
    import torchvision.models as models
except RuntimeError:  # a torchvision without its compiled operators
    _library = torch.library.Library("torchvision", "DEF")
    for _name in ("nms", "qnms"):
        _library.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision.models as models

Case = tuple[nn.Module, tuple[torch.Tensor, ...]]
IMAGE = (1, 3, 224, 224)


def _torchvision(name: str) -> Callable[[], Case]:
    def build() -> Case:
        return getattr(models, name)(weights=None), (torch.zeros(IMAGE),)
    return build


def _small(shape: tuple[int, ...], *layers: Callable[[], nn.Module]) -> Callable[[], Case]:
    return lambda: (nn.Sequential(*(layer() for layer in layers)), (torch.zeros(shape),))


class Recurrent(nn.Module):
    """One recurrent layer, or several; only the sequence goes on."""

    def __init__(self, kind: Callable[..., nn.Module], **options: Any) -> None:
        super().__init__()
        self.layer = kind(24, 40, batch_first=True, **options)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x)[0]


class Attention(nn.Module):
    """Attention over 32 tokens of 48 channels in 4 heads, its projections linear layers of their own."""

    def __init__(self, fused: bool) -> None:
        super().__init__()
        self.fused = fused
        self.q, self.k, self.v, self.out = (nn.Linear(48, 48) for _ in range(4))
        self.softmax = nn.Softmax(-1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, tokens, channels = x.shape
        q, k, v = (layer(x).view(n, tokens, 4, channels // 4).transpose(1, 2)
                   for layer in (self.q, self.k, self.v))
        if self.fused:
            mixed = nn.functional.scaled_dot_product_attention(q, k, v)
        else:
            mixed = torch.matmul(self.softmax(torch.matmul(q, k.transpose(-2, -1)) * 0.25), v)
        return self.out(mixed.transpose(1, 2).reshape(n, tokens, channels))


class Gated(nn.Module):
    """A residual block whose branch is scaled by a gate of its own, with operators of tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(16, 16, 3, padding=1)
        self.gate = nn.Conv2d(16, 16, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.conv(x) * torch.sigmoid(self.gate(x.mean((2, 3), keepdim=True)))


class VGG(nn.Sequential):
    """VGG-16 as Keras has it: no adaptive pooling, softmax at the end."""

    def __init__(self) -> None:
        net = models.vgg16(weights=None)
        super().__init__(net.features, nn.Flatten(), net.classifier, nn.Softmax(-1))


def _resnet_v1() -> Case:
    """ResNet-50 as Keras has it: stride in the first convolution of a block, biases, softmax at the end."""
    net = models.resnet50(weights=None)
    for module in list(net.modules()):
        if hasattr(module, "conv3"):
            module.conv1.stride, module.conv2.stride = module.conv2.stride, module.conv1.stride
    for module in list(net.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Conv2d):
                setattr(module, name, nn.Conv2d(child.in_channels, child.out_channels, child.kernel_size,
                                                child.stride, child.padding))
    return nn.Sequential(net, nn.Softmax(-1)), (torch.zeros(IMAGE),)


def _mobilenet_v1() -> Case:
    """MobileNet as Keras has it."""
    def unit(entering: int, leaving: int, size: int, stride: int, groups: int = 1) -> list[nn.Module]:
        return [nn.Conv2d(entering, leaving, size, stride, size // 2, groups=groups, bias=False),
                nn.BatchNorm2d(leaving), nn.ReLU6()]

    layers, channels = unit(3, 32, 3, 2), 32
    for leaving, stride in ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5,
                            (1024, 2), (1024, 1)):
        layers += unit(channels, channels, 3, stride, channels) + unit(channels, leaving, 1, 1)
        channels = leaving
    head = [nn.AdaptiveAvgPool2d(1), nn.Conv2d(1024, 1000, 1), nn.Flatten(), nn.Softmax(-1)]
    return nn.Sequential(*layers, *head), (torch.zeros(IMAGE),)


_CNNS = ("alexnet", "vgg16", "resnet18", "resnet50", "mobilenet_v2", "densenet121", "squeezenet1_1",
         "shufflenet_v2_x1_0", "efficientnet_b0", "convnext_tiny", "vit_b_16")

NETWORKS: dict[str, Callable[[], Case]] = {
    **{name: _torchvision(name) for name in _CNNS},
    "mlp": _small((4, 30), lambda: nn.Linear(30, 50), nn.ReLU, lambda: nn.Linear(50, 7, bias=False)),
    "mlp_tokens": _small((2, 9, 30), lambda: nn.Linear(30, 50), nn.ReLU,
                         lambda: nn.Linear(50, 7, bias=False)),
    "grouped": _small((2, 12, 17, 15), lambda: nn.Conv2d(12, 24, 3, 2, 1, groups=4),
                      lambda: nn.Conv2d(24, 24, 5, padding=2, groups=24, bias=False),
                      lambda: nn.Conv2d(24, 10, 3, dilation=2)),
    "volumes": _small((2, 3, 8, 9, 10), lambda: nn.Conv3d(3, 8, 3), lambda: nn.BatchNorm3d(8), nn.ReLU,
                      lambda: nn.MaxPool3d(2)),
    "signals": _small((2, 5, 40), lambda: nn.Conv1d(5, 8, 5, stride=2), lambda: nn.BatchNorm1d(8), nn.ELU,
                      lambda: nn.AvgPool1d(3), lambda: nn.ConvTranspose1d(8, 4, 4, 2)),
    "transposed": _small((2, 8, 7, 9), lambda: nn.ConvTranspose2d(8, 16, 4, 2, 1),
                         lambda: nn.ConvTranspose2d(16, 12, 3, 3, groups=4),
                         lambda: nn.ConvTranspose2d(12, 12, 3, 2, groups=12, bias=False)),
    "norms": _small((2, 12, 10, 6), lambda: nn.BatchNorm2d(12), lambda: nn.GroupNorm(4, 12),
                    lambda: nn.InstanceNorm2d(12, affine=True), lambda: nn.LayerNorm((10, 6))),
    "pools": _small((2, 6, 24, 20), lambda: nn.MaxPool2d(3, 2, 1), lambda: nn.AvgPool2d(2, 1),
                    lambda: nn.AdaptiveAvgPool2d(1)),
    "tf_transposed": _small((2, 8, 7, 9), lambda: nn.ConvTranspose2d(8, 16, 4, 2, 1),
                            lambda: nn.ConvTranspose2d(16, 5, 3, 3)),
    "tf_norm": _small((2, 9, 30), lambda: nn.LayerNorm(30)),
    "tf_separable": _small((2, 12, 9, 9), lambda: nn.Conv2d(12, 12, 3, padding=1, groups=12),
                           lambda: nn.Conv2d(12, 12, 3, groups=12, bias=False), lambda: nn.Conv2d(12, 8, 1)),
    "tf_pools": _small((2, 6, 24, 20), lambda: nn.MaxPool2d(3, 2), lambda: nn.AvgPool2d(2, 1),
                       lambda: nn.AdaptiveAvgPool2d(1)),
    "max_global": _small((2, 6, 24, 20), lambda: nn.AdaptiveMaxPool2d(1)),
    "nearest": _small((2, 6, 7, 5), lambda: nn.Conv2d(6, 4, 3), lambda: nn.Upsample(scale_factor=2)),
    "bilinear": _small((2, 6, 7, 5), lambda: nn.Conv2d(6, 4, 3),
                       lambda: nn.Upsample(scale_factor=2, mode="bilinear")),
    "bicubic": _small((2, 6, 7, 5), lambda: nn.Conv2d(6, 4, 3),
                      lambda: nn.Upsample(scale_factor=2, mode="bicubic")),
    "sized": _small((2, 6, 7, 5), lambda: nn.Conv2d(6, 4, 3), lambda: nn.Upsample((13, 11))),
    "linear": _small((2, 6, 15), lambda: nn.Conv1d(6, 4, 3),
                     lambda: nn.Upsample(scale_factor=2, mode="linear")),
    "lstm": lambda: (Recurrent(nn.LSTM), (torch.zeros(3, 11, 24),)),
    "lstm_deep": lambda: (Recurrent(nn.LSTM, num_layers=2), (torch.zeros(3, 11, 24),)),
    "lstm_both_ways": lambda: (Recurrent(nn.LSTM, bidirectional=True, bias=False), (torch.zeros(3, 11, 24),)),
    "gru": lambda: (Recurrent(nn.GRU), (torch.zeros(3, 11, 24),)),
    "rnn": lambda: (Recurrent(nn.RNN), (torch.zeros(3, 11, 24),)),
    "attention": lambda: (Attention(False), (torch.zeros(2, 32, 48),)),
    "attention_fused": lambda: (Attention(True), (torch.zeros(2, 32, 48),)),
    "gated": lambda: (Gated(), (torch.zeros(2, 16, 14, 14),)),
    **{f"act_{kind.__name__.lower()}": _small((2, 6, 5), kind) for kind in (
        nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.PReLU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh,
        nn.Hardswish, nn.Hardsigmoid, nn.Mish, nn.Softplus, nn.SELU)},
    "act_softmax": _small((2, 6, 5), lambda: nn.Softmax(-1)),
    "act_log_softmax": _small((2, 6, 5), lambda: nn.LogSoftmax(-1)),
    "keras_vgg16": lambda: (VGG(), (torch.zeros(IMAGE),)),
    "keras_resnet50": _resnet_v1,
    "keras_mobilenet": _mobilenet_v1,
}
"""Network name to what builds it and its inputs; batches other than 1 where the tools take them."""

_BOTH = ("script", "dynamo")
EXPORTS = {"resnet18": ("script", "dynamo", "folded"), "mobilenet_v2": ("script", "folded"),
           **dict.fromkeys(("mlp", "mlp_tokens", "grouped", "transposed", "norms", "pools", "nearest",
                            "bilinear", "bicubic", "lstm", "gru", "attention", "attention_fused",
                            "act_gelu", "act_silu", "act_relu6", "squeezenet1_1", "vit_b_16"), _BOTH)}
"""How networks are exported, those that are not exported by ``script`` alone."""
