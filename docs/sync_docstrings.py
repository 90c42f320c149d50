"""Copy the descriptions of shared parameters from one estimator's docstrings to the others'.

    python docs/sync_docstrings.py          # rewrite the copies
    python docs/sync_docstrings.py --check  # show a diff and fail if copies differ

The first estimator that documents a parameter or attribute is the source: edit it there.
Intentional differences are listed in `DIFFERENCES`.
"""

import argparse
import ast
import difflib
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parents[1] / "sk_rnn" / "estimators"

# In this order, the first that has a parameter is the source.
ESTIMATORS = {
    "RNNClassifier": "_classifier.py",
    "RNNRegressor": "_regressor.py",
    "Seq2SeqTransformer": "_seq2seq.py",
    "RNNForecaster": "_forecaster.py",
    "RNNLanguageModel": "_language.py",
    "RNNTranscriber": "_transcriber.py",
}


class Own(NamedTuple):
    """A parameter that some estimators document separately; the other docstrings must agree."""

    estimators: tuple[str, ...]
    reason: str
    signature: bool = False  # whether default or annotation differ as well


# By method (__init__: the class docstring) and parameter or attribute.
Differences = Mapping[str, Mapping[str, Own]]
_C, _R, _S = ("RNNClassifier",), ("RNNRegressor",), ("Seq2SeqTransformer",)
_F = ("RNNForecaster",)
_L = ("RNNLanguageModel",)
_T = ("RNNTranscriber",)
DIFFERENCES: Differences = {
    "__init__": {
        "cell": Own(_S + _F + _L + _T, "no user-defined cells", signature=True),
        "hidden_size": Own(
            _S + _F + _L + _T, "another default, and encoder and decoder", signature=True
        ),
        "num_layers": Own(_S + _T, "encoder and decoder; another default", signature=True),
        "bidirectional": Own(_S, "encoder only"),
        "return_sequences": Own(_R, "numbers instead of labels"),
        "embedding_dim": Own(_S + _L, "another default: the kind selects tokens", signature=True),
        "embedding_weights": Own(_S, "for a Panel of token ids only"),
        "embedding_dropout": Own(_S + _L, "another default, or another 'auto'", signature=True),
        "word_dropout": Own(_S + _L, "another default", signature=True),
        "conv_stride": Own(_S + _T, "no return_sequences; 'auto'", signature=True),
        "recurrent_dropout": Own(
            _S + _L + _T, "not with input_feeding, no user-defined cells; 'auto'", signature=True
        ),
        "optimizer": Own(_S + _F + _L + _T, "no larger eps for the embedding"),
        "lr_schedule": Own(_S + _T, "no partial_fit"),
        "max_epochs": Own(_S + _L + _T, "documents are not treated differently; optimizer steps"),
        "**extras": Own(_S + _F + _L + _T, "no user-defined cells"),
        "conv_channels": Own(_T, "another default", signature=True),
        "center_inputs": Own(_T, "'auto'", signature=True),
        "time_masking": Own(_T, "another default, no return_sequences", signature=True),
        "feature_masking": Own(_T, "another default", signature=True),
        "beam_width": Own(_T, "prefixes"),
        "tokens_": Own(_T, "a property"),
        "n_features_in_": Own(_S + _F + _L, "tokens and vectors; covariates"),
        "loss_curve_": Own(_R + _S + _F + _L + _T, "the unit of the loss"),
        "validation_curve_": Own(_S + _F + _L + _T, "no scoring; no X_val"),
        "calibrate": Own(_R, "standard deviations instead of probabilities"),
        "label_smoothing": Own(_S + _L, "another default, for tokens", signature=True),
        "dropout": Own(_F + _L + _T, "another default", signature=True),
        "lr": Own(_F, "chosen by the number of windows", signature=True),
        "batch_size": Own(_F + _L + _T, "windows or strands instead of sequences"),
        "early_stopping": Own(_F, "the last windows of each series"),
        "validation_fraction": Own(_F + _L, "of time steps; the end of a stream"),
        "n_iter_no_change": Own(_F + _L, "epochs are up to 50 steps; other numbers"),
        "callbacks": Own(_F + _L + _T, "the unit of predictions"),
        "scoring": Own(_R, "another default, and R²", signature=True),
        "random_state": Own(_F + _L, "windows are drawn; sampling has its own"),
        "loss": Own(_F, "other losses", signature=True),
        "feature_names_in_": Own(_F, "columns of covariates or series"),
        "n_iter_": Own(_F, "epochs are up to 50 steps"),
        "tied_embeddings": Own(_L, "of X itself"),
        "tbptt_steps": Own(_L, "chunks of a stream", signature=True),
        "max_length": Own(_L, "of streams, too"),
        "analyzer": Own(_L + _T, "texts that are written must be restored", signature=True),
        "min_df": Own(_L + _T, "unknown tokens are not generated"),
        "module_": Own(_F + _L, "its inputs are not sequences, or sequences after a begin"),
    },
    "fit": {
        "X": Own(_S + _F + _L + _T, "tokens, text and vectors; covariates or series"),
        "y": Own(_R + _S + _F + _L + _T, "the targets", signature=True),
        "X_val, y_val": Own(_T, "tokens that do not occur in y"),
        "sample_weight": Own(
            _S + _F + _L + _T,
            "pairs, rows or sequences, without weights of time steps",
            signature=True,
        ),
    },
    "partial_fit": {
        "sample_weight": Own(_L, "without weights of time steps"),
        "X": Own(_F, "rows of series"),
        "y": Own(_F + _L, "rows of series; ignored", signature=True),
    },
    "sample": {
        "temperature": Own(_L, "of numbers, too"),
        "top_p": Own(_L, "its order"),
        "random_state": Own(_L, "no sources"),
    },
    "transform": {"X": Own(_L, "no sources")},
    "predict": {"X": Own(_S + _F + _L, "called sources; the future; text", signature=True)},
    "score_samples": {
        "X": Own(_C + _F + _L + _T, "labels of steps; series; no targets; sequences"),
        "y": Own(_C + _F + _T, "labels of steps; series; transcripts"),
    },
    "predict_n_best": {"X": Own(_T, "sequences")},
    "align": {"X": Own(_T, "sequences"), "y": Own(_T, "transcripts")},
    "score": {
        "X": Own(_F + _L + _T, "covariates or series; no targets"),
        "X, y": Own(_R, "numbers instead of labels"),
        "y": Own(
            _S + _F + _L + _T, "not needed by an autoencoder or without covariates", signature=True
        ),
        "sample_weight": Own(
            _S + _F + _L + _T,
            "pairs, rows or sequences, without weights of time steps",
            signature=True,
        ),
    },
}
SECTIONS = ("Parameters", "Attributes")


