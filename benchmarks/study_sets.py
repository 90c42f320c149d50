"""The sets of `study.py`: public ones by kind, and generated ones with a known difficulty."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import data
import numpy as np
from sklearn.datasets import load_digits

# Public sets with an official test part, by kind of data. Those in `BUNDLED` are part of the
# distributions of aeon and sktime.
PUBLIC = {
    "outlines": (
        "ucr_FaceAll",
        "ucr_SwedishLeaf",
        "ucr_PhalangesOutlinesCorrect",
        "ucr_ArrowHead",
        "ucr_OSULeaf",
    ),
    "movements": (
        "ucr_GunPoint",
        "ucr_CricketX",
        "ucr_GestureMidAirD1",
        "ucr_GesturePebbleZ1",
        "ucr_PickupGestureWiimoteZ",
        "ucr_ShakeGestureWiimoteZ",
        "uea_BasicMotions",
        "uea_ERing",
        "uea_PenDigits",
    ),
    "meters": (
        "ucr_ItalyPowerDemand",
        "ucr_MelbournePedestrian",
        "ucr_DodgerLoopWeekend",
        "ucr_PLAID",
        "ucr_ACSF1",
    ),
    "signals": ("ucr_Strawberry", "uea_JapaneseVowels", "ucr_SyntheticControl"),
}
BUNDLED = ("ucr_ArrowHead", "ucr_OSULeaf", "ucr_ACSF1")


class Labelled(NamedTuple):
    """Sequences with labels, and the group of each if there are groups."""

    X: data.Sequences
    y: np.ndarray
    groups: np.ndarray | None = None


def noisy(rng: np.random.Generator) -> Labelled:
    """A weak level shift in strong noise, 120 rows; most of the variance is noise."""
    y = np.arange(120) % 2
    X = rng.normal(size=(120, 40)) + 0.25 * y[:, None]
    return Labelled(X, y)


def random_labels(rng: np.random.Generator) -> Labelled:
    """Labels that do not depend on X: no accuracy above chance, the log loss of the base rate."""
    X = rng.normal(size=(120, 30)).cumsum(axis=1)
    return Labelled(X, rng.permutation(np.arange(120) % 2))


def shifted(rng: np.random.Generator) -> Labelled:
    """Bumps of two widths, recorded by six devices with different scales and offsets."""
    y, groups = np.arange(180) % 2, np.arange(180) // 30
    scale, offset = rng.uniform(0.5, 2.0, 6), rng.normal(0.0, 1.5, 6)
    width = np.where(y, 8.0, 4.0)[:, None]
    steps, centre = np.arange(60), rng.uniform(15, 45, (180, 1))
    bump = np.exp(-0.5 * ((steps - centre) / width) ** 2)
    X = bump * scale[groups][:, None] + offset[groups][:, None]
    return Labelled(X + rng.normal(0.0, 0.15, X.shape), y, groups)


def tails(rng: np.random.Generator) -> Labelled:
    """A rise or a fall in the first 20 of 150 to 250 steps; the rest is noise."""
    y = np.arange(150) % 2
    slope = np.linspace(-1.0, 1.0, 20)
    X = []
    for label in y:
        row = rng.normal(0.0, 0.6, rng.integers(150, 251))
        row[:20] += slope if label else -slope
        X.append(row)
    return Labelled(X, y)


def order(rng: np.random.Generator) -> Labelled:
    """A long and a short bump at random places; the class is which of them comes first."""
    y = np.arange(150) % 2
    X = rng.normal(0.0, 0.3, (150, 80))
    for row, label in zip(X, y, strict=True):
        first, second = rng.integers(0, 25), rng.integers(40, 65)
        lengths = (5, 12) if label else (12, 5)
        row[first : first + lengths[0]] += 1.5
        row[second : second + lengths[1]] += 1.5
    return Labelled(X, y)


def shapes(rng: np.random.Generator) -> Labelled:
    """A sine, triangle, square or sawtooth of one period, anywhere in noise."""
    y = np.arange(160) % 4
    X = rng.normal(0.0, 0.3, (160, 100))
    for row, label in zip(X, y, strict=True):
        length = rng.integers(25, 45)
        start = rng.integers(0, 100 - length)
        phase = np.linspace(0.0, 1.0, length)
        wave = (
            np.sin(2 * np.pi * phase),
            2.0 * np.abs(2.0 * ((phase + 0.25) % 1.0) - 1.0) - 1.0,
            np.where(phase < 0.5, 1.0, -1.0),
            2.0 * phase - 1.0,
        )[label]
        row[start : start + length] += wave
    return Labelled(X, y)


def spectra(rng: np.random.Generator) -> Labelled:
    """Three peaks whose heights differ by class, on a random smooth background."""
    y = np.arange(150) % 3
    steps = np.arange(120)
    heights = np.array([[1.0, 0.6, 0.8], [0.8, 0.8, 0.7], [0.9, 0.7, 0.95]])[y]
    heights = heights + rng.normal(0.0, 0.08, heights.shape)
    peaks = np.exp(-0.5 * ((steps - np.array([30, 60, 85])[:, None]) / 5.0) ** 2)
    background = rng.normal(0, 0.5, (150, 3)) @ np.stack([steps**k / 120.0**k for k in range(3)])
    return Labelled(heights @ peaks + background + rng.normal(0, 0.03, (150, 120)), y)


def frequencies(rng: np.random.Generator) -> Labelled:
    """A noisy sine of one of four frequencies 12 % apart, with a random phase."""
    y = np.arange(160) % 4
    cycles = 6.0 * 1.12 ** y[:, None]
    phase = rng.uniform(0.0, 1.0, (160, 1))
    X = np.sin(2 * np.pi * (cycles * np.linspace(0, 1, 100) + phase))
    return Labelled(X + rng.normal(0.0, 0.5, X.shape), y)


def digits(rng: np.random.Generator) -> Labelled:
    """scikit-learn's images of digits, a sequence of eight rows of eight pixels."""
    X, y = load_digits(return_X_y=True)
    chosen = rng.permutation(len(y))
    return Labelled(list(X.reshape(-1, 8, 8)[chosen]), y[chosen])


