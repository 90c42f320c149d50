"""Recurrent networks on real data in under a minute.

The data are the 1,797 handwritten digits that come with scikit-learn, read like text: each image
is a sequence of strips of 8 pixels, from left to right. Without the blank strips, these are
sequences of 2 to 8 time steps. Run it with ``make demo``.
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
from sk_rnn.inspection import TrainingCurveDisplay

matplotlib.use("Agg")  # draws to files, needs no screen

FIGURE = Path(__file__).resolve().parent / "output" / "quickstart.png"


def main():
    """Run all parts."""
    started = time.perf_counter()
    images, y = load_digits().images, load_digits().target
    strips = [image.T for image in images]  # 8 strips of 8 pixels, from left to right
    X = [image[image.any(axis=1)] for image in strips]  # ragged: without blank strips
    X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
    print(f"{len(X)} digits of 2 to 8 time steps; {len(X_train)} to train on, the rest to test on.")
    classify(X_train, X_test, y_train, y_test)
    search(X_train[:300], X_test, y_train[:300], y_test)
    predict_next_strip(X_train, X_test)
    draw(from_frame_to_frame(strips, y))
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
    rnn = RNNClassifier(max_epochs=6, random_state=0)
    pipeline = Pipeline([("features", "passthrough"), ("rnn", rnn)])
    features = ["passthrough", FunctionTransformer(with_changes)]
    grid = {"features": features, "rnn__cell": ["gru", "lstm"]}
    found, seconds = timed(GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit, X_train, y_train)
    print(f"Mean accuracy of 3 folds of {len(X_train)} digits, 6 epochs per fit:")
    for row in pd.DataFrame(found.cv_results_).itertuples():
        features = "strips" if row.param_features == "passthrough" else "strips and changes"
        result(f"{row.param_rnn__cell} on {features}", row.mean_test_score)
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
    labels = pd.Series([f"a {digit}" for digit in y], index=sorted(df["image"].unique()))
    train, test = train_test_split(panel, random_state=0)
    model = RNNClassifier(early_stopping=True, random_state=0).fit(train, labels[train.index])

    out = pd.DataFrame(model.predict_proba(test), test.index, model.classes_)
    unsure = out.max(axis=1).nsmallest(3).index
    out = out.assign(predicted=model.predict(test), truth=labels[test.index])
    print("Output, one row per digit, with class probabilities; the three least certain:")
    print(out.loc[unsure].round(2).to_string())
    result("accuracy on test digits", float((out["predicted"] == out["truth"]).mean()))
    return model


def draw(model):
    """Plot the learning curves of the model of part 4."""
    heading("5. The training curves of that model")
    display = TrainingCurveDisplay.from_estimator(model).plot(linewidth=2)
    FIGURE.parent.mkdir(exist_ok=True)
    display.figure_.savefig(FIGURE, dpi=150)
    print(f"{model.n_iter_} epochs, best epoch {model.best_epoch_}. Saved to {FIGURE}")


def with_changes(X):
    """Append the difference from the previous strip to each strip."""
    return [np.hstack([x, np.diff(x, axis=0, prepend=x[:1])]) for x in X]


def last_seven(X):
    """Make one row per time step: the step and the previous six, zero-padded."""
    padded = [np.vstack([np.zeros((6, 8)), x]) for x in X]
    return np.array([x[i : i + 7].ravel() for x in padded for i in range(len(x) - 6)])


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
