"""Error messages of RNNLanguageModel, in full."""

from functools import cache

import numpy as np
import pytest

from sk_rnn import RNNLanguageModel

SMALL = {"hidden_size": 3, "max_epochs": 1, "random_state": 0}
NAMES = ["anna", "nan", "an"] * 4
BITS = [np.eye(3)[[0, 1, 2, 0][:n]] for n in (2, 3, 4)] * 3
NUMBERS = [np.arange(2.0 * n).reshape(n, 2) for n in (2, 3, 4)]


def make(**params):
    return RNNLanguageModel(**{**SMALL, **params})


@cache
def text():
    return make().fit(NAMES)


@cache
def stream():
    return make().fit(["banana " * 40])


@cache
def bits():
    return make().fit(BITS)


@cache
def numbers():
    return make().fit(NUMBERS)


def _grown():
    model = make(warm_start=True).fit(NAMES)
    return model.set_params(hidden_size=4).fit(NAMES)


def _nan(X):
    X = [x.copy() for x in X]
    X[1][1, 0] = np.nan
    return X


ACCEPTED = (
    "Pass a list of strings, a list of sequences of tokens, or numbers: a list of arrays, an "
    "array, a DataFrame or a Panel."
)
MESSAGES = {
    # --- X ----------------------------------------------------------------------------------------
    "a bare string": (
        lambda: make().fit("banana"),
        TypeError,
        "RNNLanguageModel.fit: X is a str, which is not a container of sequences. Pass [X] if it "
        f"is one sample. {ACCEPTED}",
    ),
    "a bare prompt": (
        lambda: text().generate("an"),
        TypeError,
        "RNNLanguageModel.generate: X is a str, which is not a container of sequences. Pass [X] "
        f"if it is one sample. {ACCEPTED}",
    ),
    "empty strings": (
        lambda: make().fit(["", ""]),
        ValueError,
        "RNNLanguageModel.fit: X has no tokens to learn: none occurs in 1 or more of 2 sequences "
        "(min_df='auto'). Lower min_df, or pass sequences that are not empty.",
    ),
    "empty lists": (
        lambda: make().fit([[], []]),
        ValueError,
        "RNNLanguageModel.fit: X has 2 sequences, all of them empty. Pass sequences of tokens or "
        "numbers.",
    ),
    "nothing": (
        lambda: make().fit([]),
        ValueError,
        "RNNLanguageModel.fit: X has 0 sample(s) while a minimum of 1 is required.",
    ),
    "an empty piece of a stream": (
        lambda: make(ends=False).fit(["ab", ""]),
        ValueError,
        "RNNLanguageModel.fit: X[1] is empty, but rows are pieces of a stream (ends=False), which "
        "cannot be empty. Drop it, or refit with ends=True.",
    ),
    "an empty prompt of a stream": (
        lambda: stream().generate([""]),
        ValueError,
        "RNNLanguageModel.generate: X[0] is empty, but rows are pieces of a stream (ends=False), "
        "which cannot be empty. Drop it, or refit with ends=True.",
    ),
    "a value above 1": (
        lambda: make(kind="binary").fit([*BITS, 3 * BITS[0]]),
        ValueError,
        "RNNLanguageModel.fit: X[9] has 3 at time step 0, feature 0, but kind='binary' requires "
        "values from 0 to 1. Rescale them, or refit with kind='numbers'.",
    ),
    "a value below 0 later": (
        lambda: bits().score_samples([BITS[0], -BITS[1]]),
        ValueError,
        "RNNLanguageModel.score_samples: X[1] has -1 at time step 0, feature 0, but kind='binary' "
        "requires values from 0 to 1. Rescale them, or refit with kind='numbers'.",
    ),
    "other features": (
        lambda: numbers().generate(BITS),
        ValueError,
        "RNNLanguageModel.generate: X has 3 features per time step, but the model was fitted with "
        "2. Pass sequences of shape (n_timesteps, 2).",
    ),
    "numbers for text": (
        lambda: text().score_samples(NUMBERS),
        ValueError,
        "RNNLanguageModel.score_samples: X contains numbers, but the model was fitted with "
        "strings. Pass a list of strings.",
    ),
    "text for numbers": (
        lambda: numbers().score_samples(NAMES),
        ValueError,
        "RNNLanguageModel.score_samples: X contains strings, but the model was fitted with "
        "numbers. Pass numbers.",
    ),
    "strings as numbers": (
        lambda: make(kind="numbers").fit(NAMES),
        ValueError,
        "RNNLanguageModel.fit: X contains strings, but kind='numbers'. Pass numbers.",
    ),
    "fractions for integers": (
        lambda: make().fit([[1, 2], [2, 1]]).score_samples([[1, 2.5]]),
        ValueError,
        "RNNLanguageModel.score_samples: X[0] has 2.5 at time step 1, but fit received only "
        "integers, which kind='auto' treats as tokens. Set kind='numbers' and refit if they are "
        "numbers, or kind='tokens'.",
    ),
    "no analyzer": (
        lambda: make(analyzer=None).fit(NAMES),
        ValueError,
        "RNNLanguageModel.fit: X contains strings, but analyzer=None requires sequences of tokens. "
        "Set analyzer to 'char', 'word' or a function, or split the strings first.",
    ),
    # --- parameters -------------------------------------------------------------------------------
    "density of tokens": (
        lambda: make(density="gaussian").fit(NAMES),
        ValueError,
        "RNNLanguageModel.fit: density='gaussian' is not a density of tokens (kind='tokens'). Set "
        "density='auto' or 'categorical'.",
    ),
    "density of bits": (
        lambda: make(kind="binary", density="mixture").fit(BITS),
        ValueError,
        "RNNLanguageModel.fit: density='mixture' is not a density of values in [0, 1] "
        "(kind='binary'). Set density='auto' or 'bernoulli'.",
    ),
    "tied numbers": (
        lambda: make(tied_embeddings=True).fit(NUMBERS),
        ValueError,
        "RNNLanguageModel.fit: tied_embeddings=True has no effect if X consists of numbers, which "
        "are not embedded. Leave it at its default 'auto'.",
    ),
    "label smoothing of numbers": (
        lambda: make(label_smoothing=0.1).fit(NUMBERS),
        ValueError,
        "RNNLanguageModel.fit: label_smoothing=0.1 has no effect if X consists of numbers, which "
        "are not embedded. Leave it at its default 0.",
    ),
    "another network": (
        _grown,
        ValueError,
        "RNNLanguageModel.fit: hidden_size was 3 when the network was built and is now 4, but "
        "training continues with that network. Set hidden_size back, or refit with "
        "warm_start=False.",
    ),
    "weights without validation data": (
        lambda: make().fit(NAMES, sample_weight_val=[1.0]),
        ValueError,
        "RNNLanguageModel.fit: sample_weight_val was passed without X_val. Pass X_val, or neither.",
    ),
    "a short stream": (
        lambda: make(early_stopping=True, validation_fraction=0.9).fit(["ab"]),
        ValueError,
        "RNNLanguageModel.fit: early_stopping=True with validation_fraction=0.9 leaves none of the "
        "2 time steps of X[0] for training. Lower validation_fraction, pass X_val, or set "
        "early_stopping=False.",
    ),
    # --- sampling ---------------------------------------------------------------------------------
    "temperature": (
        lambda: text().sample(temperature=-0.5),
        ValueError,
        "RNNLanguageModel.sample: temperature is -0.5. Pass a finite, non-negative number; 0 is "
        "greedy.",
    ),
    "temperature nan": (
        lambda: text().sample(temperature=float("nan")),
        ValueError,
        "RNNLanguageModel.sample: temperature is nan. Pass a finite, non-negative number; 0 is "
        "greedy.",
    ),
    "top_k": (
        lambda: text().generate(["a"], top_k=0),
        ValueError,
        "RNNLanguageModel.generate: top_k is 0. Pass a positive integer, or None for all tokens.",
    ),
    "top_p 0": (
        lambda: text().generate(["a"], top_p=0),
        ValueError,
        "RNNLanguageModel.generate: top_p is 0. Pass a probability above 0 and up to 1, or None "
        "for all tokens.",
    ),
    "top_p above 1": (
        lambda: text().sample(top_p=1.5),
        ValueError,
        "RNNLanguageModel.sample: top_p is 1.5. Pass a probability above 0 and up to 1, or None "
        "for all tokens.",
    ),
    "n_samples 0": (
        lambda: text().sample(0),
        ValueError,
        "RNNLanguageModel.sample: n_samples is 0. Pass a positive integer.",
    ),
    "n_samples True": (
        lambda: text().sample(True),
        ValueError,
        "RNNLanguageModel.sample: n_samples is True. Pass a positive integer.",
    ),
    "max_length": (
        lambda: text().sample(max_length=0),
        ValueError,
        "RNNLanguageModel.sample: max_length is 0. Pass a positive integer, or None for the "
        "parameter max_length.",
    ),
    "random_state": (
        lambda: text().sample(random_state="seed"),
        ValueError,
        "RNNLanguageModel.sample: random_state is 'seed'. Pass an int from 0 to 2**32 - 1, a "
        "numpy.random.RandomState, or None.",
    ),
    "include_prompt": (
        lambda: text().generate(["a"], include_prompt="yes"),
        TypeError,
        "RNNLanguageModel.generate: include_prompt is 'yes'. Pass True or False.",
    ),
    "stop": (
        lambda: text().sample(stop="x"),
        ValueError,
        "RNNLanguageModel.sample: stop contains 'x', which is not a token of the model. Pass one "
        "of tokens_, or a set of them.",
    ),
    "top_k of numbers": (
        lambda: numbers().sample(top_k=3),
        ValueError,
        "RNNLanguageModel.sample: top_k=3 is an option for tokens, but the model was fitted with "
        "numbers. Leave it out; temperature works for both.",
    ),
    "top_p of bits": (
        lambda: bits().generate(BITS, top_p=0.5),
        ValueError,
        "RNNLanguageModel.generate: top_p=0.5 is an option for tokens, but the model was fitted "
        "with numbers. Leave it out; temperature works for both.",
    ),
    "stop of numbers": (
        lambda: numbers().sample(stop=3),
        ValueError,
        "RNNLanguageModel.sample: stop=3 is an option for tokens, but the model was fitted with "
        "numbers. Leave it out; temperature works for both.",
    ),
    "names of features": (
        lambda: text().get_feature_names_out(["a", "b"]),
        ValueError,
        None,
    ),
    # --- parameters that other estimators have ----------------------------------------------------
    "bidirectional": (
        lambda: RNNLanguageModel(bidirectional=True),
        TypeError,
        "RNNLanguageModel.__init__() got an unexpected keyword argument 'bidirectional'. Each "
        "step is predicted from the previous ones, so the network reads forward; leave it out.",
    ),
    "convolution": (
        lambda: RNNLanguageModel(conv_channels=8),
        TypeError,
        "RNNLanguageModel.__init__() got an unexpected keyword argument 'conv_channels'. This "
        "network has no convolution; leave it out.",
    ),
    "vocabulary size": (
        lambda: RNNLanguageModel(num_embeddings=8),
        TypeError,
        "RNNLanguageModel.__init__() got an unexpected keyword argument 'num_embeddings'. Did you "
        "mean 'min_df'?",
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages(name):
    call, kind, message = MESSAGES[name]
    with pytest.raises(kind) as caught:
        call()
    if message is not None:
        assert str(caught.value) == message


def test_missing_values_are_refused():
    for X in (BITS, NUMBERS):
        with pytest.raises(ValueError, match=r"X\[1\].*(nan|NaN)"):
            make(kind="numbers").fit(_nan(X))
    with pytest.raises(ValueError, match=r"X\[1\].*(nan|NaN)"):
        make(kind="binary").fit(_nan(BITS))


def test_a_custom_cell_is_refused():
    import torch

    with pytest.raises(ValueError, match="The 'cell' parameter of RNNLanguageModel must be a str"):
        make(cell=torch.nn.RNN).fit(NAMES)


def test_padded_prompts_are_read_without_their_padding():
    model = make(padding_value=-1.0).fit(NUMBERS)
    padded = np.full((1, 5, 2), -1.0)
    padded[0, :3] = NUMBERS[1]
    short = model.generate([NUMBERS[1]], max_length=2, temperature=0)[0]
    np.testing.assert_array_equal(model.generate(padded, max_length=2, temperature=0)[0], short)


def test_new_tokens_are_unknown_when_training_continues():
    model = make(warm_start=True).fit(NAMES)
    with pytest.warns(UserWarning, match="1 of 2 tokens, in 1 of 1 sequences, are not in the voc"):
        model.fit(["ax"])
    assert model.tokens_.tolist() == ["a", "n"]
