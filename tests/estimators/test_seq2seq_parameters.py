"""Every parameter of Seq2SeqTransformer has an effect; invalid combinations raise an error."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skorch.callbacks import Callback

from sk_rnn import Panel, RNNClassifier, Seq2SeqTransformer

_rng = np.random.default_rng(0)
N = 24
WORDS = ["".join(_rng.choice(list("abcd"), size=n)) for n in _rng.integers(2, 7, size=N)]
BACK = [word[::-1] for word in WORDS]
SPACED = [" ".join(word) for word in WORDS]
PADDED = [np.array([0.0, *map(float, map(ord, word)), 0.0]) for word in WORDS]
TABLE = _rng.normal(loc=2.0, size=(N, 4))
WAVES = [_rng.normal(size=(n, 2)) for n in _rng.integers(2, 7, size=N)]
IDS = Panel.from_sequences([[ord(c) - 97 for c in word] for word in WORDS])
VECTORS = _rng.normal(size=(4, 5))


def fitted(X=WORDS, y=BACK, **params):
    common = {"hidden_size": 4, "embedding_dim": 5, "max_epochs": 2, "random_state": 0}
    return Seq2SeqTransformer(**{**common, **params}).fit(X, y)


def same(first, second, X=WORDS, y=BACK):
    scores = [model.score_samples(X, y) for model in (first, second)]
    return np.array_equal(*scores)


# Parameters of only this estimator, or of its tokens; others are in test_parameters.
# parameter: (parameters of both models, those of the second, X, y). Likelihoods differ.
CHANGES_LIKELIHOODS = {
    "attention": ({}, {"attention": "general"}, WORDS, BACK),
    "input_feeding": ({}, {"input_feeding": True}, WORDS, BACK),
    "feedback": ({}, {"feedback": False}, WORDS, BACK),
    "scheduled_sampling": ({}, {"scheduled_sampling": 0.5}, WORDS, BACK),
    "source_kind": ({}, {"source_kind": "series"}, TABLE, BACK),
    "source_analyzer": ({}, {"source_analyzer": "word"}, SPACED, BACK),
    "target_analyzer": ({}, {"target_analyzer": "word"}, WORDS, SPACED),
    "source_min_df": ({}, {"source_min_df": 15}, WORDS, BACK),
    "target_min_df": ({}, {"target_min_df": 15}, WORDS, BACK),
    "embedding_dim": ({}, {"embedding_dim": 6}, WORDS, BACK),
    "tied_embeddings": ({}, {"tied_embeddings": True}, WORDS, BACK),
    "padding_value": ({}, {"padding_value": 0.0}, PADDED, BACK),
    "scale_inputs": ({}, {"scale_inputs": False}, TABLE, BACK),
    "label_smoothing": ({}, {"label_smoothing": 0.5}, WORDS, BACK),
    "backend": ({}, {"backend": "torch"}, WORDS, BACK),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:.* are not in the vocabulary")
@pytest.mark.parametrize("name", CHANGES_LIKELIHOODS)
def test_parameter_changes_likelihoods(name):
    common, change, X, y = CHANGES_LIKELIHOODS[name]
    model = fitted(X, y, **common)
    assert same(model, fitted(X, y, **common), X, y)
    assert not same(model, fitted(X, y, **{**common, **change}), X, y)


def test_target_kind_determines_how_integers_are_read():
    y = [[1, 2, 3]] * N
    assert isinstance(fitted(WORDS, y).predict(WORDS)[0], list)
    assert fitted(WORDS, y, target_kind="series").predict(WORDS).shape == (N, 3)


def test_many_tokens_are_tied():
    decoder = fitted(WORDS, [[i, i + 1] for i in range(N)]).module_.decoder
    assert decoder.output.weight is not decoder.embedding.embedding.weight
    y = [list(range(50 * i, 50 * i + 50)) for i in range(N)]
    decoder = fitted(WORDS, y).module_.decoder
    assert decoder.output.weight is decoder.embedding.embedding.weight


def test_max_length_ends_decoding():
    model = fitted(max_length=2)
    assert max(map(len, model.predict(WORDS))) <= 2
    model.set_params(max_length=1)
    assert max(map(len, model.predict(WORDS))) <= 1


def test_beam_width_and_length_penalty_change_predictions():
    model = fitted(max_epochs=20)
    found = [
        model.set_params(beam_width=width, length_penalty=penalty).predict(WORDS).tolist()
        for width, penalty in [(1, 1.0), (4, 0.0), (4, 3.0)]
    ]
    assert found[0] != found[1]
    assert sum(map(len, found[1])) < sum(map(len, found[2]))


def test_autoencoder_determines_whether_y_is_used():
    assert set(fitted(WORDS, ["x"] * N).target_vocabulary_) == {"x"}
    assert set(fitted(WORDS, ["x"] * N, autoencoder=True).target_vocabulary_) == set("abcd")
    with pytest.raises(ValueError, match="the target y is None"):
        fitted(WORDS, None, autoencoder=False)


def test_transform_method_determines_what_transform_returns():
    model = fitted()
    assert_array_equal(model.transform(WORDS), model.predict(WORDS))
    assert model.set_params(transform_method="encode").transform(WORDS).shape == (N, 8)


def test_n_iter_no_change_and_tol_determine_when_training_stops():
    def epochs(**params):
        common = {"early_stopping": True, "validation_fraction": 0.25, "max_epochs": 8}
        return fitted(**common, **params).n_iter_

    assert epochs(tol=1e6, n_iter_no_change=2) == 3
    assert epochs(tol=1e6, n_iter_no_change=5) == 6


def test_warm_start_continues_training():
    model = fitted(warm_start=True).fit(WORDS, BACK)
    assert model.n_iter_ == len(model.loss_curve_) == 4
    with pytest.raises(ValueError, match="attention was 'auto' when the network was built"):
        model.set_params(attention="dot").fit(WORDS, BACK)


READING = {
    "source_kind": "tokens",
    "target_kind": "tokens",
    "source_analyzer": "word",
    "target_analyzer": str.split,
    "source_min_df": 2,
    "target_min_df": 2,
    "embedding_dim": 6,
    "module__embedding_std": 0.5,
}


@pytest.mark.parametrize("name", READING)
def test_warm_start_rejects_changed_data_parameters(name):
    model = fitted(warm_start=True).set_params(**{name: READING[name]})
    with pytest.raises(ValueError, match=f"{name} was .* Set {name} back"):
        model.fit(WORDS, BACK)


def test_warm_start_compares_vectors():
    model = fitted(IDS, warm_start=True, embedding_weights=VECTORS)
    assert model.set_params(embedding_weights=VECTORS.copy()).fit(IDS, BACK).n_iter_ == 4
    with pytest.raises(ValueError, match=r"was an array of shape \(4, 5\) when"):
        model.set_params(embedding_weights=VECTORS + 1).fit(IDS, BACK)


def test_warm_start_learns_longer_targets():
    model = fitted(WORDS, ["a"] * N, warm_start=True, lr=1e-2, max_epochs=30)
    longer = ["a" * 12] * N
    assert max(map(len, model.predict(WORDS))) <= 2
    # Otherwise all predictions would be truncated after two steps.
    assert max(map(len, model.fit(WORDS, longer).predict(WORDS))) > 2


def test_callbacks_are_called():
    class Counting(Callback):
        def on_epoch_end(self, net, **kwargs):
            self.epochs_ = len(net.history)

    model = fitted(callbacks=[Counting()])
    assert model.net_.callbacks_[0][1].epochs_ == 2


def test_verbose_prints_progress(capfd):
    fitted(verbose=2, device="cpu")
    assert "epoch 2/2" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("params", "name", "value"),
    [
        ({}, "optimizer__betas", (0.5, 0.6)),
        ({}, "module__embedding_std", 2.0),
        ({"cell": "lstm"}, "module__forget_bias", -1.0),
    ],
)
def test_extra_sets_the_argument_it_names(params, name, value):
    params = {**params, "max_epochs": 4}
    assert not same(fitted(**params), fitted(**params, **{name: value}))


INVALID = {
    "typo": (
        {"optimizer__learning_rate": 0.1},
        TypeError,
        "Seq2SeqTransformer.fit: unknown parameter 'optimizer__learning_rate'. Did you mean 'lr'?",
    ),
    "loop": (
        {"input_feeding": True, "recurrent_dropout": 0.1},
        ValueError,
        "Seq2SeqTransformer.fit: recurrent_dropout=0.1 keeps one mask for a whole sequence, but "
        "input_feeding=True computes one step at a time. Set recurrent_dropout=0 or "
        "input_feeding=False.",
    ),
    "sampling": (
        {"feedback": False, "scheduled_sampling": 0.1},
        ValueError,
        "Seq2SeqTransformer.fit: scheduled_sampling=0.1 has no effect with feedback=False, where "
        "the decoder reads no target. Set scheduled_sampling=0.",
    ),
    "tied": (
        {"feedback": False, "tied_embeddings": True},
        ValueError,
        "Seq2SeqTransformer.fit: tied_embeddings=True has no effect with feedback=False, where "
        "the decoder does not embed tokens. Set tied_embeddings=False.",
    ),
    "stride": (
        {"conv_stride": 2},
        ValueError,
        "Seq2SeqTransformer.fit: conv_stride=2 has no effect without a convolution. Set "
        "conv_channels.",
    ),
    "own cell": (
        {"cell": int},
        ValueError,
        "The 'cell' parameter of Seq2SeqTransformer must be a str among {'gru', 'lstm', "
        f"'rnn_relu', 'rnn_tanh'}}. Got {int!r} instead.",
    ),
}


@pytest.mark.parametrize(("params", "kind", "message"), INVALID.values(), ids=INVALID)
def test_contradictions_raise(params, kind, message):
    with pytest.raises(kind) as raised:
        fitted(**params)
    if "must be a str among" in message:  # a set, printed in any order
        assert str(raised.value)[:65] == message[:65]
    else:
        assert str(raised.value) == message


@pytest.mark.parametrize(
    ("params", "name"),
    [({"tied_embeddings": True}, "tied_embeddings"), ({"scheduled_sampling": 0.5}, "scheduled")],
)
def test_parameters_without_effect_on_numbers_raise(params, name):
    with pytest.raises(ValueError, match=name):
        fitted(WORDS, WAVES, **params)


def test_training_parameters_are_those_of_the_other_estimators():
    mine, others = Seq2SeqTransformer().get_params(), RNNClassifier().get_params()
    differing = {name for name in mine.keys() & others.keys() if mine[name] != others[name]}
    assert differing <= {
        "hidden_size",
        "embedding_dim",
        "embedding_dropout",
        "word_dropout",
        "label_smoothing",
    }
