"""Errors for misspelt parameters and names of other libraries suggest the correct name."""

import inspect
import re

import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import sk_rnn.metrics
import sk_rnn.preprocessing
from sk_rnn import RNNClassifier, RNNLanguageModel, RNNRegressor, Seq2SeqTransformer
from sk_rnn.training import OPTIMIZERS

from .internals import INSTEAD, MEANT, Extras, find_meant, suggest
from .table import ESTIMATORS

KINDS = [record.estimator for record in ESTIMATORS.values()]
ALL_KINDS = [*KINDS, RNNLanguageModel]
PARAMETERS = {kind: set(kind().get_params()) for kind in ALL_KINDS}
SHARED = set.intersection(*PARAMETERS.values())
OF_OPTIMIZERS = {
    f"optimizer__{name}"
    for optimizer in OPTIMIZERS.values()
    for name in inspect.signature(optimizer).parameters
} - {"optimizer__params", "optimizer__weight_decay"}
OF_MODULE = {"module__embedding_std", "module__forget_bias", "module__norm_eps"}


def error_message(kind, name):
    with pytest.raises(TypeError) as error:
        kind(**{name: 1})
    start = f"{kind.__name__}.__init__() got an unexpected keyword argument {name!r}. "
    assert str(error.value).startswith(start)
    return str(error.value).removeprefix(start)


# --- construction and set_params ----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("hiden_size", "hidden_size"),
        ("bidirectionnal", "bidirectional"),
        ("n_iter_nochange", "n_iter_no_change"),
        ("droput", "dropout"),
        ("learning_rate", "lr"),
        ("learning_rate_init", "lr"),
        ("eta", "lr"),
        ("units", "hidden_size"),
        ("hidden_dim", "hidden_size"),
        ("hidden_layer_sizes", "hidden_size"),
        ("epochs", "max_epochs"),
        ("n_epochs", "max_epochs"),
        ("max_iter", "max_epochs"),
        ("batch", "batch_size"),
        ("n_layers", "num_layers"),
        ("rnn_type", "cell"),
        ("model", "cell"),
        ("patience", "n_iter_no_change"),
        ("validation_split", "validation_fraction"),
        ("seed", "random_state"),
        ("alpha", "weight_decay"),
        ("clipnorm", "gradient_clip"),
        ("embedding_size", "embedding_dim"),
        ("output_dim", "embedding_dim"),
        ("mask_value", "padding_value"),
        ("bidir", "bidirectional"),
        ("solver", "optimizer"),
        ("verbosity", "verbose"),
        ("dropout_rate", "dropout"),
        ("betas", "optimizer__betas"),
        ("momentum", "optimizer__momentum"),
    ],
)
def test_wrong_name_raises_with_the_correct_one(kind, name, meant):
    if meant == "embedding_dim" and meant not in PARAMETERS[kind]:
        return  # it reads no tokens
    assert error_message(kind, name) == f"Did you mean {meant!r}?"
    with pytest.raises(ValueError, match=f"^Invalid parameter '{name}' for estimator ") as error:
        kind().set_params(**{name: 1})
    last = max(PARAMETERS[kind])
    assert str(error.value).endswith(f"{last!r}]. Did you mean {meant!r}?")


@pytest.mark.parametrize(
    ("kind", "name", "hint"),
    [
        (RNNRegressor, "criterion", "Did you mean 'loss'?"),
        (
            RNNClassifier,
            "criterion",
            "The loss is determined by y; use sample_weight, or class_weight for labels.",
        ),
        (RNNClassifier, "max_features", "Did you mean 'num_embeddings'?"),
        (
            Seq2SeqTransformer,
            "vocab_size",
            "It is learned in fit; drop rare tokens with source_min_df and target_min_df.",
        ),
        (RNNClassifier, "tokenizer", "Did you mean 'analyzer'?"),
        (RNNClassifier, "ngram_range", "Convert text to token ids with SequenceVectorizer."),
        (Seq2SeqTransformer, "tokenizer", "Did you mean 'source_analyzer'?"),
        (Seq2SeqTransformer, "beam_size", "Did you mean 'beam_width'?"),
        (Seq2SeqTransformer, "max_len", "Did you mean 'max_length'?"),
        (
            RNNClassifier,
            "beam_size",
            "Only Seq2SeqTransformer and RNNTranscriber have it; leave it out.",
        ),
        (RNNClassifier, "attention", "Did you mean 'pooling'?"),
        (Seq2SeqTransformer, "attn", "Did you mean 'attention'?"),
        (RNNRegressor, "class_weight", "Pass sample_weight to fit."),
        (RNNClassifier, "input_size", "It is learned from X in fit; leave it out."),
        (
            RNNRegressor,
            "n_jobs",
            "The network is trained in torch's threads; set their number with "
            "torch.set_num_threads.",
        ),
        (
            RNNClassifier,
            "multilabel",
            "A y of 0 and 1 with one column per label is multilabel; leave it out.",
        ),
        (
            Seq2SeqTransformer,
            "teacher_forcing_ratio",
            "Set scheduled_sampling, its complement: the probability of using a prediction "
            "instead.",
        ),
    ],
)
def test_wrong_name_raises_with_a_hint(kind, name, hint):
    assert error_message(kind, name) == hint


