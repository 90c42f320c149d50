"""Checks of X and y: axes, padding, features, outliers, classes."""

import numpy as np

from ..sequences import counted
from ._findings import Case, Finding, percent

# Neighbours along an axis are smooth if their differences are this much smaller than those of
# unrelated values: 0 for white noise, 1 for a constant. Sensors sampled faster than they change are
# above 0.9; a random walk of 100 steps is at 0.97.
SMOOTH = 0.7

# Features must be smoother than time by this factor, because spectra and images are smooth in both.
SMOOTHER = 3.0

# Fewer values are too few to be called smooth.
FEWEST_NEIGHBOURS = 8

# More padding than this is worth dropping, or dominates the data.
PADDED_NOTE, PADDED_WARNING = 0.2, 0.5

# A million normal values reach five standard deviations, heavy tails such as Laplace's fourteen.
OUTLIER = 20.0

# Inputs of this size saturate the gates at the usual initial weights.
LARGE = 10.0

# A class is rare if it is this much less frequent than on average.
RARE = 0.2

# Accuracy minus balanced accuracy: rare classes are missed.
MISSED_NOTE, MISSED_WARNING = 0.05, 0.15

_NOT_NUMBERS = "only for sequences of numbers"
_NO_TARGETS = "only with y, and a loss per target"


