"""Advice in messages: one sequence, text, long frames, single values mixed with sequences."""

import datetime
import re

import awkward as ak
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_rnn import Panel, RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceSummarizer,
    SequenceVectorizer,
    TimeDistributed,
    make_windows,
    pad_sequences,
)
from sk_rnn.sequences import check_sequences, quote

SMALL = {"hidden_size": 2, "max_epochs": 1, "random_state": 0}
rng = np.random.default_rng(0)
X = [rng.normal(size=(n, 2)) for n in (3, 5, 2, 4)]
U = [x[:, 0] for x in X]
TABLE = rng.normal(size=(4, 3))
LABELS = [0, 1, 0, 1]
TAGS = [[0, 1] * len(x) for x in X]
TAGS = [tags[: len(x)] for tags, x in zip(TAGS, X, strict=True)]
IDS = [[1, 2], [2], [1, 2, 3], [1]]
WORDS = [["a", "b"], ["c"], ["a"], ["b"]]


def clf(**params):
    return RNNClassifier(**SMALL, **params)


def reg(**params):
    return RNNRegressor(**SMALL, **params)


def pairs(**params):
    return Seq2SeqTransformer(**SMALL, **params)


def message(call):
    with pytest.raises((TypeError, ValueError)) as error:
        call()
    return str(error.value)


# -- One sequence

FITTED = {
    "classifier": (lambda: clf().fit(X, LABELS), "predict"),
    "classifier, probabilities": (lambda: clf().fit(X, LABELS), "predict_proba"),
    "padded classifier": (lambda: clf(padding_value=-9.0).fit(X, LABELS), "predict"),
    "regressor": (lambda: reg().fit(X, [0.0, 1.0, 2.0, 3.0]), "predict"),
    "tagger": (lambda: clf(return_sequences=True).fit(X, TAGS), "predict"),
    "pairs": (lambda: pairs().fit(X, X), "predict"),
    "encoder": (lambda: pairs(transform_method="encode").fit(X), "transform"),
    "scaler": (lambda: TimeDistributed(StandardScaler()).fit(X), "transform"),
    "padder": (lambda: SequencePadder().fit(X), "transform"),
    "summarizer": (lambda: SequenceSummarizer().fit(X), "transform"),
}


@pytest.mark.parametrize(
    "as_container",
    [np.asarray, np.ndarray.tolist, torch.tensor, pd.DataFrame],
    ids=["array", "lists", "tensor", "frame"],
)
@pytest.mark.parametrize("name", FITTED)
def test_one_sequence_of_several_features(name, as_container):
    fit, method = FITTED[name]
    fitted = fit()
    one = as_container(X[0])
    text = message(lambda: getattr(fitted, method)(one))
    assert text.startswith(f"{type(fitted).__name__}.{method}: X has 1 feature per time step, but ")
    assert text.endswith(
        " was fitted with 2. Pass sequences of shape (n_timesteps, 2). If X is one sequence of 3 "
        "time steps, pass [X]."
    )
    assert len(getattr(fitted, method)([one])) == 1


def test_one_frame_with_the_names_of_fit():
    frames = [pd.DataFrame(x, columns=["u", "v"]) for x in X]
    fitted = clf().fit(frames, LABELS)
    for one in (frames[0], pl.DataFrame(frames[0].to_dict("list"))):
        text = message(lambda one=one: fitted.predict(one))
        assert text.endswith("If X is one sequence of 3 time steps, pass [X].")
        assert fitted.predict([one]).shape == (1,)


SINGLE = (
    "[0] is a single value, {}: Expected 2D array, got 1D array instead. Reshape your data. If X "
    "is one sequence of {}, pass [X]"
)
RESHAPE = "; if each value is a sample of one time step, pass [[x] for x in X]."


