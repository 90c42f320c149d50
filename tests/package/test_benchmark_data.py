"""The benchmarks' parsers, on a few lines of each format and on the real sets if available."""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("SK_RNN_DATA", ROOT.parent / "shared" / "data"))

# `benchmarks` is a folder of scripts, not a package, and `data` too general a name for sys.path.
_spec = importlib.util.spec_from_file_location("benchmark_data", ROOT / "benchmarks" / "data.py")
data = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = data  # dataclasses look their module up
_spec.loader.exec_module(data)


def load(name, **options):
    if not (DATA / name).is_dir():
        pytest.skip(f"the data set {name} is not available")
    return data.load(name, DATA, **options)


# Formats, without data


def test_parse_ts_splits_channels_and_target():
    text = "#note: 1\n@problemName x\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n7,8:9,-1E-3:b\n"
    sequences, targets = data.parse_ts(text)
    assert targets == ["a", "b"]
    np.testing.assert_array_equal(sequences[0], [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(sequences[1], np.float32([[7, 9], [8, -1e-3]]))
    assert all(sequence.dtype == np.float32 for sequence in sequences)


def test_parse_tsv_puts_label_first():
    sequences, targets = data.parse_tsv("2\t0.5\t-1\n1\t3\t4\n")
    assert targets == ["2", "1"]
    np.testing.assert_array_equal(sequences, np.float32([[[0.5], [-1]], [[3], [4]]]))


def test_parse_arff_splits_at_escaped_line_ends():
    text = "@relation r\n@attribute target {1,2}\n\n@data\n'1,2 \\n 3,4',2\n'5,6 \\n 7,8',1\n"
    sequences, targets = data.parse_arff(text)
    assert targets == ["2", "1"]
    np.testing.assert_array_equal(sequences, np.float32([[[1, 3], [2, 4]], [[5, 7], [6, 8]]]))


def test_parse_conllu_drops_ranges_and_empty_nodes():
    rows = ["# text = du vin", "1-2\tdu\t_\t_", "1\tde\tde\tADP", "2\tle\tle\tDET", "2.1\tx\t_\tX"]
    sentences, tags = data.parse_conllu("\n".join(rows) + "\n\n1\tvin\tvin\tNOUN\n\n")
    assert sentences == [["de", "le"], ["vin"]]
    assert tags == [["ADP", "DET"], ["NOUN"]]


def test_parse_trec_splits_off_the_label():
    assert data.parse_trec("5 How far ?\n0 What ?\n") == (["How far ?", "What ?"], ["5", "0"])


def test_parse_cmapss_splits_engines():
    rows = [[unit, cycle, *range(24)] for unit, n in ((1, 3), (2, 2)) for cycle in range(1, n + 1)]
    engines = data.parse_cmapss("\n".join(" ".join(map(str, row)) for row in rows))
    assert [engine.shape for engine in engines] == [(3, 24), (2, 24)]
    np.testing.assert_array_equal(engines[1][0], np.arange(24))


def test_windows_to_failure_end_at_the_failure_and_cap_the_life():
    engine = np.arange(200, dtype=np.float32)[:, np.newaxis]
    windows, lives = data.windows_to_failure(engine)
    assert windows[0][-1] == 199
    assert lives[:3] == [k * data.WINDOW_STRIDE for k in range(3)]
    assert max(lives) == data.RUL_CAP
    assert max(len(window) for window in windows) == data.WINDOW
    shortest = min(len(window) for window in windows)
    assert data.SHORTEST_WINDOW <= shortest < data.SHORTEST_WINDOW + data.WINDOW_STRIDE
    for window, life in zip(windows, lives, strict=True):
        assert min(data.RUL_CAP, 199 - window[-1, 0]) == life


def test_encode_uses_the_training_part_only():
    train, test = [["a", "b", "a"], ["a", "c"], ["b"]], [["c", "a", "new"]]
    X_train, X_test, n_tokens = data.encode(train, test, min_df=2)
    assert [ids.tolist() for ids in X_train] == [[1, 2, 1], [1, 0], [2]]
    assert X_test[0].tolist() == [0, 1, 0]
    assert n_tokens == 3


def test_simplest_is_an_array_for_univariate_equal_length_only():
    def zeros(*shapes):
        return data.simplest([np.zeros(shape, np.float32) for shape in shapes])

    assert zeros((3, 1), (3, 1)).shape == (2, 3)
    assert isinstance(zeros((3, 1), (4, 1)), list)
    assert isinstance(zeros((3, 2), (3, 2)), list)


@pytest.mark.parametrize(
    ("task", "y", "predicted", "score"),
    [
        ("classification", np.array(["a", "b", "b", "a"]), ["a", "b", "a", "a"], 0.75),
        ("regression", np.array([0.0, 2.0]), [[3.0], [-2.0]], np.sqrt(12.5)),
        ("tagging", [np.array(["x"]), np.array(["x", "y", "y"])], [["x"], ["x", "x", "y"]], 0.75),
    ],
)
def test_score_of_each_task(task, y, predicted, score):
    dataset = data.Dataset("n", task, [], [], [], y)
    assert dataset.score(predicted) == pytest.approx(score)


def test_load_raises_for_unknown_or_missing_sets(tmp_path):
    with pytest.raises(ValueError, match="got 'iris'"):
        data.load("iris", tmp_path)
    with pytest.raises(FileNotFoundError, match="ucr_GunPoint is not a directory"):
        data.load("ucr_GunPoint", tmp_path)


# Real sets. Shortest and longest over both parts, as their documentation says.


@pytest.mark.parametrize(
    ("name", "n_train", "n_test", "shortest", "longest", "n_features", "n_classes"),
    [
        ("ucr_ItalyPowerDemand", 67, 1029, 24, 24, 1, 2),
        ("ucr_GunPoint", 50, 150, 150, 150, 1, 2),
        ("ucr_SyntheticControl", 300, 300, 60, 60, 1, 6),
        ("ucr_FaceAll", 560, 1690, 131, 131, 1, 14),
        ("ucr_SwedishLeaf", 500, 625, 128, 128, 1, 15),
        ("ucr_PhalangesOutlinesCorrect", 1800, 858, 80, 80, 1, 2),
        ("ucr_GestureMidAirD1", 208, 130, 360, 360, 1, 26),
        ("ucr_PickupGestureWiimoteZ", 50, 50, 29, 361, 1, 10),
        ("uea_JapaneseVowels", 270, 370, 7, 29, 12, 9),
        ("uea_BasicMotions", 40, 40, 100, 100, 6, 4),
        ("uea_ERing", 30, 270, 65, 65, 4, 6),
    ],
)
def test_classification_set_is_as_documented(
    name, n_train, n_test, shortest, longest, n_features, n_classes
):
    dataset = load(name)
    sequences = [*dataset.X_train, *dataset.X_test]
    lengths = [len(x) for x in sequences]
    assert (len(dataset.X_train), len(dataset.X_test)) == (n_train, n_test)
    assert (len(dataset.y_train), len(dataset.y_test)) == (n_train, n_test)
    assert (min(lengths), max(lengths)) == (shortest, longest)
    assert len(np.unique(dataset.y_train)) == n_classes
    assert set(dataset.y_test) <= set(dataset.y_train)
    assert all(x.dtype == np.float32 and np.isfinite(x).all() for x in sequences)
    if n_features == 1 and shortest == longest:
        assert dataset.X_train.shape == (n_train, longest)
    else:
        assert {x.shape[1] for x in sequences} == {n_features}


def test_cmapss_is_as_documented():
    dataset = load("reg_CMAPSS_FD001")
    lengths = [len(x) for x in dataset.X_test]
    assert len(lengths) == len(dataset.y_test) == 100
    assert (min(lengths), max(lengths)) == (31, 50)
    assert {x.shape[1] for x in [*dataset.X_train, *dataset.X_test]} == {24}
    assert (dataset.y_train == 0).sum() == 100  # one window of each engine ends at its failure
    assert dataset.y_train.max() == dataset.y_test.max() == 125


def test_covid_is_as_documented():
    dataset = load("tser_Covid3Month")
    assert dataset.X_train.shape == (140, 84)
    assert dataset.X_test.shape == (61, 84)
    predicted = np.full(61, dataset.y_train.mean())
    assert dataset.score(predicted) == pytest.approx(0.0447, abs=5e-5)


def test_trec_is_as_documented():
    dataset = load("txt_TREC")
    assert (len(dataset.X_train), len(dataset.X_test)) == (5452, 500)
    assert len(np.unique(dataset.y_train)) == 6
    lengths = [len(x) for x in [*dataset.X_train, *dataset.X_test]]
    assert (min(lengths), max(lengths)) == (3, 37)
    assert max(x.max() for x in dataset.X_train) == dataset.n_tokens - 1
    assert max(x.max() for x in dataset.X_test) < dataset.n_tokens


@pytest.mark.slow
def test_reviews_are_balanced_and_cut():
    dataset = load("txt_IMDB5k")
    for X, y in ((dataset.X_train, dataset.y_train), (dataset.X_test, dataset.y_test)):
        assert len(X) == 5000
        assert (y == "pos").sum() == (y == "neg").sum() == 2500
        assert max(len(x) for x in X) == data.MAX_WORDS


def test_names_are_unique_and_every_fold_is_another():
    first, second = load("txt_names", fold=0), load("txt_names", fold=1)
    assert len(first.y_train) + len(first.y_test) == 18012
    assert len(np.unique(first.y_train)) == len(np.unique(first.y_test)) == 18

    def held_out(dataset):
        return set(zip(dataset.raw_test, dataset.y_test, strict=True))

    assert not held_out(first) & held_out(second)
    assert not held_out(first) & set(zip(first.raw_train, first.y_train, strict=True))


def test_tagging_set_is_as_documented():
    dataset = load("tag_UD_Afrikaans")
    assert (len(dataset.X_train), len(dataset.X_test)) == (1315, 425)
    assert [len(x) for x in dataset.X_train] == [len(y) for y in dataset.y_train]
    assert [len(x) for x in dataset.X_test] == [len(y) for y in dataset.y_test]
    assert sum(map(len, dataset.X_train)) == pytest.approx(33_900, abs=50)
    assert sum(map(len, dataset.X_test)) == pytest.approx(10_100, abs=50)
    assert len(np.unique(np.concatenate(dataset.y_train))) == 16


@pytest.fixture
def chunks(monkeypatch):
    """The module of the base noun phrases, which imports ``data``."""
    monkeypatch.setitem(sys.modules, "data", data)
    spec = importlib.util.spec_from_file_location("chunks", ROOT / "benchmarks" / "chunks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TREE = """\
# text = The very old man who Ann Lee saw gave our three dogs food from Bonn
1\tThe\t_\tDET\t_\t_\t4\tdet
2\tvery\t_\tADV\t_\t_\t3\tadvmod
3\told\t_\tADJ\t_\t_\t4\tamod
4\tman\t_\tNOUN\t_\t_\t9\tnsubj
5\twho\t_\tPRON\t_\t_\t4\tamod
6\tAnn\t_\tPROPN\t_\t_\t8\tnsubj:pass
7\tLee\t_\tPROPN\t_\t_\t6\tflat
8\tsaw\t_\tVERB\t_\t_\t4\tacl
9\tgave\t_\tVERB\t_\t_\t0\troot
10\tour\t_\tPRON\t_\t_\t12\tdet
11\tthree\t_\tNUM\t_\t_\t12\tnummod
12\tdogs\t_\tNOUN\t_\t_\t9\tiobj
13\tfood\t_\tNOUN\t_\t_\t9\tdep
14\tfrom\t_\tADP\t_\t_\t15\tcase
15\tBonn\t_\tPROPN\t_\t_\t13\tnmod
"""


def test_parse_chunks_tags_base_noun_phrases_with_their_roles(chunks):
    words, tags = chunks.parse_chunks(TREE)
    assert words[0][:2] == ["The", "very"]
    assert " ".join(tags[0]) == (
        "B-SUBJ I-SUBJ I-SUBJ I-SUBJ O B-SUBJ I-SUBJ O O B-OBJ I-OBJ I-OBJ B-OTHER O B-OBL"
    )
