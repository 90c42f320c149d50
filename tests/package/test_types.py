"""Type checking of user code: valid calls pass, invalid ones are found."""

import doctest
import inspect
import os
import re
import subprocess
import sys
import textwrap
from importlib.resources import files
from pathlib import Path
from typing import get_args, get_origin

import pytest

import sk_rnn
from sk_rnn import (
    RNNClassifier,
    RNNRegressor,
    Seq2SeqTransformer,
    datasets,
    inspection,
    metrics,
    model_selection,
    preprocessing,
)

ROOT = Path(__file__).resolve().parents[2]
ESTIMATORS = [RNNClassifier, RNNRegressor, Seq2SeqTransformer]
PUBLIC = [
    (name, getattr(module, name))
    for module in (sk_rnn, preprocessing, metrics, datasets, model_selection, inspection)
    for name in module.__all__
]

# Lines with an error end in a pattern of it, the others have none.
USER = r"""
    import numpy as np
    from torch import nn, optim

    import sk_rnn.metrics
    from sk_rnn import Panel, RNNClassifier, RNNRegressor, Seq2SeqTransformer
    from sk_rnn.model_selection import ForecastSplit
    from sk_rnn.preprocessing import (
        SequencePadder,
        SequenceSummarizer,
        SequenceVectorizer,
        load_word_vectors,
        make_windows,
        pad_sequences,
    )

    X = [np.zeros((3, 2)), np.ones((4, 2))]
    labels, numbers = ["a", "b"], [0.5, 1.5]

    # --- misspelt names
    RNNClassifier(hiden_size=16)  # E: Unexpected keyword argument "hiden_size"
    RNNRegressor(learning_rate=0.1)  # E: Unexpected keyword argument "learning_rate"
    RNNRegressor(class_weight="balanced")  # E: Unexpected keyword argument "class_weight"
    Seq2SeqTransformer(beam_size=3)  # E: Unexpected keyword argument "beam_size"
    RNNClassifier(optimizer__beta=(0.9, 0.99))  # E: Unexpected keyword argument "optimizer__beta"
    RNNClassifier(16)  # E: Too many positional arguments
    SequenceVectorizer(max_len=3)  # E: Unexpected keyword argument "max_len"

    # --- values of the wrong kind
    RNNClassifier(hidden_size="a")  # E: Argument "hidden_size" .* type "str"
    RNNClassifier(hidden_size=3.5)  # E: Argument "hidden_size" .* type "float"
    RNNClassifier(pooling="sum")  # E: Argument "pooling" .* expected "Literal\['auto', 'concat'
    RNNClassifier(cell="GRU")  # E: Argument "cell" .* type "Literal\['GRU'\]"
    RNNClassifier(cell=dict)  # E: Argument "cell" .* type "type\[dict
    RNNRegressor(loss="mse")  # E: Argument "loss" .* type "Literal\['mse'\]"
    RNNClassifier(optimizer=nn.GRU)  # E: Argument "optimizer"
    RNNClassifier(optimizer__betas=0.9)  # E: Argument "optimizer__betas" .* type "float"
    Seq2SeqTransformer(attention="luong")  # E: Argument "attention"
    Seq2SeqTransformer(cell=nn.GRU)  # E: Argument "cell"
    SequencePadder(padding="right")  # E: Argument "padding"
    SequenceSummarizer(statistics=["median"])  # E: List item 0 has incompatible type
    Panel.from_frame(X, by="a", missing="skip")  # E: Argument "missing"
    make_windows(X, window="a")  # E: No overload variant of "make_windows"
    make_windows(X, window=3, time_gaps="drop")  # E: No overload variant of "make_windows"
    ForecastSplit(n_splits="five")  # E: Argument "n_splits"
    ForecastSplit(5, 12, 12)  # E: Too many positional arguments

    # --- what methods return
    RNNClassifier().fit(X, labels).predict(X).nothing  # E: "ndarray.* has no attribute "nothing"
    RNNClassifier().score(X, labels).nothing  # E: "float" has no attribute "nothing"
    RNNRegressor().predict(X, return_std=True).shape  # E: "tuple.* has no attribute "shape"
    pad_sequences(X, return_mask=True).shape  # E: "tuple.* has no attribute "shape"
    sk_rnn.metrics.edit_distance("a", "b").nothing  # E: "float" has no attribute "nothing"

    # --- and all is well
    clf = RNNClassifier(hidden_size=16, optimizer__betas=(0.9, 0.99), module__embedding_std=0.2)
    clf = clf.fit(X, labels, sample_weight=[1, 2.5], X_val=X, y_val=labels)
    clf = clf.set_params(callbacks__stop__patience=3, module__cell__gain=2).partial_fit(X, labels)
    proba: float = clf.predict_proba(X)[0, 1]
    for size in 2 ** np.arange(3, 5):
        RNNClassifier(hidden_size=size, dropout=np.float32(0.1), padding_value=np.nan)
    RNNClassifier(cell=nn.GRU, optimizer=optim.Adam, lr_schedule=lambda progress: 1 - progress)
    RNNClassifier(class_weight={"a": 1, "b": 2.5}, callbacks=[("name", object())], verbose=True)
    RNNClassifier(scoring="roc_auc", calibrate=True, label_smoothing=0.1, differences=False)
    RNNClassifier(embedding_weights=np.eye(3), head_norm=None, gradient_clip=None, lr=1)
    RNNRegressor(loss="quantile", quantile=0.9, max_epochs="auto", random_state=np.int64(3))
    regressor = RNNRegressor(loss="gaussian", calibrate=True).fit(X, numbers)
    mean, std = regressor.predict(X, return_std=True)
    (mean + std).mean()
    model = Seq2SeqTransformer(attention=None, beam_width=5, target_analyzer=str.split)
    best, log_proba = model.fit(labels, labels).predict_n_best(labels, 3, return_log_proba=True)
    best.tolist(), log_proba.sum(), model.sample(labels, temperature=0.5).tolist()
    model.align(labels)[0].weights.sum()
    vectorizer = SequenceVectorizer(ngram_range=(1, 2), min_df=0.5, analyzer="char", add_marks=True)
    panel = vectorizer.fit_transform(labels)
    panel[:1].to_padded(-1).sum(), panel.lengths.max()
    padded, mask, lengths = pad_sequences(X, return_mask=True, return_lengths=True, padding="pre")
    weights, found = load_word_vectors("vectors.txt", vectorizer.vocabulary_, return_found=True)
    windows, targets = make_windows(np.arange(9), window=np.int64(3), horizon=2)
    windows, targets, last = make_windows(np.arange(9), window=3, return_last=True)
    for train, test in ForecastSplit(5, horizon=np.int64(2), gap=1).split(np.arange(20)):
        train.sum(), test.sum()
    error: float = sk_rnn.metrics.mean_absolute_scaled_error([1], [2], [1, 2, 3], 1)
    score: float = sk_rnn.metrics.chrf_score(labels, labels, word_order=2)
"""