@pytest.mark.parametrize(
    "as_container",
    [np.asarray, np.ndarray.tolist, tuple, torch.tensor, pd.Series, pl.Series],
    ids=["array", "list", "tuple", "tensor", "series", "polars"],
)
def test_one_sequence_of_single_values(as_container):
    for X_fit, values, end in ((U, U[0], RESHAPE), (TABLE, TABLE[0], ".")):
        fitted = clf().fit(X_fit, LABELS)
        one = as_container(values)
        expected = "RNNClassifier.predict: X" + SINGLE.format(float(values[0]), "3 time steps")
        text = message(lambda fitted=fitted, one=one: fitted.predict(one))
        assert text == expected + (RESHAPE if as_container is pl.Series else end)
        assert fitted.predict([one]).shape == (1,)
    assert clf().fit(U, LABELS).predict([[x] for x in as_container(U[0])]).shape == (3,)


@pytest.mark.parametrize(
    "one", [pa.array(U[0]), ak.Array(U[0])], ids=lambda one: type(one).__module__
)
def test_one_columnar_sequence(one):
    fitted = clf().fit(U, LABELS)
    text = message(lambda: fitted.predict(one))
    assert "If it is one sequence, pass [X]; otherwise an array of lists, one per sample." in text
    assert fitted.predict([one]).shape == (1,)


def test_one_sequence_of_token_ids():
    fitted = clf(embedding_dim=2).fit(IDS, LABELS)
    for one in ([3, 1, 2], np.array([3, 1, 2]), pd.Series([3, 1, 2])):
        assert message(lambda one=one: fitted.predict(one)) == (
            "RNNClassifier.predict: X" + SINGLE.format(3, "3 time steps") + RESHAPE
        )
        assert fitted.predict([one]).shape == (1,)
        assert fitted.predict([[x] for x in one]).shape == (3,)


@pytest.mark.parametrize(
    ("make", "one", "expected"),
    [
        (lambda: pairs().fit(IDS, IDS), [3, 1, 2], "3 tokens"),
        (lambda: pairs().fit(IDS, IDS), np.array([3]), "1 token"),
        (lambda: pairs().fit(IDS, IDS), pd.Series([3, 1]), "2 tokens"),
        (lambda: pairs().fit(WORDS, IDS), ["a", "b"], "2 tokens"),
        (lambda: pairs().fit(WORDS, IDS), np.array(["a", "b"]), "2 tokens"),
        (lambda: pairs().fit(Panel.from_sequences(IDS), IDS), [3, 1, 2], "3 tokens"),
    ],
)
def test_one_sequence_of_tokens_for_seq2seq(make, one, expected):
    fitted = make()
    text = message(lambda: fitted.predict(one))
    assert text.endswith(f" If X is one sequence of {expected}, pass [X].")
    assert len(fitted.predict([one])) == 1


def test_one_target_of_tokens_for_seq2seq():
    fitted = pairs().fit(IDS, WORDS)
    text = message(lambda: fitted.score([[1]], ["a", "b"]))
    assert text.endswith(" Pass sequences of tokens. If y is one sequence of 2 tokens, pass [y].")


def test_strings_are_not_one_sequence_of_ids():
    fitted = pairs().fit(Panel.from_sequences(IDS), IDS)
    assert "one sequence" not in message(lambda: fitted.predict(["a", "b"]))


def test_one_vector_for_seq2seq():
    fitted = pairs().fit(TABLE, IDS)
    for X, row in (
        (TABLE[0], "X.reshape(1, -1)"),
        (torch.tensor(TABLE[0]), "X.reshape(1, -1)"),
        (TABLE[0].tolist(), "[list(X)]"),
        (pd.Series(TABLE[0]), "[list(X)]"),
    ):
        text = message(lambda X=X: fitted.predict(X))
        assert text.endswith(f" Reshape your data. If X is one vector of 3 features, pass {row}.")
        assert len(fitted.predict(eval(row, {"X": X}))) == 1
    text = message(lambda: fitted.predict(TABLE[0][:2]))
    assert text.endswith(" Pass an array of shape (n_samples, 3), one row per sample.")


