"""
Can a network read the handwriting of people from whom it has never seen a letter?
==================================================================================

    python examples/handwriting.py           # strokes of artificial writers
    python examples/handwriting.py FILE      # words.jsonl.gz: writer, word and strokes in each line

Writers differ in slant, size, width, how steady they are, and whether they join letters. Two of
them are kept apart, and write words that the others did not write. X is a list of strokes per word,
as a tablet records them.
"""

import gzip
import json
import sys

import numpy as np
from sklearn.pipeline import make_pipeline

from sk_rnn import RNNTranscriber
from sk_rnn.metrics import character_error_rate, word_error_rate
from sk_rnn.preprocessing import PenStrokes


def arc(start, stop, x=0.2, y=0.25, width=0.2, height=0.25):
    """Points of an ellipse around x, y, between two angles: turns, from the right and upwards."""
    angles = 2 * np.pi * np.linspace(start, stop, 16)
    return np.column_stack([x + width * np.cos(angles), y + height * np.sin(angles)])


def line(*points):
    """Points of a stroke with corners."""
    return np.array(points, dtype=float)


# Strokes of each letter. The base line is at 0, small letters are 0.5 high.
BOWL, STEM = arc(0.1, 1.0), line((0.4, 0.5), (0.4, 0))
LETTERS = {
    "a": [np.vstack([BOWL, STEM])],
    "c": [arc(0.1, 0.9)],
    "d": [np.vstack([BOWL, line((0.4, 1), (0.4, 0))])],
    "e": [np.vstack([line((0, 0.25), (0.4, 0.25)), arc(0, 0.9)])],
    "h": [np.vstack([line((0, 1), (0, 0)), arc(0.5, 0), line((0.4, 0))])],
    "i": [line((0, 0.5), (0, 0)), line((0, 0.7), (0.02, 0.7))],
    "l": [line((0, 1), (0, 0))],
    "n": [np.vstack([line((0, 0.5), (0, 0)), arc(0.5, 0), line((0.4, 0))])],
    "o": [arc(0.25, 1.25)],
    "r": [np.vstack([line((0, 0.5), (0, 0)), arc(0.5, 0.15)])],
    "s": [np.vstack([arc(0.1, 0.7, y=0.37, height=0.13), arc(0.2, -0.4, y=0.12, height=0.13)])],
    "t": [line((0.1, 0.9), (0.1, 0)), line((-0.05, 0.5), (0.3, 0.5))],
    "u": [np.vstack([line((0, 0.5)), arc(0.5, 1), line((0.4, 0.5), (0.4, 0))])],
}
WORDS = """
a the and other in on at to is it as are his her that this not all one out then there these their
into has had here such than also can last old note store three tree trees sea sun hand hands land
house horse noise nurse ocean lesson listen silent stone sound second shore short south north east
train direct island letter center circle class clean clear close cloud coast cold
"""


def write(word, slant, width, gap, size, shake, joins, rng):
    """Return the strokes of a word, in units of an artificial tablet."""
    strokes, x = [], 0.0
    for letter in word:
        stretch = (width * rng.normal(1, 0.1), rng.normal(1, 0.1))
        drawn = [stroke * stretch for stroke in LETTERS[letter]]
        for i, stroke in enumerate(drawn):
            moves = rng.normal(0, shake, stroke.shape).cumsum(axis=0) / len(stroke) ** 0.5
            points = stroke + moves + (x, rng.normal(0, 0.03))
            points[:, 0] += slant * points[:, 1]
            if joins and strokes and i == 0:  # the pen stays down
                points = np.vstack([strokes.pop(), points])
            strokes.append(points)
        x += max(stroke[:, 0].max() for stroke in drawn) + gap
    return [1000 * size * stroke for stroke in strokes]


def artificial_writers(rng):
    """Return strokes, words and writers. The last two write the words that the others leave out."""
    words = rng.permutation(WORDS.split())
    X, y, writers = [], [], []
    for i in range(10):
        slant, width, gap, size, shake = rng.uniform(
            (-0.3, 0.7, 0.05, 0.5, 0.05), (0.7, 1.5, 0.3, 3, 0.2)
        )
        for word in words[:40] if i < 8 else words[40:]:
            X.append(write(word, slant, width, gap, size, shake, i % 2, rng))
            y.append(str(word))
            writers.append(f"writer {i}")
    return X, y, np.array(writers)


def tablet_words(path):
    """Return strokes, words and writers from a file of one JSON object per line."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    strokes = [[np.array(stroke) for stroke in row["strokes"]] for row in rows]
    return strokes, [row["word"] for row in rows], np.array([row["writer"] for row in rows])


X, y, writers = artificial_writers(np.random.default_rng(0))
if len(sys.argv) > 1:
    X, y, writers = tablet_words(sys.argv[1])
unknown = np.unique(writers)[-2:]
test = np.isin(writers, unknown)
X_train, y_train = [X[i] for i in np.flatnonzero(~test)], [y[i] for i in np.flatnonzero(~test)]
X_test, y_test = [X[i] for i in np.flatnonzero(test)], [y[i] for i in np.flatnonzero(test)]
print(f"{len(X_train)} words; {len(X_test)} by {' and '.join(unknown)}, kept apart")

# From strokes to text: movements of equal lengths, and a network that reads letters off them.
model = make_pipeline(PenStrokes(), RNNTranscriber(max_epochs=40, random_state=0))
model.fit(X_train, y_train)
predicted = model.predict(X_test)
print(f"letters wrong:                  {character_error_rate(y_test, predicted):.3f}")
print(f"words wrong:                    {word_error_rate(y_test, predicted):.3f}")
letters = set(model[-1].tokens_)
lexicon = [word for word in sorted(set(y)) if letters.issuperset(word)]
model.set_params(rnntranscriber__beam_width=16, rnntranscriber__lexicon=lexicon)
corrected = model.predict(X_test)
print(f"words wrong, {len(lexicon):4} words known:  {word_error_rate(y_test, corrected):.3f}")
changed = [i for i in range(len(y_test)) if predicted[i] != corrected[i]][:5]
for i in changed:
    print(f"{y_test[i]}: read as {predicted[i]}, with the lexicon as {corrected[i]}")

# What it cannot do: a capital letter, or any letter that no writer of the training data wrote.