@pytest.mark.parametrize("kind", KINDS)
def test_name_without_similar_ones_raises_with_the_list(kind):
    names = ", ".join(sorted(PARAMETERS[kind]))
    assert error_message(kind, "xyz") == f"Known are {names}."
    with pytest.raises(ValueError, match=rf"'{max(PARAMETERS[kind])}'\]\.$"):
        kind().set_params(xyz=1)


@pytest.mark.parametrize("kind", KINDS)
def test_set_params_that_raises_sets_nothing(kind):
    model = kind(lr=0.1)
    with pytest.raises(ValueError, match="Invalid parameter 'units'"):
        model.set_params(lr=0.2, optimizer__eps=1e-3, units=3)
    assert model.get_params() == kind(lr=0.1).get_params()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("optimiser__betas", "Did you mean 'optimizer__betas'?"),
        ("modul__embedding_std", "Did you mean 'module__embedding_std'?"),
        ("cell__gain", "Arguments of a user-defined cell are set as 'module__cell__gain'."),
        ("hidden_size__x", "Did you mean 'hidden_size'?"),
    ],
)
def test_set_params_accepts_no_other_prefix(kind, name, hint):
    with pytest.raises(ValueError, match=f"^Invalid parameter '{name}' for estimator ") as error:
        kind().set_params(**{name: 1})
    assert str(error.value).endswith(f". {hint}")


@pytest.mark.parametrize("kind", KINDS)
def test_names_with_double_underscores_are_checked_in_fit(kind):
    model = kind(optimiser__betas=1, optimizer__eps=1e-3)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(optimiser__betas=2).get_params()["optimiser__betas"] == 2


@pytest.mark.parametrize("kind", KINDS)
def test_dictionary_of_extras_raises_in_fit(kind):
    # scikit-learn's checks pass every name that is in the signature to the constructor.
    model = kind(extras={"optimizer__eps": 1e-3})
    message = "fit: unknown parameter 'extras'. Pass its entries as keyword arguments."
    with pytest.raises(TypeError, match=message):
        model.fit([[1.0, 2.0]] * 2, [0, 1])


def test_wrong_name_in_a_grid_raises():
    pipeline = make_pipeline(FunctionTransformer(), RNNClassifier(max_epochs=1))
    search = GridSearchCV(pipeline, {"rnnclassifier__units": [3]}, cv=2)
    X, y = [[0.0, 1.0]] * 4, [0, 1] * 2
    with pytest.raises(ValueError, match=r"Invalid parameter 'units' .* Did you mean 'hidden_size"):
        search.fit(X, y)


def test_subclass_is_named():
    class Mine(RNNClassifier):
        pass

    assert error_message(Mine, "units") == "Did you mean 'hidden_size'?"


# --- the tables ---------------------------------------------------------------------------------


def test_extras_are_those_of_the_optimizers_and_of_the_module():
    assert set(Extras.__annotations__) == OF_OPTIMIZERS | OF_MODULE


def test_suggested_names_are_parameters():
    known = set.union(*PARAMETERS.values()) | OF_OPTIMIZERS | OF_MODULE
    assert {target for targets in MEANT.values() for target in targets} <= known
    # A parameter of all estimators is not an alias.
    assert not SHARED & (MEANT.keys() | INSTEAD.keys())


def test_every_entry_is_suggested_for_some_estimator():
    for table, start in ((MEANT, "Did you mean"), (INSTEAD, "")):
        for name in table:
            hints = [
                find_meant(name, PARAMETERS[kind] | OF_OPTIMIZERS | OF_MODULE)
                for kind in ALL_KINDS
                if name not in PARAMETERS[kind]
            ]
            assert hints, name
            expected = table[name] if table is INSTEAD else None
            found = [hint for hint in hints if hint and hint.startswith(expected or start)]
            assert found, name


def test_advice_names_existing_parameters():
    words = set().union(*PARAMETERS.values(), *(dir(kind) for kind in ALL_KINDS))
    words |= {*sk_rnn.preprocessing.__all__, *sk_rnn.__all__, "X_val", "y_val", "sample_weight"}
    for advice in set(INSTEAD.values()):
        for word in re.findall(r"(?<![.\w])[A-Za-z0-9]+(?:_[a-z]+)+", advice):
            assert word in words, (advice, word)


def test_list_of_known_names_is_that_of_the_prefix():
    known = ["lr", "module__embedding_std", "optimizer__eps"]
    assert suggest("module__forget_bias", known) == "Known are module__embedding_std."
    assert suggest("nothing__like_it", known) == "Known are lr."


def test_arguments_of_callbacks_are_not_parameters():
    known = ["n_iter_no_change", "callbacks__stop__patience"]
    assert suggest("callbacks__stop__patienc", known) == "Did you mean 'callbacks__stop__patience'?"
    assert find_meant("callbacks__other__monitor", known) is None