@pytest.mark.parametrize("name", FITTED)
def test_hint_of_one_sequence_is_only_given_for_one(name):
    fit, method = FITTED[name]
    fitted = fit()
    for other in (U[0], U[0].tolist(), rng.normal(size=(3, 4)), [x[:, :1] for x in X]):
        assert "is one sequence" not in message(lambda other=other: getattr(fitted, method)(other))


def test_one_time_step_of_several_features():
    fitted = clf().fit(X, LABELS)
    text = message(lambda: fitted.predict(X[0][0]))
    assert text.endswith(
        "Reshape your data. Pass sequences of shape (n_timesteps, 2). If X is one time step, pass "
        "[[X]]."
    )
    assert fitted.predict([[X[0][0]]]).shape == (1,)


def test_one_sequence_in_a_column_where_a_row_was_learned():
    for fitted in (clf().fit(TABLE, LABELS), SequencePadder().fit(TABLE)):
        predict = getattr(fitted, "predict", None) or fitted.transform
        column = TABLE[0][:, None]
        text = message(lambda predict=predict, column=column: predict(column))
        assert text == (
            f"X has 1 features, but {type(fitted).__name__} is expecting 3 features as input. If X "
            "is one sequence of 3 time steps, pass [X]."
        )
        assert len(predict([column])) == 1


NOT_LABELS = (
    "y is an int, which is not a container of labels. Pass one label per sequence, in an array or "
    "a list. For one sequence pass [X] and [y]."
)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: clf().fit(X[0], 1), "RNNClassifier.fit: " + NOT_LABELS),
        (
            lambda: clf().fit(X[0], [1]),
            "RNNClassifier.fit: X has 3 sequences, but y has 1 target (inconsistent numbers of "
            "samples). Pass one target per sequence. If X is one sequence of 3 time steps, pass "
            "[X].",
        ),
        (
            lambda: reg().fit(U, [0.0, 1.0, 2.0, 3.0], X_val=U[0][:, None], y_val=[1.0]),
            "RNNRegressor.fit: X_val has 3 sequences, but y_val has 1 target (inconsistent numbers "
            "of samples). Pass one target per sequence. If X_val is one sequence of 3 time steps, "
            "pass [X_val].",
        ),
        (
            lambda: clf().fit(X, LABELS, X_val=X[0], y_val=[0]),
            "RNNClassifier.fit: X_val has 1 feature per time step, but the model was fitted with "
            "2. Pass sequences of shape (n_timesteps, 2). If X_val is one sequence of 3 time "
            "steps, pass [X_val].",
        ),
        (
            lambda: clf(return_sequences=True).fit(X[0], TAGS[0]),
            "RNNClassifier.fit: y[0] is 0, one value for the whole sample, but "
            "return_sequences=True needs one per time step. Pass a sequence per sample, or set "
            "return_sequences=False. If they are one sequence of 3 time steps, pass [X] and [y].",
        ),
        (
            lambda: clf(return_sequences=True).fit(X[0], ["N", "V", "N"]),
            "RNNClassifier.fit: y[0] is 'N', which is one label, but return_sequences=True needs "
            "one per time step. Pass list(y[i]) if each character is a label, or set "
            "return_sequences=False. If they are one sequence of 3 time steps, pass [X] and [y].",
        ),
        (
            lambda: clf(return_sequences=True).fit(X, LABELS),
            "RNNClassifier.fit: y[0] is 0, one value for the whole sample, but "
            "return_sequences=True needs one per time step. Pass a sequence per sample, or set "
            "return_sequences=False.",
        ),
        (
            lambda: pairs().fit(X[0], ["abc"]),
            "Seq2SeqTransformer.fit: X has 3 samples, but y has 1 target (inconsistent numbers of "
            "samples). Pass one target per sample. If X is one sequence of 3 time steps, pass [X].",
        ),
        (
            lambda: clf().fit(X, LABELS).score(X[0], LABELS[0]),
            "RNNClassifier.score: X has 1 feature per time step, but the model was fitted with "
            "2. Pass sequences of shape (n_timesteps, 2). If X is one sequence of 3 time steps, "
            "pass [X].",
        ),
    ],
)
def test_one_sequence_and_its_target(call, text):
    assert message(call) == text


