"""
Which digit is this sequence of rows?
=====================================

The 1,797 handwritten digits of scikit-learn are images of 8 by 8 pixels. Here they are read like a
text, from top to bottom: each digit is a sequence of 8 time steps, the rows, with 8 features each,
the pixels of a row. The labels are known, and nearly all of the images are legible.

A recurrent network with default parameters is compared with logistic regression on all 64 pixels.
The same images are then read from left to right without their blank columns, which makes sequences
of different lengths.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_rnn import RNNClassifier
from sk_rnn.inspection import TrainingCurveDisplay

# %%
# Images as sequences
# -------------------
# ``digits.images`` has the shape (n_samples, n_timesteps, n_features), which every estimator of
# this package accepts as it is.

digits = load_digits()
print(digits.images.shape)
train, test = train_test_split(np.arange(1797), stratify=digits.target, random_state=0)
y_train, y_test = digits.target[train], digits.target[test]

# %%
# A first fit
# -----------
# The default is a GRU that reads in both directions. It needs no scaler, because the estimator
# standardises each feature.

rows = RNNClassifier(random_state=0).fit(digits.images[train], y_train)

linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
linear.fit(digits.data[train], y_train)

# %%
# No row of these images is blank, but many columns are. Without them, a narrow digit has fewer time
# steps than a wide one. Sequences of different lengths are a list of arrays.

X_columns = [image.T[image.any(axis=0)] for image in digits.images]
print(f"{min(map(len, X_columns))} to {max(map(len, X_columns))} time steps")
X_train, X_test = ([X_columns[i] for i in part] for part in (train, test))
columns = RNNClassifier(random_state=0).fit(X_train, y_train)

accuracy = pd.Series(
    {
        "rows, from top to bottom": rows.score(digits.images[test], y_test),
        "columns, without blank ones": columns.score(X_test, y_test),
        "logistic regression on 64 pixels": linear.score(digits.data[test], y_test),
    }
)
print(accuracy.round(3).to_string())

# %%
# Both networks recognise about 99 % of the test digits, and logistic regression about 97 %. The
# direction of reading and the different lengths make no difference here.
#
# What is still misread?
# ----------------------
# The ten test digits to whose label the network gave the lowest probability, in red where another
# digit was more probable.

probabilities = rows.predict_proba(digits.images[test])
of_label = probabilities[np.arange(len(y_test)), y_test]
predicted = rows.classes_[probabilities.argmax(axis=1)]

figure, axes = plt.subplots(2, 5, figsize=(8, 4.4), layout="constrained")
for ax, i in zip(axes.flat, of_label.argsort()[:10], strict=True):
    ax.imshow(digits.images[test[i]], cmap="gray_r")
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(
        f"a {y_test[i]}, read as {predicted[i]}\nP({y_test[i]}) = {of_label[i]:.2f}",
        color="firebrick" if predicted[i] != y_test[i] else "black",
        fontsize="medium",
    )
axes[0, 0].set(xlabel="features", ylabel="time steps")
plt.show()

# %%
# The network is unsure where the image is unclear: several of these would make a person hesitate,
# too.
#
# Was training long enough?
# -------------------------

TrainingCurveDisplay.from_estimator({"rows": rows, "columns": columns}).plot()
plt.show()

# %%
# Both losses have levelled off, and the learning rate ends near zero, as its schedule intends: more
# epochs would change little.
#
# **What was learned**
#
# - A 3-D array, or a list of arrays of different lengths, is all that `RNNClassifier` needs.
# - The defaults are a good first model: about 99 % of the digits are read correctly, more than by a
#   linear model on the same pixels.
#
# **Limitation**: images have no time axis. On small images of equal size a support vector machine
# (``SVC()`` on ``digits.data``) is about as accurate and much faster; recurrent networks are for
# data that have an order.
#
# See also :doc:`/getting_started` for the other tasks, and :doc:`/data` for all containers.
