"""Copy what the estimators' docstrings say of shared parameters from one estimator to the others.

    python docs/sync_docstrings.py          # rewrite the copies
    python docs/sync_docstrings.py --check  # show a diff and fail if copies differ

The first estimator that documents a parameter or attribute is the source: edit it there. What is
meant to differ is listed in `DIFFERENCES`.
"""

import argparse
import ast
import difflib
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "sk_rnn" / "estimators"

# In this order, the first that has a parameter is the source.
ESTIMATORS = {
    "RNNClassifier": "_classifier.py",
    "RNNRegressor": "_regressor.py",
    "Seq2SeqTransformer": "_seq2seq.py",
}

# For each method (__init__: the class docstring), parameters and attributes whose text or signature
# differs: the estimators that have their own, and why.
Differences = Mapping[str, Mapping[str, tuple[tuple[str, ...], str]]]
_C, _R, _S = ("RNNClassifier",), ("RNNRegressor",), ("Seq2SeqTransformer",)
DIFFERENCES: Differences = {
    "__init__": {
        "cell": (_S, "no custom cells"),
        "hidden_size": (_S, "the default, and it is the size of encoder and decoder"),
        "num_layers": (_S, "of encoder and decoder"),
        "bidirectional": (_S, "of the encoder only"),
        "return_sequences": (_R, "numbers instead of labels"),
        "embedding_dim": (_S, "the default: X is tokens if it looks so"),
        "embedding_weights": (_S, "for a Panel of token ids only"),
        "embedding_dropout": (_S, "the default: no 'auto'"),
        "word_dropout": (_S, "the default"),
        "conv_stride": (_S, "no return_sequences"),
        "recurrent_dropout": (_S, "no custom cells, but input_feeding"),
        "optimizer": (_S, "no larger eps for the embedding"),
        "lr_schedule": (_S, "no partial_fit"),
        "max_epochs": (_S, "documents are not treated differently"),
        "**extras": (_S, "no custom cells"),
        "n_features_in_": (_S, "tokens and vectors"),
        "loss_curve_": (_R + _S, "the unit of the loss"),
        "validation_curve_": (_C, "accuracy instead of minus the loss"),
    },
    "fit": {
        "X": (_S, "tokens, text and vectors, too"),
        "y": (_R + _S, "what is learned"),
        "sample_weight": (_S, "of pairs"),
    },
    "predict": {"X": (_S, "called sources")},
    "score": {
        "X, y": (_R, "numbers instead of labels"),
        "y": (_S, "not needed by an autoencoder"),
        "sample_weight": (_S, "of pairs"),
    },
}

SECTIONS = ("Parameters", "Attributes")


def synchronise(sources: Mapping[str, str], differences: Differences) -> dict[str, str]:
    """Return the source code of each class with the shared entries of its docstrings copied.

    Parameters
    ----------
    sources : dict of str to str
        Class names and the source code of the modules that define them.
    differences : dict
        As `DIFFERENCES`.
    """
    known: dict[tuple[str, str, str], list[str]] = {}
    result = {}
    for estimator, source in sources.items():
        lines = source.splitlines(keepends=True)
        # From the last entry to the first, so that line numbers stay valid.
        edits = []
        for method, section, name, entry in find_entries(source, estimator):
            if estimator in differences.get(method, {}).get(name, ((), ""))[0]:
                continue
            text = known.setdefault((method, section, name), lines[entry])
            edits.append((entry, text))
        for entry, text in reversed(edits):
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