# -- Text

VECTORIZE = "Convert text to token ids with sk_rnn.preprocessing.SequenceVectorizer: "
TEXTS = ["a good film", "a bad film"]


@pytest.mark.parametrize(
    "X",
    [
        TEXTS,
        pd.Series(TEXTS),
        pd.Series(TEXTS, dtype=object),
        np.array(TEXTS),
        pl.Series(TEXTS),
        [text.split() for text in TEXTS],
        pd.Series([text.split() for text in TEXTS]),
        pl.Series([text.split() for text in TEXTS]),
        pa.array([text.split() for text in TEXTS]),
        [np.array(text.split()) for text in TEXTS],
    ],
)
@pytest.mark.parametrize("estimator", [RNNClassifier, RNNRegressor])
def test_text_for_a_model_of_numbers_names_both_ways(estimator, X):
    series = [[1.0, 2.0], [3.0]]
    text = message(lambda: estimator(**SMALL).fit(series, [0, 1]).predict(X))
    found = "sequences of tokens" if len(X[0]) == 3 and not isinstance(X[0], str) else "strings"
    assert text == (
        f"{estimator.__name__}.predict: X contains {found}, but the model was fitted with numbers. "
        "Pass numbers, or refit with text."
    )
    text = message(lambda: estimator(embedding_dim=2, **SMALL).fit([[1], [2]], [0, 1]).predict(X))
    assert text == (
        f"{estimator.__name__}.predict: X contains {found}, but the model was fitted with token "
        "ids. Pass ids, as the SequenceVectorizer that made those for fit returns them, or refit "
        "with text."
    )
    text = message(lambda: estimator(**SMALL).fit(X, [0, 1]).predict(series))
    predict = f"{estimator.__name__}.predict: X"
    if found == "strings":
        assert text == (
            f"{predict} contains numbers, but the model was fitted with strings. Pass a list of "
            "strings, or refit with data of this kind."
        )
    else:
        assert text == (
            f"{predict}[0] has the number 1.0 at time step 0, but the model was fitted with "
            "sequences of tokens. Pass sequences of words, or refit with numbers."
        )


def test_text_beside_numbers_names_the_vectorizer():
    columns = {"text": TEXTS, "size": [1.0, 2.0]}
    for df in (pd.DataFrame(columns), pl.DataFrame(columns)):
        text = message(lambda df=df: clf().fit(df, [0, 1]))
        assert re.sub(" of dtype [a-z]+", "", text) == (
            "RNNClassifier.fit: X has column 'text' where numbers are expected. If it holds text, "
            "pass X['text'] and convert it to token ids with "
            "sk_rnn.preprocessing.SequenceVectorizer: make_pipeline(SequenceVectorizer(), "
            "RNNClassifier(embedding_dim=64)); otherwise drop it."
        )


def test_functions_suggest_the_vectorizer_alone():
    text = message(lambda: pad_sequences(TEXTS))
    assert text.endswith(VECTORIZE + "SequenceVectorizer().fit_transform(X).")


def test_text_that_is_numbers_is_converted():
    text = message(lambda: clf().fit([["1.5", "2"], ["3"]], [0, 1]))
    assert text == (
        "RNNClassifier.fit: X[0] holds strings where numbers are expected, for example '1.5'. "
        "Convert them: np.asarray(X[0]).astype(float)."
    )


