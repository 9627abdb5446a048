"""Windows, strides and receptive fields."""
from __future__ import annotations

from archcheck.ops._op import Along
from archcheck.rules._case import Case
from archcheck.rules._rule import WARNING, Fault, Faults, Site, rule


@rule("GEO003", "window-gaps", severity=WARNING)
def window_gaps(case: Case) -> Faults:
    """A window moves farther than it reaches, so some positions of its input are never read.

    A pooling of 2×2 with stride 3 reads two rows and skips one, all over the image: what is in a third of the
    rows cannot change the result. A 1×1 convolution with a stride, as in the shortcuts of ResNets, is a
    choice of positions and not meant here.

    Bad::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 2x2 /3

    Good::

        input: N x 3 x 33 x 33
        layers:
        - maxpool 3x3 /2
    """
    for site in case.sites:
        for along in _windows(site):
            reach = (along.taps - 1) * along.dilation + 1
            if isinstance(reach, int) and 1 < reach < along.stride:
                yield Fault(f"the window spans {reach} positions and moves by {along.stride}",
                            f"of every {along.stride} positions, {along.stride - reach} are never read",
                            f"use a stride of at most {reach}, or a larger window", site,
                            facts={"span": reach, "stride": along.stride})
                break


def _windows(site: Site) -> list[Along]:
    """How the first output of a node reads its first input, axis by axis, where it does so by a window."""
    reads = site.effect.reads and site.effect.reads(0)
    axes = reads[0] if reads else None
    return [along for along in axes or () if isinstance(along, Along)]
