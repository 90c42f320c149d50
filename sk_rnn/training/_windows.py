"""Batches of windows of series: gathered and normalised batch by batch, never all at once."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..forecasting import Calendar, Covariates, Normalised, Windows, baseline_terms, normalise
from ..modules import CovariateSizes, Targets
from ._batches import Batch


class WindowData:
    """Windows with the values after them, from which batches are taken as from `SequenceData`.

    Parameters
    ----------
    windows : Windows
    patch : int
        Time steps per step of the network.
    seasons : tuple of int
        Seasons of the baseline.
    floor : ndarray of shape (n_series,)
        Smallest scale of windows of each series.
    device : torch.device
    dtype : dtype
        Of the network's weights.
    calendar : Calendar or None
        Calendar features, up to the end of the last patch of the horizon.
    covariates : Covariates or None
    vectors : ndarray of int of shape (n_series,), or None
        Index of the embedding vector of each series; -1 for unknown series. None without vectors.
    weights : ndarray of shape (total_steps,), or None
        Weight of each time step as a target.
    """

    per_step = False
    has_step_targets = False

    def __init__(
        self,
        windows: Windows,
        patch: int,
        seasons: tuple[int, ...],
        floor: np.ndarray,
        device: torch.device,
        *,
        dtype: npt.DTypeLike = np.float32,
        calendar: Calendar | None = None,
        covariates: Covariates | None = None,
        vectors: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ):
        self.windows, self.patch, self.seasons, self.floor = windows, patch, seasons, floor
        self.device, self.dtype = device, np.dtype(dtype)
        self.calendar, self.covariates, self.vectors = calendar, covariates, vectors
        self.weights = weights
        self.n_patches = windows.context // patch
        self.n_ahead = -(-windows.horizon // patch)
        self.lengths = np.full(len(windows), self.n_patches)

    def __len__(self) -> int:
        return len(self.windows)

    @property
    def sorting_lengths(self) -> np.ndarray:
        """Lengths by which training batches would be grouped: all are the same."""
        return self.lengths

    def batch(self, samples: np.ndarray) -> Batch:
        """The windows at ``samples`` with the values after them, in the units of each window."""
        inputs, units = self._inputs(samples)
        values, observed = self.windows.targets(samples)
        weights = observed & (units.scale > 0)[:, None]
        if self.weights is not None:
            weights = weights * self.windows.weights(self.weights, samples)
        scale = np.where(units.scale > 0, units.scale, 1.0)[:, None]
        z = np.where(observed, (values - units.loc[:, None]) / scale, 0.0)
        return Batch(inputs, Targets(self._tensor(z), self._tensor(weights)))

    def units(self, samples: np.ndarray) -> Normalised:
        """Location and scale of the windows at ``samples``."""
        return normalise(self.windows.read(samples), self.patch, self.floor)

    def targets(self, samples: np.ndarray) -> np.ndarray:
        """The values that follow the windows, as used by the loss."""
        values = self.batch(samples).y.values
        assert values is not None
        return values.cpu().numpy()

    def steps(self, sample: int) -> np.ndarray:
        """Inputs of the network for one window: (n_patches, n_features)."""
        return self._inputs(np.array([sample]))[0]["x"][:, 0].cpu().numpy()

    def _inputs(self, samples: np.ndarray) -> tuple[dict[str, Any], Normalised]:
        past = self.windows.read(samples)
        units = normalise(past, self.patch, self.floor)
        z, observed = units.z, past.observed
        n_rows, p = len(z), self.patch
        lag = self.seasons[0] if self.seasons else 1
        change = np.zeros_like(z)
        if lag < z.shape[1]:
            both = observed[:, lag:] & observed[:, :-lag]
            change[:, lag:] = np.where(both, z[:, lag:] - z[:, :-lag], 0.0)
        parts = [
            z.reshape(n_rows, -1, p),
            change.reshape(n_rows, -1, p),
            observed.reshape(n_rows, -1, p).mean(axis=2, dtype=np.float32)[:, :, None],
        ]
        n_steps = self.n_ahead * p
        terms = baseline_terms(z, observed, self.seasons, n_steps)
        seasonal = terms.naive.reshape(n_rows, len(self.seasons), self.n_ahead, p)
        ahead = [seasonal.transpose(0, 2, 1, 3).reshape(n_rows, self.n_ahead, -1)]
        if self.calendar is not None and self.calendar.n_features:
            first = past.step[:, None] + 1 - self.windows.context + p * np.arange(self.n_patches)
            features = self.calendar.at(past.series[:, None], first)
            # Steps before a series: their rows would be those of another one.
            parts.append(np.where((first >= 0)[:, :, None], features, 0.0))
            first = past.step[:, None] + 1 + p * np.arange(self.n_ahead)
            ahead.append(self.calendar.at(past.series[:, None], first))
        inputs: dict[str, Any] = {
            "x": self._time_major(parts),
            "lengths": torch.full((n_rows,), self.n_patches, dtype=torch.int64),
            "ahead": self._time_major(ahead),
            "naive": self._tensor(terms.naive),
            "growth": self._tensor(np.stack([terms.short, terms.long], axis=2)),
            "level": self._tensor(np.stack([terms.last, terms.mean], axis=1)),
        }
        if self.covariates is not None:
            inputs |= self._covariates(self.covariates, past.series, past.step, n_steps)
        if self.vectors is not None:
            inputs["series"] = torch.from_numpy(self.vectors[past.series]).to(self.device)
        return inputs, units

    def _covariates(
        self, covariates: Covariates, series: np.ndarray, step: np.ndarray, n_steps: int
    ) -> dict[str, Tensor]:
        """Covariates of each step, those known in advance first."""
        data = self.windows.data
        is_past = np.array(covariates.columns.past, dtype=bool)
        before = np.arange(1 - self.windows.context, 1)
        of_past, codes = [], []
        for chosen in (~is_past, is_past):
            numeric, kept = _encode(covariates, series, step, before, data, chosen)
            of_past.append(numeric)
            codes.append(kept)
        after = np.arange(1, n_steps + 1)
        known, known_codes = _encode(covariates, series, step, after, data, ~is_past)
        return {
            "past_numeric": self._tensor(np.concatenate(of_past, axis=2)),
            "past_codes": torch.from_numpy(np.concatenate(codes, axis=2)).to(self.device),
            "known_numeric": self._tensor(known),
            "known_codes": torch.from_numpy(known_codes).to(self.device),
        }

    def _time_major(self, parts: list[np.ndarray]) -> Tensor:
        joined = np.concatenate(parts, axis=2).transpose(1, 0, 2)
        return self._tensor(np.ascontiguousarray(joined))

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values.astype(self.dtype, copy=False)).to(self.device)


def covariate_sizes(covariates: Covariates | None) -> CovariateSizes:
    """Return how many covariates a network reads: numbers, and whether they are observed."""
    if covariates is None:
        return CovariateSizes()
    columns = covariates.columns
    is_past = np.array(columns.past, dtype=bool)
    # Whether a number is observed is an input, too, if it was missing in fit.
    width = np.where(columns.is_numeric, 1 + np.array(columns.missing, dtype=int), 0)
    categories = [c for c in columns.categories if c is not None]
    past = is_past[~columns.is_numeric]
    order = [*np.flatnonzero(~past), *np.flatnonzero(past)]
    return CovariateSizes(
        int(width.sum()),
        int(width[~is_past].sum()),
        tuple(len(categories[j]) + 1 for j in order),
        int((~past).sum()),
    )


def _encode(
    covariates: Covariates,
    series: np.ndarray,
    step: np.ndarray,
    relative: np.ndarray,
    data: Any,
    chosen: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers and codes of some columns, at steps relative to the origins."""
    places = data.starts[series] + data.clock.step * step  # (B,)
    places = places[:, None] + data.clock.step * relative
    numeric, observed, codes = covariates.at(series[:, None], places, chosen)
    columns = covariates.columns
    missing = np.array(columns.missing, dtype=bool)[columns.is_numeric & chosen]
    seen = observed[..., missing].astype(np.float32)
    return np.concatenate([numeric, seen], axis=-1), codes


class WindowBatches:
    """Windows drawn uniformly with replacement; an epoch is a number of steps.

    Parameters
    ----------
    data : WindowData
    samples : ndarray of int
        The windows to draw from.
    batch_size : int
    n_batches : int
        Steps per epoch.
    rng : numpy.random.RandomState
    """

    def __init__(
        self,
        data: WindowData,
        samples: np.ndarray,
        batch_size: int,
        n_batches: int,
        rng: np.random.RandomState,
    ):
        self.data, self.samples, self.batch_size = data, samples, batch_size
        self.n_batches, self.rng = n_batches, rng

    def __iter__(self) -> Iterator[Batch]:
        for _ in range(self.n_batches):
            drawn = self.rng.randint(len(self.samples), size=self.batch_size)
            yield self.data.batch(self.samples[drawn])

    def __len__(self) -> int:
        return self.n_batches * self.batch_size