def test_labels_that_do_not_fit_a_vectorizers_tokens():
    panel = SequenceVectorizer().fit_transform(["a dog barks.", "no"])
    assert panel.lengths.tolist() == [2, 1]
    text = message(
        lambda: clf(embedding_dim=2, return_sequences=True).fit(panel, [[0, 1, 1, 0], [0]])
    )
    assert text == (
        "RNNClassifier.fit: y[0] has 4 labels, but X[0] has 2 time steps. Pass one label per time "
        "step. If X is from a SequenceVectorizer: its token_pattern drops punctuation and "
        "single letters, max_length truncates documents, and add_marks adds two tokens. Pass it "
        "lists of tokens instead of text, one token per label."
    )
    text = message(lambda: clf(return_sequences=True).fit(U, [[0], *TAGS[1:]]))
    assert "SequenceVectorizer" not in text


# -- Advice that works


@pytest.mark.parametrize(
    ("x", "difference"),
    [
        (np.array(["2024-01-01", "2024-01-02T12"], dtype="M8[s]"), 129_600.0),
        ([pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02T12")], 129_600.0),
        ([datetime.date(2024, 1, 1), datetime.date(2024, 1, 2)], 86_400.0),
        (np.array([1, 37], dtype="m8[h]"), 129_600.0),
        ([pd.Timedelta("1h"), pd.Timedelta("37h")], 129_600.0),
        ([datetime.timedelta(0), datetime.timedelta(seconds=0.5)], 0.5),
        ([b"1", b"2.5"], 1.5),
        (["1", "2.5"], 1.5),
        ([pd.Period("2024-01", "M"), pd.Period("2024-05", "M")], 4.0),
    ],
)
def test_advice_in_messages_converts_to_numbers(x, difference):
    X = [x]
    text = message(lambda: check_sequences(X, caller="f"))
    code = re.search(r"Convert them(?: to (?:seconds|numbers))?: (.*)\.$", text)[1]
    made = eval(code)
    values = check_sequences([made], dtype=np.float64).values
    np.testing.assert_array_equal(np.diff(values[:, 0]), [difference])


def test_advice_for_columns_converts_to_numbers():
    df = pd.DataFrame({"t": pd.to_datetime(["2024-01-01", "2024-01-02"]), "u": [1.0, 2.0]})
    for X in (df, df.assign(t=df["t"] - df["t"].min()), df.assign(t=df["t"].dt.date)):
        text = message(lambda X=X: check_sequences(X, caller="f"))
        code = re.search(r"Convert it to seconds with (.*), or drop it\.", text)[1]
        assert eval(code, {"X": X, "pd": pd}).tolist() == [0.0, 86_400.0]
    text = message(lambda: Panel.from_frame(df, by="u"))
    code = re.search(r"convert it to seconds with (.*), or leave it out", text)[1]
    assert eval(code, {"df": df, "pd": pd}).tolist() == [0.0, 86_400.0]


def test_dates_to_regress_are_converted():
    y = pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"]))
    text = message(lambda: reg().fit(U[:2], y))
    code = re.search(r"Convert them to seconds: (.*)\.$", text)[1]
    assert np.diff(eval(code)).tolist() == [86_400.0]
    text = message(lambda: reg().fit(U[:2], y - y.min()))
    assert text.startswith("RNNRegressor.fit: y holds durations where numbers are expected")


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "array"])
def test_single_values_beside_sequences(library):
    df = pd.DataFrame({"age": [1, 2], "pulse": [[60.0, 62.0], [70.0]]})
    X = {
        "pandas": lambda: df,
        "polars": lambda: pl.DataFrame(df.to_dict("list")),
        "pyarrow": lambda: pa.table(df.to_dict("list")),
        "array": lambda: df.to_numpy(),
    }[library]()
    text = message(lambda: clf().fit(X, [0, 1]))
    single, several = ("0", "1") if library == "array" else ("'age'", "'pulse'")
    assert text.startswith(
        f"RNNClassifier.fit: X has single values in column {single}, for example 1, but sequences "
        f"in column {several}. Repeat each value over the time steps: "
    )
    code, left_out = re.search(r"time steps: (.*), or leave it out: (.*)\.$", text).groups()
    scope = {"X": X.copy() if library in ("pandas", "array") else X, "pl": pl, "pd": pd}
    if library == "polars":
        made, rest = eval(code, scope), eval(left_out, scope)
    else:
        exec(code, scope)
        made, rest = scope["X"], eval(left_out, scope)
    panel = Panel.from_sequences(made)
    assert panel.n_features == 2
    assert panel[0].tolist() == [[1.0, 60.0], [1.0, 62.0]]
    assert Panel.from_sequences(rest).n_features == 1


