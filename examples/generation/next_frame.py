"""
What comes next in this film?
=============================

A handwritten digit moves through a box and bounces off its walls. A network reads the frames as
they are, pixel by pixel, and predicts the next one; its predictions are read as if they were
frames, so that it can look further ahead. The known answer is the rest of the film.

There are two rivals: the last frame repeated, which is hard to beat in many films, and the digit
moved on with its true velocity up to the wall, where it stops. The tested films show digits that
were not in the training films.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.ndimage import shift

from sk_rnn import RNNLanguageModel
from sk_rnn.datasets import make_moving_digits

# %%
# Learn from films
# ----------------
# An array of shape (n_samples, n_timesteps, height, width) contains films. Grey values between 0
# and 1 are predicted with ``kind="binary"``, as the probability that a pixel is white.
train, _ = make_moving_digits(800, subset="train", random_state=0)
test, _, positions = make_moving_digits(100, subset="test", return_positions=True, random_state=0)
model = RNNLanguageModel(kind="binary", max_epochs=20, random_state=0).fit(train)
print(train.shape)

# %%
# Look eight frames ahead
# -----------------------
# Ten frames of each film are given. At temperature 0 nothing is drawn: each pixel is predicted by
# its mean.
n_given, n_ahead = 10, 8
given, future = test[:, :n_given], test[:, n_given : n_given + n_ahead]


def move_on(frame, positions):
    """Return the frames that follow if the digit goes on as in the last two, up to a wall."""
    start, velocity = positions[n_given - 1], positions[n_given - 1] - positions[n_given - 2]
    steps = [np.clip(start + k * velocity, 0, 8) - start for k in range(1, n_ahead + 1)]
    return np.array([shift(frame, np.rint(step), order=0) for step in steps])


predictions = {
    "network": model.generate(given, max_length=n_ahead, temperature=0, include_prompt=False),
    "same velocity": np.array([move_on(given[i, -1], positions[i]) for i in range(len(test))]),
    "last frame": np.repeat(given[:, -1:], n_ahead, axis=1),
}

fastest = np.linalg.norm(np.diff(positions[:, :2], axis=1), axis=2).argmax()
films = {"true": future, **predictions}
figure, axes = plt.subplots(4, n_ahead, figsize=(9, 4.6), layout="constrained")
for row, (name, frames) in zip(axes, films.items(), strict=True):
    for k, ax in enumerate(row):
        ax.imshow(frames[fastest, k], cmap="gray", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
for k, ax in enumerate(axes[0]):
    ax.set_title(f"{k + 1} ahead")
plt.show()

# %%
# The network knows where the digit is and that it bounces, but blurs it: which of its pixels are
# white is less certain with each frame, and so is its place.
#
# How far is that from the truth?
# -------------------------------
# Of all 100 films, the error of the grey values, and the distance between the centres of the
# digits.


def centres(frames):
    """Return row and column of the centre of the grey values, as an array (..., 2)."""
    weights = frames / np.maximum(frames.sum(axis=(-2, -1), keepdims=True), 1e-9)
    pixels = np.arange(frames.shape[-1])
    return np.stack([weights.sum(axis=-1) @ pixels, weights.sum(axis=-2) @ pixels], axis=-1)


ahead = pd.RangeIndex(1, n_ahead + 1, name="frames ahead")
errors = pd.DataFrame(index=ahead)
distances = pd.DataFrame(index=ahead)
for name, frames in predictions.items():
    errors[name] = ((frames - future) ** 2).mean(axis=(0, 2, 3))
    distances[name] = np.linalg.norm(centres(frames) - centres(future), axis=-1).mean(axis=0)

figure, axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
errors.plot(ax=axes[0], style=".-", legend=False, ylabel="mean squared error", ylim=(0, None))
distances.plot(ax=axes[1], style=".-", legend=False, ylabel="distance in pixels", ylim=(0, None))
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center")
plt.show()

# %%
# **What was learned**
#
# - A recurrent network that reads plain pixels learned motion and walls, and transfers both to
#   digits that it never saw.
# - Its error grows with each frame that it looks ahead, since it reads its own predictions, but
#   from the third frame on it is well below that of both rivals. For the next frame, a velocity is
#   enough.
#
# **Limitation**: the prediction is a mean, which is right about places and a blur as a picture: a
# digit that could be in two places is grey in both. Each pixel is a separate feature, so that
# large pictures need another network. See :doc:`/generation`.
