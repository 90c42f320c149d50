"""The text examples run and print the promised results; each exercise is under 15 lines."""

import gzip
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
DATA = Path(os.environ.get("SK_RNN_DATA", EXAMPLES.parents[1] / "shared" / "data"))


def run(name, *arguments):
    """Return what an example prints; warnings are errors."""
    path = str(EXAMPLES.parent)
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def accuracies(printed):
    return [float(line.rsplit(": ")[1]) for line in printed.splitlines() if "accuracy" in line]


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("next_character.py", "hello world\n"),
        (
            "next_word.py",
            "the more you see the less you know the more you know the less you understand\n",
        ),
        ("sentiment.py", "positive negative positive\n"),
    ],
)
def test_exercises(name, printed):
    assert run(name) == printed


def test_exercise_next_number():
    text, number = run("next_number.py").split("->")
    assert text == "8, 9, 10 "
    assert float(number) == pytest.approx(11, abs=0.5)


@pytest.mark.parametrize(
    "name", ["next_character.py", "next_number.py", "next_word.py", "sentiment.py"]
)
def test_exercises_are_under_15_lines(name):
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) < 15


@pytest.mark.slow
@pytest.mark.parametrize("name", ["text_classification.py", "names_to_nationality.py"])
def test_network_uses_the_order_in_generated_data(name):
    by_counts, by_sequence = accuracies(run(name))
    assert by_sequence > 0.95
    assert by_counts < 0.9


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "folder", "least"),
    [("text_classification.py", "txt_TREC", 0.88), ("names_to_nationality.py", "txt_names", 0.8)],
)
def test_real_text(name, folder, least):
    if not (DATA / folder).is_dir():
        pytest.skip(f"the data set {folder} is not available")
    assert accuracies(run(name, "--data", str(DATA)))[1] > least


@pytest.mark.slow
def test_dates_are_parsed():
    printed = run("date_formats.py")
    accuracy = next(line for line in printed.splitlines() if "exact match" in line)
    assert float(accuracy.rsplit(": ")[1]) > 0.98
    assert "05 July 1999 is 1999-07-05" in printed
    assert (EXAMPLES / "output" / "date_formats.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["invented_names.py", "text_that_continues.py", "chorale.py", "next_frame.py"]
)
def test_examples_of_generation_run(name):
    assert run(name)


@pytest.mark.slow
def test_unlikely_sessions_are_found():
    area = run("unlikely_sessions.py").splitlines()[0]
    assert float(area.rsplit(": ")[1]) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("name", ["spoken_digits.py", "handwriting.py"])
def test_a_lexicon_helps_to_transcribe_unknown_people(name):
    wrong = [float(line.split()[-1]) for line in run(name).splitlines() if "wrong" in line]
    letters, words, with_lexicon = wrong
    assert letters < 0.15
    assert with_lexicon < words


def accuracy_on_unknown_words(printed, name):
    line = next(line for line in printed.splitlines() if line.startswith(name))
    return float(line.rsplit(" ", 1)[1])


@pytest.mark.slow
def test_letters_tell_the_tags_of_unknown_words():
    printed = run("tagging_words.py")
    assert accuracy_on_unknown_words(printed, "words alone") < 0.5
    assert accuracy_on_unknown_words(printed, "words and their letters") > 0.98


def test_tagging_reads_both_formats(tmp_path):
    spec = importlib.util.spec_from_file_location("tagging", EXAMPLES / "tagging_words.py")
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    rest = "\t_" * 6
    lines = ["# text = Die hond", f"1-2\tDiehond\t_\t_{rest}", f"1\tDie\t_\tDET{rest}"]
    lines += [f"2\thond\t_\tNOUN{rest}", "", f"1\tJa\t_\tINTJ{rest}", "", ""]
    new, old = tmp_path / "new.conllu.gz", tmp_path / "old.txt"
    new.write_bytes(gzip.compress("\n".join(lines).encode()))
    old.write_text("-DOCSTART- -X- O\n\nDie X DET\nhond X NOUN\n\nJa X INTJ\n", encoding="utf-8")
    expected = [["Die", "hond"], ["Ja"]], [["DET", "NOUN"], ["INTJ"]]
    assert example.read_conll(new) == expected
    assert example.read_conll(old) == expected
