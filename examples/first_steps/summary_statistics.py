"""
Is a recurrent network worth it?
================================

An honest comparison with two rivals that are fast and often hard to beat: summary statistics of
each sequence, and random convolutions in the manner of MiniRocket (Dempster, Schmidt & Webb,
2021), which count how often short patterns occur. Both end with a linear model.

There are three generated tasks with 100 noisy time steps per sequence. The known answer is what
tells the two classes apart: the level, the shape of a short wave that occurs somewhere, or which
of two events comes first.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LogisticRegression, RidgeClassifierCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import SequenceSummarizer

# sphinx_gallery_thumbnail_number = 2

# %%
# Three tasks
# -----------
# In the first, class 1 has a slightly higher level. In the second, a wave of 12 steps has three
# cycles instead of two. In the third, a wave and its mirror image occur in one order or the other.

rng = np.random.default_rng(0)
y = np.arange(500) % 2
noise = rng.normal(size=(500, 100))
t = np.arange(12) / 12


def add(X, waves, starts):
    """Add one wave to each sequence, from its start on."""
    X = X.copy()
    for x, wave, start in zip(X, waves, starts, strict=True):
        x[start : start + len(wave)] += wave
    return X


first = rng.integers(0, 33, size=500)
second = first + 12 + rng.integers(0, 43, size=500)
event = 2.5 * np.sin(2 * np.pi * t)
signs = np.where(y == 1, -1, 1)[:, np.newaxis]
tasks = {
    "level": noise + 0.3 * y[:, np.newaxis],
    "shape": add(noise, 1.8 * np.sin(2 * np.pi * np.outer(2 + y, t)), rng.integers(0, 88, 500)),
    "order": add(add(noise, signs * event, first), -signs * event, second),
}

figure, axes = plt.subplots(2, 3, figsize=(9, 3.6), layout="constrained", sharex=True, sharey=True)
for (task, X), column in zip(tasks.items(), axes.T, strict=True):
    for k, ax in enumerate(column):
        ax.plot(X[k] - noise[k], color="black")
        ax.plot(X[k], color="tab:blue", linewidth=0.8)
        ax.set_title(f"{task}, class {k}", fontsize="medium")
    column[1].set_xlabel("time step")
plt.show()

# %%
# Black is what tells the classes apart, blue is what the models see.
#
# Three models
# ------------
# Like MiniRocket, this transformer uses kernels of nine weights that sum to zero, spread over time
# by a dilation. Its features are the shares of time steps at which a convolution exceeds some
# threshold.


class RandomConvolutions(TransformerMixin, BaseEstimator):
    """Shares of positive values of random dilated convolutions."""

    def fit(self, X, y=None):
        """Draw kernels, and thresholds from their outputs on a training sequence each."""
        rng, self.kernels_ = np.random.default_rng(0), []
        for x in X[rng.integers(len(X), size=300)]:
            weights = rng.permutation([2] * 3 + [-1] * 6)
            dilation = int(2 ** rng.uniform(0, np.log2((X.shape[1] - 1) / 8)))
            outputs = self._convolve(x[np.newaxis], weights, dilation)
            self.kernels_.append((weights, dilation, np.quantile(outputs, rng.random(4))))
        return self

    def transform(self, X):
        """Return 1,200 shares per sequence."""
        shares = []
        for weights, dilation, thresholds in self.kernels_:
            exceeds = self._convolve(X, weights, dilation)[..., np.newaxis] > thresholds
            shares.append(exceeds.mean(axis=1))
        return np.hstack(shares)

    def _convolve(self, X, weights, dilation):
        padded = np.pad(X, ((0, 0), (4 * dilation, 4 * dilation)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, 8 * dilation + 1, axis=1)
        return windows[..., ::dilation] @ weights


linear, ridge = LogisticRegression(), RidgeClassifierCV(np.logspace(-3, 3, 10))
models = {
    "summary statistics": make_pipeline(SequenceSummarizer(), StandardScaler(), linear),
    "random convolutions": make_pipeline(RandomConvolutions(), StandardScaler(), ridge),
    "recurrent network": RNNClassifier(random_state=0),
}
rows = []
for task, X in tasks.items():
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    for name, model in models.items():
        started = time.perf_counter()
        accuracy = model.fit(X_train, y_train).score(X_test, y_test)
        seconds = time.perf_counter() - started
        rows.append({"task": task, "model": name, "accuracy": accuracy, "seconds": seconds})

results = pd.DataFrame(rows).pivot_table(["accuracy", "seconds"], "model", "task", sort=False)
print(results.round(2).to_string())

figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
results["accuracy"].T.plot.bar(ax=axes[0], rot=0, legend=False, width=0.75)
results["seconds"].T.plot.bar(ax=axes[1], rot=0, legend=False, width=0.75, logy=True)
axes[0].set(title="accuracy on test sequences", xlabel="", ylim=(0.4, 1.02))
axes[0].axhline(0.5, color="gray", linewidth=1)
axes[1].set(title="seconds to fit and predict", xlabel="")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

# %%
# Each model has its task. Summary statistics contain the level, and are as accurate as possible on
# it, about 0.93. The shape is recognised about equally well by convolutions and network, but the
# convolutions need a fraction of the time. For the order of two events far apart, the network is
# needed.
#
# **What was learned**
#
# - Fit the fast rivals first: if they are as accurate, a network is not worth it.
# - A network is worth it if order over long distances matters. It also predicts at each time step,
#   and reads sequences of different lengths, which these convolutions do not.
#
# **Limitation**: these convolutions have an eighth of MiniRocket's 10,000 features. Real data mix
# level, shape and order, so that only a comparison on the data themselves decides.
#
# :doc:`/preprocessing` describes the summarizer, and :doc:`/performance` says what makes networks
# faster.
