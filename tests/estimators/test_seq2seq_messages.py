"""Messages of Seq2SeqTransformer for invalid input."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sk_rnn import Panel, Seq2SeqTransformer

SMALL = {"hidden_size": 2, "max_epochs": 1, "random_state": 0, "embedding_dim": 2}
W = ["ab", "b", "ba", "aab"]
Y = ["x", "yx", "y", ""]
V = np.arange(8.0).reshape(4, 2)
R = [np.ones((2, 2)), np.zeros((1, 2)), np.ones((3, 2)), np.ones((2, 2))]


def new(**params):
    return Seq2SeqTransformer(**{**SMALL, **params})


text = new().fit(W, Y)
num = new().fit(V, V)
rag = new().fit(R, R)
toks = new().fit([[1, 2], [1], [2], [2, 2]], Y)
ae = new(transform_method="encode").fit(W)
pan = new().fit(Panel.from_sequences([[0, 1], [1], [2], [0]]), Y)

# what: (call, type of error, full message)
MESSAGES = {
    "X None": (
        lambda: new().fit(None, Y),
        TypeError,
        "Seq2SeqTransformer.fit: X is None, which is not a container of sequences. Pass a list of "
        "strings, a list of sequences of tokens, or numbers: a list of arrays, an array, a "
        "DataFrame or a Panel.",
    ),
    "X generator": (
        lambda: new().fit((w for w in W), Y),
        TypeError,
        "Seq2SeqTransformer.fit: X is a generator, which is not a container of sequences. Pass a "
        "list of strings, a list of sequences of tokens, or numbers: a list of arrays, an array, a"
        " DataFrame or a Panel.",
    ),
    "X str": (
        lambda: new().fit("abcd", Y),
        TypeError,
        "Seq2SeqTransformer.fit: X is a str, which is not a container of sequences. Pass [X] if it"
        " is one sample. Pass a list of strings, a list of sequences of tokens, or numbers: a list"
        " of arrays, an array, a DataFrame or a Panel.",
    ),
    "X empty": (
        lambda: new().fit([], []),
        ValueError,
        "Seq2SeqTransformer.fit: X has 0 sample(s) while a minimum of 1 is required.",
    ),
    "None in X": (
        lambda: new().fit(["a", None, "b", "c"], Y),
        ValueError,
        "Seq2SeqTransformer.fit: X[1] is None: the string is missing. Drop the pair, or"
        " pass '' for an empty string.",
    ),
    "NaN in X": (
        lambda: new().fit(["a", float("nan"), "b", "c"], Y),
        ValueError,
        "Seq2SeqTransformer.fit: X[1] is nan: the string is missing. Drop the pair, or "
        "pass '' for an empty string.",
    ),
    "bytes": (
        lambda: new().fit([b"a", b"b", b"c", b"d"], Y),
        TypeError,
        "Seq2SeqTransformer.fit: X[0] is b'a', a bytes object, where a string is expected. "
        "Pass X[0].decode().",
    ),
    "number in X": (
        lambda: new().fit(["a", 3, "b", "c"], Y),
        TypeError,
        "Seq2SeqTransformer.fit: X[1] is 3 (int), where a string is expected. Pass strings "
        "only, or sequences of tokens only.",
    ),
    "list among strings": (
        lambda: new().fit(["a", ["b"], "b", "c"], Y),
        TypeError,
        "Seq2SeqTransformer.fit: X[1] is ['b'] (list), where a string is expected. Pass "
        "strings only, or sequences of tokens only.",
    ),
    "string among lists": (
        lambda: new().fit([["a"], "b", ["b"], ["c"]], Y),
        TypeError,
        "Seq2SeqTransformer.fit: X[1] is 'b' (str), where a sequence is expected. Pass "
        "strings only, or sequences of tokens only.",
    ),
    "missing token": (
        lambda: new().fit([["a"], ["b", None], ["b"], ["c"]], Y),
        ValueError,
        "Seq2SeqTransformer.fit: X[1] has token None at time step 1, which is missing. "
        "Pass strings, integers or other hashable tokens.",
    ),
    "unhashable token": (
        lambda: new(source_kind="tokens").fit([["a"], ["b", {}], ["b"], ["c"]], Y),
        ValueError,
        "Seq2SeqTransformer.fit: X[1] has token {} at time step 1, which is not "
        "hashable. Pass strings, integers or other hashable tokens.",
    ),
    "no analyzer": (
        lambda: new(source_analyzer=None).fit(W, Y),
        ValueError,
        "Seq2SeqTransformer.fit: X contains strings, but source_analyzer=None requires sequences "
        "of tokens. Set source_analyzer to 'char', 'word' or a function, or split the strings "
        "first.",
    ),
    "bad analyzer": (
        lambda: new(source_analyzer=str.upper).fit(W, Y),
        TypeError,
        "Seq2SeqTransformer.fit: X[0]: source_analyzer returned 'AB' (str) for 'ab'. It"
        " must return a list of tokens.",
    ),
    "no y": (
        lambda: new(autoencoder=False).fit(W),
        ValueError,
        "Seq2SeqTransformer.fit: Seq2SeqTransformer requires y to be passed, but the target y is "
        "None. Pass one target per sample; only an autoencoder needs none.",
    ),
    "y shorter": (
        lambda: new().fit(W, Y[:3]),
        ValueError,
        "Seq2SeqTransformer.fit: X has 4 samples, but y has 3 targets (inconsistent "
        "numbers of samples). Pass one target per sample.",
    ),
    "None in y": (
        lambda: new().fit(W, ["a", None, "b", "c"]),
        ValueError,
        "Seq2SeqTransformer.fit: y[1] is None: the string is missing. Drop the pair, or"
        " pass '' for an empty string.",
    ),
    "NaN in y": (
        lambda: new().fit(W, [1.0, np.nan, 2.0, 3.0]),
        ValueError,
        "Seq2SeqTransformer.fit: y[1] is nan at time step 0: Input y contains NaN or "
        "infinity. Every time step of a target needs a number: impute it, or drop the "
        "sample.",
    ),
    "NaN in y table": (
        lambda: new().fit(W, np.where(V == 3, np.nan, V)),
        ValueError,
        "Seq2SeqTransformer.fit: y[1] is nan at time step 1: Input y contains NaN or "
        "infinity. Every time step of a target needs a number: impute it, or drop the "
        "sample.",
    ),
    "empty array in y": (
        lambda: new().fit(W, [np.ones(2), np.ones(0), np.ones(1), np.ones(1)]),
        ValueError,
        "Seq2SeqTransformer.fit: y[1] is an empty sequence. Every sample needs at least"
        " one time step: drop it, from y too.",
    ),
    "dict in y": (
        lambda: new().fit(W, [{}, {}, {}, {}]),
        TypeError,
        "Seq2SeqTransformer.fit: y holds dicts where numbers are expected, for example {} "
        "(argument must be a string or a number, not a dict). Pass numbers.",
    ),
    "y str": (
        lambda: new().fit(W, "abcd"),
        TypeError,
        "Seq2SeqTransformer.fit: y is a str, which is not a container of sequences. Pass [y] if it"
        " is one sample. Pass a list of strings, a list of sequences of tokens, or numbers: a list"
        " of arrays, an array, a DataFrame or a Panel.",
    ),
    "features of y": (
        lambda: new().fit(W, [np.ones((2, 2)), np.ones((2, 3)), np.ones((1, 2)), np.ones((1, 2))]),
        ValueError,
        "Seq2SeqTransformer.fit: y[1] has 3 features per time step, but y[0] has 2. "
        "Pass sequences of shape (n_timesteps, 2).",
    ),
    "pruned": (
        lambda: new(source_min_df=9).fit(W, Y),
        ValueError,
        "Seq2SeqTransformer.fit: X has no tokens to learn: none occurs in 9 or more of 4 sequences"
        " (source_min_df=9). Lower source_min_df, or pass sequences that are not empty.",
    ),
    "pruned y": (
        lambda: new(target_min_df=9).fit(W, Y),
        ValueError,
        "Seq2SeqTransformer.fit: y has no tokens to learn: none occurs in 9 or more of 4 sequences"
        " (target_min_df=9). Lower target_min_df, or pass sequences that are not empty.",
    ),
    "empty y": (
        lambda: new().fit(W, ["", "", "", ""]),
        ValueError,
        "Seq2SeqTransformer.fit: y has no tokens to learn: none occurs in 1 or more of 4 sequences"
        " (target_min_df='auto'). Lower target_min_df, or pass sequences that are not empty.",
    ),
    "vectors said": (
        lambda: new(source_kind="vectors").fit(R, Y),
        ValueError,
        "Seq2SeqTransformer.fit: X contains sequences, but source_kind='vectors'. Pass a 2-D array"
        " of shape (n_samples, n_features), one row per sample.",
    ),
    "weights w/o ids": (
        lambda: new(embedding_weights=np.ones((3, 2))).fit(W, Y),
        ValueError,
        "Seq2SeqTransformer.fit: embedding_weights has a row for each token id, but X does not "
        "contain ids. Pass X as a Panel of token ids, as SequenceVectorizer returns it, or set "
        "embedding_weights=None.",
    ),
    "fitted text, numbers": (
        lambda: text.predict(V),
        ValueError,
        "Seq2SeqTransformer.predict: X contains numbers (an array of shape (4, 2)), but the model "
        "was fitted with strings. Pass a list of strings.",
    ),
    "fitted text, ints": (
        lambda: text.predict([1, 2]),
        TypeError,
        "Seq2SeqTransformer.predict: X[0] is 1 (int), where a string is expected. Pass "
        "strings only, or sequences of tokens only.",
    ),
    "fitted text, tokens": (
        lambda: text.predict([["a"]]),
        ValueError,
        "Seq2SeqTransformer.predict: X contains sequences of tokens, but the model was fitted with"
        " strings. Pass a list of strings.",
    ),
    "fitted text, None": (
        lambda: text.predict(["a", None]),
        ValueError,
        "Seq2SeqTransformer.predict: X[1] is None: the string is missing. Drop the "
        "pair, or pass '' for an empty string.",
    ),
    "fitted text, str": (
        lambda: text.predict("ab"),
        TypeError,
        "Seq2SeqTransformer.predict: X is a str, which is not a container of sequences. Pass [X] "
        "if it is one sample. Pass a list of strings, a list of sequences of tokens, or numbers: a"
        " list of arrays, an array, a DataFrame or a Panel.",
    ),
    "fitted vectors, text": (
        lambda: num.predict(W),
        ValueError,
        "Seq2SeqTransformer.predict: X contains strings, but the model was fitted with numbers. "
        "Pass numbers.",
    ),
    "fitted vectors, series": (
        lambda: num.predict(R),
        ValueError,
        "Seq2SeqTransformer.predict: X contains sequences, but the model was fitted with vectors. "
        "Pass a 2-D array of shape (n_samples, 2), one row per sample.",
    ),
    "fitted vectors, width": (
        lambda: num.predict(np.ones((2, 3))),
        ValueError,
        "X has 3 features, but Seq2SeqTransformer is expecting 2 features as input.",
    ),
    "fitted series, features": (
        lambda: rag.predict([np.ones((2, 3))]),
        ValueError,
        "Seq2SeqTransformer.predict: X has 3 features per time step, but the model was "
        "fitted with 2. Pass sequences of shape (n_timesteps, 2).",
    ),
    "fitted tokens, text": (
        lambda: toks.predict(W),
        ValueError,
        "Seq2SeqTransformer.predict: X contains strings, but the model was fitted with sequences "
        "of tokens. Pass sequences of tokens. If X is one sequence of 4 tokens, pass [X].",
    ),
    "fitted ids, range": (
        lambda: pan.predict([[0, 7]]),
        ValueError,
        "Seq2SeqTransformer.predict: X[0] has token id 7 at time step 1, but the vocabulary has 3 "
        "tokens, 0 to 2. Map unknown tokens to a separate id, or fit with a larger vocabulary.",
    ),
    "fitted ids, text": (
        lambda: pan.predict(W),
        ValueError,
        "Seq2SeqTransformer.predict: X contains strings, but the model was fitted with a Panel of "
        "token ids. Pass sequences of tokens.",
    ),
    "y of another kind": (
        lambda: text.score_samples(W, V),
        ValueError,
        "Seq2SeqTransformer.score_samples: y contains numbers (an array of shape (4, 2)), but the "
        "model was fitted with strings. Pass a list of strings.",
    ),
    "y of another kind 2": (
        lambda: num.score_samples(V, Y),
        ValueError,
        "Seq2SeqTransformer.score_samples: y contains strings, but the model was fitted with "
        "numbers. Pass numbers.",
    ),
    "y of another length": (
        lambda: num.score_samples(V, np.ones((4, 3))),
        ValueError,
        "Seq2SeqTransformer.score_samples: y[0] has 3 time steps, but every target in fit had 2, "
        "and the model cannot predict other lengths. Pass targets of 2 time steps.",
    ),
    "y of other features": (
        lambda: rag.score(R, [np.ones((2, 3))] * 4),
        ValueError,
        "Seq2SeqTransformer.score: y has 3 features per time step, but the model was "
        "fitted with 2. Pass targets of shape (n_timesteps, 2).",
    ),
    "no y in score": (
        lambda: text.score(W),
        ValueError,
        "Seq2SeqTransformer.score: y is None, but the model was fitted with targets. "
        "Pass one target per sample.",
    ),
    "n": (
        lambda: text.predict_n_best(W, 0),
        ValueError,
        "Seq2SeqTransformer.predict_n_best: n is 0. Pass a positive integer.",
    ),
    "n best numbers": (
        lambda: num.predict_n_best(V, 2),
        ValueError,
        "Seq2SeqTransformer.predict_n_best: targets are numbers, for which the model makes a "
        "single prediction instead of a distribution over tokens. Call predict.",
    ),
    "sample numbers": (
        lambda: num.sample(V),
        ValueError,
        "Seq2SeqTransformer.sample: targets are numbers, for which the model makes a single "
        "prediction instead of a distribution over tokens. Call predict.",
    ),
    "temperature": (
        lambda: text.sample(W, temperature=-1),
        ValueError,
        "Seq2SeqTransformer.sample: temperature is -1. Pass a finite, non-negative number; 0 is "
        "greedy.",
    ),
    "align": (
        lambda: ae.align(W),
        ValueError,
        "Seq2SeqTransformer.align: the model was fitted without attention. Fit with "
        "attention='additive', 'dot' or 'general'.",
    ),
    "inverse size": (
        lambda: ae.inverse_transform(np.ones((2, 3))),
        ValueError,
        "Seq2SeqTransformer.inverse_transform: X has 3 features, but encodings of this "
        "model have 4. Pass what transform returned.",
    ),
    "inverse": (
        lambda: text.inverse_transform(np.ones((2, 4))),
        AttributeError,
        "This 'Seq2SeqTransformer' has no attribute 'inverse_transform'",
    ),
    "inverse attention": (
        lambda: (
            new(transform_method="encode", attention="dot")
            .fit(W)
            .inverse_transform(np.ones((2, 4)))
        ),
        ValueError,
        "Seq2SeqTransformer.inverse_transform: the attention of the decoder requires the sources, "
        "which encodings do not contain. Fit with attention=None.",
    ),
    "not fitted": (
        lambda: new().predict(W),
        NotFittedError,
        "This Seq2SeqTransformer instance is not fitted yet. Call 'fit' with "
        "appropriate arguments before using this estimator.",
    ),
    "not fitted score": (
        lambda: new().score_samples(W, Y),
        NotFittedError,
        "This Seq2SeqTransformer instance is not fitted yet. Call 'fit' with "
        "appropriate arguments before using this estimator.",
    ),
    "X_val alone": (
        lambda: new().fit(W, Y, X_val=W),
        ValueError,
        "Seq2SeqTransformer.fit: X_val was passed without y_val. Pass X_val and y_val, or neither.",
    ),
    "weights": (
        lambda: new().fit(W, Y, sample_weight=[1, 2]),
        ValueError,
        "Seq2SeqTransformer.fit: sample_weight has shape (2,), but there are 4 samples. "
        "Pass a 1-D array of 4 weights, one per sample.",
    ),
    "y shorter, a weight zero": (
        lambda: new().fit(W, Y[:3], sample_weight=[1, 0, 1, 0]),
        ValueError,
        "Seq2SeqTransformer.fit: X has 4 samples, but y has 3 targets (inconsistent "
        "numbers of samples). Pass one target per sample.",
    ),
    "y longer, a weight zero": (
        lambda: new().fit(W, [*Y, "x"], sample_weight=[1, 0, 1, 1]),
        ValueError,
        "Seq2SeqTransformer.fit: X has 4 samples, but y has 5 targets (inconsistent "
        "numbers of samples). Pass one target per sample.",
    ),
    "a bad weight beside zero": (
        lambda: new().fit(W, Y, sample_weight=[1, 0, "x", 1]),
        ValueError,
        "Seq2SeqTransformer.fit: sample_weight holds strings where numbers are expected, for "
        "example 'x'. Pass a 1-D array of 4 weights, one per sample.",
    ),
    "y_val of an autoencoder": (
        lambda: new().fit(W, y_val=Y),
        ValueError,
        "Seq2SeqTransformer.fit: y_val was passed, but the target of an autoencoder is X_val "
        "itself. Pass X_val alone; or y with X_val and y_val for a model with targets.",
    ),
    "going on without y": (
        lambda: new(warm_start=True).fit(W, Y).fit(W),
        ValueError,
        "Seq2SeqTransformer.fit: the network was built for a model with targets, but now y is None "
        "and autoencoder='auto', which requires an autoencoder. Pass the same kind of data as to "
        "the first fit, or refit with warm_start=False.",
    ),
    "going on with y": (
        lambda: new(warm_start=True).fit(W).fit(W, Y),
        ValueError,
        "Seq2SeqTransformer.fit: the network was built for an autoencoder, but now y is given and "
        "autoencoder='auto', which requires a model with targets. Pass the same kind of data as to "
        "the first fit, or refit with warm_start=False.",
    ),
    "negative": (
        lambda: new().fit(W, Y, sample_weight=[1, 0, -1, 1]),
        ValueError,
        "Seq2SeqTransformer.fit: sample_weight[2] is -1. Weights are finite numbers, "
        "zero or positive; zero leaves a sample out.",
    ),
    "frame of strings": (
        lambda: new().fit(W, pd.DataFrame({"a": list("abcd"), "b": list("abcd")})),
        ValueError,
        "Seq2SeqTransformer.fit: y is a DataFrame of strings with 2 columns, each of which could "
        "be the text. Pass a list of strings, such as one of its columns, or a list of sequences "
        "of tokens.",
    ),
    "fitted text, a frame": (
        lambda: text.predict(pd.DataFrame({"a": list("abcd"), "b": [1, 2, 3, 4]})),
        ValueError,
        "Seq2SeqTransformer.predict: X is a DataFrame of strings with 2 columns, each of which "
        "could be the text. Pass a list of strings, such as one of its columns, or a list of "
        "sequences of tokens.",
    ),
    "fitted text, a frame of numbers": (
        lambda: text.predict(pd.DataFrame({"a": [1, 2]})),
        ValueError,
        "Seq2SeqTransformer.predict: X contains numbers (a DataFrame of shape (2, 1)), but the "
        "model was fitted with strings. Pass a list of strings.",
    ),
    "fitted text, rows of words": (
        lambda: text.predict(np.array([["a", "b"]])),
        ValueError,
        "Seq2SeqTransformer.predict: X contains sequences of tokens (an array of shape (1, 2)), "
        "but the model was fitted with strings. Pass a list of strings.",
    ),
    "nothing in y": (
        lambda: new().fit(W, [[]] * 4),
        ValueError,
        "Seq2SeqTransformer.fit: y has 4 sequences, all of them empty. Pass sequences of tokens or"
        " numbers.",
    ),
    "floats where ints were": (
        lambda: new().fit(W, [[1, 2], [1], [2], [3]]).score(W, [[1, 2], [1], [2], [3, 2.5]]),
        ValueError,
        "Seq2SeqTransformer.score: y[3] has 2.5 at time step 1, but fit received only "
        "integers, which target_kind='auto' treats as tokens. Set target_kind='series' and refit if"
        " they are numbers, or target_kind='tokens'.",
    ),
    "floats where ints were, X": (
        lambda: toks.predict([[1, 2], np.array([1.5])]),
        ValueError,
        "Seq2SeqTransformer.predict: X[1] has 1.5 at time step 0, but fit received only "
        "integers, which source_kind='auto' treats as tokens. Set source_kind='series' and refit "
        "if they are numbers, or source_kind='tokens'.",
    ),
    "analyzer of lists": (
        lambda: new(source_analyzer=lambda text: [[c] for c in text]).fit(W, Y),
        TypeError,
        "Seq2SeqTransformer.fit: X[0]: source_analyzer returned [['a'], ['b']] for 'ab', in which "
        "['a'] is not hashable. It must return a list of strings or other "
        "hashable tokens.",
    ),
    "analyzer of None": (
        lambda: new(target_analyzer=lambda text: [*text, None]).fit(W, Y),
        TypeError,
        "Seq2SeqTransformer.fit: y[0]: target_analyzer returned ['x', None] for 'x', in which None "
        "is missing. It must return a list of strings or other hashable tokens.",
    ),
    "analyzer of numbers": (
        lambda: new(target_analyzer=len).fit(W, Y),
        TypeError,
        "Seq2SeqTransformer.fit: y[0]: target_analyzer returned 1 (int) for 'x'. It must return a "
        "list of tokens.",
    ),
    "analyzer of sets": (
        lambda: new(source_analyzer=set).fit(W, Y),
        TypeError,
        "Seq2SeqTransformer.fit: X[0]: source_analyzer returned {'a', 'b'} (set) for 'ab'. It must "
        "return a list of tokens.",
    ),
    "a set among tokens": (
        lambda: new().fit([["a"], ["b", {"e", "c", "d"}], ["b"], ["c"]], Y),
        ValueError,
        "Seq2SeqTransformer.fit: X[1] has token {'c', 'd', 'e'} at time step 1, which is not "
        "hashable. Pass strings, integers or other hashable tokens.",
    ),
    "a list inside a tuple": (
        lambda: new().fit([[("a", [1])], ["b"], ["b"], ["c"]], Y),
        ValueError,
        "Seq2SeqTransformer.fit: X[0] has token ('a', [1]) at time step 0, which is not "
        "hashable. Pass strings, integers or other hashable tokens.",
    ),
    "n bool": (
        lambda: text.predict_n_best(W, True),
        ValueError,
        "Seq2SeqTransformer.predict_n_best: n is True. Pass a positive integer.",
    ),
    "temperature str": (
        lambda: text.sample(W, temperature="hot"),
        ValueError,
        "Seq2SeqTransformer.sample: temperature is 'hot'. Pass a finite, non-negative number; 0 "
        "is greedy.",
    ),
    "top_k": (
        lambda: text.sample(W, top_k=1.5),
        ValueError,
        "Seq2SeqTransformer.sample: top_k is 1.5. Pass a positive integer, or None for all tokens.",
    ),
    "top_p": (
        lambda: text.sample(W, top_p="a"),
        ValueError,
        "Seq2SeqTransformer.sample: top_p is 'a'. Pass a probability above 0 and up to 1, or None "
        "for all tokens.",
    ),
    "seed": (
        lambda: text.sample(W, random_state=-1),
        ValueError,
        "Seq2SeqTransformer.sample: random_state is -1. Pass an int from 0 to 2**32 - 1, a "
        "numpy.random.RandomState, or None.",
    ),
    "inverse text": (
        lambda: ae.inverse_transform([["a"]]),
        ValueError,
        "Seq2SeqTransformer.inverse_transform: X does not contain encodings: could not convert "
        "string to float: 'a'. Pass an array of shape (n_samples, 4), as transform returned it.",
    ),
    "score y of another kind": (
        lambda: text.score(W, V),
        ValueError,
        "Seq2SeqTransformer.score: y contains numbers (an array of shape (4, 2)), but the model "
        "was fitted with strings. Pass a list of strings.",
    ),
    "score y shorter": (
        lambda: text.score(W, Y[:3]),
        ValueError,
        "Seq2SeqTransformer.score: X has 4 samples, but y has 3 targets (inconsistent numbers of "
        "samples). Pass one target per sample.",
    ),
    "score y None inside": (
        lambda: text.score(W, [*Y[:3], None]),
        ValueError,
        "Seq2SeqTransformer.score: y[3] is None: the string is missing. Drop the pair, or pass '' "
        "for an empty string.",
    ),
    "score no weight": (
        lambda: text.score(W, Y, sample_weight=[0, 0, 0, 0]),
        ValueError,
        "Seq2SeqTransformer.score: sample_weight is zero for all 4 samples, which leaves none to "
        "score. Sample weights must contain at least one non-zero number.",
    ),
    "likelihood of y": (
        lambda: ae.score_samples(W, Y),
        ValueError,
        "Seq2SeqTransformer.score_samples: y was passed, but the target of an autoencoder is X "
        "itself. Leave y out.",
    ),
    "max_length of fixed targets": (
        lambda: new(max_length=1).fit(W, V),
        ValueError,
        "Seq2SeqTransformer.fit: max_length=1 is less than the 2 time steps that every target in "
        "fit has, which is also the length of all predictions. Set max_length='auto', or fit on "
        "shorter targets.",
    ),
    "max_length of fixed targets, later": (
        lambda: new().fit(W, V).set_params(max_length=1).predict(W),
        ValueError,
        "Seq2SeqTransformer.predict: max_length=1 is less than the 2 time steps that every target "
        "in fit has, which is also the length of all predictions. Set max_length='auto', or fit on"
        " shorter targets.",
    ),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("beam_width", 0),
        ("beam_width", "wide"),
        ("length_penalty", "a"),
        ("length_penalty", np.inf),
        ("max_length", 0),
        ("max_length", None),
        ("transform_method", "decode"),
    ],
)
@pytest.mark.parametrize("method", ["predict", "transform", "sample", "score_samples"])
def test_parameters_set_after_fit_are_validated_before_decoding(name, value, method):
    model = new().fit(W, Y).set_params(**{name: value})
    with pytest.raises(ValueError, match=f"The '{name}' parameter of Seq2SeqTransformer must be"):
        getattr(model, method)(W)


@pytest.mark.parametrize(
    "encodings", [None, [["a"]], [[np.nan] * 4], np.ones(4), "abc", [[1, [2]]]]
)
def test_inverse_transform_rejects_other_arrays_than_encodings(encodings):
    with pytest.raises(
        ValueError, match=r"^Seq2SeqTransformer.inverse_transform: X does not contain enc"
    ):
        ae.inverse_transform(encodings)


@pytest.mark.parametrize("seed", [np.random.default_rng(0), 1.5, True, 1 << 32, "a"])
def test_sample_rejects_invalid_seeds(seed):
    with pytest.raises(ValueError, match=r"^Seq2SeqTransformer.sample: random_state is"):
        text.sample(W, random_state=seed)


@pytest.mark.parametrize(
    "y", ["abcd", 3, np.array(3), iter(Y), {0: "a"}, {"x"}], ids=lambda y: type(y).__name__
)
def test_y_that_is_not_a_container_raises_with_any_weights(y):
    for weights in (None, [1, 0, 1, 1]):
        with pytest.raises(TypeError, match=r"y is .*, which is not a container of sequences"):
            new().fit(W, y, sample_weight=weights)


@pytest.mark.parametrize(("call", "kind", "message"), MESSAGES.values(), ids=MESSAGES)
def test_message(call, kind, message):
    with pytest.raises(kind) as raised:
        call()
    assert str(raised.value) == message
