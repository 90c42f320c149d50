"""scikit-learn's checks for the transformers of sequences: none skipped, none failing."""

import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from sk_rnn.preprocessing import (
    LogMelSpectrogram,
    SequencePadder,
    SequenceSummarizer,
    TimeDistributed,
)

TRANSFORMERS = [
    TimeDistributed(StandardScaler()),
    TimeDistributed(MinMaxScaler()),
    TimeDistributed(PCA(n_components=1)),
    TimeDistributed(SimpleImputer(add_indicator=True)),
    TimeDistributed(OneHotEncoder(handle_unknown="ignore")),
    TimeDistributed(OrdinalEncoder()),
    TimeDistributed(PolynomialFeatures()),
    TimeDistributed(SelectKBest(k=1)),
    TimeDistributed(FunctionTransformer()),
    SequencePadder(),
    SequencePadder(maxlen=3, padding="pre", truncating="pre", add_indicator=True),
    SequenceSummarizer(),
    SequenceSummarizer(statistics=("slope", "length")),
    LogMelSpectrogram(),
    LogMelSpectrogram(sampling_rate=100, n_mels=1, window=0.02),
]


@parametrize_with_checks(TRANSFORMERS)
def test_transformers_pass_every_check(estimator, check):
    check(estimator)


# Additional checks that scikit-learn applies to its own transformers, if the version has them.
OWN_CHECKS = [
    "check_dataframe_column_names_consistency",
    "check_estimators_partial_fit_n_features",
    "check_get_feature_names_out_error",
    "check_global_output_transform_pandas",
    "check_inplace_ensure_writeable",
    "check_n_features_in_after_fitting",
    "check_param_validation",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
]


# The checks themselves mix frames and arrays, of which every estimator warns.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.parametrize("name", OWN_CHECKS)
@pytest.mark.parametrize(
    "transformer",
    [
        TimeDistributed(StandardScaler()),
        TimeDistributed(PCA(n_components=1)),
        SequencePadder(),
        SequenceSummarizer(),
        LogMelSpectrogram(sampling_rate=100, n_mels=1, window=0.02),
    ],
    ids=["scaler", "PCA", "padder", "summarizer", "spectrogram"],
)
def test_transformers_pass_checks_of_scikit_learn_itself(transformer, name):
    if name == "check_estimators_partial_fit_n_features" and not hasattr(
        transformer, "partial_fit"
    ):
        return
    check = getattr(estimator_checks, name, None)
    if check is None:
        check = getattr(estimator_checks, name.replace("global_output", "global_set_output"))
    check(type(transformer).__name__, clone(transformer))


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=str)
def test_no_tag_suppresses_checks(transformer):
    tags = get_tags(transformer)
    assert tags.input_tags.two_d_array
    assert tags.requires_fit
    assert not (tags._skip_test)
    # Transformers that accept everything are not tested for errors, as in scikit-learn.
    inner = getattr(transformer, "transformer", None)
    assert tags.no_validation == isinstance(inner, FunctionTransformer)
    assert not (tags.non_deterministic)


def test_allow_nan_is_the_inner_transformers():
    assert get_tags(TimeDistributed(StandardScaler())).input_tags.allow_nan
    assert not get_tags(TimeDistributed(PCA())).input_tags.allow_nan
