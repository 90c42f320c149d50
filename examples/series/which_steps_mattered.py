"""
Which time steps decided the prediction?
========================================

Each series is noise with one short pattern at a random place: a peak followed by a dip, or a dip
followed by a peak. The order of the two is the label, so it is known which time steps decide it:
ten of sixty. A classifier is trained without being told the place, and two displays point
to it:

- `SaliencyDisplay <sk_rnn.inspection.SaliencyDisplay>` computes integrated gradients;
- `AttentionDisplay <sk_rnn.inspection.AttentionDisplay>` shows the weights of attention pooling.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sk_rnn import RNNClassifier
from sk_rnn.inspection import AttentionDisplay, SaliencyDisplay

# %%
# Patterns at known places
# ------------------------

N_STEPS, WIDTH = 60, 10
rng = np.random.default_rng(0)
y = rng.choice(["dip first", "peak first"], size=1200)
starts = rng.integers(0, N_STEPS - WIDTH + 1, size=len(y))
pattern = 2 * np.sin(2 * np.pi * np.arange(WIDTH) / WIDTH)
X = rng.normal(0, 0.5, (len(y), N_STEPS, 1))
for series, label, start in zip(X, y, starts, strict=True):
    series[start : start + WIDTH, 0] += pattern if label == "peak first" else -pattern
X_train, X_test, y_train, y_test = X[:1000], X[1000:], y[:1000], y[1000:]

# %%
# With ``pooling="attention"``, the network weighs its states over time before it decides.

clf = RNNClassifier(pooling="attention", max_epochs=20, random_state=0).fit(X_train, y_train)
accuracy = clf.score(X_test, y_test)
print(f"accuracy on unseen series: {accuracy:.3f}")

# %%
# The network has learned the order of peak and dip.
#
# One series
# ----------
# The attribution of a time step is its contribution to the output, here the log odds of the
# predicted label. The dashed lines enclose the planted pattern, which the display does not know.


def mark(axes, i):
    """Mark both ends of the pattern of test series i."""
    for ax in axes:
        for end in (starts[1000 + i] - 0.5, starts[1000 + i] + WIDTH - 0.5):
            ax.axvline(end, color="tab:green", linestyle="--")


saliency = SaliencyDisplay.from_estimator(clf, X_test, sample=0).plot()
mark(saliency.axes_, 0)
plt.show()

# %%
# Contributions outside of the pattern are small. They are complete: their sum is the difference
# between the output for the series and that for the baseline, the mean of the training data.

total = saliency.attributions.sum()
print(f"sum {total:.2f}, difference {saliency.output - saliency.baseline_output:.2f}")

# %%
# The weights of attention pooling tell something else: which states were read, and a state also
# remembers the steps before and after it. So they may be narrower than the pattern.

attention = AttentionDisplay.from_estimator(clf, X_test, sample=0).plot()
mark(attention.axes_, 0)
plt.show()

# %%
# Many series
# -----------
# One picture can be chosen. The share of the attributions, and of the weights, that is inside the
# planted pattern can be computed for many series; by chance it would be ten sixtieths.

n = 100
steps = np.arange(N_STEPS)
planted = (steps >= starts[1000:, None]) & (steps < starts[1000:, None] + WIDTH)
attributions = np.array(
    [SaliencyDisplay.from_estimator(clf, X_test, sample=i).attributions[:, 0] for i in range(n)]
)
weights = np.array(
    [AttentionDisplay.from_estimator(clf, X_test, sample=i).weights[0] for i in range(n)]
)
share = pd.DataFrame(
    {
        name: (found * planted[:n]).sum(axis=1) / found.sum(axis=1)
        for name, found in [("saliency", np.abs(attributions)), ("attention", weights)]
    }
)
share.describe().loc[["mean", "min"]].assign(chance=WIDTH / N_STEPS).round(2)

# %%
# Both point to the planted pattern in every series. Does the prediction really depend on these
# steps? The ten with the largest attributions are replaced by zeros, the mean of the noise, and for
# comparison ten random ones.

largest = np.argsort(-np.abs(attributions), axis=1)[:, :WIDTH]
random = rng.permuted(np.tile(steps, (n, 1)), axis=1)[:, :WIDTH]
replaced = {"none": largest[:, :0], "ten random": random, "ten largest": largest}
accuracies = {}
for name, where in replaced.items():
    X_changed = X_test[:n].copy()
    np.put_along_axis(X_changed, where[:, :, None], 0, axis=1)
    accuracies[name] = clf.score(X_changed, y_test[:n])
pd.Series(accuracies, name="accuracy").rename_axis("steps replaced").to_frame()

# %%
# Without the steps that were found, the accuracy is that of guessing; without as many random ones,
# it is nearly as high as before.
#
# **What was learned.**
#
# - Saliency finds both the peak and the dip, and its attributions sum to the change of the output.
# - Attention finds the pattern, too, but only a few steps of it: the states that the network reads.
# - A found place is believable if predictions change without it; this needs no known answer.
#
# **Limitation.** Attributions depend on the baseline: a step that equals it has none, even if its
# value matters. So the middle of the pattern, between peak and dip, seems unimportant.
#
# See :doc:`/troubleshooting` for other ways to look into a model.
