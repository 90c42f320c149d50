"""SequenceVectorizer: CountVectorizer's API, order, ids, errors, and Pipelines."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import estimator_checks

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import SequencePadder, SequenceVectorizer, TimeDistributed
from sk_rnn.sequences import Panel

DOCUMENTS = [
    "The dog bites the man, and the man bites back.",
    "I have no dog",
    "Un café à Zürich — a bière?",
    "Man overboard! The   dog swims.",
    "the man has a dog; a DOG has the man",
]
PAIRS = ["dog bites man", "man bites dog"] * 12
SUBJECTS = ["dog", "man"] * 12


def ids(panel):
    return [row.tolist() for row in panel]


# scikit-learn's contract


def test_check_estimator_runs_the_checks_of_count_vectorizer():
    def outcomes(estimator):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that two_d_array is False, which is true
            results = estimator_checks.check_estimator(estimator, on_fail=None)
        return [(result["check_name"], result["status"]) for result in results]

    assert outcomes(SequenceVectorizer()) == outcomes(CountVectorizer())
    assert {status for _, status in outcomes(SequenceVectorizer())} == {"passed"}


def test_tags_are_those_of_count_vectorizer_with_integers_out():
    ours, theirs = SequenceVectorizer().__sklearn_tags__(), CountVectorizer().__sklearn_tags__()
    assert ours.input_tags == theirs.input_tags
    assert ours.target_tags == theirs.target_tags
    assert ours.requires_fit
    assert ours.transformer_tags.preserves_dtype == []


# scikit-learn's checks that need no data, which it omits for transformers of text.
CHECKS_WITHOUT_DATA = [
    "check_do_not_raise_errors_in_init_or_set_param",  # scikit-learn 1.6
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]


@pytest.mark.parametrize(
    "check", [name for name in CHECKS_WITHOUT_DATA if hasattr(estimator_checks, name)]
)
def test_checks_without_data(check):
    getattr(estimator_checks, check)("SequenceVectorizer", SequenceVectorizer())


def test_parameters_are_count_vectorizers():
    ours, theirs = SequenceVectorizer().get_params(), CountVectorizer().get_params()
    assert set(theirs) - set(ours) == {"binary", "dtype"}
    assert set(ours) - set(theirs) == {"max_length", "truncate", "add_marks"}
    assert {name for name in theirs if name in ours and ours[name] != theirs[name]} == {"min_df"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_length", 0),
        ("max_length", True),
        ("max_length", 2.5),
        ("truncate", "both"),
        ("add_marks", "yes"),
        ("analyzer", "sentence"),
        ("min_df", -1),
        ("max_features", 0),
        ("ngram_range", 2),
    ],
)
@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_parameters_are_validated_in_fit(method, name, value):
    vectorizer = SequenceVectorizer(**{name: value})
    with pytest.raises(ValueError, match=f"The '{name}' parameter of SequenceVectorizer must be"):
        getattr(vectorizer, method)(DOCUMENTS)


def test_set_output_leaves_a_panel():
    for kind in (None, "default", "pandas", "polars"):
        vectorizer = SequenceVectorizer().set_output(transform=kind)
        assert isinstance(vectorizer.fit_transform(DOCUMENTS), Panel)
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(SequenceVectorizer().fit_transform(DOCUMENTS), Panel)
    with pytest.raises(ValueError) as caught:
        SequenceVectorizer().set_output(transform="numpy")
    assert str(caught.value) == (
        "SequenceVectorizer.set_output: transform='numpy' must be 'default', 'pandas', 'polars' or "
        "None. Each leaves the output a Panel."
    )


def test_fit_changes_neither_parameters_nor_documents():
    documents, vectorizer = list(DOCUMENTS), SequenceVectorizer(min_df=2, stop_words=["the"])
    before = vectorizer.get_params()
    vectorizer.fit(documents)
    assert documents == DOCUMENTS
    assert vectorizer.get_params() == before


def test_pickle_and_clone():
    vectorizer = SequenceVectorizer(add_marks=True, min_df=2).fit(DOCUMENTS)
    loaded = pickle.loads(pickle.dumps(vectorizer))
    assert ids(loaded.transform(DOCUMENTS)) == ids(vectorizer.transform(DOCUMENTS))
    copied = clone(vectorizer)
    assert copied.get_params() == vectorizer.get_params()
    assert not hasattr(copied, "vocabulary_")


def test_skops_trusts_with_this_packages_class_only():
    skops = pytest.importorskip("skops.io")
    vectorizer = SequenceVectorizer().fit(DOCUMENTS)
    dumped = skops.dumps(vectorizer)
    untrusted = skops.get_untrusted_types(data=dumped)
    assert all(name.startswith("sk_rnn.") for name in untrusted)
    loaded = skops.loads(dumped, trusted=untrusted)
    assert ids(loaded.transform(DOCUMENTS)) == ids(vectorizer.transform(DOCUMENTS))


# The same tokens as CountVectorizer, in order


def identity(document):
    return document


VARIANTS = [
    {},
    {"lowercase": False},
    {"strip_accents": "unicode"},
    {"strip_accents": "ascii"},
    {"stop_words": "english"},
    {"stop_words": ["the", "dog"]},
    {"token_pattern": r"\w+|[^\w\s]"},
    {"token_pattern": r"(\w)\w*"},
    {"tokenizer": str.split, "token_pattern": None},
    {"preprocessor": str.upper},
    {"ngram_range": (1, 2)},
    {"ngram_range": (2, 3)},
    {"analyzer": "char"},
    {"analyzer": "char", "ngram_range": (2, 3), "lowercase": False},
    {"analyzer": "char_wb", "ngram_range": (3, 3)},
    {"analyzer": str.split},
    {"min_df": 2},
    {"min_df": 0.3},
    {"max_df": 2},
    {"max_df": 0.5},
    {"min_df": 2, "max_df": 3},
    {"max_features": 3},
    {"max_features": 5, "max_df": 3, "analyzer": "char"},
    {"vocabulary": ["dog", "man", "bites"]},
    {"vocabulary": {"dog": 1, "man": 0, "bites": 2}},
    {"vocabulary": {"dog"}},
]


@pytest.mark.parametrize("params", VARIANTS, ids=str)
def test_counts_of_ids_are_those_of_count_vectorizer(params):
    counter = CountVectorizer(**params)
    counts = counter.fit_transform(DOCUMENTS).toarray()
    vectorizer = SequenceVectorizer(**params)
    panel = vectorizer.fit_transform(DOCUMENTS)
    ours = [np.bincount(row, minlength=panel.n_tokens)[2:] for row in panel]
    assert_array_equal(ours, counts)
    names = vectorizer.get_feature_names_out()
    assert_array_equal(names[2:], counter.get_feature_names_out())
    assert vectorizer.vocabulary_ == {term: i + 2 for term, i in counter.vocabulary_.items()}
    assert vectorizer.fixed_vocabulary_ == counter.fixed_vocabulary_


@pytest.mark.parametrize("params", VARIANTS, ids=str)
def test_tokens_are_in_the_analyzers_order(params):
    vectorizer = SequenceVectorizer(**params).fit(DOCUMENTS)
    analyze = CountVectorizer(**params).build_analyzer()
    expected = [
        [token if token in vectorizer.vocabulary_ else "<unknown>" for token in analyze(document)]
        for document in DOCUMENTS
    ]
    assert vectorizer.inverse_transform(vectorizer.transform(DOCUMENTS)) == expected


@pytest.mark.parametrize("params", [*VARIANTS, {"max_length": 3}, {"add_marks": True}], ids=str)
def test_fit_transform_is_fit_then_transform(params):
    together = SequenceVectorizer(**params).fit_transform(DOCUMENTS)
    apart = SequenceVectorizer(**params).fit(DOCUMENTS).transform(DOCUMENTS)
    assert ids(together) == ids(apart)
    assert together.n_tokens == apart.n_tokens
    assert together.dtype == apart.dtype == np.int32


def test_methods_of_count_vectorizer_are_available():
    vectorizer = SequenceVectorizer(stop_words=["no"])
    assert vectorizer.build_analyzer()("I have NO dog") == ["have", "dog"]
    assert vectorizer.build_preprocessor()("NO") == "no"
    assert vectorizer.build_tokenizer()("I am") == ["am"]
    assert vectorizer.get_stop_words() == {"no"}


def test_files_and_bytes_are_read(tmp_path):
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path, document in zip(paths, DOCUMENTS[1:3], strict=True):
        path.write_text(document, encoding="latin-1", errors="replace")
    encoded = [path.read_bytes() for path in paths]
    by_bytes = SequenceVectorizer(encoding="latin-1").fit_transform(encoded)
    by_name = SequenceVectorizer(encoding="latin-1", input="filename").fit_transform(paths)
    assert ids(by_name) == ids(by_bytes)
    with paths[0].open("rb") as one, paths[1].open("rb") as other:
        by_file = SequenceVectorizer(encoding="latin-1", input="file").fit_transform([one, other])
    assert ids(by_file) == ids(by_bytes)


@given(st.lists(st.lists(st.sampled_from("abcde"), min_size=1, max_size=8), min_size=1))
def test_inverse_transform_undoes_transform(documents):
    vectorizer = SequenceVectorizer(add_marks=True)
    panel = vectorizer.fit_transform(documents)
    assert vectorizer.inverse_transform(panel) == documents
    assert vectorizer.inverse_transform(panel.to_padded()) == documents  # 0 is padding


@given(st.lists(st.text(max_size=12), min_size=1, max_size=6), st.integers(0, 5))
def test_a_document_is_transformed_alone(documents, i):
    vectorizer = SequenceVectorizer(analyzer="char").fit(DOCUMENTS)
    document = documents[i % len(documents)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty documents
        among = vectorizer.transform(documents)[i % len(documents)]
        assert_array_equal(among, vectorizer.transform([document])[0])


# Ids


def test_terms_come_after_padding_and_unknown():
    vectorizer = SequenceVectorizer(token_pattern=r"\w+")
    panel = vectorizer.fit_transform(["b a", "a"])
    assert ids(panel) == [[3, 2], [2]]
    assert panel.n_tokens == vectorizer.n_tokens_ == 4
    assert vectorizer.vocabulary_ == {"a": 2, "b": 3}
    assert vectorizer.get_feature_names_out().tolist() == ["<padding>", "<unknown>", "a", "b"]


def test_marks_have_separate_ids():
    vectorizer = SequenceVectorizer(token_pattern=r"\w+", add_marks=True)
    panel = vectorizer.fit_transform(["b a", "a"])
    assert ids(panel) == [[2, 5, 4, 3], [2, 4, 3]]
    assert panel.n_tokens == vectorizer.n_tokens_ == 6
    names = ["<padding>", "<unknown>", "<begin>", "<end>", "a", "b"]
    assert vectorizer.get_feature_names_out().tolist() == names
    assert vectorizer.inverse_transform(panel) == [["b", "a"], ["a"]]


def test_unseen_and_pruned_terms_are_unknown():
    vectorizer = SequenceVectorizer(min_df=2)
    assert ids(vectorizer.fit_transform(["one two", "one"])) == [[2, 1], [2]]
    assert ids(vectorizer.transform(["two three one"])) == [[1, 1, 2]]


@pytest.mark.parametrize(("n_documents", "min_df"), [(999, 1), (1000, 2)])
def test_automatic_min_df_leaves_terms_of_one_document_out_of_many(n_documents, min_df):
    documents = [f"word{i} shared" for i in range(n_documents)]
    automatic = SequenceVectorizer().fit(documents)
    assert automatic.vocabulary_ == SequenceVectorizer(min_df=min_df).fit(documents).vocabulary_
    assert len(automatic.vocabulary_) == (1 if min_df == 2 else n_documents + 1)


def test_stop_words_are_removed():
    panel = SequenceVectorizer(stop_words=["the"]).fit_transform(["the dog the man"])
    assert ids(panel) == [[2, 3]]


def test_tokenized_documents_are_unchanged():
    documents = [["The", "dog", "."], ("a",), np.array(["New York", "dog"])]
    vectorizer = SequenceVectorizer(stop_words=["dog"], ngram_range=(1, 2))
    panel = vectorizer.fit_transform(documents)
    tokens = [["The", "dog", "."], ["a"], ["New York", "dog"]]
    assert vectorizer.inverse_transform(panel) == tokens
    assert all(type(term) is str for term in vectorizer.vocabulary_)


def test_callable_analyzer_receives_unprocessed_documents():
    vectorizer = SequenceVectorizer(analyzer=lambda document: iter(document["tokens"]))
    assert ids(vectorizer.fit_transform([{"tokens": "ab"}, {"tokens": "b"}])) == [[2, 3], [3]]
    split = SequenceVectorizer(analyzer=identity).fit_transform([["b", "a"], ["a"]])
    assert ids(split) == [[3, 2], [2]]


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        tuple,
        iter,
        np.array,
        lambda documents: np.array(documents, dtype=object),
        pd.Series,
        lambda documents: pd.Series(documents, dtype="category"),
        lambda documents: pd.Series(documents, dtype="string"),
        pd.Index,
        pa.array,
        lambda documents: [document.encode() for document in documents],
        lambda documents: (document for document in documents),
    ],
)
def test_containers_of_documents(wrap):
    expected = SequenceVectorizer().fit_transform(DOCUMENTS)
    vectorizer = SequenceVectorizer()
    assert ids(vectorizer.fit_transform(wrap(DOCUMENTS))) == ids(expected)
    assert ids(vectorizer.transform(wrap(DOCUMENTS))) == ids(expected)


def test_index_of_a_series_is_kept():
    series = pd.Series(DOCUMENTS, index=list("vwxyz"))
    assert SequenceVectorizer().fit_transform(series).index.tolist() == list("vwxyz")


# Length


@pytest.mark.parametrize(
    ("truncate", "max_length", "kept"),
    [
        ("tail", 2, "ab"),
        ("head", 2, "fg"),
        ("middle", 2, "ag"),
        ("middle", 3, "abg"),
        ("middle", 4, "abfg"),
        ("middle", 1, "a"),
        ("tail", 7, "abcdefg"),
        ("middle", 7, "abcdefg"),
        ("head", 9, "abcdefg"),
        ("middle", 9, "abcdefg"),
    ],
)
def test_truncate_selects_the_part_that_is_removed(truncate, max_length, kept):
    vectorizer = SequenceVectorizer(analyzer="char", max_length=max_length, truncate=truncate)
    panel = vectorizer.fit_transform(["abcdefg", "g"])
    assert vectorizer.inverse_transform(panel) == [list(kept), ["g"]]
    # Tokens that are truncated everywhere are not learned either.
    assert set(vectorizer.vocabulary_) == {*kept, "g"}


def test_max_length_counts_marks():
    vectorizer = SequenceVectorizer(analyzer="char", max_length=4, add_marks=True)
    assert vectorizer.fit_transform(["abcdefg", "a"]).lengths.tolist() == [4, 3]
    message = "max_length=2 leaves no room for a token besides the two tokens of add_marks=True"
    with pytest.raises(ValueError, match=message):
        vectorizer.set_params(max_length=2).fit(["ab"])


def test_max_length_may_change_after_fit_and_analysis_does_not():
    vectorizer = SequenceVectorizer().fit(DOCUMENTS)
    uncut = ids(vectorizer.transform(DOCUMENTS))
    vectorizer.set_params(max_length=2, analyzer="char", add_marks=True)
    assert ids(vectorizer.transform(DOCUMENTS)) == [row[:2] for row in uncut]


# Warnings


@pytest.mark.parametrize("method", ["fit", "fit_transform", "transform"])
def test_empty_documents_become_one_unknown_token_and_warn_once(method):
    documents = ["a word", "", "  ", "word", "?"]
    vectorizer = SequenceVectorizer().fit(["word"])
    with pytest.warns(UserWarning, match="have no tokens") as caught:
        result = getattr(vectorizer, method)(documents)
    (warning,) = caught
    assert str(warning.message) == (
        f"SequenceVectorizer.{method}: 3 of 5 documents have no tokens (the first is X[1]); each "
        "becomes one unknown token."
    )
    assert warning.filename == __file__
    if method != "fit":
        assert ids(result) == [[2], [1], [1], [2], [1]]


def test_vocabulary_that_cannot_match_warns():
    with pytest.warns(UserWarning, match="vocabulary holds 'Dog', but lowercase=True"):
        SequenceVectorizer(vocabulary=["Dog", "man"]).fit(DOCUMENTS)


def test_parameters_without_effect_warn_as_in_count_vectorizer():
    with pytest.warns(UserWarning, match="The parameter 'stop_words' will not be used"):
        SequenceVectorizer(analyzer="char", stop_words=["a"]).fit(DOCUMENTS)


@pytest.mark.parametrize("method", ["fit", "fit_transform"])
def test_warnings_in_a_pipeline_point_at_the_users_line(method):
    pipeline = make_pipeline(make_pipeline(SequenceVectorizer()), SequencePadder())
    with pytest.warns(UserWarning, match="1 of 2 documents have no tokens") as caught:
        getattr(pipeline, method)(["word", ""])
    assert {warning.filename for warning in caught} == {__file__}
    pipeline = make_pipeline(SequenceVectorizer(vocabulary=["Dog"]), SequencePadder())
    with pytest.warns(UserWarning, match="vocabulary holds 'Dog'") as caught:
        pipeline.fit(["word"])
    assert {warning.filename for warning in caught} == {__file__}


# Errors


def call(method, X, **params):
    vectorizer = SequenceVectorizer(**params)
    if method != "fit":
        vectorizer.fit(DOCUMENTS)
    return getattr(vectorizer, method)(X)


@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize(
    ("X", "kind", "message"),
    [
        (
            "one text",
            TypeError,
            "X is one str, each character of which would be a document. Pass [X] if it is a single "
            "document.",
        ),
        (
            None,
            TypeError,
            "X is None, which is not a container of documents. Pass a list, a Series or a 1-D "
            "array of strings, one per document.",
        ),
        (
            {"a": "text"},
            TypeError,
            "X is a dict, which is not a container of documents. Pass a list, a Series or a 1-D "
            "array of strings, one per document.",
        ),
        (
            pd.DataFrame({"text": ["a"], "id": [1]}),
            TypeError,
            "X is a DataFrame of columns ['text', 'id']. Pass the one with the text, as "
            "X['column'].",
        ),
        (
            np.zeros((3, 2)),
            TypeError,
            "X has 2 dimensions, shape (3, 2), and holds float64 where text is expected. Pass a "
            "list, a Series or a 1-D array of strings, one per document. A column is X.ravel(), "
            "rows of tokens are X.tolist().",
        ),
        (
            ["a text", 3.5],
            TypeError,
            "X[1] is 3.5, a number, where text is expected. Pass a string, or a list of tokens.",
        ),
        (
            np.arange(3),
            TypeError,
            "X[0] is 0, a number, where text is expected. Pass a string, or a list of tokens.",
        ),
        (
            ["a text", {"no": "text"}],
            TypeError,
            "X[1] is {'no': 'text'}, a dict, where text is expected. Pass a string, or a list of "
            "tokens.",
        ),
        (
            ["a text", "another", None],
            ValueError,
            "X[2] is None, a missing document. Drop it, from y too, or pass '' for a document "
            "without words.",
        ),
        (
            pd.Series(["a text", np.nan]),
            ValueError,
            "X[1] is nan, a missing document. Drop it, from y too, or pass '' for a document "
            "without words.",
        ),
        (
            pd.Series(["a text", None], dtype="string"),
            ValueError,
            "X[1] is <NA>, a missing document. Drop it, from y too, or pass '' for a document "
            "without words.",
        ),
        (
            ["a text", b"caf\xe9"],
            ValueError,
            "X[1] cannot be decoded: 'utf-8' codec can't decode byte 0xe9 in position 3: "
            "unexpected end of data. Set encoding to that of the document (now 'utf-8'), or "
            "decode_error='replace'.",
        ),
        (
            [["dog", "man"], ["dog", 7]],
            TypeError,
            "X[1] has token 7 (int) at time step 1, where a string is expected. Convert tokens "
            "to strings, or pass sequences of ids directly to the estimator.",
        ),
        (
            [["dog", None]],
            ValueError,
            "X[0] has token None (NoneType) at time step 1, where a string is expected. Drop it.",
        ),
        ([], ValueError, "X holds no documents. Pass at least one."),
        (
            pa.table({"text": DOCUMENTS, "kind": DOCUMENTS}),
            TypeError,
            "X is a Table of columns ['text', 'kind']. Pass the one with the text, as X['column'].",
        ),
        (
            [np.zeros((2, 20), dtype=int)],
            TypeError,
            "X[0] is array([[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], "
            "[0, 0, 0..., an ndarray, where text is expected. Pass a string, or a list of tokens.",
        ),
    ],
)
def test_documents_that_are_not_text_raise(method, X, kind, message):
    with pytest.raises(kind) as caught:
        call(method, X)
    assert str(caught.value) == f"SequenceVectorizer.{method}: {message}"


@pytest.mark.parametrize(
    ("params", "X", "message"),
    [
        (
            {"stop_words": ["the"]},
            ["the", "The"],
            "empty vocabulary: none of the 2 documents contains a token. Perhaps they contain "
            "only stop words, or nothing that token_pattern matches.",
        ),
        (
            {"min_df": 2},
            ["one", "two"],
            "after pruning, no terms remain of the 2 in 2 documents: min_df=2 and max_df=1.0 "
            "exclude all of them. Lower min_df or raise max_df.",
        ),
        (
            {"min_df": 3, "max_df": 0.5},
            DOCUMENTS,
            "max_df=0.5 is 2.5 of 5 documents, fewer than min_df=3, which is 3. Lower min_df or "
            "raise max_df.",
        ),
        ({"vocabulary": []}, DOCUMENTS, "vocabulary is empty. Pass terms, or None to learn them."),
        (
            {"vocabulary": ["dog", "man", "dog"]},
            DOCUMENTS,
            "vocabulary has term 'dog' twice, again at position 2. Drop one.",
        ),
        (
            {"vocabulary": {"dog": 0, "man": 0}},
            DOCUMENTS,
            "vocabulary maps both 'dog' and 'man' to 0. Give each term a different one.",
        ),
        (
            {"vocabulary": {"dog": 0, "man": 2}},
            DOCUMENTS,
            "vocabulary has 2 terms, but none at 1. Positions are the integers from 0, or those "
            "of a vocabulary_, without gaps.",
        ),
        (
            {"vocabulary": {"dog": 0, "man": "first"}},
            DOCUMENTS,
            "vocabulary maps 'man' to 'first', where an integer is expected. Pass a list of "
            "terms, or "
            "a mapping to 0, 1, 2, ...",
        ),
        (
            {"vocabulary": ["dog", 3]},
            DOCUMENTS,
            "vocabulary has term 3 (int) at position 1, where a string is expected.",
        ),
        (
            {"vocabulary": "dog"},
            DOCUMENTS,
            "vocabulary='dog' is one string, whose characters are not words. Pass a list of terms.",
        ),
        (
            {"analyzer": lambda document: [*document, 1]},
            ["ab"],
            "the analyzer returned tokens of kinds that have no order (int, str). Return strings.",
        ),
    ],
)
def test_invalid_vocabularies_raise(params, X, message):
    with pytest.raises((ValueError, TypeError)) as caught:
        call("fit", X, **params)
    assert str(caught.value) == f"SequenceVectorizer.fit: {message}"


def returns(value):
    return lambda document: value


@pytest.mark.parametrize(
    ("params", "kind", "message"),
    [
        (
            {"analyzer": returns([["dog"]])},
            TypeError,
            "X[0]: analyzer returned ['dog'] as a token, at time step 0, where a string is "
            "expected. Return one flat list of strings for each document.",
        ),
        (
            {"tokenizer": returns(["a", ["dog"]]), "token_pattern": None},
            TypeError,
            "X[0]: tokenizer returned ['dog'] as a token, at time step 1, where a string is "
            "expected. Return one flat list of strings for each document.",
        ),
        (
            {"analyzer": returns(None)},
            TypeError,
            "X[0]: analyzer returned None, where a list of tokens is expected. Return a list of "
            "strings, empty if there are none.",
        ),
        *(
            (
                {"tokenizer": returns(None), "token_pattern": None, "stop_words": stop_words},
                TypeError,
                "X[0]: tokenizer returned None, where a list of tokens is expected. Return a list "
                "of strings, empty if there are none.",
            )
            for stop_words in (None, ["the"])
        ),
        (
            {"preprocessor": returns(None)},
            TypeError,
            "X[0]: preprocessor returned None, where text is expected. Return a string.",
        ),
        (
            {"strip_accents": returns(None)},
            TypeError,
            "X[0]: strip_accents returned None, where text is expected. Return a string.",
        ),
        (
            {"encoding": "klingon"},
            ValueError,
            "encoding='klingon' is unknown to Python (unknown encoding: klingon). Pass one "
            "such as 'utf-8' or 'latin-1'.",
        ),
        (
            {"input": "file"},
            TypeError,
            "X[0] is 'dog', but input='file' means that documents are open files. Open it, or set "
            "input to 'filename' or 'content'.",
        ),
        (
            {"input": "filename"},
            FileNotFoundError,
            "X[0] is 'dog', a file that cannot be read: No such file or directory. Pass paths of "
            "files, or set input='content' if documents are the text itself.",
        ),
        (
            {"token_pattern": "("},
            ValueError,
            "token_pattern='(' is not a regular expression: missing ), unterminated subpattern at "
            "position 0. Escape literal characters with a backslash.",
        ),
        (
            {"token_pattern": "(a)(b)"},
            ValueError,
            "token_pattern='(a)(b)' has 2 groups, but only one of them can be the token. Write "
            "(?:...) for the others.",
        ),
        (
            {"token_pattern": None},
            ValueError,
            "token_pattern=None requires a tokenizer. Pass a pattern, or a tokenizer.",
        ),
    ],
)
def test_parameters_that_split_no_document_are_named(params, kind, message):
    for vocabulary in (None, ["dog"]):
        with pytest.raises(kind) as caught:
            SequenceVectorizer(vocabulary=vocabulary, **params).fit(["dog"])
        assert str(caught.value) == f"SequenceVectorizer.fit: {message}"


def test_errors_of_user_functions_are_chained():
    def tokenizer(text):
        return text + 1

    with pytest.raises(TypeError, match="can only concatenate str"):
        SequenceVectorizer(tokenizer=tokenizer, token_pattern=None).fit(["dog"])


def test_numbers_that_are_not_paths_raise():
    with pytest.raises(TypeError) as caught:
        SequenceVectorizer(input="filename").fit([3])
    assert str(caught.value) == (
        "SequenceVectorizer.fit: X[0] is 3, but input='filename' means that documents are paths of "
        "files. Pass paths, or set input to 'file' or 'content'."
    )


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_not_fitted(method):
    message = f"SequenceVectorizer.{method}: this SequenceVectorizer is not fitted yet."
    with pytest.raises(NotFittedError, match=re.escape(message)):
        getattr(SequenceVectorizer(), method)([[1]])
    with pytest.raises(NotFittedError, match="get_feature_names_out: this SequenceVectorizer"):
        SequenceVectorizer().get_feature_names_out()


def test_ids_out_of_range_raise():
    vectorizer = SequenceVectorizer().fit(["one two"])
    with pytest.raises(ValueError, match=r"X\[1\] has token id 4 at time step 0"):
        vectorizer.inverse_transform([[2, 3], [4]])


def test_a_given_vocabulary_needs_no_fit():
    vectorizer = SequenceVectorizer(vocabulary=["man", "dog"], add_marks=True)
    fitted = clone(vectorizer).fit(DOCUMENTS)
    assert ids(vectorizer.transform(DOCUMENTS)) == ids(fitted.transform(DOCUMENTS))
    assert vectorizer.get_feature_names_out().tolist() == fitted.get_feature_names_out().tolist()
    assert not hasattr(vectorizer, "vocabulary_")


@pytest.mark.parametrize("marked", [False, True])
def test_vocabulary_of_another_vectorizer(marked):
    learned = SequenceVectorizer(add_marks=marked).fit(DOCUMENTS)
    for add_marks in (False, True):
        other = SequenceVectorizer(vocabulary=learned.vocabulary_, add_marks=add_marks)
        other.fit(["dog"])
        assert list(other.vocabulary_) == list(learned.vocabulary_)
        tokens = other.inverse_transform(other.transform(DOCUMENTS))
        assert tokens == learned.inverse_transform(learned.transform(DOCUMENTS))


# In a Pipeline


def test_pipeline_needs_nothing_but_embedding_dim():
    model = make_pipeline(
        SequenceVectorizer(), RNNClassifier(embedding_dim=64, max_epochs=30, random_state=0)
    )
    model.fit(PAIRS, SUBJECTS)
    assert model.predict(["dog bites man", "man bites dog"]).tolist() == ["dog", "man"]
    # Words that did not occur in fit are unknown tokens, not errors.
    assert model.predict_proba(["cat scratches man", "mice"]).shape == (2, 2)
    sizes = [tuple(weight.shape) for weight in model[-1].module_.parameters()]
    assert (5, 64) in sizes  # three words, padding and unknown


def test_names_of_columns_after_padding():
    padded = make_pipeline(SequenceVectorizer(), SequencePadder(maxlen=2)).fit(DOCUMENTS)
    assert padded.get_feature_names_out().tolist() == ["step0", "step1"]
    encoded = make_pipeline(SequenceVectorizer(), TimeDistributed(OneHotEncoder())).fit(PAIRS)
    assert encoded.get_feature_names_out().tolist() == ["x0_2", "x0_3", "x0_4"]
    assert padded[1].get_feature_names_out(["word"]).tolist() == ["word_step0", "word_step1"]


def test_text_and_numbers_in_one_table():
    X = pd.DataFrame({"text": ["a dog", "man bites dog"], "age": [1.0, 3.0]}, index=["x", "y"])
    transformer = make_column_transformer(
        (make_pipeline(SequenceVectorizer(), SequencePadder()), "text"),
        (StandardScaler(), ["age"]),
        verbose_feature_names_out=False,
    )
    expected = [[3, 0, 0, -1], [4, 2, 3, 1]]
    names = ["step0", "step1", "step2", "age"]
    assert transformer.fit_transform(X).tolist() == expected
    assert transformer.get_feature_names_out().tolist() == names
    with sklearn.config_context(transform_output="pandas"):
        globally = clone(transformer).fit_transform(X)
    for frame in (globally, clone(transformer).set_output(transform="pandas").fit_transform(X)):
        assert frame.columns.tolist() == names
        assert frame.index.tolist() == ["x", "y"]
        assert frame.to_numpy().tolist() == expected


def test_grid_search_over_both_steps():
    model = make_pipeline(
        SequenceVectorizer(),
        RNNClassifier(embedding_dim=4, hidden_size=4, max_epochs=2, random_state=0),
    )
    grid = {
        "sequencevectorizer__analyzer": ["word", "char"],
        "rnnclassifier__hidden_size": [3, 5],
    }
    search = GridSearchCV(model, grid, cv=2, n_jobs=2, error_score="raise").fit(PAIRS, SUBJECTS)
    assert len(search.cv_results_["params"]) == 4
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    alone = GridSearchCV(model, grid, cv=2, error_score="raise").fit(PAIRS, SUBJECTS)
    assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


class Recorder(ClassifierMixin, BaseEstimator):
    """Predicts the number of unknown tokens of each document."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.n_tokens_ = X.n_tokens
        self.unknown_in_fit_ = int((X.values == 1).sum())
        return self

    def predict(self, X):
        assert X.n_tokens == self.n_tokens_
        return np.array([int((row == 1).sum()) for row in X])


