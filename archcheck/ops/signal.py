"""Signals: Fourier transforms, the windows they slide over a signal, and mel filters."""
from __future__ import annotations

from collections.abc import Callable

from archcheck import values
from archcheck.dims import Size, most, prod
from archcheck.dtypes import dtype_name
from archcheck.graph import TensorType
from archcheck.ops._inputs import expect, whole
from archcheck.ops._op import ALL, Along, Cost, Effect, Picked, axis_of, op, require, result, unknown_size


def length_of(kind: TensorType, what: str) -> Size:
    """The one element of an input that is a length; a size of its own where it is not known."""
    found = values.items(kind)
    return unknown_size(what) if not found or found[0] is None else found[0]


def transform(count: Size, length: Size, windowed: bool = False) -> Callable[[], Cost] | None:
    """The cost of ``count`` Fourier transforms of ``length`` points by halving: ``5·length·log2(length)``
    each. It is not stated for a length that is not a number."""
    if not isinstance(length, int):
        return None
    steps = length * max(length - 1, 0).bit_length()
    return lambda: Cost(mul=2 * steps + (length if windowed else 0), add=3 * steps).times(count)


# ---------------------------------------------------------------------------------- Fourier transforms
def fourier(x: TensorType, dft_length: TensorType | None, axis: int, inverse: int, onesided: int,
            inputs: int) -> Effect:
    """The Fourier transform along ``axis`` of ``x``, whose last axis holds real and imaginary parts.

    With ``onesided`` only ``length // 2 + 1`` frequencies are kept; their inverse is real."""
    *signal, _ = x.shape  # type: ignore[misc]
    axis = axis_of(axis, len(signal) + 1)
    require(axis < len(signal), "axis {} holds the real and imaginary parts", axis)
    real = inverse and onesided
    length = 2 * (signal[axis] - 1) if real else signal[axis]
    if dft_length is not None:
        length = length_of(dft_length, "dft_length")
    signal[axis] = length // 2 + 1 if onesided and not inverse else length
    shape = *signal, 1 if real else 2
    others = prod(signal[:axis] + signal[axis + 1:])
    readers = [ALL if position in (axis, len(signal)) else Along(position) for position in range(len(shape))]
    return result(shape, x, cost=transform(others, length),
                  reads=lambda _: (tuple(readers), *(None,) * (inputs - 1)))


@op("DFT", saves=())
def dft_17(input, dft_length=None, *, axis=1, inverse=0, onesided=0):
    """``y[k] = Σ x[n]·e^(-2πi·kn/length)`` along ``axis``; cropped or zero-padded to ``dft_length`` first."""
    return fourier(input, dft_length, axis, inverse, onesided, 2)


@op("DFT", since=20, saves=())
def dft(input, dft_length=None, axis=None, *, inverse=0, onesided=0):
    """``y[k] = Σ x[n]·e^(-2πi·kn/length)`` along ``axis``; cropped or zero-padded to ``dft_length`` first."""
    place = -2 if axis is None else values.scalar(axis)
    if isinstance(place, int):
        return fourier(input, dft_length, place, inverse, onesided, 3)
    *signal, _ = input.shape
    if dft_length is not None or onesided:
        signal = [unknown_size("the axis") for _ in signal]
    return result((*signal, 1 if inverse and onesided else 2), input)


@op("STFT")
def stft(signal, frame_step, window=None, frame_length=None, *, onesided=1):
    """The Fourier transform of the frames of ``signal`` (batch, length, 1 or 2): (batch, frames, bins, 2).
    Exporters leave the last axis out, and runtimes take it for 1."""
    batch, total, *parts = signal.shape
    step, length = length_of(frame_step, "frame_step"), total
    if frame_length is not None:
        length = length_of(frame_length, "frame_length")
        expect(window, "the window", length)
    elif window is not None:
        (length,) = window.shape
    frames = (total - length) // step + 1
    require(most(frames) >= 1, "a frame of {} does not fit into a signal of {}", length, total)
    slid = Along(1, step, 0, length) if isinstance(step, int) else Picked(1, None)
    return result((batch, frames, length // 2 + 1 if onesided else length, 2), signal,
                  cost=transform(batch * frames, length, window is not None),
                  reads=lambda _: ((Along(0), slid, *(ALL for _ in parts)), None, whole(window), None))


# ---------------------------------------------------------------------------------- windows and filters
def _window(name: str, formula: str, cost: Cost) -> None:
    @op(name, dtypes=(None,))
    def window(size, *, output_datatype=1, periodic=1):
        count = length_of(size, "the window's size")
        return result((count,), dtype_name(output_datatype), cost=lambda: cost.times(count),
                      reads=lambda _: (None,))
    window.__doc__ = f"``{formula}`` for ``n`` below ``size``; ``N`` is ``size``, one less unless periodic."


_window("HannWindow", "sin(πn/N)²", Cost(mul=2, div=1, special=1))
_window("HammingWindow", "25/46 - 21/46·cos(2πn/N)", Cost(add=1, mul=2, div=1, special=1))
_window("BlackmanWindow", "0.42 - 0.5·cos(2πn/N) + 0.08·cos(4πn/N)", Cost(add=2, mul=4, div=2, special=2))


@op("MelWeightMatrix", dtypes=(None,))
def mel_weight_matrix(num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz, *,
                      output_datatype=1):
    """Triangles, even on the mel scale, that turn ``dft_length // 2 + 1`` bins into ``num_mel_bins``."""
    shape = length_of(dft_length, "dft_length") // 2 + 1, length_of(num_mel_bins, "num_mel_bins")
    each = Cost(add=2, div=2, cmp=2)
    return result(shape, dtype_name(output_datatype), cost=lambda: each.times(prod(shape)),
                  reads=lambda _: (None,) * 5)
