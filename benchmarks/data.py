"""Real data sets for the benchmarks: parsers of their file formats and one ``load``.

The data sets are not part of the project. Each is in a separate folder below the directory given to
``load``; the required files are in the table ``FILES`` below.
"""

from __future__ import annotations

import gzip
import io
import re
import tarfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedKFold

N_FOLDS = 5  # of txt_names, which has no official split

CLASSIFICATION = (
    "ucr_ItalyPowerDemand",
    "ucr_GunPoint",
    "ucr_SyntheticControl",
    "ucr_FaceAll",
    "ucr_SwedishLeaf",
    "ucr_PhalangesOutlinesCorrect",
    "ucr_GestureMidAirD1",
    "ucr_PickupGestureWiimoteZ",
    "uea_JapaneseVowels",
    "uea_BasicMotions",
    "uea_ERing",
)
REGRESSION = ("reg_CMAPSS_FD001", "tser_Covid3Month")
TEXT = ("txt_TREC", "txt_IMDB5k", "txt_names")
TAGGING = ("tag_UD_Afrikaans",)
SUITES = {
    "classification": CLASSIFICATION,
    "regression": REGRESSION,
    "text": TEXT,
    "tagging": TAGGING,
    "all": CLASSIFICATION + REGRESSION + TEXT + TAGGING,
}

UNKNOWN = 0  # token id of all words that are not in the vocabulary

# Minimum number of training documents in which a word of the vocabulary occurs; others become
# UNKNOWN, so that UNKNOWN occurs in training. Two is the smallest such number; five results in
# about 10,000 words for the reviews, as is usual in tutorials. Not tuned.
MIN_DF = 2
MIN_DF_REVIEWS = 5
# A review keeps its last 400 words, as in Keras' pad_sequences(maxlen=400); one in eight is longer.
MAX_WORDS = 400

# C-MAPSS: a training window ends at every second cycle counted back from the failure, and is
# shorter than 50 cycles near the start of an engine's life, as some test engines are. Windows at
# every cycle cost twice as much and add little information: neighbours share all but one cycle.
# Remaining life far from the failure is not visible in the sensors: it is usually capped at 125
# cycles.
WINDOW = 50
SHORTEST_WINDOW = 25
WINDOW_STRIDE = 2
RUL_CAP = 125

Sequences = np.ndarray | list[np.ndarray]


@dataclass(frozen=True)
class Dataset:
    """One set, split into training and test part.

    Attributes
    ----------
    X_train, X_test : ndarray (n_samples, n_timesteps) or list of arrays
        A 2-D float32 array for univariate series of equal length, a list of (T_i, n_features)
        float32 arrays for other series, a list of (T_i,) int64 arrays of token ids for text.
    y_train, y_test : ndarray (n_samples,) or list of (T_i,) arrays
        Strings for classification, floats for regression, an array of strings per sentence for
        tagging.
    task : {"classification", "regression", "tagging"}
    n_tokens : int or None
        Number of token ids, ``UNKNOWN`` included; None for real-valued sequences.
    raw_train, raw_test : list or None
        The original text: strings, or lists of words for tagging. For the baselines,
        which use the words.
    """

    name: str
    task: str
    X_train: Sequences
    y_train: Sequences
    X_test: Sequences
    y_test: Sequences
    n_tokens: int | None = None
    raw_train: list | None = None
    raw_test: list | None = None

    @property
    def metric(self) -> str:
        """Name of the metric that ``score`` returns."""
        return {"classification": "accuracy", "regression": "RMSE", "tagging": "token acc."}[
            self.task
        ]

    def score(self, predicted) -> float:
        """Accuracy, root mean squared error (regression) or accuracy over all tokens (tagging)."""
        if self.task == "regression":
            return float(np.sqrt(np.mean((np.asarray(predicted).ravel() - self.y_test) ** 2)))
        if self.task == "tagging":
            return float(np.mean(np.concatenate(list(predicted)) == np.concatenate(self.y_test)))
        return float(np.mean(np.asarray(predicted) == self.y_test))


# Parsers: from text to sequences and targets


def parse_ts(text: str) -> tuple[list[np.ndarray], list[str]]:
    """Read sktime's .ts: after ``@data`` one series per line, ``channel:channel:...:target``."""
    sequences, targets = [], []
    for line in _lines_after_data(text):
        *channels, target = line.split(":")
        sequences.append(_columns(channels))
        targets.append(target.strip())
    return sequences, targets


def parse_tsv(text: str) -> tuple[list[np.ndarray], list[str]]:
    """Read the UCR archive's .tsv: one univariate series per line, ``label<tab>value<tab>...``."""
    sequences, targets = [], []
    for line in text.splitlines():
        target, *values = line.split("\t")
        sequences.append(np.array(values, dtype=np.float32)[:, np.newaxis])
        targets.append(target)
    return sequences, targets


