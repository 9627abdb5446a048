"""A picture of variants: two figures against each other, the Pareto front as a line."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from archcheck.errors import UserError
from archcheck.files import replacing
from archcheck.reporters.sweep import HEADINGS
from archcheck.sweeping.variants import Variants

DEFAULT = ("macs", "params")


def write_plot(variants: Variants, names: tuple[str, str], path: Path) -> None:
    """Write a scatter plot of the columns ``names`` to ``path``, in the format of its suffix. Raises
    `UserError`."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError("a plot needs matplotlib; pip install 'archcheck[plot]'") from None
    figure = Figure(figsize=(7, 5), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    form = path.suffix.removeprefix(".").lower() or "png"
    if form not in canvas.get_supported_filetypes():
        known = ", ".join(sorted(canvas.get_supported_filetypes()))
        raise UserError(f"{path} has a suffix that no picture has; the formats are {known}")
    _drawn(figure.add_subplot(), variants, names)
    with replacing(path) as stream:
        canvas.print_figure(stream, format=form)


def _drawn(axes: Any, variants: Variants, names: tuple[str, str]) -> None:
    rows = variants.known(names)
    x, y = (_floats(variants, name, rows) for name in names)
    axes.scatter(x, y, s=8, alpha=0.5, linewidths=0, rasterized=len(rows) > 5000, label="variants")
    if variants.front is not None:
        marked = variants.front[rows]
        order = sorted(range(int(marked.sum())), key=lambda k: x[marked][k])
        axes.plot(x[marked][order], y[marked][order], "o-", ms=4, lw=1, color="C3", label="Pareto front")
        axes.legend()
    axes.set_xlabel(HEADINGS.get(names[0], names[0]))
    axes.set_ylabel(HEADINGS.get(names[1], names[1]))
    axes.grid(alpha=0.3)


def _floats(variants: Variants, name: str, rows: Any) -> Any:
    import numpy
    return numpy.ma.getdata(variants.column(name))[rows].astype(float)
