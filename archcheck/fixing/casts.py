"""Fixes of numbers and their types."""
from __future__ import annotations

from archcheck.fixing._edit import Declined, Edit, fix, site_of
from archcheck.fixing._numbers import numbers, overwrite, weight
from archcheck.rules._rule import Fault

FLOAT16 = 65504.0
"""The largest number of float16."""


@fix("DTY102")
def bypass_casts(edit: Edit, fault: Fault) -> None:
    """Whatever reads what was cast there and back reads what it was."""
    site = fault.site
    first = site.producer() if site else None
    if first is None or first.op != "Cast":
        raise Declined("there are views between the casts")
    edit.bypass(site, first.node.inputs[0])


@fix("NUM104")
def flush_denormals(edit: Edit, fault: Fault) -> None:
    """Zeros in the place of denormal numbers."""
    import numpy
    site = site_of(fault)
    scene = weight(edit, site, fault.value)
    array = numbers(edit, scene, fault.value)
    least = numpy.finfo(array.dtype).tiny
    overwrite(scene, fault.value, numpy.where(numpy.abs(array) < least, array.dtype.type(0), array))


@fix("NUM105")
def clip_to_float16(edit: Edit, fault: Fault) -> None:
    """The largest number of float16 in the place of those beyond it."""
    import numpy
    site = site_of(fault)
    scene = weight(edit, site, fault.value)
    array = numbers(edit, scene, fault.value)
    beyond = numpy.isfinite(array) & (numpy.abs(array) > FLOAT16)
    clipped = numpy.where(beyond, numpy.copysign(FLOAT16, array), array)
    overwrite(scene, fault.value, clipped.astype(array.dtype))
