"""
Can you tell where a name is from by its letters?
=================================================

Without data: names of two artificial languages. Each name contains "ka" and "lo" once, and other
syllables around and between them; in one language "ka" comes first, in the other "lo". Adjacent
letters are hardly informative. With ``--data DIR``, where DIR holds the folder txt_names: 18,012
surnames of 18 nationalities.

    python examples/names_to_nationality.py --data ../shared/data
"""

import argparse
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import SequenceVectorizer


def generate_names():
    """Return names of two languages that differ in the order of two syllables."""
    rng = np.random.default_rng(0)
    names, languages = [], []
    for i in range(1200):
        others = rng.choice(["mi", "ra", "tu", "ne", "so"], 7).tolist()
        start, stop = rng.integers(1, 4), rng.integers(5, 7)
        first, last = ("ka", "lo") if i % 2 else ("lo", "ka")
        syllables = [*others[:start], first, *others[start:stop], last, *others[stop:]]
        names.append("".join(syllables).capitalize())
        languages.append("Kalonian" if i % 2 else "Lokanian")
    return names, languages


def surnames(folder):
    """Return surnames and nationalities, each pair once."""
    pairs = {
        (line.strip(), path.stem)
        for path in sorted((folder / "names").glob("*.txt"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    }
    names, nations = zip(*sorted(pairs), strict=True)
    return list(names), list(nations)


def main():
    """Fit both models and predict single names with the network."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, help="directory that holds txt_names")
    data = parser.parse_args().data
    names, origins = surnames(data / "txt_names") if data else generate_names()
    X_train, X_test, y_train, y_test = train_test_split(
        names, origins, test_size=0.2, stratify=origins, random_state=0
    )

    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4))
    counts = make_pipeline(letters, LogisticRegression(C=10, max_iter=2000))
    network = make_pipeline(
        SequenceVectorizer(analyzer="char", lowercase=False),
        RNNClassifier(embedding_dim=64, random_state=0),
    )
    for name, model in {"tf-idf of letters": counts, "sequence of letters": network}.items():
        accuracy = model.fit(X_train, y_train).score(X_test, y_test)
        print(f"{name}, accuracy on {len(y_test)} names: {accuracy:.3f}")

    for name, probability in zip(X_test[:5], network.predict_proba(X_test[:5]), strict=True):
        best = probability.argmax()
        print(f"{name}: {network.classes_[best]} ({probability[best]:.0%})")
    # Limitation: the class frequencies are those of the list, not of the world.


if __name__ == "__main__":
    main()