@pytest.fixture(scope="module")
def checked(request, tmp_path_factory):
    """Run mypy once on all files; return its errors by file and line."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("user")
    (folder / "user.py").write_text(textwrap.dedent(USER), encoding="utf-8")
    for name, source in documented():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    # The cache of mypy, mainly for torch, is kept in that of pytest.
    cache = getattr(request.config, "cache", None)
    cached = folder / "cache" if cache is None else cache.mkdir("mypy")
    command = [sys.executable, "-m", "mypy", "--config-file=", f"--cache-dir={cached}"]
    command += ["--strict", "--allow-untyped-calls", "--follow-imports=silent"]
    command += ["--ignore-missing-imports", "--no-error-summary", "--hide-error-context"]
    # Documents redefine names.
    command += ["--disable-error-code=assignment", "--no-pretty"]
    # An installed package must be found without its path, on which mypy insists.
    home = Path(sk_rnn.__file__).parents[1]
    where = {} if home.name == "site-packages" else {"MYPYPATH": str(home)}
    result = subprocess.run(
        [*command, *sorted(path.name for path in folder.glob("*.py"))],
        cwd=folder,
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode in (0, 1), result.stdout + result.stderr
    errors = {}
    for line in result.stdout.splitlines():
        found = re.match(r"(\w+)\.py:(\d+): error: (.*)", line)
        if found:
            errors.setdefault((found[1], int(found[2])), []).append(found[3])
    return errors


def documented():
    """The examples of docstrings, README and guide, but those that show an error."""
    parser, finder = doctest.DocTestParser(), doctest.DocTestFinder()
    for name, item in PUBLIC:
        examples = [e for test in finder.find(item, name) for e in test.examples]
        yield f"doc_{name}", without_errors(examples)
    for path in sorted((ROOT / "docs").glob("*.rst")):
        yield f"doc_{path.stem}", without_errors(parser.get_examples(path.read_text("utf-8")))
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    yield "readme", "\n".join(re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL))


def without_errors(examples):
    return "".join(example.source for example in examples if example.exc_msg is None)


def test_the_package_says_that_it_has_types():
    assert files("sk_rnn").joinpath("py.typed").is_file()


def test_type_checker_finds_all_errors_and_no_others(checked):
    for number, line in enumerate(textwrap.dedent(USER).splitlines(), start=1):
        errors = checked.get(("user", number), [])
        code, _, pattern = line.partition("  # E: ")
        if not pattern:
            assert errors == [], code
        else:
            assert any(re.search(pattern, error) for error in errors), (code, errors)


def test_a_type_checker_accepts_documented_calls(checked):
    # Functions in examples have no annotations, which --strict requires.
    styles = r"\[(no-untyped-def|type-arg|no-untyped-call|misc|unused-ignore)\]$"
    wrong = {
        place: [error for error in errors if not re.search(styles, error)]
        for place, errors in checked.items()
        if place[0] != "user"
    }
    assert {place: errors for place, errors in wrong.items() if errors} == {}


def test_everything_public_is_annotated():
    functions = {}
    for name, item in PUBLIC:
        if not inspect.isclass(item):
            functions[name] = item
            continue
        for attribute in dir(item):
            static = inspect.getattr_static(item, attribute)
            member = getattr(static, "fget", None) or getattr(static, "fn", None)
            member = inspect.unwrap(member or getattr(item, attribute))
            ours = inspect.isfunction(member) and member.__module__.startswith("sk_rnn.")
            if ours and (attribute == "__init__" or not attribute.startswith("_")):
                functions[f"{name}.{attribute}"] = member
    assert len(functions) > 60
    for name, function in functions.items():
        signature = inspect.signature(inspect.unwrap(function))
        for parameter in signature.parameters.values():
            annotated = parameter.annotation is not inspect.Parameter.empty
            assert annotated or parameter.name in ("self", "cls"), f"{name}: {parameter.name}"
        assert signature.return_annotation is not inspect.Signature.empty, name


def literals(annotation):
    """The strings that an annotation allows."""
    if not get_args(annotation):
        return set()
    parts = get_args(annotation)
    if "Literal" in str(get_origin(annotation)):
        return set(parts)
    return set().union(*map(literals, parts))


@pytest.mark.parametrize(
    "kind",
    [
        *ESTIMATORS,
        preprocessing.LogMelSpectrogram,
        preprocessing.PenStrokes,
        preprocessing.SequencePadder,
        preprocessing.SequenceVectorizer,
    ],
)
def test_types_allow_the_strings_that_are_allowed(kind):
    constraints = kind._parameter_constraints
    for name, parameter in inspect.signature(kind).parameters.items():
        if name == "scoring":  # the names of scikit-learn's scorers
            continue
        allowed = set()
        for constraint in constraints.get(name, []):
            if type(constraint).__name__ == "StrOptions":
                allowed |= set(constraint.options)
        assert literals(parameter.annotation) == allowed, name


def test_types_allow_none_where_none_is_allowed():
    for kind in ESTIMATORS:
        for name, parameter in inspect.signature(kind).parameters.items():
            if name != "extras":
                allowed = None in kind._parameter_constraints[name]
                assert (type(None) in get_args(parameter.annotation)) == allowed, (kind, name)


def test_the_summarizer_knows_its_statistics():
    parameter = inspect.signature(preprocessing.SequenceSummarizer).parameters["statistics"]
    assert literals(parameter.annotation) == set(parameter.default)
