"""A short report on what may be wrong with a fitted estimator, or with its data."""

import textwrap
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ._data_checks import DATA_CHECKS
from ._estimators import open_estimator
from ._findings import SEVERITIES, Case, Finding
from ._model_checks import MODEL_CHECKS

_WIDTH = 100


class Diagnosis:
    """The findings of `diagnose`, whose text is the report.

    Parameters
    ----------
    estimator_name : str
        Class of the estimator.
    findings : sequence of named tuples
        One per check, with the fields ``check``, ``severity``, ``measured``, ``value`` and
        ``advice``. The attribute `findings` is a list of them, the most serious first.

    Examples
    --------
    >>> from sk_rnn import RNNClassifier
    >>> from sk_rnn.inspection import diagnose
    >>> clf = RNNClassifier(hidden_size=4, max_epochs=1, random_state=0)
    >>> clf = clf.fit([[0.0, 1.0], [1.0, 0.0]] * 9, ["up", "down"] * 9)
    >>> report = diagnose(clf, [[0.0, 1.0]])
    >>> [(found.check, found.advice) for found in report.findings if found.severity == "note"]
    [('convergence', 'Raise max_epochs.')]
    """

    def __init__(self, estimator_name: str, findings: Sequence[Finding]) -> None:
        self.estimator_name = estimator_name
        self.findings = sorted(findings, key=lambda found: SEVERITIES.index(found.severity))

    def to_frame(self) -> pd.DataFrame:
        """Return the findings as a table.

        Returns
        -------
        DataFrame
            One row per check, with the columns "check", "severity", "measured", "value" and
            "advice".
        """
        return pd.DataFrame(self.findings, columns=list(Finding._fields))

    def __str__(self) -> str:
        counts = {s: sum(found.severity == s for found in self.findings) for s in SEVERITIES}
        plural = {
            s: s + ("" if n == 1 or s in ("ok", "skipped") else "s") for s, n in counts.items()
        }
        shown = ", ".join(f"{n} {plural[severity]}" for severity, n in counts.items())
        lines = [f"{self.estimator_name}: {shown}", ""]
        for found in self.findings:
            start = f"{found.severity:<9}{found.check:<20}"
            lines += _wrapped(found.measured, start)
            if found.advice:
                lines += _wrapped(f"-> {found.advice}", " " * len(start))
        return "\n".join(lines)

    __repr__ = __str__


def _wrapped(text: str, start: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=start,
        subsequent_indent=" " * len(start),
        break_long_words=False,
        break_on_hyphens=False,
    )


def diagnose(estimator: Any, X: Any, y: Any = None) -> Diagnosis:
    """Look for common faults of a fitted model and of its data, and suggest what to try.

    The thresholds are rules of thumb: a finding is a reason to look, not a verdict. Nothing is
    refitted, and the estimator is not changed.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of this package, a fitted `Pipeline` whose last step is one, or a fitted
        search over either.
    X : sequences
        Data to diagnose, as in `predict`; for a pipeline, as its first step accepts it. Held-out
        data reveals overfitting and targets that cannot be predicted. For an `RNNForecaster`, the
        series that it knows are used instead, and X may be None.
    y : array-like or None, default=None
        True targets. If None, checks that need them are skipped.

    Returns
    -------
    Diagnosis
        Its text is the report, and ``to_frame()`` returns it as a table. At most 1000 sequences,
        spread evenly over X, are used.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is not an estimator of this package.

    Notes
    -----
    A finding is a "warning", a "note" or "ok"; "skipped" if the check does not apply, with the
    reason. The checks, and when they report something:

    ==================  ==========================================================================
    time axis           With 8 features or more, neighbouring features are alike (smoothness above
                        0.7; one minus half of von Neumann's ratio, 0 for white noise), and
                        differ three times less than neighbouring time steps.
    padding             More than 20 % of time steps are runs of one value at the ends of the
                        sequences that is rare elsewhere; a warning above 50 %.
    features            A feature is constant, or duplicates another one up to scale.
    outliers            A value is more than 20 standard deviations from the training mean.
    scale               ``scale_inputs=False``, and features have a root mean square above 10.
    class balance       The rarest class has less than a fifth of the average share, and balanced
                        accuracy is below accuracy by more than 0.05; a warning above 0.15.
    convergence         The last fifth of epochs accounts for more than 15 % of the decrease in the
                        loss; a warning if it has not fallen at all, or was not finite.
    generalisation      The loss on the data exceeds the training loss by more than 0.3 of the
                        loss of a constant prediction; a warning above 0.75. Or the validation
                        score has fallen since its best epoch without early stopping.
    targets             Predictions are no better than a constant, by accuracy, balanced accuracy
                        and loss, or R². A linear model on summaries of the sequences then tells
                        whether y can be predicted at all. Or calibration found that networks
                        cannot predict the part of the data that was held out of their training
                        (``temperature_`` of 5 or more).
    dead units          At least 10 % of the states of a layer have a standard deviation below 1 %
                        of the median of all states; a warning for half of all states, unless the
                        score is good.
    saturated gates     At least a quarter of the gates are below 0.05 or above 0.95 at 95 % of
                        the steps; a warning for half of them, unless the score is good. For a
                        plain cell, its states, scaled to [0, 1], are checked instead.
    gradient half-life  The gradient of the loss with respect to the state falls to half in fewer
                        than a tenth of the steps of a sequence (``half_lives`` of
                        GradientFlowDisplay, of at most 32 sequences), and to 1 % in the earlier
                        half, while the score is not good; or it grows by more than a factor of
                        100.
    ==================  ==========================================================================

    A score is good if it covers 80 % of the way from a constant to a perfect prediction.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_rnn import RNNClassifier
    >>> from sk_rnn.inspection import diagnose
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 12, 2))
    >>> y = np.where(X[:, :, 0].sum(axis=1) > 0, "up", "down")
    >>> X[:, :, 1] = 7.0
    >>> clf = RNNClassifier(hidden_size=8, random_state=0).fit(X, y)
    >>> report = diagnose(clf, X, y)
    >>> report.findings[0].check, report.findings[0].severity
    ('features', 'note')
    >>> print(report.findings[0].measured)
    1 of 2 features are constant (1), 0 duplicate another one
    >>> report.to_frame().columns.tolist()
    ['check', 'severity', 'measured', 'value', 'advice']
    """
    caller = "diagnose"
    model, X, _ = open_estimator(estimator, X, caller, "a fitted estimator of sk_rnn", "_observe")
    case = Case(model._observe(X, y, caller))
    findings = [check(case) for check in (*DATA_CHECKS, *MODEL_CHECKS)]
    return Diagnosis(type(model).__name__, findings)