GENERATED: dict[str, tuple[str, Callable[[np.random.Generator], Labelled]]] = {
    "noisy": ("noise", noisy),
    "random labels": ("noise", random_labels),
    "shifted": ("groups", shifted),
    "tails": ("made", tails),
    "order": ("made", order),
    "shapes": ("made", shapes),
    "spectra": ("signals", spectra),
    "frequencies": ("made", frequencies),
    "digits": ("made", digits),
}

KIND = {name: kind for kind, names in PUBLIC.items() for name in names} | {
    name: kind for name, (kind, _) in GENERATED.items()
}


def training_part(name: str, folders: list[Path]) -> Labelled:
    """Return the training part of a public set, or a generated set."""
    if name in GENERATED:
        return GENERATED[name][1](np.random.default_rng(0))
    dataset = public(name, folders)
    return Labelled(dataset.X_train, dataset.y_train)


def public(name: str, folders: list[Path]) -> data.Dataset:
    """Load both parts of a public set from the first folder that has it; fill missing values."""
    for folder in folders:
        if (folder / name).is_dir():
            found = data.load_series(name, folder / name)
            return data.Dataset(
                name,
                found.task,
                fill(found.X_train),
                found.y_train,
                fill(found.X_test),
                found.y_test,
            )
    raise FileNotFoundError(f"none of {[str(folder) for folder in folders]} has a folder {name!r}.")


def fill(X: data.Sequences) -> data.Sequences:
    """Drop missing values at the end, which are padding, and interpolate the others."""
    if not any(np.isnan(row).any() for row in X):
        return X
    filled = []
    for row in X:
        row = np.asarray(row).reshape(len(row), -1)
        row = row[: np.flatnonzero(~np.isnan(row).all(axis=1))[-1] + 1].copy()
        for column in row.T:
            missing, steps = np.isnan(column), np.arange(len(column))
            column[missing] = np.interp(steps[missing], steps[~missing], column[~missing])
        filled.append(row)
    return data.simplest(filled)
