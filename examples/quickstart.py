"""Recurrent networks on real data in under a minute.

The data are the 1,797 handwritten digits that come with scikit-learn, read like text: each image
is a sequence of strips of 8 pixels, from left to right. Every digit fills its
image vertically but not horizontally, so leaving out the blank strips gives sequences of 2 to 8
time steps. Run it with ``make demo``.
"""

import time
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk_rnn import Panel, RNNClassifier, RNNRegressor

matplotlib.use("Agg")  # draws to files, needs no screen
import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator, PercentFormatter

NAMES = np.array(
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], dtype=object
)
FIGURE = Path(__file__).resolve().parent / "output" / "quickstart.png"


def main():
    """Run all parts."""
    started = time.perf_counter()
    digits = load_digits()
    strips = [image.T for image in digits.images]  # 8 strips of 8 pixels, from left to right
    X = [image[image.any(axis=1)] for image in strips]  # ragged: without blank strips
    y = digits.target
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    steps = [len(x) for x in X]
    print(f"{len(X)} digits of {min(steps)} to {max(steps)} time steps, 8 features each;")
    print(f"{len(X_train)} to train on, {len(X_test)} to test on.")

    classify(X_train, X_test, y_train, y_test)
    search(X_train[:300], X_test, y_train[:300], y_test)
    predict_next_strip(X_train, X_test)
    model = from_frame_to_frame(strips, y)
    draw(model)
    print(f"\nAll of it took {time.perf_counter() - started:.0f} seconds.")


def classify(X_train, X_test, y_train, y_test):
    """One label per sequence (many-to-one)."""
    heading("1. RNNClassifier with default parameters")
    rnn, seconds = timed(RNNClassifier(random_state=0).fit, X_train, y_train)
    # A linear model needs rows of equal width: the same strips, zero-padded.
    flat_train, flat_test = (
        Panel.from_sequences(part).to_padded().reshape(len(part), -1) for part in (X_train, X_test)
    )
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    linear, linear_seconds = timed(linear.fit, flat_train, y_train)
    print("Accuracy on test digits (chance level: 0.10):")
    result("RNNClassifier, ragged strips", rnn.score(X_test, y_test), seconds)
    result("LogisticRegression, same strips", linear.score(flat_test, y_test), linear_seconds)


def search(X_train, X_test, y_train, y_test):
    """Use the estimator like any other."""
    heading("2. A Pipeline in GridSearchCV, two processes")
    pipeline = Pipeline(
        [("features", "passthrough"), ("rnn", RNNClassifier(max_epochs=6, random_state=0))]
    )
    grid = {
        "features": ["passthrough", FunctionTransformer(with_changes)],
        "rnn__cell": ["gru", "lstm"],
    }
    found, seconds = timed(GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit, X_train, y_train)
    print(f"Mean accuracy of 3 folds of {len(X_train)} digits, 6 epochs per fit:")
    tried = zip(found.cv_results_["params"], found.cv_results_["mean_test_score"], strict=True)
    for params, score in tried:
        features = "strips" if params["features"] == "passthrough" else "strips and changes"
        result(f"{params['rnn__cell']} on {features}", score)
    result("the best, refitted, on test digits", found.score(X_test, y_test), seconds)


def predict_next_strip(X_train, X_test):
    """Eight numbers per time step, predicted from the steps so far."""
    heading("3. RNNRegressor: the next strip from the strips so far")
    past_train, past_test = ([x[:-1] for x in part] for part in (X_train, X_test))
    next_train, next_test = ([x[1:] for x in part] for part in (X_train, X_test))
    rnn = RNNRegressor(return_sequences=True, bidirectional=False, random_state=0)
    rnn, seconds = timed(rnn.fit, past_train, next_train)
    rows_train, rows_test = last_seven(past_train), last_seven(past_test)
    ridge, ridge_seconds = timed(Ridge().fit, rows_train, np.vstack(next_train))
    print("R² over all time steps (1 is perfect, 0 is the mean):")
    result("RNNRegressor", rnn.score(past_test, next_test), seconds)
    result("Ridge on the same strips", ridge.score(rows_test, np.vstack(next_test)), ridge_seconds)


