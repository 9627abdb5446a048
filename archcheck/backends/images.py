"""An image as the input of a network."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archcheck.errors import UserError

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

SUFFIXES = ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class Scaling(NamedTuple):
    """What becomes of a pixel in 0 … 1: less the ``mean`` and divided by the ``std``, a number each for every
    channel, or one for all."""

    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)


class Layout(NamedTuple):
    """Where the axes of an image are: rows, columns, channels (None: there are none)."""

    rows: int
    columns: int
    channels: int | None


def picture(path: Path, name: str, shape: Sequence[Any] | None, dtype: Any,
            scaling: Scaling) -> tuple[Array, str]:
    """The image in a file for the input ``name`` of ``shape``, whose open sizes are the image's own (one
    image, where it is that of the batch), and what was done to it. Channels come first or last, where the
    shape has 1, 3 or 4 of them. An image of another size is scaled to cover the input's, and cut about its
    centre. Floats are scaled to 0 … 1 and then by ``scaling``; integers stay 0 … 255."""
    import numpy
    layout = _layout(name, shape)
    assert shape is not None
    channels = 1 if layout.channels is None else shape[layout.channels]
    image, done = _fitted(path, MODES[channels], shape[layout.columns], shape[layout.rows])
    pixels = numpy.asarray(image).reshape(image.height, image.width, channels)
    if dtype.kind == "f":
        pixels = _scaled(pixels.astype(numpy.float32) / 255, scaling, channels).astype(dtype)
        done.append("divided by 255" + ("" if scaling == Scaling() else ", less the mean, by the std"))
    if layout.channels is None:
        pixels = pixels[..., 0]
    elif layout.channels < layout.rows:
        pixels = pixels.transpose(2, 0, 1)
    batch = [size if isinstance(size, int) else 1 for size in shape[:len(shape) - pixels.ndim]]
    return numpy.ascontiguousarray(numpy.broadcast_to(pixels, (*batch, *pixels.shape))), ", ".join(done)


def _layout(name: str, shape: Sequence[Any] | None) -> Layout:
    """Where the axes are, by which of them can be that of channels. Raises `UserError` where none can."""
    count = len(shape or ())
    if shape and count >= 3 and shape[-3] in MODES:
        return Layout(count - 2, count - 1, count - 3)
    if shape and count >= 3 and shape[-1] in MODES:
        return Layout(count - 3, count - 2, count - 1)
    if shape and count == 2:
        return Layout(0, 1, None)
    from archcheck.reporters.text import Script
    said = "of unknown rank" if shape is None else f"of shape {Script().shape(tuple(shape))}"
    raise UserError(f"the input {name!r} is {said}, which is no image of 1, 3 or 4 channels; give it as a "
                    ".npy, or bind its sizes with --set")


def _fitted(path: Path, mode: str, width: Any, height: Any) -> tuple[Any, list[str]]:
    """The image in a file, of the size that is wanted, and what was done to it."""
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise UserError("reading images needs Pillow, which is not installed: "
                        "pip install 'archcheck[image]'") from None
    try:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened).convert(mode)
    except Exception as error:  # noqa: BLE001 - a decoder may fail in any way
        raise UserError(f"{path} cannot be read as an image ({error}); give another file") from None
    size = (width if isinstance(width, int) else image.width,
            height if isinstance(height, int) else image.height)
    done = [f"{path}: {image.width} × {image.height}"]
    if size != image.size:
        done.append(f"scaled to cover {size[0]} × {size[1]} and cut about its centre")
        image = ImageOps.fit(image, size, Image.Resampling.BILINEAR)
    return image, [*done, mode]


def _scaled(pixels: Array, scaling: Scaling, channels: int) -> Array:
    import numpy
    for what, numbers in zip(("--mean", "--std"), scaling):
        if len(numbers) not in (1, channels):
            raise UserError(f"{what} has {len(numbers)} numbers, and the image has {channels} channels; give "
                            f"one for each, or one for all")
    scaled: Array = (pixels - numpy.array(scaling.mean)) / numpy.array(scaling.std)
    return scaled