def test_nothing_is_fitted_outside_the_training_fold():
    # Every document has one unique word, and all share another.
    documents = [f"word{i:02} shared" for i in range(20)]
    model, y = make_pipeline(SequenceVectorizer(), Recorder()), [0, 1] * 10
    unknown = cross_val_predict(model, documents, y, cv=KFold(5))
    assert unknown.tolist() == [1] * 20  # the words of the test fold were not used in fit
    for train, _ in KFold(5).split(documents):
        fitted = clone(model).fit([documents[i] for i in train], np.array(y)[train])
        own = {f"word{i:02}" for i in train}
        assert set(fitted[0].vocabulary_) == {"shared"} | own
        assert fitted[-1].unknown_in_fit_ == 0


def test_cross_validation_of_text():
    model = make_pipeline(
        SequenceVectorizer(), RNNClassifier(embedding_dim=16, max_epochs=30, random_state=0)
    )
    assert cross_val_score(model, PAIRS, SUBJECTS, cv=3).mean() > 0.9


def test_panel_of_a_large_text_is_small():
    rng = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(5000)])
    documents = [" ".join(row) for row in rng.choice(words, (500, 100))]
    panel = SequenceVectorizer().fit_transform(documents)
    as_lists = [row.tolist() for row in panel]
    n_bytes = sum(row.__sizeof__() + sum(i.__sizeof__() for i in row) for row in as_lists)
    assert 4 * (panel.values.nbytes + panel.offsets.nbytes) < n_bytes
