"""
Can the part of speech of a word be told that was never seen before?
====================================================================

Without data: sentences of an invented language, in which the ending of a word tells what it is, and
many of the words to tag occur in no training sentence. With the path of a file in the CoNLL-U
format of Universal Dependencies, or with one word and its tag per line, as in CoNLL-2003, the model
learns from that, and is tested on a second file, or on a quarter of the sentences.

    python examples/tagging_words.py
    python examples/tagging_words.py af-ud-train.conllu.gz af-ud-test.conllu.gz
"""

import argparse
import gzip
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from sk_rnn import RNNClassifier

ENDINGS = {"noun": ["um", "or", "ek"], "verb": ["ati", "emo"], "adjective": ["ilo", "ane"]}
SYLLABLES = ("bdfklmprstv", "aeiou", "bdlrst")


def invented_sentences(n, rng):
    """Return words and tags. The order of words is free, so that only endings tell the tags."""
    tags = [rng.choice(list(ENDINGS), size=n_words) for n_words in rng.integers(2, 7, size=n)]

    def word(tag):
        stem = "".join(rng.choice(list(letters)) for letters in SYLLABLES)
        return stem + str(rng.choice(ENDINGS[tag]))

    return [[word(tag) for tag in row] for row in tags], tags


def read_conll(path):
    """Return words and tags: columns 2 and 4 of CoNLL-U, or else the first and the last."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
    sentences, tags = [], []
    for block in text.replace("\r", "").split("\n\n"):
        rows = [line.split("\t") for line in block.split("\n") if line and line[0] != "#"]
        if rows and len(rows[0]) == 10:  # ranges and empty nodes are not words
            rows = [(row[1], row[3]) for row in rows if row[0].isdigit()]
        else:
            split = [row[0].split() if len(row) == 1 else row for row in rows]
            rows = [(row[0], row[-1]) for row in split if row[0] != "-DOCSTART-"]
        if rows:
            sentences.append([word for word, _ in rows])
            tags.append([tag for _, tag in rows])
    return sentences, tags


def main():
    """Fit a tagger with and without letters, and compare them on known and unknown words."""
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path, nargs="?", help="file in CoNLL or CoNLL-U format")
    parser.add_argument("test", type=Path, nargs="?", help="such a file to test on")
    files = parser.parse_args()
    if files.train:
        X, y = read_conll(files.train)
    else:
        X, y = invented_sentences(600, np.random.default_rng(0))
    if files.test:
        X_test, y_test = read_conll(files.test)
    else:
        X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, random_state=0)

    known = {word for words in X for word in words}
    is_known = np.array([word in known for words in X_test for word in words])
    truth = np.concatenate(y_test)
    unknown = 1 - is_known.mean()
    print(f"{len(X)} sentences to learn from; {unknown:.0%} of the words to tag are unknown")
    for name, letters in {"words alone": None, "words and their letters": "auto"}.items():
        tagger = RNNClassifier(
            return_sequences=True, char_embedding=letters, calibrate=False, random_state=0
        )
        predicted = tagger.fit(X, y).predict(X_test)
        right = np.concatenate(predicted) == truth
        print(
            f"{name}: accuracy on known words {right[is_known].mean():.3f}, "
            f"on unknown words {right[~is_known].mean():.3f}"
        )
    for word, tag in zip(X_test[0], predicted[0], strict=True):
        print(f"  {word:12s} {tag}" + ("" if word in known else "  (unknown word)"))
    # Limitation: letters tell little where a language hardly changes its words; vectors of words
    # that were learned from much more text tell more.


if __name__ == "__main__":
    main()
