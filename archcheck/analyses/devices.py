"""Devices to run a network on: operations a second by dtype, and bytes of memory traffic a second.

Peaks are those that the vendor states for dense arithmetic (no structured sparsity) with the fastest units
that compute in that dtype at full precision: ``float32`` is IEEE single precision, which TF32 is not. One
multiply-accumulate is two operations.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from archcheck.dtypes import BITS
from archcheck.errors import UserError, closest

T, G = 1e12, 1e9
ANY = "peak"
"""The peak of every dtype that has none of its own."""


class DeviceError(UserError):
    """A device that is not known, or figures that are none."""


@dataclass(frozen=True)
class Device:
    """``peaks`` in operations a second by dtype, ``bandwidth`` in bytes a second, and the ``source`` of the
    figures."""

    name: str
    peaks: Mapping[str, float] = field(default_factory=dict)
    bandwidth: float = 0.0
    source: str = ""

    def peak(self, dtype: str | None) -> float | None:
        """Operations a second in ``dtype``; None where the device has no figure for it."""
        kind = _KIN.get(dtype or "", dtype or "")
        return self.peaks.get(kind, self.peaks.get(ANY))


_KIN = {"uint8": "int8", "uint4": "int4", **dict.fromkeys(
    ("float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz"), "float8")}
"""Dtypes that are computed as fast as others."""


def _half(rate: float) -> dict[str, float]:
    return {"float16": rate, "bfloat16": rate}


DEVICES: dict[str, Device] = {device.name: device for device in (
    Device("h100", {"float64": 66.9 * T, "float32": 66.9 * T, **_half(989.4 * T), "float8": 1978.9 * T,
                    "int8": 1978.9 * T}, 3.35e12,
           "NVIDIA H100 SXM5 80 GB: H100 Tensor Core GPU Architecture white paper; data sheet"),
    Device("h200", {"float64": 66.9 * T, "float32": 66.9 * T, **_half(989.4 * T), "float8": 1978.9 * T,
                    "int8": 1978.9 * T}, 4.8e12,
           "NVIDIA H200 SXM: data sheet, the cores of the H100 with other memory"),
    Device("a100", {"float64": 19.5 * T, "float32": 19.5 * T, **_half(312 * T), "int8": 624 * T,
                    "int4": 1248 * T}, 2039 * G,
           "NVIDIA A100 80 GB SXM: data sheet"),
    Device("l4", {"float32": 30.3 * T, **_half(121 * T), "float8": 242.5 * T, "int8": 242.5 * T}, 300 * G,
           "NVIDIA L4: data sheet, half of the figures it gives with sparsity"),
    Device("t4", {"float32": 8.1 * T, "float16": 65 * T, "int8": 130 * T, "int4": 260 * T}, 320 * G,
           "NVIDIA T4: data sheet"),
    Device("rtx4090", {"float32": 82.6 * T, "float16": 330.3 * T, "bfloat16": 165.2 * T, "float8": 660.6 * T,
                       "int8": 660.6 * T, "int4": 1321.2 * T}, 1008 * G,
           "NVIDIA GeForce RTX 4090: Ada GPU Architecture white paper; float16 accumulated in float16"),
    Device("orin", {"float32": 5.3 * T, "int8": 85 * T}, 204.8 * G,
           "NVIDIA Jetson AGX Orin 64 GB, its GPU: technical brief; int8 half of the figure with sparsity"),
    Device("mi300x", {"float64": 163.4 * T, "float32": 163.4 * T, **_half(1307.4 * T), "float8": 2614.9 * T,
                      "int8": 2614.9 * T}, 5.3e12,
           "AMD Instinct MI300X: data sheet"),
    Device("m2", {"float32": 3.6 * T}, 100 * G,
           "Apple M2, its 10-core GPU: Apple's announcement of June 2022"),
    Device("xeon8480", {"float64": 6.81 * T, "float32": 13.6 * T, "bfloat16": 435.8 * T, "int8": 871.6 * T},
           307.2 * G,
           "Intel Xeon Platinum 8480+: 56 cores at their highest clock of 3.8 GHz (ARK), 32 float64, 64 "
           "float32, 2048 bfloat16, 4096 int8 operations a cycle and core (Optimization Reference Manual), "
           "8 channels of DDR5-4800"),
    Device("pi5", {"float32": 153.6 * G, "float16": 307.2 * G, "int8": 614.4 * G}, 17.1 * G,
           "Raspberry Pi 5: 4 Cortex-A76 at 2.4 GHz (product brief), 16 float32, 32 float16, 64 int8 "
           "operations a cycle and core (Arm Cortex-A76 Software Optimization Guide), LPDDR4X-4267"),
)}


def device(text: str) -> Device:
    """The device that ``text`` says: a name, figures (``peak=10e12,bandwidth=500e9``), or a name and figures
    that differ (``a100,float32=156e12``). Figures are operations or bytes a second; ``peak`` is that of every
    dtype that has none of its own."""
    first, *others = text.split(",")
    figures = others if "=" not in first else [first, *others]
    found = Device("custom", {}, source="as said") if "=" in first else _named(first.strip())
    for figure in figures:
        found = _with(found, figure)
    if not found.bandwidth:
        raise DeviceError(f"the device {text!r} has no bandwidth: add bandwidth=BYTES a second, such as "
                          "bandwidth=500e9")
    return replace(found, name=text) if figures else found


def _named(name: str) -> Device:
    found = DEVICES.get(name.lower())
    if found is None:
        close = closest(name.lower(), list(DEVICES))
        hint = f"did you mean {close!r}?" if close else f"known are {', '.join(DEVICES)}"
        raise DeviceError(f"the device {name!r} is not known; {hint} Or say its figures: "
                          "peak=10e12,bandwidth=500e9")
    return found


def _with(found: Device, text: str) -> Device:
    key, _, number = text.partition("=")
    try:
        rate = float(number)
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise DeviceError(f"{text!r} is no figure of a device: say NAME=NUMBER, with a positive number, such "
                          "as float32=19.5e12")
    key = key.strip()
    if key == "bandwidth":
        return replace(found, bandwidth=rate)
    if key != ANY and key != "float8" and key not in BITS:
        raise DeviceError(f"{key!r} is no dtype, nor 'peak' nor 'bandwidth'")
    return replace(found, peaks={**found.peaks, _KIN.get(key, key): rate})