def test_single_values_are_found_in_any_column():
    df = pd.DataFrame({"pulse": [[60.0], [70.0]], "sex": ["f", "m"]})
    assert "single values in column 'sex', for example 'f'" in message(
        lambda: TimeDistributed(StandardScaler()).fit(df)
    )


# -- Long frames

LONG = pd.DataFrame(
    {
        "machine_id": np.repeat([7, 8, 9], 4),
        "hour": np.tile(np.arange(4), 3),
        "heat": rng.normal(size=12),
        "load": rng.normal(size=12),
    }
)
FROM_FRAME = (
    " If the rows of X are time steps, group the rows into sequences by id: Panel.from_frame(X, "
    "by='{}', order_by={})."
)
BY_ID = FROM_FRAME.format("machine_id", "...")
COUNTS = "X has 12 sequences, but y has 3 targets (inconsistent numbers of samples). Pass one"


@pytest.mark.parametrize(
    "make",
    [
        lambda: LONG,
        lambda: pl.DataFrame(LONG.to_dict("list")),
        lambda: pa.table(LONG.to_dict("list")),
        lambda: LONG.set_index("machine_id"),
    ],
    ids=["pandas", "polars", "pyarrow", "index"],
)
def test_fewer_labels_than_rows_name_from_frame(make):
    text = message(lambda: clf().fit(make(), [0, 1, 0]))
    assert text == f"RNNClassifier.fit: {COUNTS} target per sequence.{BY_ID}"
    text = message(lambda: reg().fit(make(), [0.0, 1.0, 0.0]))
    assert text == f"RNNRegressor.fit: {COUNTS} target per sequence.{BY_ID}"
    text = message(lambda: clf(return_sequences=True).fit(make(), [[0, 1, 0, 1]] * 3))
    assert text.endswith("Pass one target sequence per sample." + BY_ID)
    text = message(lambda: pairs().fit(make(), ["a", "b", "c"]))
    assert text.endswith("Pass one target per sample." + BY_ID)


def test_the_column_with_a_value_per_label_is_named():
    renamed = LONG.rename(columns={"machine_id": "machine"})
    text = message(lambda: clf().fit(renamed, [0, 1, 0]))
    assert text.endswith(FROM_FRAME.format("machine", "..."))


def test_no_hint_of_a_long_frame_for_a_table():
    for X in (LONG[["heat", "load"]], LONG[["heat", "load"]].to_numpy(), LONG["heat"].to_frame()):
        text = message(lambda X=X: clf().fit(X, [0, 1, 0]))
        assert text == f"RNNClassifier.fit: {COUNTS} target per sequence."
    more = message(lambda: clf().fit(LONG, np.arange(13) % 2))
    assert "from_frame" not in more or "machine_id" in more


