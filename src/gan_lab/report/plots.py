"""Learning curves as one SVG picture that suits a light and a dark page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_lab.report.curves import Band

COLOURS = ("#3f7fbf", "#d9772b", "#3f9c5c", "#b5519c", "#8a7a2e", "#2aa0a4", "#c2504d", "#7a68c8")
"""Told apart on white and on black, and most of them by colour-blind readers."""
INK = "#808890"  # of axes and their numbers, on either ground
LOGARITHMIC = 20  # times the lowest value at which the axis becomes logarithmic


def draw_curves(bands: Sequence[Band], metric: str) -> bytes:
    """An SVG file: a line for each mean, the range of its runs as a band around it, in the order of `COLOURS`."""
    import matplotlib as mpl

    style: dict[Any, Any] = {
        "text.parse_math": False,
        "svg.hashsalt": "gan_lab",
        "font.size": 9,
        "axes.unicode_minus": False,
    }
    with mpl.rc_context(style):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        axes = figure.add_subplot()
        for band, colour in zip(bands, COLOURS, strict=False):
            marker = "o" if len(band.iterations) == 1 else None
            axes.plot(band.iterations, band.mean, color=colour, linewidth=1.6, marker=marker)
            if band.runs > 1:
                axes.fill_between(band.iterations, band.low, band.high, color=colour, alpha=0.18, linewidth=0)
        if is_logarithmic(bands):
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("iterations", color=INK)
        axes.set_ylabel(metric, color=INK)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.tick_params(which="both", colors=INK, length=3)
        axes.grid(color=INK, alpha=0.2, linewidth=0.6)
        for name, spine in axes.spines.items():
            spine.set_visible(name in ("left", "bottom"))
            spine.set_color(INK)
        file = io.BytesIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return file.getvalue()


def is_logarithmic(bands: Sequence[Band]) -> bool:
    """Whether the values are positive and span so much that a linear axis would hide the end."""
    low = min(float(np.min(band.low)) for band in bands)
    return low > 0 and max(float(np.max(band.high)) for band in bands) > LOGARITHMIC * low