def parse_arff(text: str) -> tuple[list[np.ndarray], list[str]]:
    r"""Read multi-instance .arff: after ``@data`` lines ``'channel\nchannel...',label``.

    The ``\n`` between channels is a backslash and an n, not a line end.
    """
    sequences, targets = [], []
    for line in _lines_after_data(text):
        quoted, target = line.rsplit("',", 1)
        sequences.append(_columns(quoted.lstrip("'").split("\\n")))
        targets.append(target.strip())
    return sequences, targets


def parse_pen_digits(text: str) -> tuple[list[np.ndarray], np.ndarray]:
    """Read lines of eight points x, y and the digit, after a header."""
    table = np.loadtxt(io.StringIO(text), delimiter=",", skiprows=1)
    return list(table[:, :16].reshape(-1, 8, 2).astype(np.float32)), table[:, 16].astype(int)


def parse_conllu(text: str) -> tuple[list[list[str]], list[list[str]]]:
    """Read CoNLL-U: words (column 2) and their universal tags (column 4), one list per sentence.

    Multiword ranges ("3-4") and empty nodes ("8.1") are not words of the sentence and are left out.
    """
    sentences, tags = [], []
    for block in text.strip().split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines() if not line.startswith("#")]
        rows = [row for row in rows if row[0].isdigit()]
        sentences.append([row[1] for row in rows])
        tags.append([row[3] for row in rows])
    return sentences, tags


def parse_trec(text: str) -> tuple[list[str], list[str]]:
    """Read lines of ``label word word ...``."""
    rows = [line.split(" ", 1) for line in text.splitlines()]
    return [row[1] for row in rows], [row[0] for row in rows]


def parse_cmapss(text: str) -> list[np.ndarray]:
    """Read C-MAPSS: one (n_cycles, 24) array per engine, 3 settings and 21 sensors per cycle."""
    table = np.loadtxt(io.StringIO(text))
    unit = table[:, 0]
    starts = np.flatnonzero(np.diff(unit)) + 1
    return np.split(table[:, 2:].astype(np.float32), starts)


def _lines_after_data(text: str) -> list[str]:
    header, body = re.split(r"^@data\s*$", text, maxsplit=1, flags=re.MULTILINE | re.IGNORECASE)
    del header
    return [line for line in body.splitlines() if line.strip()]


def _columns(channels: list[str]) -> np.ndarray:
    return np.array([channel.split(",") for channel in channels], dtype=np.float32).T  # (T, F)


# From parsed text to input of an estimator


def simplest(sequences: list[np.ndarray]) -> Sequences:
    """Return univariate series of equal length as a 2-D array, others unchanged."""
    shapes = {sequence.shape for sequence in sequences}
    if len(shapes) == 1 and shapes.pop()[1] == 1:
        return np.stack(sequences)[:, :, 0]
    return sequences


def windows_to_failure(engine: np.ndarray) -> tuple[list[np.ndarray], list[float]]:
    """Cut an engine's life into windows of at most ``WINDOW`` cycles, with the remaining life."""
    ends = range(len(engine), SHORTEST_WINDOW - 1, -WINDOW_STRIDE)
    windows = [engine[max(0, end - WINDOW) : end] for end in ends]
    return windows, [float(min(RUL_CAP, len(engine) - end)) for end in ends]


def words(text: str) -> list[str]:
    """Lower-case words of a document, without HTML line breaks."""
    return re.findall(r"[a-z0-9']+|[?!]", text.lower().replace("<br />", " "))


def encode(
    train: list[list[str]], test: list[list[str]], min_df: int
) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    """Return token ids and their number; the vocabulary is that of the training data."""
    frequency = Counter(token for document in train for token in set(document))
    # Frequent tokens first, ties by spelling: the ids do not depend on hash order.
    kept = sorted(
        (t for t, n in frequency.items() if n >= min_df), key=lambda t: (-frequency[t], t)
    )
    ids = {token: i for i, token in enumerate(kept, start=UNKNOWN + 1)}

    def encoded(documents):
        return [np.array([ids.get(t, UNKNOWN) for t in d], dtype=np.int64) for d in documents]

    return encoded(train), encoded(test), len(ids) + 1


# The sets


def load(name: str, data_dir: str | Path, *, fold: int = 0) -> Dataset:
    """Load one set.

    Parameters
    ----------
    name : str
        One of ``SUITES["all"]``.
    data_dir : path
        The directory that holds a folder of this name.
    fold : int, default=0
        Which of `N_FOLDS` stratified folds is the test part. Only used for ``txt_names``; every
        other set has an official split.
    """
    folder = Path(data_dir) / name
    if name not in SUITES["all"]:
        raise ValueError(f"name must be one of {SUITES['all']}, got {name!r}.")
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is not a directory; data_dir must hold the folder {name!r}."
        )
    if name == "reg_CMAPSS_FD001":
        return _load_cmapss(name, folder)
    if name == "txt_TREC":
        return _load_trec(name, folder)
    if name == "txt_IMDB5k":
        return _load_reviews(name, folder)
    if name == "txt_names":
        return _load_names(name, folder, fold)
    if name == "tag_UD_Afrikaans":
        return _load_tagging(name, folder)
    return load_series(name, folder)


