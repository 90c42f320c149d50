"""Invalid input of transformers, functions and metrics, found by random calls."""

import re

import awkward as ak
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import IsolationForest
from sklearn.feature_extraction import DictVectorizer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OrdinalEncoder,
    StandardScaler,
)

from sk_rnn import Panel
from sk_rnn.metrics import (
    bleu_score,
    edit_distance,
    sequence_accuracy_score,
    token_accuracy_score,
    token_error_rate,
)
from sk_rnn.preprocessing import (
    SequencePadder,
    SequenceSummarizer,
    SequenceVectorizer,
    TimeDistributed,
    load_word_vectors,
    make_windows,
    pad_sequences,
)

TEXTS = ["the cat", "a dog"]
X = [[[0.0, 1.0], [2.0, 3.0]], [[4.0, 5.0]]]
AB = ["ab", "b"]
IDS = [np.array([0, 2]), np.array([1])]
TWO_KINDS = pd.DataFrame(np.ones((2, 2)), columns=["a", 1])
INSTANCE = (
    r"The 'transformer' parameter of TimeDistributed must be an object \(not a class\) implementing"
)
NGRAMS = (
    r"The 'ngram_range' parameter of SequenceVectorizer must be a tuple of two ints \(low, high\) "
    r"with 1 <= low <= high\. Got "
)


class Refusing:
    """An object with `__array__` that cannot be converted to an array."""

    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array today")


# description: (call, type of error, pattern of the beginning of the message)
class Counted:
    """An object that only has a length."""

    def __len__(self):
        return 4


