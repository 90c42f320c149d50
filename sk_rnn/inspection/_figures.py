"""Figures and axes: matplotlib is imported when something is drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..sequences import name_kind

# More labels of time steps than this are thinned out.
_MOST_LABELS = 40

# Features of a sequence of which a line is drawn.
_MOST_LINES = 8


def import_pyplot(caller: str) -> Any:
    """Import matplotlib.pyplot, or raise an error that says how to install it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib, which is not installed. Run: pip install matplotlib"
        ) from error
    return plt


def open_axes(ax: Any, caller: str, size: tuple[float, float] | None = None) -> tuple[Any, Any]:
    """Return the figure and the axes to draw on; None for new ones."""
    plt = import_pyplot(caller)
    if ax is None:
        figure, ax = plt.subplots(figsize=size, layout="constrained")
        return figure, ax
    if not hasattr(ax, "get_subplotspec"):
        raise TypeError(
            f"{caller}: ax is {name_kind(ax)}. Pass matplotlib axes, such as those of "
            "plt.subplots(), or None."
        )
    return ax.figure, ax


def open_panels(
    ax: Any, n_panels: int, caller: str, size: tuple[float, float] | None = None
) -> tuple[Any, list[Any]]:
    """Return the figure and vertically stacked axes that share the x axis.

    ``ax`` is None for a new figure, a single axes, which is divided, or as many as needed.
    """
    plt = import_pyplot(caller)
    if ax is None:
        figure, axes = plt.subplots(
            n_panels, 1, sharex=True, squeeze=False, figsize=size, layout="constrained"
        )
        return figure, list(axes[:, 0])
    if isinstance(ax, np.ndarray | Sequence) and not isinstance(ax, str):
        axes = list(np.ravel(np.asarray(ax, dtype=object)))
        if len(axes) != n_panels:
            raise ValueError(
                f"{caller}: ax has {len(axes)} axes, but {n_panels} are drawn. Pass "
                f"{n_panels} axes, one axes, or None."
            )
        for one in axes:
            open_axes(one, caller)
        return axes[0].figure, axes
    figure, ax = open_axes(ax, caller)
    if n_panels == 1:
        return figure, [ax]
    from matplotlib.gridspec import GridSpecFromSubplotSpec

    spec = ax.get_subplotspec()
    if spec is None:
        raise ValueError(
            f"{caller}: ax is not part of a grid of subplots, so it cannot be divided into "
            f"{n_panels}. Pass {n_panels} axes, or axes from plt.subplots()."
        )
    ax.set_axis_off()
    grid = GridSpecFromSubplotSpec(n_panels, 1, subplot_spec=spec)
    axes = []
    for i in range(n_panels):
        axes.append(figure.add_subplot(grid[i], sharex=axes[0] if axes else None))
        if i < n_panels - 1:
            axes[-1].tick_params(labelbottom=False)
    return figure, axes


def label_tokens(axis: Any, positions: Any, labels: Sequence[Any], *, rotate: bool) -> None:
    """Label the steps of an axis with their tokens; if there are many, every k-th one."""
    every = -(-len(labels) // _MOST_LABELS)
    shown = [_visible(label) for label in labels[::every]]
    axis.set_ticks(np.asarray(positions)[::every], shown)
    if rotate:
        for text in axis.get_ticklabels():
            text.set_rotation(90 if len(text.get_text()) > 2 else 0)


def _visible(label: Any) -> str:
    text = str(label)
    return {" ": "␣", "\n": "⏎", "\t": "⇥"}.get(text, text).replace("$", r"\$")


def name_features(names: Sequence[str] | None, n_features: int) -> list[str]:
    """Return the names of features, or numbers if they have none."""
    return [f"feature {j}" for j in range(n_features)] if names is None else list(names)


def plot_features(ax: Any, values: np.ndarray, names: Sequence[str]) -> None:
    """Draw a line over the time steps for each of the first features."""
    columns = values.reshape(len(values), -1).T[:_MOST_LINES]
    for column, name in zip(columns, names, strict=False):
        ax.plot(np.arange(len(column)), column, label=name)
    if len(names) > 1:
        n_more = len(names) - len(columns)
        title = f"and {n_more} more" if n_more else None
        ax.legend(fontsize="small", title=title, title_fontsize="small")
    ax.set_ylabel("value")


def whole_numbers(axis: Any) -> None:
    """Place ticks only at integers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def percent(axis: Any, decimals: int | None = None) -> None:
    """Show fractions as percentages."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))


def merged(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return keyword arguments of an artist; given ones replace defaults."""
    return {**defaults, **given}