@pytest.mark.parametrize("dtype", ["str", object, "category"])
def test_ids_that_are_text_name_from_frame(dtype):
    text_ids = LONG["machine_id"].map({7: "a", 8: "b", 9: "c"}).astype(dtype)
    for X in (
        LONG.assign(machine_id=text_ids),
        pl.DataFrame({**LONG, "machine_id": list(text_ids)}),
    ):
        text = message(lambda X=X: clf().fit(X, [0, 1, 0]))
        assert "X has column 'machine_id' of dtype " in text
        assert text.endswith(BY_ID)
    when = pd.to_datetime("2024-01-01") + pd.to_timedelta(LONG["hour"], unit="h")
    text = message(lambda: clf().fit(LONG.assign(machine_id=text_ids, hour=when), [0, 1, 0]))
    assert text.endswith(FROM_FRAME.format("machine_id", "'hour'"))
    with pytest.raises(ValueError, match=re.escape(BY_ID)):
        SequenceSummarizer().fit(LONG.assign(machine_id=text_ids))


def test_no_hint_for_ids_that_do_not_repeat():
    X = LONG[:4].assign(machine_id=list("abcd"))
    assert "from_frame" not in message(lambda: clf().fit(X, LABELS))


def test_times_name_from_frame():
    X = LONG.assign(hour=pd.to_datetime(LONG["hour"], unit="h"))
    text = message(lambda: clf().fit(X, [0, 1, 0]))
    assert text.endswith(FROM_FRAME.format("machine_id", "'hour'"))


def test_a_long_frame_in_prediction_names_from_frame():
    panel = Panel.from_frame(LONG, by="machine_id", order_by="hour")
    fitted = clf().fit(panel, [0, 1, 0])
    text = message(lambda: fitted.predict(LONG))
    assert text.startswith("The feature names should match those that were passed during fit.\n")
    assert text.endswith("\n" + BY_ID.lstrip())
    scaler = TimeDistributed(StandardScaler()).fit(panel)
    assert message(lambda: scaler.transform(LONG)).endswith("\n" + BY_ID.lstrip())
    text = message(lambda: fitted.predict(LONG[["heat"]]))
    assert "from_frame" not in text


def test_a_series_with_ids_names_from_frame():
    X = LONG.assign(machine_id=LONG["machine_id"].astype(str))
    text = message(lambda: make_windows(X, window=2))
    assert text.endswith("Drop it." + BY_ID.replace("X", "series"))


WARNING = (
    "{}.fit: X is read as a table, one sequence per row and one time step per column, but column "
    "'machine_id' has 3 values in 12 rows." + BY_ID.replace("{", "{{")
)


@pytest.mark.parametrize("make", [lambda: LONG, lambda: pl.DataFrame(LONG.to_dict("list"))])
def test_repeated_id_in_a_table_warns(make):
    for estimator, y in (
        (RNNClassifier(**SMALL), np.arange(12) % 2),
        (RNNRegressor(**SMALL), np.arange(12.0)),
        (Seq2SeqTransformer(source_kind="series", **SMALL), ["a", "b"] * 6),
    ):
        with pytest.warns(UserWarning, match="is read as a table") as warned:
            estimator.fit(make(), y)
        assert [str(w.message) for w in warned] == [WARNING.format(type(estimator).__name__)]
        assert warned[0].filename == __file__
        estimator.predict(make())  # no longer warns


@pytest.mark.parametrize("label", ["grid", "paid", "humid", "idea", "t1"])
def test_other_columns_do_not_warn(label):
    clf().fit(LONG.rename(columns={"machine_id": label}), np.arange(12) % 2)


def test_unique_ids_and_vectors_do_not_warn():
    clf().fit(LONG.assign(machine_id=np.arange(12)), np.arange(12) % 2)
    pairs().fit(LONG, ["a", "b"] * 6)  # a row is a vector of features


# -- Other libraries' errors


