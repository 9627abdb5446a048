"""Small networks that each take other sizes: one channel, windows along the axis ``H`` only, so that ONNX
Runtime can be asked about hundreds of sizes in a moment."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onnx import helper

from tests.benchmarks.graphs import Builder


class Net(Builder):
    """A network on an input ``x`` of 1 × 1 × H × 1."""

    def __init__(self, **inputs: Any) -> None:
        super().__init__(**(inputs or {"x": [1, 1, "H", 1]}))

    def conv(self, x: str, k: int, s: int = 1, p: int = 0, **more: Any) -> str:
        """A convolution of ``k`` taps, stride ``s``, ``p`` positions padded at both ends."""
        return self.add("Conv", x, self.weight(1, 1, k, 1), strides=[s, 1], **{"pads": [p, 0, p, 0], **more})

    def convs(self, x: str, *kernels: int) -> str:
        """Convolutions without padding, one after the other."""
        for k in kernels:
            x = self.conv(x, k)
        return x

    def pool(self, x: str, k: int, s: int, p: int = 0, op: str = "MaxPool", **more: Any) -> str:
        """A pooling of ``k`` positions, stride ``s``."""
        return self.add(op, x, kernel_shape=[k, 1], strides=[s, 1], pads=[p, 0, p, 0], **more)

    def up(self, x: str, k: int = 2, s: int = 2, **more: Any) -> str:
        """A transposed convolution."""
        return self.add("ConvTranspose", x, self.weight(1, 1, k, 1), strides=[s, 1], **more)

    def nearest(self, x: str, factor: float) -> str:
        """Resized to ``⌊size · factor⌋``."""
        scales = self.constant([1, 1, factor, 1], "float32")
        return self.add("Resize", x, "", scales, mode="nearest", nearest_mode="floor",
                        coordinate_transformation_mode="asymmetric")

    def cut(self, x: str, start: int | str, end: int | str, step: int = 1) -> str:
        """``x[:, :, start:end:step]``."""
        bounds = [self.constant([bound]) if isinstance(bound, int) else bound for bound in (start, end)]
        return self.add("Slice", x, *bounds, self.constant([2]), self.constant([step]))

    def join(self, *parts: str) -> str:
        """Joined as channels, and mixed back into one."""
        joined = self.add("Concat", *parts, axis=1)
        return self.add("Conv", joined, self.weight(1, len(parts), 1, 1))

    def height(self, x: str) -> str:
        """The size of ``H`` at ``x``, as a vector of one."""
        return self.add("Shape", x, start=2, end=3)


Made = tuple[Net, str]


def alexnet() -> Made:
    """63 is the least: the last pooling needs 3 positions."""
    net = Net()
    x = net.pool(net.conv("x", 11, 4, 2), 3, 2)
    x = net.pool(net.conv(x, 5, 1, 2), 3, 2)
    for _ in range(3):
        x = net.conv(x, 3, 1, 1)
    return net, net.add("GlobalAveragePool", net.pool(x, 3, 2))


def vgg16() -> Made:
    """Five poolings by 2: 32 is the least."""
    net, x = Net(), "x"
    for _ in range(5):
        x = net.pool(net.conv(x, 3, 1, 1), 2, 2)
    return net, x


def inception_v3() -> Made:
    """75 is the least."""
    net = Net()
    x = net.pool(net.conv(net.convs(net.conv("x", 3, 2), 3), 3, 1, 1), 3, 2)
    x = net.pool(net.convs(x, 1, 3), 3, 2)
    x = net.join(net.conv(x, 1), net.conv(x, 5, 1, 2), net.pool(x, 3, 1, 1, "AveragePool"))
    for _ in range(2):
        x = net.join(net.conv(x, 3, 2), net.pool(x, 3, 2))
    return net, net.add("GlobalAveragePool", net.conv(x, 3, 1, 1))


def unet() -> Made:
    """Same-padded, four levels: multiples of 16."""
    net, x = Net(), "x"
    skips = []
    for _ in range(4):
        skips.append(net.conv(x, 3, 1, 1))
        x = net.pool(skips[-1], 2, 2)
    for skip in reversed(skips):
        x = net.conv(net.join(skip, net.up(x)), 3, 1, 1)
    return net, x


def _original(crop: Callable[[Net, str, str, int], str]) -> Made:
    net, x = Net(), "x"
    skips = []
    for _ in range(4):
        skips.append(net.convs(x, 3, 3))
        x = net.pool(skips[-1], 2, 2)
    x = net.convs(x, 3, 3)
    for skip, margin in zip(reversed(skips), (4, 16, 40, 88), strict=True):
        x = net.up(x)
        x = net.convs(net.join(crop(net, skip, x, margin), x), 3, 3)
    return net, x


def unet_valid() -> Made:
    """The original: no padding, skips cropped by fixed margins. 572 gives 388."""
    return _original(lambda net, skip, x, margin: net.cut(skip, margin, -margin))


def unet_cropped() -> Made:
    """The same with crops about the centre computed from the sizes, as exporters write them: what is left
    over by a pooling does not matter."""
    def crop(net: Net, skip: str, x: str, _: int) -> str:
        spare = net.add("Sub", net.height(skip), net.height(x))
        start = net.add("Div", spare, net.constant([2]))
        return net.cut(skip, start, net.add("Add", start, net.height(x)))
    return _original(crop)


def resnet() -> Made:
    """Everything padded: any size."""
    net = Net()
    x = net.pool(net.conv("x", 7, 2, 3), 3, 2, 1)
    for stride in (1, 2, 2, 2):
        x = net.add("Add", net.conv(net.conv(x, 3, stride, 1), 3, 1, 1), net.conv(x, 1, stride))
    return net, net.add("GlobalAveragePool", x)


def densenet() -> Made:
    """29 is the least: three poolings by 2 after a stem of stride 4."""
    net = Net()
    x = net.pool(net.conv("x", 7, 2, 3), 3, 2, 1)
    for last in (False, False, False, True):
        x = net.join(x, net.conv(x, 3, 1, 1))
        x = x if last else net.pool(net.conv(x, 1), 2, 2, op="AveragePool")
    return net, net.add("GlobalAveragePool", x)


def squeezenet() -> Made:
    """Poolings that round up: 17 is the least."""
    net, x = Net(), ""
    x = net.conv("x", 3, 2)
    for _ in range(3):
        x = net.pool(x, 3, 2, ceil_mode=1)
        x = net.join(net.conv(x, 1), net.conv(x, 3, 1, 1))
    return net, net.add("GlobalAveragePool", x)


def googlenet() -> Made:
    """15 is the least: where it rounds up, a window may reach beyond the end."""
    net = Net()
    x = net.pool(net.conv("x", 7, 2, 3), 3, 2, ceil_mode=1)
    x = net.pool(net.conv(net.conv(x, 1), 3, 1, 1), 3, 2, ceil_mode=1)
    for k in (3, 2):
        x = net.join(net.conv(x, 5, 1, 2), net.pool(x, 3, 1, 1, ceil_mode=1))
        x = net.pool(x, k, 2, ceil_mode=1)
    return net, x


def fpn() -> Made:
    """Maps enlarged by 2 are added to what they came from: multiples of 32, and sizes so small that a map of
    one position is spread out."""
    net, x, maps = Net(), "x", []
    for _ in range(5):
        x = net.conv(x, 3, 2, 1)
        maps.append(x)
    x = maps[4]
    for lateral in (maps[3], maps[2], maps[1]):
        x = net.add("Add", net.conv(lateral, 1), net.nearest(x, 2))
    return net, x


def swin() -> Made:
    """Patches of 4, windows of 7 by Reshape: multiples of 28."""
    net = Net()
    x = net.conv("x", 4, 4)
    count = net.add("Div", net.height(x), net.constant([7]))
    target = net.add("Concat", net.constant([1, 1]), count, net.constant([7, 1]), axis=0)
    return net, net.add("ReduceMean", net.add("Reshape", x, target), axes=[3])


def vit() -> Made:
    """Patches of 16, and a positional embedding for 14 of them: 224 to 239; one patch is spread out to 14."""
    net = Net()
    x = net.conv("x", 16, 16)
    tokens = net.add("Transpose", net.add("Reshape", x, net.constant([1, 1, -1])), perm=[0, 2, 1])
    return net, net.add("Add", tokens, net.weight(1, 14, 1))


def flattened() -> Made:
    """A classifier on a fixed number of features: 7 positions after a stride of 32."""
    net, x = Net(), "x"
    for _ in range(5):
        x = net.pool(x, 2, 2)
    flat = net.add("Reshape", x, net.constant([1, 7]))
    return net, net.add("Gemm", flat, net.weight(7, 3))


def reflected() -> Made:
    """Style transfer: reflection by 10, then by 3 at a quarter of the size."""
    net = Net()
    x = net.add("Pad", "x", net.constant([0, 0, 10, 0, 0, 0, 10, 0]), mode="reflect")
    x = net.conv(net.conv(x, 3, 2), 3, 2)
    x = net.add("Pad", net.cut(x, 4, -4), net.constant([0, 0, 3, 0, 0, 0, 2, 0]), mode="reflect")
    return net, net.up(net.conv(x, 7))


def codec() -> Made:
    """Strides 2, 4 and 5 down and up again; the result is compared with the input: multiples of 40."""
    net, x = Net(), "x"
    for s in (2, 4, 5):
        x = net.conv(x, 2 * s, s, pads=[s // 2, 0, s - s // 2, 0])
    for s in (5, 4, 2):
        x = net.up(x, 2 * s, s, pads=[s // 2, 0, s - s // 2, 0])
    return net, net.add("Sub", x, "x")


def tcn() -> Made:
    """Causal: dilated, padded at both ends, the end cut off again."""
    net, x = Net(), "x"
    for d in (1, 2, 4):
        grown = net.conv(x, 3, 1, 2 * d, dilations=[d, 1])
        x = net.add("Add", net.cut(grown, 0, -2 * d), x)
    return net, x


def same_upper() -> Made:
    """Padding by the rule SAME down, transposed up, joined: even at each of three levels."""
    net, x, skips = Net(), "x", []
    for _ in range(3):
        skips.append(x)
        x = net.add("Conv", x, net.weight(1, 1, 3, 1), strides=[2, 1], auto_pad="SAME_UPPER")
    for skip in reversed(skips):
        x = net.join(skip, net.up(x, 3, 2, auto_pad="SAME_UPPER"))
    return net, x


def focus() -> Made:
    """Every second position beside the others: even sizes; then a stride of 3."""
    net = Net()
    x = net.join(net.cut("x", 0, 1 << 40, 2), net.cut("x", 1, 1 << 40, 2))
    return net, net.conv(x, 3, 3)


def shrunk() -> Made:
    """Resized to a half and to three halves, compared at two thirds."""
    net = Net()
    half, more = net.nearest("x", 0.5), net.nearest("x", 1.5)
    return net, net.add("Add", net.nearest(half, 3.0), net.conv(more, 1))


def picked() -> Made:
    """A fixed position, and the 25th from the end."""
    net = Net()
    one = net.add("Gather", "x", net.constant([20, 3]), axis=2)
    return net, net.add("Add", one, net.add("Gather", "x", net.constant([-25, 1]), axis=2))


def listed() -> Made:
    """Positions from the start only."""
    net = Net()
    return net, net.add("Gather", "x", net.constant([3, 11, 0]), axis=2)


def largest() -> Made:
    """The 40 largest."""
    net = Net()
    net.nodes.append(helper.make_node("TopK", ["x", net.constant([40])], ["largest", "places"], axis=2))
    return net, "largest"


def rest() -> Made:
    """All but the first 5: there must be something left."""
    net = Net()
    return net, net.cut("x", 5, 1 << 40)


def shrunk_and_grown() -> Made:
    """Cut off by a negative padding, down to nothing, then padded."""
    net = Net()
    x = net.add("Pad", "x", net.constant([0, 0, -5, 0, 0, 0, -4, 0]))
    return net, net.add("Pad", x, net.constant([0, 0, 2, 0, 0, 0, 1, 0]))


def cropped_up() -> Made:
    """A transposed convolution that cuts off two positions at both ends, padded afterwards: it must give
    something before."""
    net = Net()
    return net, net.add("Pad", net.up("x", pads=[2, 0, 2, 0]), net.constant([0, 0, 3, 0, 0, 0, 0, 0]))


def pooled_rest() -> Made:
    """A pooling whose windows fit into its padding: there must be something in them."""
    net = Net()
    return net, net.pool(net.cut("x", 7, 1 << 40), 2, 1, 1)


NETS: dict[str, tuple[Callable[[], Made], str, int]] = {
    "alexnet": (alexnet, "H >= 63", 200),
    "vgg16": (vgg16, "H >= 32", 200),
    "inception-v3": (inception_v3, "H >= 75", 200),
    "unet": (unet, "H >= 16 and H % 16 == 0", 200),
    "unet-valid": (unet_valid, "H >= 188 and H % 16 == 12", 300),
    "unet-cropped": (unet_cropped, "H >= 188", 240),
    "resnet": (resnet, "H >= 1", 150),
    "densenet": (densenet, "H >= 29", 150),
    "squeezenet": (squeezenet, "H >= 17", 150),
    "googlenet": (googlenet, "H >= 15", 150),
    "fpn": (fpn, "1 <= H <= 4 or H >= 29 and H % 32 in (0, 29, 30, 31)", 300),
    "swin": (swin, "H >= 28 and H % 28 in (0, 1, 2, 3)", 300),
    "vit": (vit, "16 <= H <= 31 or 224 <= H <= 239", 300),
    "flattened": (flattened, "224 <= H <= 255", 300),
    "reflected": (reflected, "H >= 31", 150),
    "codec": (codec, "H >= 40 and H % 40 == 0", 300),
    "tcn": (tcn, "H >= 1", 60),
    "same-upper": (same_upper, "H >= 8 and H % 8 == 0", 150),
    "focus": (focus, "H >= 6 and H % 2 == 0", 100),
    "shrunk": (shrunk, "H >= 2 and H % 2 == 0", 100),
    "picked": (picked, "H >= 25", 60),
    "listed": (listed, "H >= 12", 60),
    "largest": (largest, "H >= 40", 60),
    "rest": (rest, "H >= 6", 60),
    "shrunk-and-grown": (shrunk_and_grown, "H >= 9", 60),
    "cropped-up": (cropped_up, "H >= 3", 60),
    "pooled-rest": (pooled_rest, "H >= 8", 60),
}
"""By name: how it is made, which sizes it takes, and below which size ONNX Runtime is asked."""


# ------------------------------------------------------------------------------------------ two sizes at once
def plane() -> Net:
    """A network on an input ``x`` of 1 × 1 × H × W."""
    return Net(x=[1, 1, "H", "W"])


def windows() -> Made:
    """Cut into windows of 3 × 5 by Reshape: both sizes multiples, though the equation is on their product."""
    net = plane()
    rows = net.add("Div", net.height("x"), net.constant([3]))
    columns = net.add("Div", net.add("Shape", "x", start=3, end=4), net.constant([5]))
    target = net.add("Concat", net.constant([1, 1]), rows, net.constant([3]), columns, net.constant([5]),
                     axis=0)
    return net, net.add("Transpose", net.add("Reshape", "x", target), perm=[0, 1, 2, 4, 3, 5])


def tokens() -> Made:
    """Patches of 4 × 4, and a positional embedding for 6 of them: 1 × 6, 2 × 3, …, or one for all."""
    net = plane()
    x = net.add("Conv", "x", net.weight(1, 1, 4, 4), strides=[4, 4])
    row = net.add("Reshape", x, net.constant([1, 1, -1]))
    return net, net.add("Add", row, net.weight(1, 1, 6))


def single() -> Made:
    """A product of two sizes that has to be 1."""
    net = plane()
    pooled = net.add("MaxPool", "x", kernel_shape=[3, 3], strides=[4, 4])
    return net, net.add("Reshape", pooled, net.constant([1]))


def square() -> Made:
    """Transposed and added to itself: both sizes equal, or one of them 1."""
    net = plane()
    return net, net.add("Add", "x", net.add("Transpose", "x", perm=[0, 1, 3, 2]))


def flat() -> Made:
    """Flattened and shared out to 3 × 4 rows: a product that is a multiple."""
    net = plane()
    return net, net.add("Reshape", "x", net.constant([3, 4, -1]))


PLANES: dict[str, tuple[Callable[[], Made], dict[str, str]]] = {
    "windows": (windows, {"H": "H >= 3 and H % 3 == 0", "W": "W >= 5 and W % 5 == 0"}),
    "tokens": (tokens, {"H": "H >= 4", "W": "W >= 4"}),
    "single": (single, {"H": "3 <= H <= 6", "W": "3 <= W <= 6"}),
    "square": (square, {"H": "H >= 1", "W": "W >= 1"}),
    "flat": (flat, {"H": "H >= 1", "W": "W >= 1"}),
}
"""By name: how it is made, and what can be said of each size alone."""