REFUSED = {
    "an array for add_marks, without fit": (
        lambda: SequenceVectorizer(vocabulary=["a"], add_marks=np.array([1, 2])).transform(["a"]),
        ValueError,
        r"The 'add_marks' parameter of SequenceVectorizer must be",
    ),
    "names that are not strings": (
        lambda: (
            TimeDistributed(KBinsDiscretizer(2))
            .fit(Panel.from_sequences([[1, 2], [3]]))
            .get_feature_names_out([1])
        ),
        TypeError,
        r"TimeDistributed\.get_feature_names_out: input_features has 1, which is not a string\. "
        r"Pass",
    ),
    "y that only has a length": (
        lambda: TimeDistributed(StandardScaler()).fit(np.zeros((4, 2)), Counted()),
        TypeError,
        r"TimeDistributed\.fit: y is <.*Counted object.*>, where a list or an array is expected\. "
        r"Pass one",
    ),
    "a class for X": (
        lambda: TimeDistributed(StandardScaler()).fit(Panel),
        TypeError,
        r"TimeDistributed\.fit: X is the class Panel, where data is expected\. Pass an object that "
        r"holds the data\.$",
    ),
    "a class for X, of documents": (
        lambda: SequenceVectorizer().fit(Panel),
        TypeError,
        r"SequenceVectorizer\.fit: X is the class Panel, where data is expected\. Pass",
    ),
    "a class for y_true": (
        lambda: bleu_score(pd.Series, AB),
        TypeError,
        r"bleu_score: y_true is the class Series, where data is expected\. Pass",
    ),
    "columns named by several kinds": (
        lambda: TimeDistributed(StandardScaler()).fit(TWO_KINDS),
        TypeError,
        r"TimeDistributed\.fit: X: Feature names are only supported if all input features have",
    ),
    "columns named by several kinds, after fit": (
        lambda: SequenceSummarizer().fit(X).transform(TWO_KINDS),
        TypeError,
        r"SequenceSummarizer\.transform: X: Feature names are only supported if all input features",
    ),
    "no features of a table": (
        lambda: TimeDistributed(ColumnTransformer([])).fit_transform(np.ones((2, 3))),
        ValueError,
        r"TimeDistributed\.fit_transform: ColumnTransformer returned 0 features per time step\. "
        r"Pass a transformer that returns at least one\.$",
    ),
    "no features of sequences": (
        lambda: TimeDistributed(FunctionTransformer(lambda x: x[:, :0])).fit(X).transform(X),
        ValueError,
        r"TimeDistributed\.transform: FunctionTransformer returned 0 features per time step\. Pass",
    ),
    "a module for a tokenizer": (
        lambda: SequenceVectorizer(tokenizer=torch.nn.GRU(1, 1), token_pattern=None).fit(TEXTS),
        ValueError,
        r"SequenceVectorizer\.fit: X\[0\] cannot be split into tokens: preprocessor, strip_accents "
        r"or tokenizer raised AttributeError: .* must return a string\.$",
    ),
    "a module for an analyzer": (
        lambda: SequenceVectorizer(analyzer=torch.nn.GRU(1, 1)).fit(TEXTS),
        ValueError,
        r"SequenceVectorizer\.fit: X\[0\] cannot be split into tokens: analyzer raised "
        r"AttributeError: ",
    ),
    "an argument too many": (
        lambda: make_windows(np.ones(5), 2),
        TypeError,
        r"make_windows\(\) takes 1 positional argument but 2 were given$",
    ),
    "an argument too few": (
        lambda: pad_sequences(),
        TypeError,
        r"pad_sequences\(\) missing 1 required positional argument: 'X'$",
    ),
    "an argument of another function": (
        lambda: make_windows(np.ones(5), window=2, maxlen=3),
        TypeError,
        r"make_windows\(\) got an unexpected keyword argument 'maxlen'",
    ),
    "an error of a transformer's own": (
        lambda: TimeDistributed(OrdinalEncoder()).fit(IDS).inverse_transform([[7], [1]]),
        ValueError,
        r"TimeDistributed\.inverse_transform: OrdinalEncoder raised IndexError for the time steps, "
        r".*\. Check that X holds values that it supports\.$",
    ),
    "a series of several kinds": (
        lambda: make_windows(ak.Array([[1.0], "abc", [2.0], [3.0]]), window=2),
        TypeError,
        r"make_windows: series cannot be read as an array: .*\. Pass",
    ),
    "a ragged awkward array for a sample": (
        lambda: TimeDistributed(StandardScaler()).fit([ak.Array([[1.0], [2.0, 3.0]])]),
        ValueError,
        r"TimeDistributed\.fit: X\[0\] cannot be read as an array: .*\. Pass one array of shape",
    ),
    "series of several kinds": (
        lambda: SequencePadder().fit(ak.Array([[1.0], ["a"]])),
        ValueError,
        r"SequencePadder\.fit: X holds strings where numbers are expected, for example 'a'\.",
    ),
    # --- TimeDistributed ---
    "a class for a transformer": (
        lambda: TimeDistributed(StandardScaler).fit(X),
        ValueError,
        INSTANCE,
    ),
    "a class for a transformer, in fit_transform": (
        lambda: TimeDistributed(StandardScaler).fit_transform(X),
        ValueError,
        INSTANCE,
    ),
    "no transformer": (
        lambda: TimeDistributed(IsolationForest()).fit(X),
        ValueError,
        INSTANCE,
    ),
    "a transformer of dicts": (
        lambda: TimeDistributed(DictVectorizer()).fit(X),
        TypeError,
        r"TimeDistributed\.fit: X\[0\] at time step 0 is a float, where DictVectorizer needs a "
        r"dict",
    ),
    "an integer beyond floats": (
        lambda: TimeDistributed(StandardScaler()).fit([[10**400], [1]]),
        ValueError,
        r"TimeDistributed\.fit: ",
    ),
    "a number": (
        lambda: TimeDistributed(StandardScaler()).fit(np.array(3.0)),
        TypeError,
        r"TimeDistributed\.fit: X is a single value, 3\.0\. Pass",
    ),
    "names of other features": (
        lambda: TimeDistributed(StandardScaler()).fit(X).get_feature_names_out(["a"]),
        ValueError,
        r"TimeDistributed\.get_feature_names_out: input_features should have length equal to "
        r"number of features \(2\), got 1\. Pass the names that fit saw, or None\.$",
    ),
    "a number for names": (
        lambda: SequenceSummarizer().fit(X).get_feature_names_out(3),
        ValueError,
        r"SequenceSummarizer\.get_feature_names_out: .*\. Pass the names that fit saw, or None\.$",
    ),
    "a number for names, padded": (
        lambda: SequencePadder().fit(X).get_feature_names_out(np.float64(3)),
        ValueError,
        r"SequencePadder\.get_feature_names_out: .*\. Pass the names that fit saw, or None\.$",
    ),
    # --- SequenceVectorizer ---
    **{
        f"ngram_range={ngram_range}": (
            lambda ngram_range=ngram_range: SequenceVectorizer(ngram_range=ngram_range).fit(TEXTS),
            ValueError,
            NGRAMS,
        )
        for ngram_range in [
            (2, 1),
            (0, 1),
            (-1, 1),
            (1,),
            (1, 2, 3),
            (1.0, 2.0),
            ("a", "b"),
            (None, None),
            (1, 10**400),
            (True, True),
        ]
    },
    "pattern that does not compile, in build_tokenizer": (
        lambda: SequenceVectorizer(token_pattern="*", analyzer=len).build_tokenizer(),
        ValueError,
        r"SequenceVectorizer\.build_tokenizer: token_pattern='\*' is not a regular expression",
    ),
    "pattern that does not compile, in build_analyzer": (
        lambda: SequenceVectorizer(token_pattern="*").build_analyzer(),
        ValueError,
        r"SequenceVectorizer\.build_analyzer: token_pattern='\*' is not a regular expression",
    ),
    "stop words of another language, in get_stop_words": (
        lambda: SequenceVectorizer(stop_words="french").get_stop_words(),
        ValueError,
        r"The 'stop_words' parameter of SequenceVectorizer must be",
    ),
    "accents of another kind, in build_preprocessor": (
        lambda: SequenceVectorizer(strip_accents=[2]).build_preprocessor(),
        ValueError,
        r"The 'strip_accents' parameter of SequenceVectorizer must be",
    ),
    "analyzer without arguments": (
        lambda: SequenceVectorizer(analyzer=lambda: [0]).fit(TEXTS),
        TypeError,
        r"SequenceVectorizer\.fit: X\[0\] cannot be split into tokens: analyzer raised TypeError: ",
    ),
    "analyzer of numbers": (
        lambda: SequenceVectorizer(analyzer=int).fit(TEXTS),
        ValueError,
        r"SequenceVectorizer\.fit: X\[0\] cannot be split into tokens: analyzer raised "
        r"ValueError: ",
    ),
    "tokenizer of numbers": (
        lambda: SequenceVectorizer(tokenizer=int, token_pattern=None).fit(TEXTS),
        ValueError,
        r"SequenceVectorizer\.fit: X\[0\] cannot be split into tokens: preprocessor, strip_accents "
        r"or tokenizer raised ValueError: ",
    ),
    "an array for an output": (
        lambda: SequenceVectorizer().set_output(transform=np.zeros(2)),
        ValueError,
        r"SequenceVectorizer\.set_output: transform=array\(\[0\., 0\.\]\) must be 'default'",
    ),
    "stop words that are not strings": (
        lambda: SequenceVectorizer(stop_words=[["a"]]).fit(TEXTS),
        TypeError,
        r"SequenceVectorizer\.fit: stop_words has \['a'\], where a string is expected\. Pass a "
        r"list",
    ),
    "a vocabulary without dimensions": (
        lambda: SequenceVectorizer(vocabulary=torch.tensor(2)).fit(TEXTS),
        TypeError,
        r"SequenceVectorizer\.fit: vocabulary cannot be converted to a list: iteration over a 0-d",
    ),
    "a vocabulary of lists": (
        lambda: SequenceVectorizer(vocabulary=[["a"]], analyzer=str.split).fit(TEXTS),
        TypeError,
        r"SequenceVectorizer\.fit: vocabulary has \['a'\] at position 0, which cannot be looked",
    ),
    "an output of TimeDistributed": (
        lambda: TimeDistributed(StandardScaler()).set_output(transform=3),
        ValueError,
        r"TimeDistributed\.set_output: transform must be one of \['default', 'pandas', 'polars'\]",
    ),
    "targets that are not arrays": (
        lambda: TimeDistributed(StandardScaler()).fit(X, [Refusing()] * 2),
        ValueError,
        r"TimeDistributed\.fit: y\[0\] cannot be read as an array: no array today\. Pass one",
    ),
    "a class for targets": (
        lambda: TimeDistributed(StandardScaler()).fit(X, list),
        TypeError,
        r"TimeDistributed\.fit: y is the class list, where data is expected\.",
    ),
    # --- functions ---
    "window beyond 64 bits": (
        lambda: make_windows(np.arange(5.0), window=2**63),
        ValueError,
        r"The 'window' parameter of make_windows must be an int in the range \[1, 2\*\*63\)\. Got",
    ),
    "gap of 64 bits": (
        lambda: make_windows(np.arange(5.0), window=1, gap=2**63 - 1),
        ValueError,
        r"make_windows: no window fits: window=1, gap=9223372036854775807 and horizon=1 need",
    ),
    "word vectors from a number": (
        lambda: load_word_vectors(3, ["cat"]),
        ValueError,
        r"The 'path' parameter of load_word_vectors must be",
    ),
    "word vectors from a null byte": (
        lambda: load_word_vectors("a\0b", ["cat"]),
        ValueError,
        r"load_word_vectors: path='a\\x00b' contains a null byte\. Pass the path of a file\.$",
    ),
    "an array for missing": (
        lambda: load_word_vectors("a", ["cat"], missing=np.zeros(2)),
        ValueError,
        r"The 'missing' parameter of load_word_vectors must be a str among",
    ),
    "random state of text": (
        lambda: load_word_vectors("a", ["cat"], random_state="a"),
        ValueError,
        r"The 'random_state' parameter of load_word_vectors must be",
    ),
    "a number for a vocabulary": (
        lambda: load_word_vectors("a", np.array(2)),
        TypeError,
        r"load_word_vectors: vocabulary is array\(2\)\. Pass a mapping from terms to ids",
    ),
    # --- metrics ---
    "weight beyond floats": (
        lambda: token_error_rate(AB, AB, sample_weight=[10**400, 1]),
        ValueError,
        r"token_error_rate: sample_weight holds 10{56}\.\.\., which is too large for any float\. "
        r"Pass a "
        r"1-D array of 2 weights, one per sequence\.$",
    ),
    "ragged weights": (
        lambda: bleu_score(AB, AB, sample_weight=[[1], [1, 2]]),
        ValueError,
        r"bleu_score: sample_weight cannot be read as an array: setting an array element with a "
        r"sequence.*[^.]\. Pass a 1-D array of 2 weights, one per sequence\.$",
    ),
    "weights that overflow": (
        lambda: token_error_rate(AB, AB, sample_weight=[1e308, 1e308]),
        ValueError,
        r"token_error_rate: sample_weight adds up to inf, which is too large to compute with\.",
    ),
    "invalid normalize": (
        lambda: edit_distance(AB, AB, normalize=pd.NA),
        TypeError,
        r"edit_distance: normalize must be True or False; got <NA>\.$",
    ),
    "a module": (
        lambda: sequence_accuracy_score(AB, np),
        TypeError,
        r"sequence_accuracy_score: y_pred is the module numpy, where data is expected\.",
    ),
    "a class": (
        lambda: sequence_accuracy_score(list, AB),
        TypeError,
        r"sequence_accuracy_score: y_true is the class list, where data is expected\.",
    ),
    "memory of two dimensions": (
        lambda: token_accuracy_score(memoryview(np.zeros((2, 2))), AB),
        TypeError,
        r"token_accuracy_score: y_true cannot be converted to a list: multi-dimensional .* Pass a",
    ),
    "a list that is missing": (
        lambda: token_accuracy_score(pa.array([["a"], None]), AB),
        TypeError,
        r"token_accuracy_score: y_true\[1\] is None, which is not a sequence of tokens\. Pass a "
        r"string "
        r"or a list of tokens\.$",
    ),
    "tokens without memory": (
        lambda: token_accuracy_score(torch.zeros(2, 2, device="meta"), AB),
        TypeError,
        r"token_accuracy_score: y_true is a tensor of torch\.float32 that cannot be read: Cannot "
        r"copy "
        r"out of meta tensor; no data\. Pass",
    ),
    "a missing token of pandas": (
        lambda: token_accuracy_score([["a", pd.NA], ["b"]], AB),
        ValueError,
        r"token_accuracy_score: y_true\[0\] has <NA> at position 1, which is not equal to itself\.",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_junk_raises_an_error_of_this_package(what):
    call, kind, message = REFUSED[what]
    with pytest.raises(kind) as error:
        call()
    assert re.match(message, str(error.value)), str(error.value)


def test_failed_fit_leaves_transformer_unfitted():
    distributed = TimeDistributed(StandardScaler())
    with pytest.raises(ValueError, match="contains infinity"):
        distributed.fit([[[np.inf], [1.0]], [[2.0]]])
    with pytest.raises(ValueError, match="is not fitted yet"):
        distributed.transform(X)
    with pytest.raises(ValueError, match="is not fitted yet"):
        distributed.get_feature_names_out()


def test_terms_with_lone_surrogates_are_not_found(tmp_path):
    path = tmp_path / "vectors.txt"
    path.write_text("cat 1.0\n")
    message = r"load_word_vectors: .* holds none of the 1 terms of the vocabulary \('\\ud800', "
    with pytest.raises(ValueError, match=message):
        load_word_vectors(path, ["\ud800"])


def test_tags_of_a_class_as_transformer():
    assert TimeDistributed(StandardScaler).__sklearn_tags__() is not None


def test_numpy_booleans_are_booleans():
    marked = SequenceVectorizer(add_marks=np.bool_(True)).fit(TEXTS)
    assert marked.vocabulary_ == SequenceVectorizer(add_marks=True).fit(TEXTS).vocabulary_
    given = SequenceVectorizer(add_marks=np.bool_(True), vocabulary=["cat"])
    assert given.transform(TEXTS)[0].tolist() == [2, 1, 4, 3]


def test_windows_read_memory_of_two_dimensions():
    table = np.arange(8.0).reshape(4, 2)
    windows, _ = make_windows(memoryview(table), window=2)
    np.testing.assert_array_equal(windows, make_windows(table, window=2)[0])


def test_windows_take_the_only_one_where_steps_are_long():
    windows, y = make_windows(np.arange(5.0), window=np.int32(2), step=2**63 - 1)
    assert (windows.tolist(), y.tolist()) == ([[0.0, 1.0]], [2.0])


def test_documents_may_be_awkward_lists_of_tokens():
    tokens = [["the", "cat"], ["dog"]]
    assert SequenceVectorizer().fit(ak.Array(tokens)).vocabulary_ == (
        SequenceVectorizer().fit(tokens).vocabulary_
    )


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler()])
def test_warnings_of_numpy_name_the_caller_and_the_feature(scaler):
    X = Panel(np.array([[np.nan, 1.0], [np.nan, 2.0]]), [0, 1, 2], feature_names=["a", "b"])
    name = type(scaler).__name__
    message = rf"^TimeDistributed\.fit: {name} warns of .*\. X has only NaN in feature 'a': drop"
    with pytest.warns(UserWarning, match=message) as caught:
        TimeDistributed(scaler).fit(X)
    assert [(len(caught), warning.filename) for warning in caught] == [(1, __file__)]


def test_warnings_of_numpy_mention_large_values():
    with pytest.warns(UserWarning, match=r"in square\. The result may hold NaN or infinity\."):
        TimeDistributed(StandardScaler()).fit([[[1e200], [-1e200]]])


def test_other_warnings_of_transformers_are_unchanged():
    with pytest.warns(UserWarning, match=r"^Skipping features without any observed values"):
        TimeDistributed(SimpleImputer()).fit_transform([[[np.nan, 1.0], [np.nan, 2.0]]])


def test_metrics_read_frames_by_rows():
    frame = pd.DataFrame({"a": ["x", "y"], "b": ["u", "v"]})
    rows = [["x", "u"], ["y", "v"]]
    for other in (frame, pl.DataFrame(frame), pa.Table.from_pandas(frame)):
        assert token_accuracy_score(other, rows) == 1.0
    assert token_accuracy_score(ak.Array(rows), rows) == 1.0