def test_quoted_messages_end_with_one_stop():
    assert quote(ValueError("It\nis  empty.")) == "It is empty"
    texts = [
        message(lambda: clf().fit(X, LABELS, sample_weight=[[1], [1, 2], [1], [1]])),
        message(lambda: clf().fit(X, np.array([[0.5], [1.5], [2.5], [3.5]]))),
        message(lambda: reg().fit(X, ["a", "b", "c", "d"])),
        message(lambda: clf(embedding_weights=[[1.0], [1.0, 2.0]]).fit(IDS, LABELS)),
        message(lambda: clf(optimizer__betas=(0.9, 2.0)).fit(X, LABELS)),
    ]
    for text in texts:
        assert ".." not in text
        assert "\n" not in text


def test_repeated_columns_raise_with_their_name():
    twice = pd.DataFrame(TABLE, columns=["a", "a", "b"])
    numbered = pd.DataFrame(TABLE, columns=[0, 0, 1])
    arrow = pa.Table.from_arrays([pa.array(x) for x in TABLE.T], names=["a", "a", "b"])
    batch = pa.RecordBatch.from_arrays([pa.array(x) for x in TABLE.T], names=["a", "a", "b"])
    for call in (
        lambda X: clf().fit(X, LABELS),
        lambda X: pairs(source_kind="series").fit(X, IDS),
        lambda X: SequencePadder().fit(X),
        lambda X: TimeDistributed(StandardScaler()).fit(X),
        lambda X: SequenceSummarizer().fit(X),
    ):
        for X, name in ((twice, "'a'"), (numbered, "0"), (arrow, "'a'"), (batch, "'a'")):
            text = message(lambda call=call, X=X: call(X))
            assert re.fullmatch(
                rf"\w+\.fit: X has column {name} more than once\. Rename one\.", text
            )
    text = message(lambda: clf().fit([twice] * 4, LABELS))
    assert text == "RNNClassifier.fit: X[0] has column 'a' more than once. Rename one."
    cells = pa.Table.from_arrays([pa.array([[1.0]] * 4)] * 2, names=["a", "a"])
    text = message(lambda: clf().fit(cells, LABELS))
    assert text == "RNNClassifier.fit: X has column 'a' more than once. Rename one."


def test_errors_of_narwhals_get_the_caller(monkeypatch):
    nw = pytest.importorskip("narwhals.stable.v2")

    def fail(*args, **kwargs):
        raise RuntimeError("no such thing.")

    monkeypatch.setattr(nw, "from_native", fail)
    with pytest.raises(ValueError) as error:
        check_sequences(pl.DataFrame({"a": ["x"]}), caller="f")
    assert str(error.value) == (
        "f: X cannot be read as a data frame: no such thing. Pass a pandas frame."
    )


def test_lazy_frames_raise_with_advice_to_collect():
    lazy = pl.LazyFrame({"a": [1.0]})
    assert message(lambda: clf().fit(lazy, [0])).endswith(" Pass X.collect().")
    assert message(lambda: Panel.from_frame(lazy, by="a")) == (
        "Panel.from_frame: df must be a DataFrame, got LazyFrame. Pass df.collect()."
    )


# -- Dicts


def test_dicts_name_the_vectorizer_of_dicts():
    dicts = [[{"w": "a"}, {"w": "b"}], [{"w": "a"}]]
    recipe = "make_pipeline(TimeDistributed(DictVectorizer()), {}())"
    for estimator, y in (
        (RNNClassifier, [0, 1]),
        (RNNRegressor, [0.0, 1.0]),
        (Seq2SeqTransformer, ["a", "b"]),
    ):
        text = message(lambda estimator=estimator, y=y: estimator().fit(dicts, y))
        assert text.startswith(f"{estimator.__name__}.fit: X[0] holds dicts where ")
        assert text.endswith(
            " Convert them to numbers with sk_rnn.preprocessing.TimeDistributed: "
            + recipe.format(estimator.__name__)
            + "."
        )
        model = make_pipeline(*_steps(), estimator(**SMALL))
        assert model.fit(dicts, y) is model


def _steps():
    from sklearn.feature_extraction import DictVectorizer

    return [TimeDistributed(DictVectorizer())]