def _read(folder: Path, pattern: str, encoding: str = "utf-8") -> str:
    """Text of the one file that matches, unzipped when it ends in .gz."""
    (path,) = folder.glob(pattern)
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode(encoding)


def load_series(name: str, folder: Path) -> Dataset:
    """Load a set of the UCR, UEA or TSER archives."""
    if name == "uea_PenDigits":
        return Dataset(
            name,
            "classification",
            *parse_pen_digits(_read(folder, "*.tra.*")),
            *parse_pen_digits(_read(folder, "*.tes.*")),
        )
    # The folder has exactly one of .ts, .tsv and .arff, gzipped or not.
    (example,) = folder.glob("*_TRAIN.*")
    parse = {".ts": parse_ts, ".tsv": parse_tsv, ".arff": parse_arff}[example.suffixes[0]]
    X_train, y_train = parse(_read(folder, "*_TRAIN.*"))
    X_test, y_test = parse(_read(folder, "*_TEST.*"))
    regression = name.startswith("tser_")
    target = float if regression else str
    return Dataset(
        name=name,
        task="regression" if regression else "classification",
        X_train=simplest(X_train),
        y_train=np.array(y_train, dtype=target),
        X_test=simplest(X_test),
        y_test=np.array(y_test, dtype=target),
    )


def _load_cmapss(name: str, folder: Path) -> Dataset:
    X_train, y_train = [], []
    for engine in parse_cmapss(_read(folder, "train_*")):
        windows, lives = windows_to_failure(engine)
        X_train += windows
        y_train += lives
    # The test part has one target per engine: the remaining life after the last cycle.
    X_test = [engine[-WINDOW:] for engine in parse_cmapss(_read(folder, "test_*"))]
    y_test = np.minimum(RUL_CAP, np.loadtxt(io.StringIO(_read(folder, "RUL_*"))))
    return Dataset(name, "regression", X_train, np.array(y_train), X_test, y_test)


def engines_of_windows(folder: Path) -> np.ndarray:
    """Return the engine of each training window of C-MAPSS."""
    engines = parse_cmapss(_read(folder, "train_*"))
    return np.repeat(np.arange(len(engines)), [len(windows_to_failure(e)[1]) for e in engines])


def _load_text(name, raw_train, y_train, raw_test, y_test, tokenise, min_df) -> Dataset:
    X_train, X_test, n_tokens = encode(
        [tokenise(text) for text in raw_train], [tokenise(text) for text in raw_test], min_df
    )
    return Dataset(
        name=name,
        task="classification",
        X_train=X_train,
        y_train=np.array(y_train),
        X_test=X_test,
        y_test=np.array(y_test),
        n_tokens=n_tokens,
        raw_train=raw_train,
        raw_test=raw_test,
    )


def _load_trec(name: str, folder: Path) -> Dataset:
    raw_train, y_train = parse_trec(_read(folder, "TREC.train.*", "latin-1"))
    raw_test, y_test = parse_trec(_read(folder, "TREC.test.*", "latin-1"))
    # Already split into words and punctuation.
    return _load_text(
        name, raw_train, y_train, raw_test, y_test, lambda text: text.lower().split(), MIN_DF
    )


def _load_reviews(name: str, folder: Path) -> Dataset:
    texts: dict[str, list[str]] = {"train": [], "test": []}
    labels: dict[str, list[str]] = {"train": [], "test": []}
    with tarfile.open(folder / "imdb_subset.tar.gz") as archive:
        for member in archive:
            part, sentiment, _ = member.name.split("/")  # train/pos/17_8.txt
            texts[part].append(archive.extractfile(member).read().decode("utf-8"))
            labels[part].append(sentiment)
    return _load_text(
        name,
        texts["train"],
        labels["train"],
        texts["test"],
        labels["test"],
        lambda text: words(text)[-MAX_WORDS:],
        MIN_DF_REVIEWS,
    )


def _load_names(name: str, folder: Path, fold: int) -> Dataset:
    # Many names occur several times in a file; without removing duplicates, test names would occur
    # in training.
    pairs = sorted(
        {
            (line.strip(), path.stem)
            for path in folder.glob("names/*.txt")
            for line in path.read_text(encoding="utf-8").splitlines()
            if line.strip()
        }
    )
    raw, y = np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs])
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    train, test = list(folds.split(raw, y))[fold]
    # Characters (`list` splits a name into them) that occur once in training keep their id.
    return _load_text(name, raw[train].tolist(), y[train], raw[test].tolist(), y[test], list, 1)


def _load_tagging(name: str, folder: Path) -> Dataset:
    raw_train, y_train = parse_conllu(_read(folder, "*-train.conllu*"))
    raw_test, y_test = parse_conllu(_read(folder, "*-test.conllu*"))
    X_train, X_test, n_tokens = encode(raw_train, raw_test, MIN_DF)
    return Dataset(
        name=name,
        task="tagging",
        X_train=X_train,
        y_train=[np.array(tags) for tags in y_train],
        X_test=X_test,
        y_test=[np.array(tags) for tags in y_test],
        n_tokens=n_tokens,
        raw_train=raw_train,
        raw_test=raw_test,
    )