def synchronise(sources: Mapping[str, str], differences: Differences) -> dict[str, str]:
    """Return source code by class name, with the shared entries of docstrings copied."""
    known: dict[tuple[str, str, str], list[str]] = {}
    result = {}
    for estimator, source in sources.items():
        lines, edits = source.splitlines(keepends=True), []
        for method, section, name, entry in find_entries(source, estimator):
            own = differences.get(method, {}).get(name)
            if own is not None and estimator in own.estimators:
                continue
            edits.append((entry, known.setdefault((method, section, name), lines[entry])))
        for entry, text in reversed(edits):  # from the end, so that line numbers stay valid
            lines[entry] = text
        result[estimator] = "".join(lines)
    return result


def find_entries(source: str, class_name: str) -> Iterator[tuple[str, str, str, slice]]:
    """Yield method, section, name and lines of each entry in a class's numpydoc docstrings."""
    lines = source.splitlines()
    class_node = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == class_name
    )
    methods = [node for node in class_node.body if isinstance(node, ast.FunctionDef)]
    for node in (class_node, *methods):
        if ast.get_docstring(node) is None:
            continue
        method = "__init__" if node is class_node else node.name
        docstring = node.body[0]
        last = docstring.end_lineno or docstring.lineno
        for section, name, entry in _entries_of(lines, docstring.lineno - 1, last - 1):
            yield method, section, name, entry


def _entries_of(lines: list[str], start: int, stop: int) -> Iterator[tuple[str, str, slice]]:
    """Entries of a docstring in ``lines[start:stop]``."""
    titles = [i for i in range(start, stop - 1) if _is_title(lines[i], lines[i + 1])]
    for title, end in pairwise([*titles, stop]):
        if lines[title].strip() not in SECTIONS:
            continue
        indent = _indent(lines[title])
        body = range(title + 2, end)
        heads = [i for i in body if lines[i].strip() and _indent(lines[i]) == indent]
        for head, after in pairwise([*heads, end]):
            while not lines[after - 1].strip():
                after -= 1
            name = lines[head].partition(" : ")[0].strip()
            yield lines[title].strip(), name, slice(head, after)


def _is_title(line: str, underline: str) -> bool:
    return bool(line.strip()) and underline.strip() == "-" * len(line.strip())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def main(arguments: list[str] | None = None) -> int:
    """Rewrite the estimators' files, or with ``--check`` show what would change."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail on differences")
    check = parser.parse_args(arguments).check
    paths = {name: FOLDER / file for name, file in ESTIMATORS.items()}
    before = {name: path.read_text(encoding="utf-8") for name, path in paths.items()}
    after = synchronise(before, DIFFERENCES)
    changed = [name for name in before if before[name] != after[name]]
    for name in changed:
        if check:
            old, new = (text[name].splitlines(keepends=True) for text in (before, after))
            path = str(paths[name])
            sys.stdout.writelines(difflib.unified_diff(old, new, path, f"{path} (synchronised)"))
        else:
            paths[name].write_text(after[name], encoding="utf-8")
    if check and changed:
        print("Copies of docstrings differ. Edit the first estimator and run this without --check.")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