def check_time_axis(case: Case) -> Finding:
    """Neighbouring features that are much more alike than neighbouring time steps."""
    name = "time axis"
    if case.steps is None:
        return Finding(name, "skipped", _NOT_NUMBERS)
    n_features = case.seen.spans.n_features
    n_timesteps = case.median_length
    if case.seen.task == "pairs" and n_timesteps == 1:
        return Finding(name, "skipped", "X contains vectors")
    if n_features < FEWEST_NEIGHBOURS:
        return Finding(name, "ok", f"{counted(n_features, 'feature')} cannot be time steps")
    chosen = case.standardised[:: 1 + len(case.standardised) // 200]
    along_time = _smoothness(chosen, axis=0)
    along_features = _smoothness(chosen, axis=1)
    measured = (
        f"smoothness is {along_time:.2f} along time ({n_timesteps:g} steps) and "
        f"{along_features:.2f} along features ({n_features})"
    )
    is_smoother = along_features > SMOOTH and 1.0 - along_time > SMOOTHER * (1.0 - along_features)
    if not is_smoother:
        return Finding(name, "ok", measured, along_features)
    shape = "X.transpose(0, 2, 1), of shape (n_samples, n_timesteps, n_features)"
    return Finding(
        name,
        "warning" if n_timesteps < n_features else "note",
        measured,
        along_features,
        f"The axes look swapped. Pass {shape}, unless neighbouring features are naturally similar, "
        "as in a spectrum.",
    )


def _smoothness(sequences: list[np.ndarray], axis: int) -> float:
    """One minus half of von Neumann's ratio, a mean over series: 0 for white noise."""
    found = []
    for values in sequences:
        centred = values - values.mean(axis=axis, keepdims=True)
        total = np.square(centred).sum(axis=axis)
        changes = np.square(np.diff(values, axis=axis)).sum(axis=axis)
        varies = total > 1e-12
        found.append(1.0 - changes[varies] / (2.0 * total[varies]))
    joined = np.concatenate(found)
    return float(joined.mean()) if len(joined) else 0.0


def check_padding(case: Case) -> Finding:
    """Equal time steps at the ends of the sequences, which occur nowhere else."""
    name = "padding"
    spans = case.seen.spans
    if spans is None:
        return Finding(name, "skipped", "only for sequences")
    shares = {end: _padded_share([*spans], end) for end in ("end", "beginning")}
    end = max(shares, key=lambda where: shares[where][0])
    share, value = shares[end]
    measured = f"{percent(share)} of time steps look like padding"
    if share <= PADDED_NOTE:
        return Finding(name, "ok", measured, share)
    given = f"padding_value={value:g}" if value is not None else "lists of the true lengths"
    return Finding(
        name,
        "warning" if share > PADDED_WARNING else "note",
        f"{measured}, at the {end} of sequences",
        share,
        f"Drop it: pass {given}, or Panel.from_padded(X, lengths=...).",
    )


def _padded_share(sequences: list[np.ndarray], end: str) -> tuple[float, float | None]:
    """Share of steps in runs of the most common last step, and its value if it is one number.

    The share is 0 if the same step is common elsewhere, because then it is data.
    """
    order = slice(None, None, -1) if end == "end" else slice(None)
    rows = [np.atleast_2d(x.T).T[order] for x in sequences]
    firsts = np.array([row[0] for row in rows])
    kinds, counts = np.unique(firsts, axis=0, return_counts=True)
    common = kinds[counts.argmax()]
    padded = elsewhere = total = 0
    for row in rows:
        same = (row == common).all(axis=1)
        run = len(row) if same.all() else int(same.argmin())
        padded += run if run > 1 else 0  # one step, such as an end token, is not padding
        elsewhere += int(same.sum()) - run
        total += len(row)
    if elsewhere > 0.1 * padded:
        return 0.0, None
    return padded / total, float(common[0]) if (common == common[0]).all() else None


def check_features(case: Case) -> Finding:
    """Features without information: constant, or equal to another one up to scale."""
    name = "features"
    steps = case.steps
    if steps is None:
        return Finding(name, "skipped", _NOT_NUMBERS)
    constant = np.ptp(steps, axis=0) == 0
    rows = np.concatenate(case.standardised)[:: 1 + len(steps) // 2000]
    columns = rows[:, ~constant].round(6)
    n_duplicates = columns.shape[1] - len(np.unique(columns, axis=1).T) if columns.size else 0
    names = case.seen.spans.feature_names
    places = np.flatnonzero(constant)[:5].tolist()
    which = ", ".join(
        str(places[i] if names is None else names[places[i]]) for i in range(len(places))
    )
    n_useless = int(constant.sum()) + n_duplicates
    parts = [f"{int(constant.sum())} of {steps.shape[1]} features are constant"]
    if places:
        parts[0] += f" ({which})"
    parts.append(f"{n_duplicates} duplicate another one")
    if not n_useless:
        return Finding(name, "ok", ", ".join(parts), 0.0)
    advice = "Drop them: they add weights, but no information. A constant may be a broken sensor."
    return Finding(name, "note", ", ".join(parts), float(n_useless), advice)


def check_outliers(case: Case) -> Finding:
    """Values far from the training data."""
    name = "outliers"
    if case.steps is None:
        return Finding(name, "skipped", _NOT_NUMBERS)
    scaling = case.seen.scaling
    steps = case.steps
    mean, std = (steps.mean(0), steps.std(0)) if scaling is None else scaling
    distance = np.abs(steps - mean) / np.where(std > 0, std, 1.0)
    largest = float(distance.max())
    is_outlier = distance > OUTLIER
    for j in np.flatnonzero(is_outlier.any(axis=0)):
        is_outlier[:, j] &= ~_is_sparse(steps[:, j])
    measured = f"the largest value is {largest:.1f} standard deviations from the mean"
    if not is_outlier.any():
        return Finding(name, "ok", measured, largest)
    feature = int(np.where(is_outlier, distance, 0.0).max(axis=0).argmax())
    return Finding(
        name,
        "note",
        f"{measured} (feature {feature}); {int(is_outlier.sum())} are beyond {OUTLIER:g}",
        largest,
        "They compress all other values. Clip them, take logarithms, or use "
        "TimeDistributed(RobustScaler()) or TimeDistributed(QuantileTransformer()); impute codes "
        "for missing values.",
    )


def _is_sparse(values: np.ndarray) -> np.ndarray:
    """Whether a feature is far from its mean only because it nearly always has the same value.

    An example is a pixel at the edge of an image: its other values are of similar size.
    """
    kinds, counts = np.unique(values, return_counts=True)
    distance = np.abs(values - kinds[counts.argmax()])
    others = distance[distance > 0]
    if len(others) < 5 or len(others) > 0.5 * len(values):
        return np.zeros(len(values), dtype=bool)
    return distance <= 10.0 * np.median(others)


def check_scale(case: Case) -> Finding:
    """Inputs that are large because they are not standardised."""
    name = "scale"
    steps = case.steps
    if steps is None:
        return Finding(name, "skipped", _NOT_NUMBERS)
    if case.params.get("scale_inputs", True):
        return Finding(name, "ok", "features are standardised")
    size = float(np.sqrt(np.square(steps).mean(axis=0)).max())
    measured = f"features are up to {size:.3g} (root mean square), and scale_inputs=False"
    if size <= LARGE:
        return Finding(name, "ok", measured, size)
    advice = "Set scale_inputs=True, or scale X: large inputs saturate the gates."
    return Finding(name, "warning", measured, size, advice)


def check_classes(case: Case) -> Finding:
    """Rare classes that the model does not predict."""
    name = "class balance"
    if case.seen.task != "classes":
        return Finding(name, "skipped", "only for classes")
    if not case.has_truth:
        return Finding(name, "skipped", _NO_TARGETS)
    counts = case.counts[case.counts > 0]
    rarest = float(counts.min() / counts.sum())
    missed = case.accuracy - case.balanced_accuracy
    measured = (
        f"the rarest of {len(counts)} classes has {percent(rarest)} of targets; balanced accuracy "
        f"is {case.balanced_accuracy:.2f}, accuracy {case.accuracy:.2f}"
    )
    if len(counts) < 2 or rarest >= RARE / len(counts) or missed <= MISSED_NOTE:
        return Finding(name, "ok", measured, rarest)
    if case.params.get("class_weight") is None:
        advice = 'Set class_weight="balanced"'
    else:
        advice = "Collect more of the rare classes, or raise their class_weight"
    return Finding(
        name,
        "warning" if missed > MISSED_WARNING else "note",
        measured,
        rarest,
        f'{advice}; compare models with scoring="balanced_accuracy" instead of accuracy.',
    )


DATA_CHECKS = (
    check_time_axis,
    check_padding,
    check_features,
    check_outliers,
    check_scale,
    check_classes,
)
