"""Errors of transformers of time steps name the sequence, the time step and the column."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_rnn import Panel
from sk_rnn.preprocessing import TimeDistributed

GOOD = pd.DataFrame({"heat": [1.0, 2.0], "mode": ["on", "off"]})
HOT = pd.DataFrame({"heat": [3.0, np.inf], "mode": ["on", "off"]})
GAP = pd.DataFrame({"heat": [3.0, np.nan], "flow": [np.nan, 1.0]})
X3 = np.arange(24.0).reshape(4, 2, 3)


def columns():
    return make_column_transformer((StandardScaler(), ["heat"]), (OneHotEncoder(), ["mode"]))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: TimeDistributed(columns()).fit([GOOD, HOT]),
            "fit: X[1] at time step 1 contains infinity in column 'heat'. Clip such values "
            "with np.clip(x, low, high), or bring large ones into range with "
            "TimeDistributed(StandardScaler()).",
        ),
        (
            lambda: TimeDistributed(PCA()).fit_transform([GAP]),
            "fit_transform: X[0] at time step 1 contains NaN in column 'heat'. So do columns "
            "'flow' elsewhere. Impute missing values first, for example with SimpleImputer.",
        ),
        (
            lambda: TimeDistributed(StandardScaler()).fit([GOOD]),
            "fit: X[0] at time step 0 has 'on' in column 'mode', where StandardScaler needs "
            "numbers. Encode such columns, for example with OneHotEncoder in a ColumnTransformer, "
            "or leave them out.",
        ),
        (
            lambda: TimeDistributed(
                make_column_transformer((StandardScaler(), ["heat", "mode"]))
            ).fit([GOOD]),
            "fit: X[0] at time step 0 has 'on' in column 'mode', where ColumnTransformer needs "
            "numbers. Encode such columns, for example with OneHotEncoder in a ColumnTransformer, "
            "or leave them out.",
        ),
        (
            lambda: (
                TimeDistributed(columns())
                .fit([GOOD])
                .transform([GOOD, GOOD.assign(mode=["on", "idle"])])
            ),
            "transform: X[1] at time step 1 has 'idle' in column 'mode', a category that did not "
            "occur in fit. Set handle_unknown of the encoder, as in "
            "OneHotEncoder(handle_unknown='ignore'), or fit on sequences that contain it.",
        ),
        (
            lambda: TimeDistributed(OneHotEncoder()).fit([[1, 2], [3]]).transform([[1], [2, 9]]),
            "transform: X[1] at time step 1 has 9 in feature 0, a category that did not occur in "
            "fit. Set handle_unknown of the encoder, as in "
            "OneHotEncoder(handle_unknown='ignore'), or fit on sequences that contain it.",
        ),
        (
            lambda: TimeDistributed(columns()).fit(GOOD),
            "fit: ColumnTransformer names columns, but X is one data frame of shape (2, 2), which "
            "is a table of univariate series, one time step per column. If its rows are the time "
            "steps of one sequence, pass [X]; of several, one data frame per sequence: [group for "
            "_, group in X.groupby(...)].",
        ),
        (
            lambda: TimeDistributed(columns()).fit(X3),
            "fit: ColumnTransformer names columns, but the features of X have no names. Pass a "
            "list of data frames, one per sequence, or a Panel with feature_names; or name "
            "columns by their positions.",
        ),
        (
            lambda: TimeDistributed(StandardScaler()).fit(X3).inverse_transform(X3[:, :, :2]),
            "inverse_transform: X has 2 features per time step, but StandardScaler returns 3. Pass "
            "sequences of shape (n_timesteps, 3), as transform returns them.",
        ),
        (
            lambda: TimeDistributed(PCA(n_components=9, svd_solver="full")).fit([GOOD[["heat"]]]),
            "fit: PCA rejected the time steps, which it receives as a data frame of shape (2, 1) "
            "with one row per time step: n_components=9 must be between 0 and min(n_samples, "
            "n_features)=1 with svd_solver='full'",
        ),
    ],
)
def test_errors_of_the_transformer_are_located(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value) == f"TimeDistributed.{message}"
    assert error.value.__traceback__ is not None


def token_panel():
    return Panel(np.array([2, 3, 1]), [0, 2, 3], n_tokens=7)


def test_token_ids_as_quantities_raise():
    with pytest.raises(ValueError) as error:
        TimeDistributed(StandardScaler()).fit(token_panel())
    assert str(error.value) == (
        "TimeDistributed.fit: X holds token ids from a vocabulary of 7, where numbers are "
        "expected: the ids have no order. Pass the ids to an estimator with embedding_dim set, "
        "such as RNNClassifier, or represent texts as word counts with CountVectorizer. If they "
        "are quantities, pass X.to_list()."
    )
