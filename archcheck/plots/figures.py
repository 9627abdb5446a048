"""Charts drawn by matplotlib, as bytes: the same bytes every time, and without a display."""
from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Sequence
from typing import Any

from archcheck.drawing.families import FAMILIES
from archcheck.drawing.palette import LIGHT
from archcheck.errors import UserError
from archcheck.plots.series import Bars, Fields, PlotError, Point, Points, Series, Timeline
from archcheck.reporters.text import Script, compact, shortened, size_in_bytes

FORMATS = ("svg", "png", "pdf")

NAMED = 5
"""So many nodes of a roofline have their names beside them."""

TICKS = 30
"""At most so many names stand along an axis."""

END = 24
"""Longer names along an axis are cut."""

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#007a58", "#767676"

_LOOK: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
         "axes.grid": True, "grid.color": "#e4e4e4", "axes.titlesize": 11, "axes.titleweight": "bold",
         "axes.titlelocation": "left", "legend.frameon": False, "svg.hashsalt": "archcheck",
         "svg.fonttype": "none", "pdf.fonttype": 42, "text.parse_math": False, "text.usetex": False,
         "font.family": ["DejaVu Sans"], "savefig.dpi": 150}

_UNDATED: dict[str, dict[str, None]] = {
    "svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "png": {"Software": None}}


def drawn(series: Series, of: str, model: str, form: str) -> bytes:
    """The chart of the figure ``of`` of a ``model`` in the format ``form``, one of `FORMATS`. Raises
    `UserError` for another format, and where matplotlib is not there."""
    if form not in FORMATS:
        raise UserError(f"a plot cannot be written as .{form}; the formats are {', '.join(FORMATS)}")
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        raise UserError("plots need matplotlib, which is not installed: "
                        "pip install 'archcheck[plot]'") from None
    title = shortened(Script().safe(model), 48, "…")
    out = io.BytesIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # a matplotlibrc of the user's would change the bytes
        matplotlib.rcParams.update(_LOOK)
        warnings.simplefilter("ignore")  # glyphs that the font lacks are shown as boxes
        figure = Figure(layout="constrained")
        _DRAW[type(series)](figure, series, of, title)
        figure.savefig(out, format=form, metadata=_UNDATED[form])
    return out.getvalue()


# ------------------------------------------------------------------------------------------------ bars
def _bars(figure: Any, series: Bars, of: str, title: str) -> None:
    """Horizontal bars, the first layer on top."""
    if not series.bars:
        raise PlotError(f"no layer has any {_UNITS[of]}, so there is nothing to plot")
    figure.set_size_inches(8, 1.4 + 0.2 * len(series.bars))
    axes, values = figure.add_subplot(), [float(bar.value) for bar in series.bars]
    tones = [LIGHT.get(bar.family, LIGHT["other"]) for bar in series.bars]
    places = range(len(values))
    axes.barh(places, values, color=[tone.fill for tone in tones], edgecolor=[tone.line for tone in tones])
    for place, value in zip(places, values):
        share = f" · {100 * value / series.total:.1f} %" if series.total else ""
        axes.annotate(f"{compact(value)}{share}", (value, place), (5, 0), textcoords="offset points",
                      va="center", fontsize=8)
    axes.set(yticks=places, ylim=(len(values) - 0.4, -0.6), xlim=(0, 1.2 * max(values)), xlabel=_UNITS[of],
             title=f"{title}: {'≥ ' * series.partial}{compact(series.total)} {_UNITS[of]}")
    axes.set_yticklabels([bar.name for bar in series.bars])
    axes.xaxis.set_major_formatter(_compactly)
    axes.grid(visible=False, axis="y")
    _legend(figure, [bar.family for bar in series.bars])


_UNITS = {"macs": "MACs", "params": "params"}


def _compactly(value: float, _: int) -> str:
    return compact(value)


def _legend(figure: Any, families: Sequence[str]) -> None:
    """What the colours of families mean, below the chart."""
    from matplotlib.patches import Patch
    known = [name for name in FAMILIES if name in families]
    patches = [Patch(facecolor=LIGHT[name].fill, edgecolor=LIGHT[name].line, label=FAMILIES[name])
               for name in known]
    figure.legend(handles=patches, loc="outside lower left", ncols=4, fontsize=8)


# ------------------------------------------------------------------------------------------------ memory
def _timeline(figure: Any, series: Timeline, of: str, title: str) -> None:
    """What is in memory as steps over the nodes, the peak marked."""
    figure.set_size_inches(8, 4)
    axes, peak, live = figure.add_subplot(), series.live[series.peak], [float(size) for size in series.live]
    edges = [place - 0.5 for place in range(len(series.live) + 1)]
    axes.stairs(live, edges, fill=True, color=LIGHT["convolution"].fill)
    axes.stairs(live, edges, color=BLUE, baseline=None)
    axes.plot([series.peak], [float(peak)], "v", color=ORANGE, clip_on=False)
    left = series.peak < len(series.live) / 2
    axes.annotate(f"{size_in_bytes(peak)} while {series.names[series.peak]} runs", (series.peak, float(peak)),
                  (6 if left else -6, 8), textcoords="offset points", ha="left" if left else "right",
                  color=ORANGE)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.15 * peak or 1), ylabel="activations in memory",
             xlabel=f"nodes in the order of the file; weights take {size_in_bytes(series.weights)} besides",
             title=f"{title}: peak {'≥ ' * series.partial}{size_in_bytes(peak)} of activations")
    axes.yaxis.set_major_formatter(lambda value, _: size_in_bytes(round(value)))
    axes.yaxis.set_major_locator(_binary(peak))
    _name_ticks(axes, series.names)


