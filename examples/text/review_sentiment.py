"""
Is this review positive or negative, and what if "not" comes first?
===================================================================

The reviews are generated, and each contains one positive and one negative word, one of which is
negated: "The plot is not very dull, it is really funny". Which one it is decides, and the same
words in another order make the opposite review. Counts of words know nothing of that; a recurrent
network reads the words one after the other. It is compared with tf-idf and logistic regression, on
single words and on groups of up to four neighbouring words.

If the environment variable ``SK_RNN_DATA`` names a folder that contains ``txt_IMDB5k``, the page
reads 5,000 film reviews instead.
"""

import os
import tarfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sk_rnn import RNNClassifier
from sk_rnn.inspection import SaliencyDisplay

DATA = os.environ.get("SK_RNN_DATA")

# %%
# Reviews
# -------
# Up to four words separate "not" from the word that it negates, and either half of the review may
# come first.

NOUNS = ["plot", "acting", "music", "ending", "dialogue", "camera"]
PRAISE = ["good", "funny", "gripping", "clever", "touching", "original"]
BLAME = ["bad", "dull", "boring", "silly", "cold", "predictable"]
ADVERBS = ["really", "very", "for me", "in every scene", "most of the time", "from start to end"]


def generate_reviews(n_reviews):
    """Return reviews and their sentiments."""
    rng = np.random.default_rng(0)
    reviews, sentiments = [], rng.choice(["positive", "negative"], size=n_reviews)
    for sentiment in sentiments:
        words = [rng.choice(PRAISE), rng.choice(BLAME)]
        meant, negated = words if sentiment == "positive" else words[::-1]
        noun, (first, second) = rng.choice(NOUNS), rng.choice(ADVERBS, 2)
        halves = rng.permutation([f"is not {first} {negated}", f"is {second} {meant}"])
        reviews.append(f"The {noun} {halves[0]}, it {halves[1]}")
    return train_test_split(reviews, sentiments, test_size=0.5, random_state=0)


def read_reviews(path):
    """Return the film reviews and their sentiments, in their official split."""
    parts = {"train": ([], []), "test": ([], [])}
    with tarfile.open(path) as archive:
        for member in filter(tarfile.TarInfo.isfile, archive):
            part, sentiment, _ = member.name.split("/")
            parts[part][0].append(archive.extractfile(member).read().decode())
            parts[part][1].append("positive" if sentiment == "pos" else "negative")
    return parts["train"][0], parts["test"][0], parts["train"][1], parts["test"][1]


if DATA:
    X, X_test, y, y_test = read_reviews(Path(DATA, "txt_IMDB5k", "imdb_subset.tar.gz"))
else:
    X, X_test, y, y_test = generate_reviews(2000)
for review, sentiment in zip(X[:4], y[:4], strict=True):
    print(f"{sentiment}: {review[:90]}")

# %%
# Counts of words, and sequences of words
# ---------------------------------------
# `~sk_rnn.RNNClassifier` needs no vectorizer: it splits strings into words itself.

models = {
    f"tf-idf, {name}": make_pipeline(
        TfidfVectorizer(ngram_range=(1, n), min_df=2), LogisticRegression(C=10, max_iter=1000)
    )
    for n, name in enumerate(["words", "and pairs", "and triples", "and groups of four"], start=1)
}
models["recurrent network"] = RNNClassifier(random_state=0)
accuracy = pd.Series(
    {name: model.fit(X, y).score(X_test, y_test) for name, model in models.items()}
)
print(accuracy.round(3).to_string())

# %%
# Words and pairs of words are no better than guessing. Longer groups come closer, because most of
# them contain both "not" and the word that it negates, but their number grows quickly, and each
# has to occur in the training data. The network is right about all reviews.
#
# What the prediction depends on
# ------------------------------
# Integrated gradients divide the network's output for "positive" between the words. These two
# reviews consist of the same words.

network = models["recurrent network"]
twins = [
    "The plot is not very dull, it is really funny",
    "The plot is not very funny, it is really dull",
]
figure, axes = plt.subplots(2, 1, figsize=(7, 4.4), sharey=True, layout="constrained")
for i, ax in enumerate(axes):
    SaliencyDisplay.from_estimator(network, twins, sample=i, output="positive").plot(ax)
    ax.set(title=f"predicted as {network.predict(twins)[i]}", xlabel="")
    ax.tick_params(axis="x", rotation=0)
axes[-1].set_xlabel("word")
plt.show()

# %%
# "Dull" speaks for a positive review after "not", and against it without. No count of words can do
# that.
#
# Sentences of another form
# -------------------------
# All reviews of the training data have two halves, with one negation. What about shorter
# sentences, and two negations?

others = [
    "The plot is dull",
    "The plot is not dull",
    "The music is funny",
    "The music is not funny",
    "Not dull, not silly",
]
probability = pd.DataFrame(network.predict_proba(others), others, network.classes_)
print(probability.round(2).to_string())

# %%
# The network has learned what "not" does, and reads short sentences correctly. Two negations are
# too far from its training data: the last sentence is predicted wrongly.
#
# **What was learned**
#
# - Where the order of words decides, tf-idf needs groups of words that are long enough; a
#   recurrent network needs no such choice.
# - `~sk_rnn.inspection.SaliencyDisplay` shows the influence of a word in its context.
#
# **Limitation**: the network learns of negation only what the data contain. In film reviews, which
# are long, single words decide: the network's accuracy is 0.858, that of tf-idf of words and pairs
# 0.872, and after these reviews the network reads "The plot is not dull" as negative. More in
# :doc:`/text`.
