"""
Does word order determine what a question asks for?
===================================================

Without data: generated sentences in which the same words in a different order have a different
answer. Word counts cannot separate them, and bigrams hardly, but a recurrent network can. With
``--data DIR``, where DIR holds the folder txt_TREC: 5,452 questions in six classes (Li & Roth,
2002), and 500 to test on.

    python examples/text_classification.py --data ../shared/data
"""

import argparse
import gzip
from itertools import product
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import SequenceVectorizer

CLASSES = ["description", "entity", "abbreviation", "person", "number", "place"]


def generate_questions():
    """Return questions and the role that each asks for: the agent or the patient."""
    names, acts = ["Ada", "Ben", "Cleo", "Dan", "Eve"], ["called", "saw", "paid", "helped"]
    when = ["today", "last night", "on the way home from work", "twice"]
    texts, answers = [], []
    for a, b, act, time in product(names, names, acts, when):
        if a != b:
            texts += [f"{a} {act} {b} {time}, who was {act}?", f"{a} {act} {b} {time}, who {act}?"]
            answers += [b, a]
    return train_test_split(texts, np.array(answers), test_size=0.5, random_state=0)


def trec(folder):
    """Return the questions of TREC in their official split."""
    parts = []
    train = gzip.decompress((folder / "TREC.train.all.gz").read_bytes()).decode("latin-1")
    test = (folder / "TREC.test.all").read_text(encoding="latin-1")
    for text in (train, test):
        rows = [line.split(" ", 1) for line in text.splitlines()]
        parts.append(([row[1] for row in rows], np.array([CLASSES[int(row[0])] for row in rows])))
    (X_train, y_train), (X_test, y_test) = parts
    return X_train, X_test, y_train, y_test


def main():
    """Fit both models and show where the network is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, help="directory that holds txt_TREC")
    data = parser.parse_args().data
    X_train, X_test, y_train, y_test = trec(data / "txt_TREC") if data else generate_questions()

    words = TfidfVectorizer(ngram_range=(1, 2))
    counts = make_pipeline(words, LogisticRegression(C=10, max_iter=1000))
    network = make_pipeline(SequenceVectorizer(), RNNClassifier(embedding_dim=64, random_state=0))
    for name, model in {"tf-idf of words and pairs": counts, "sequence of words": network}.items():
        accuracy = model.fit(X_train, y_train).score(X_test, y_test)
        print(f"{name}, accuracy on {len(y_test)} questions: {accuracy:.3f}")

    predicted = network.predict(X_test)
    wrong = np.flatnonzero(predicted != y_test)[:5]
    for i in wrong:
        print(f"wrong: {X_test[i]!r} asks for {y_test[i]}, not {predicted[i]}")
    # Limitation: all unseen words become the same unknown token; pretrained vectors
    # (load_word_vectors) cover many more words than a few thousand questions.


if __name__ == "__main__":
    main()
