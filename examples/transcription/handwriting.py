"""
Can a network read the handwriting of new people?
=================================================

A tablet records a word as a list of strokes, and a stroke as a list of points. The writers here
are artificial: they differ in slant, size, width, how steady they are, and whether they join
letters. Two of them are kept for the test, and write words that the others did not write. So the
network cannot know the words, and has to read their letters.
"""

import gzip
import json
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sk_rnn import RNNTranscriber
from sk_rnn.metrics import character_error_rate, word_error_rate
from sk_rnn.preprocessing import PenStrokes

# %%
# Writers
# -------
# If the environment variable ``SK_RNN_DATA`` names the folder of a data set with words that people
# wrote on a tablet, the page reads these instead.
DATA = os.environ.get("SK_RNN_DATA")


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


X, y, writers = [], [], []
if DATA:
    with gzip.open(f"{DATA}/hw_UNIPEN_words_A/words.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            X.append([np.array(stroke) for stroke in row["strokes"]])
            y.append(row["word"])
            writers.append(row["writer"])
else:
    rng = np.random.default_rng(0)
    words = rng.permutation(WORDS.split())
    for i in range(10):
        style = rng.uniform((-0.3, 0.7, 0.05, 0.5, 0.05), (0.7, 1.5, 0.3, 3, 0.2))
        for word in words[:40] if i < 8 else words[40:]:
            X.append(write(word, *style, i % 2, rng))
            y.append(str(word))
            writers.append(f"writer {i}")
test = np.isin(writers, np.unique(writers)[-2:])
X_train, y_train = [X[i] for i in np.flatnonzero(~test)], [y[i] for i in np.flatnonzero(~test)]
X_test, y_test = [X[i] for i in np.flatnonzero(test)], [y[i] for i in np.flatnonzero(test)]

# %%
# Read
# ----
# Strokes become movements of equal lengths, which depend neither on the size of the writing nor on
# the speed of the pen; the network reads letters off them. With a lexicon, only its words are
# read.
model = make_pipeline(PenStrokes(), RNNTranscriber(max_epochs=40, random_state=0))
model.fit(X_train, y_train)
lexicon = [word for word in sorted(set(y)) if set(word) <= set(model[-1].tokens_)]
read, rows = {}, {}
for search, width, words in (("letter by letter", 1, None), ("with lexicon", 16, lexicon)):
    model[-1].set_params(beam_width=width, lexicon=words)
    read[search] = model.predict(X_test)
    rows[search] = {
        "wrong letters": character_error_rate(y_test, read[search]),
        "wrong words": word_error_rate(y_test, read[search]),
    }
errors = pd.DataFrame(rows)

figure, axes = plt.subplots(3, 4, figsize=(9, 4.5), layout="constrained")
for i, ax in zip(np.linspace(0, len(X_test) - 1, 12).astype(int), axes.flat, strict=True):
    for stroke in X_test[i]:
        ax.plot(*stroke.T, color="C0")
    ax.set_title(" \u2192 ".join(read[search][i] for search in read), fontsize=10)
    ax.set_aspect("equal")
    ax.set_axis_off()
figure.suptitle("read letter by letter \u2192 with lexicon")
plt.show()

# %%
# Most words are read right, though nobody among the writers of the training words wrote them.
figure, ax = plt.subplots(figsize=(7, 2.2), layout="constrained")
errors.plot.barh(ax=ax, xlabel="share", legend=False)
figure.legend(loc="outside right center")
plt.show()

# %%
# **What was learned**
#
# - The network reads letters by people, and in words, that it has never seen. A few wrong letters
#   make many wrong words; a lexicon corrects most of them.
# - On the real words, with two people for the test and seven in training, 21 % of the letters are
#   wrong, and 68 % of the words; 14 % of the words with the lexicon of 925.
#
# **Limitation**: a letter that no writer of the training words wrote is never read. See
# :doc:`/transcription`.