def _binary(largest: int) -> Any:
    """Ticks at round numbers of bytes."""
    from matplotlib.ticker import MultipleLocator
    step = 1 << max((max(largest, 1) // 5).bit_length(), 0)
    return MultipleLocator(step)


def _name_ticks(axes: Any, names: Sequence[str]) -> None:
    """Names along the axis of nodes, as many as have room."""
    step = -(-len(names) // TICKS)
    axes.set_xticks(range(0, len(names), step))
    axes.set_xticklabels([_end(name) for name in names[::step]], rotation=60, ha="right",
                         rotation_mode="anchor", fontsize=7)


def _end(name: str) -> str:
    """The last parts of a name, which tell more than the first."""
    return name if len(name) <= END else "…" + name[1 - END:]


# ------------------------------------------------------------------------------------------------ roofline
def _points(figure: Any, series: Points, of: str, title: str) -> None:
    """Nodes under the roofs by their arithmetic intensity; and below, how long each takes at least."""
    if not series.points:
        raise PlotError("no node both computes and moves bytes that are known, so there is no roofline")
    figure.set_size_inches(8, 6.5)
    roof, times = figure.subplots(2, 1, sharex=True)
    for family in dict.fromkeys(point.family for point in series.points):
        tone = LIGHT.get(family, LIGHT["other"])
        those = list({(p.intensity, p.seconds): p for p in series.points if p.family == family}.values())
        look: Any = {"facecolor": tone.fill, "edgecolor": tone.line, "zorder": 3}
        where = [point.intensity for point in those]
        roof.scatter(where, [_rate(p) for p in those], **look)
        times.vlines(where, 0, [p.seconds for p in those], color=tone.line, lw=0.8)
        times.scatter(where, [p.seconds for p in those], **look)
    whole = sum(point.seconds for point in series.points) + series.idle
    roof.set(xscale="log", yscale="log", ylabel="operations a second at most",
             title=f"{title}: {'≥ ' * bool(series.left_out)}{Script().seconds(whole)} at least on "
                   f"{shortened(Script().safe(series.device.name), 30, '…')}")
    times.set(xlabel="arithmetic intensity: FLOPs for each byte", ylabel="least time of a node",
              ylim=(0, 1.6 * max(point.seconds for point in series.points)))
    _roofs(roof, series)
    _longest(times, series)
    roof.yaxis.set_major_formatter(_compactly)
    times.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    times.yaxis.set_major_formatter(lambda value, _: Script().seconds(value) if value else "0")
    _legend(figure, [point.family for point in series.points])


def _longest(axes: Any, series: Points) -> None:
    """Numbers at the nodes that take longest, those that take as long together, and what they are."""
    groups: dict[str, list[Point]] = {}
    for point in sorted(series.points, key=lambda point: -point.seconds):
        groups.setdefault(Script().seconds(point.seconds), []).append(point)
    lines = []
    for rank, (seconds, (first, *others)) in enumerate(list(groups.items())[:NAMED], 1):
        each = f" and {len(others):,} more, each" if others else ""
        lines.append(f"{rank}  {_end(first.name)}{each} {seconds}")
        axes.annotate(str(rank), (first.intensity, first.seconds), (0, 4), textcoords="offset points",
                      fontsize=8, ha="center")
    from matplotlib.offsetbox import AnchoredText
    axes.add_artist(AnchoredText("\n".join(lines), "upper left", frameon=False, prop={"fontsize": 8}))


def _rate(point: Point) -> float:
    return float(point.flops / point.seconds)


def _roofs(axes: Any, series: Points) -> None:
    """The bandwidth as a slope, and the peak of each dtype as a level."""
    device = series.device
    peaks = {dtype: peak for dtype in series.dtypes if (peak := device.peak(dtype))}
    lowest = min(point.intensity for point in series.points) / 2
    highest = max([point.intensity * 4 for point in series.points]
                  + [4 * peak / device.bandwidth for peak in peaks.values()])
    for dtype, peak in peaks.items():
        corner = peak / device.bandwidth
        axes.plot([lowest, corner, highest], [lowest * device.bandwidth, peak, peak], color="#333333", lw=1.2)
        axes.annotate(f"{compact(peak)}FLOP/s in {dtype}", (highest, peak), (-4, 5), ha="right",
                      textcoords="offset points", fontsize=8)
    axes.annotate(f"{compact(device.bandwidth)}B/s", (lowest, lowest * device.bandwidth), (22, -1),
                  textcoords="offset points", fontsize=8)
    if not peaks:
        axes.plot([lowest, highest], [lowest * device.bandwidth, highest * device.bandwidth], color="#333333")


# ------------------------------------------------------------------------------------------------ fields
def _fields(figure: Any, series: Fields, of: str, title: str) -> None:
    """The size of the fields layer by layer, and that of the input."""
    figure.set_size_inches(8, 4.4)
    axes = figure.add_subplot()
    for line, (colour, mark, dash) in zip(series.lines, _styles()):
        sizes = [_gap(size) if k not in line.whole else _gap(None) for k, size in enumerate(line.sizes)]
        axes.plot(range(len(sizes)), sizes, dash, color=colour, marker=mark, markersize=4, label=line.name)
        axes.plot(line.whole, [_gap(line.sizes[k]) for k in line.whole], "*", color=colour, markersize=9)
    if any(line.whole for line in series.lines):
        axes.plot([], [], "*", color=GREY, markersize=9, label="all of the input")
    for extent in series.extents:
        axes.axhline(extent, color=GREY, lw=1, ls=":")
        axes.annotate(f"the input, {extent}", (0, extent), (0, 3), textcoords="offset points", color=GREY,
                      fontsize=8)
    shown = [(k, size) for k in series.bounded if (size := series.lines[0].sizes[k]) is not None]
    if shown:
        axes.plot(*zip(*shown), "o", markersize=4, mfc="white", mec=BLUE, ls="", label="at most")
    axes.set(ylim=(0, None), ylabel=f"positions of {shortened(Script().safe(series.source), 24, '…')}",
             title=f"{title}: receptive fields, where they change")
    axes.legend(loc="best", fontsize=8)
    _name_ticks(axes, series.names)


def _styles() -> Iterable[tuple[str, str, str]]:
    """Colours, marks and dashes, by which lines are told apart without colour too."""
    return [(colour, mark, dash) for dash in ("-", "--", "-.")
            for colour, mark in ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"))]


def _gap(size: int | None) -> float:
    return float("nan") if size is None else float(size)


_DRAW: dict[type, Any] = {Bars: _bars, Timeline: _timeline, Points: _points, Fields: _fields}