def from_frame_to_frame(strips, y):
    """Read a long data frame, return a labelled one."""
    heading("4. A DataFrame in, a labelled DataFrame out")
    df = pd.DataFrame(np.concatenate(strips), columns=[f"pixel_{i}" for i in range(8)])
    df.insert(0, "image", np.repeat([f"img-{i:04d}" for i in range(len(strips))], 8))
    df.insert(1, "strip", np.tile(np.arange(8), len(strips)))
    df = df[df.filter(like="pixel").any(axis=1)].sample(frac=1, random_state=0)
    print("Input, one row per time step, in any order:")
    print(df.iloc[:3, :7].to_string(index=False))

    panel = Panel.from_frame(df, by="image", order_by="strip")
    labels = pd.Series(NAMES[y], index=sorted(df["image"].unique()), name="digit")
    train, test = train_test_split(panel, random_state=0)
    model = RNNClassifier(early_stopping=True, random_state=0)
    model.fit(train, labels.loc[train.index])

    out = pd.DataFrame(model.predict_proba(test), index=test.index, columns=model.classes_)
    unsure = out.max(axis=1).nsmallest(3).index
    out.insert(0, "predicted", model.predict(test))
    out.insert(1, "truth", labels.loc[test.index])
    print("Output, one row per digit, with class probabilities; the three least certain:")
    print(out.loc[unsure].round(2).to_string())
    result("accuracy on test digits", float((out["predicted"] == out["truth"]).mean()))
    return model


def draw(model):
    """Plot the learning curves of the model of part 4."""
    heading("5. The training curves of that model")
    epochs = np.arange(1, model.n_iter_ + 1)
    best = model.best_epoch_  # counted from 1
    reached = model.validation_curve_[best - 1]
    with plt.rc_context({"axes.spines.top": False, "axes.spines.right": False, "font.size": 10}):
        figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
        curves = (
            (left, "Training loss", model.loss_curve_, "#1f6f8b"),
            (right, "Validation accuracy", model.validation_curve_, "#c8553d"),
        )
        for axes, title, curve, color in curves:
            axes.plot(epochs, curve, color=color, linewidth=2)
            axes.axvline(best, color="0.6", linewidth=1, linestyle="--", zorder=0)
            axes.plot(best, curve[best - 1], "o", color=color)
            axes.set_title(title, loc="left", fontweight="bold")
            axes.set_xlabel("epoch")
            axes.set_xlim(left=1)
            axes.grid(axis="y", color="0.9")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.set_yscale("log")
        left.set_ylabel("cross-entropy")
        right.set_ylabel("accuracy")
        right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        right.text(
            0.97,
            0.06,
            f"best: {reached:.1%} after epoch {best},\nwhose weights are kept",
            transform=right.transAxes,
            ha="right",
            color="0.3",
            bbox={"color": "white"},
        )
        FIGURE.parent.mkdir(exist_ok=True)
        figure.savefig(FIGURE, dpi=150)
        plt.close(figure)
    print(f"{model.n_iter_} epochs, best epoch {best}. Saved to {FIGURE}")


def with_changes(X):
    """Append the difference from the previous strip to each strip."""
    return [np.hstack([x, np.diff(x, axis=0, prepend=x[:1])]) for x in X]


def last_seven(X):
    """Make one row per time step: the step and the previous six, zero-padded."""
    rows = []
    for x in X:
        padded = np.vstack([np.zeros((6, 8)), x])
        rows += [padded[i : i + 7].ravel() for i in range(len(x))]
    return np.array(rows)


def timed(function, *args):
    """Return the result of the function, and its seconds."""
    started = time.perf_counter()
    return function(*args), time.perf_counter() - started


def heading(text):
    """Print a heading."""
    print(f"\n{text}\n{'-' * len(text)}")


def result(name, score, seconds=None):
    """Print a score, and the seconds that fitting took."""
    took = "" if seconds is None else f"   fitted in {seconds:.1f} s"
    print(f"  {name:<40}{score:.3f}{took}")


if __name__ == "__main__":
    main()
