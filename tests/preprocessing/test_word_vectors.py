"""load_word_vectors, on generated files."""

import gzip
import re
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import SequenceVectorizer, load_word_vectors

VOCABULARY = {"bad": 2, "film": 3, "good": 4}
GLOVE = "good 0.9 0.1 -1e-1\nbad -0.8 0.1 0\nmovie 0.0 0.7 0.5\n"
GOOD, BAD = np.float32([0.9, 0.1, -0.1]), np.float32([-0.8, 0.1, 0.0])


@pytest.fixture
def write(tmp_path):
    def write_file(content, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.mark.parametrize(
    "content",
    [
        GLOVE,
        "3 3\n" + GLOVE,
        GLOVE.replace("\n", " \n"),  # word2vec ends each line with a space
        GLOVE.replace(" ", "\t"),
        GLOVE.replace("\n", "\r\n"),
        GLOVE.rstrip(),
        GLOVE + "\n\n",
        GLOVE + "good 5 5 5\n",  # the first counts
        gzip.compress(GLOVE.encode(), mtime=0),
        gzip.compress(("3 3\n" + GLOVE).encode(), mtime=0),
        GLOVE + ". . . 1 2 3\ngood @ home 4 5 6\n",  # words with spaces, as GloVe 840B has them
    ],
)
@pytest.mark.parametrize("name", ["vectors.txt", "vectors.vec.gz"])
def test_formats(write, content, name):
    path = write(content, name)  # gzip is known by its content, whatever the file is called
    weights, found = load_word_vectors(path, VOCABULARY, missing="zeros", return_found=True)
    assert weights.dtype == np.float32
    assert_array_equal(weights, [[0] * 3, [0] * 3, BAD, [0] * 3, GOOD])
    assert found.tolist() == [False, False, True, False, True]


def test_a_list_of_terms_is_in_the_order_of_ids(write):
    vectorizer = SequenceVectorizer(vocabulary=VOCABULARY).fit(["film"])
    by_mapping = load_word_vectors(write(GLOVE), vectorizer.vocabulary_)
    by_names = load_word_vectors(write(GLOVE), vectorizer.get_feature_names_out())
    assert_array_equal(by_mapping[[2, 4]], by_names[[2, 4]])
    assert by_mapping.shape == by_names.shape == (vectorizer.n_tokens_, 3)


def test_terms_with_spaces_are_found(write):
    weights, found = load_word_vectors(
        write("new york 1 2\nnew 3 4\n"), ["new", "new york"], return_found=True
    )
    assert_array_equal(weights, [[3, 4], [1, 2]])
    assert found.all()


def test_missing_terms_are_random_from_a_seed_and_of_the_same_size(write):
    rng = np.random.default_rng(0)
    vectors = rng.normal(scale=0.4, size=(50, 40))
    lines = [f"w{i} " + " ".join(f"{x:.5f}" for x in row) for i, row in enumerate(vectors)]
    path = write("\n".join(lines))
    terms = {f"w{i}": i + 2 for i in range(100)}
    weights, found = load_word_vectors(path, terms, return_found=True)
    assert_array_equal(weights, load_word_vectors(path, terms))
    other = load_word_vectors(path, terms, random_state=1)
    assert_array_equal(other[found], weights[found])
    assert (other[~found][1:] != weights[~found][1:]).all()
    assert not weights[0].any()  # padding
    assert weights[~found][1:].std() == pytest.approx(0.4, rel=0.1)


def test_text_that_is_not_ascii(write):
    assert_array_equal(load_word_vectors(write("café 1 2\n"), ["café"]), [[1, 2]])


def test_estimators_take_the_result(write):
    texts, y = ["good film", "bad film", "good movie", "bad movie"] * 4, [1, 0] * 8
    terms = SequenceVectorizer().fit(texts).vocabulary_
    weights = load_word_vectors(write(GLOVE), terms)
    model = make_pipeline(
        SequenceVectorizer(vocabulary=terms),
        RNNClassifier(
            embedding_weights=weights, freeze_embedding=True, max_epochs=20, random_state=0
        ),
    )
    assert model.fit(texts, y).predict(["good", "bad"]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "",
            "holds no vectors; it has 0 lines. Pass a file that has a word and its "
            "numbers on each line.",
        ),
        (
            "3 3\n",
            "holds no vectors; it has 1 lines. Pass a file that has a word and its "
            "numbers on each line.",
        ),
        (
            "good 1 2 3\nbad 1 2\n",
            "line 2 ('bad 1 2'...) has 2 numbers, but vectors have 3. A line is a word and its "
            "numbers, separated by spaces.",
        ),
        (
            "bad 1 2\ngood 1 2 3\n",
            "line 2 ('good 1 2 3'...) has 3 numbers, but vectors have 2. A line is a word and its "
            "numbers, separated by spaces.",
        ),
        (
            "2 3\ngood 1 2\nbad 1 2\n",
            "line 2 ('good 1 2'...) has 2 numbers, but vectors have 3. A line is a word and its "
            "numbers, separated by spaces.",
        ),
        (
            "film 1 2\ngood 1 x\n",
            "line 2 ('good 1 x'...) has 'x' where a number is expected. A line is a word and its "
            "numbers, separated by spaces.",
        ),
        (
            "good 1 nan\n",
            "line 1 ('good 1 nan'...) has a number that is not finite in float32. A line is a word "
            "and its numbers, separated by spaces.",
        ),
        (
            "good film\n",
            "line 1 ('good film'...) has no numbers after a word. A line is a word and its "
            "numbers, separated by spaces.",
        ),
        (
            b"2 300\ngood \xff\xfe\x80\n",
            "line 2 ('good \ufffd\ufffd\ufffd'...) has 1 numbers, but vectors have 300. A line is "
            "a word and its numbers, separated by spaces. It is not text: if this is word2vec's "
            "binary format, save it as text.",
        ),
        (
            "4 3\n" + GLOVE,
            "line 1 states 4 words, but 3 follow, up to line 4. Download the file again, or "
            "correct line 1.",
        ),
        (
            "good 1 2\n" + "1 2 " * 300_000 + "\n",
            "line 2 ('1 2 1 2 1 2 1 2 1 2 1 2 1 2 1 '...) has 1048576 bytes or more. A line is a "
            "word and its numbers, separated by spaces.",
        ),
        (
            "movie 1 2\n",
            "holds none of the 3 terms of the vocabulary ('bad', 'film', 'good', ...). Check "
            "the case of letters and the language.",
        ),
    ],
)
def test_invalid_files_raise_with_the_line(write, content, message):
    path = write(content)
    with pytest.raises(ValueError, match="load_word_vectors: ") as caught:
        load_word_vectors(path, VOCABULARY)
    prefix = re.escape(f"load_word_vectors: {path}")
    assert re.fullmatch(f"{prefix}[:,]? {re.escape(message)}", str(caught.value))


def test_truncated_file_raises(write):
    path = write(gzip.compress((GLOVE * 1000).encode())[:60], "vectors.gz")
    with pytest.raises(
        ValueError, match=r"vectors.gz cannot be read past line \d+: .* Download the"
    ):
        load_word_vectors(path, VOCABULARY)


def zipped(tmp_path, members):
    path = tmp_path / "vectors.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_the_only_file_in_a_zip_is_read(write, tmp_path):
    expected = load_word_vectors(write(GLOVE), VOCABULARY)
    path = zipped(tmp_path, {"glove/": "", "glove/vectors.txt": GLOVE})
    np.testing.assert_array_equal(load_word_vectors(path, VOCABULARY), expected)


def test_invalid_zip_files_raise(tmp_path):
    path = zipped(tmp_path, {"50d.txt": GLOVE, "100d.txt": GLOVE})
    with pytest.raises(ValueError) as caught:
        load_word_vectors(path, VOCABULARY)
    assert str(caught.value) == (
        f"load_word_vectors: {path} is a zip of 2 files (50d.txt, 100d.txt), where one is "
        "expected. Unpack it, and pass the path of the file with the vectors."
    )
    path = zipped(tmp_path, {"vectors.txt": GLOVE * 500})
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(ValueError, match=r"vectors.zip is a broken zip: .* Download it again"):
        load_word_vectors(path, VOCABULARY)


@pytest.mark.parametrize("header", ["", "3 2\n"])
def test_a_byte_order_mark_is_not_part_of_the_first_word(write, header):
    lines = "good 0.9 0.1\nbad -0.8 0.1\nfilm 0.0 0.7\n"
    expected = load_word_vectors(write(header + lines), VOCABULARY)
    marked = load_word_vectors(write("\ufeff" + header + lines, "marked.txt"), VOCABULARY)
    np.testing.assert_array_equal(marked, expected)


def test_numbers_too_large_for_float32_raise_without_a_warning(write):
    with pytest.raises(ValueError, match=r"line 1 .* not finite in float32"):
        load_word_vectors(write("good 1 1e50\n"), VOCABULARY)


@pytest.mark.parametrize("missing", ["random", "zeros"])
@pytest.mark.parametrize("add_marks", [False, True])
def test_feature_names_equal_the_vocabulary(write, missing, add_marks):
    vectorizer = SequenceVectorizer(add_marks=add_marks).fit(["bad film", "good unheard film"])
    path = write("good 0.9 0.1\n<unknown> 5 5\n<end> 6 6\nbad -0.8 0.1\n")
    by_id, found = load_word_vectors(
        path, vectorizer.vocabulary_, missing=missing, return_found=True
    )
    by_name, same = load_word_vectors(
        path, vectorizer.get_feature_names_out(), missing=missing, return_found=True
    )
    np.testing.assert_array_equal(by_name, by_id)
    np.testing.assert_array_equal(same, found)
    assert not by_name[0].any()
    assert found.sum() == 2
    with pytest.raises(ValueError, match="vocabulary has no terms except"):
        load_word_vectors(path, ["<padding>", "<unknown>"])


def test_missing_file_raises():
    with pytest.raises(FileNotFoundError):
        load_word_vectors("no_such_file.txt", VOCABULARY)


@pytest.mark.parametrize(
    ("vocabulary", "kind", "message"),
    [
        (SequenceVectorizer().fit(["good"]), TypeError, "is a SequenceVectorizer. Pass its vocab"),
        ("good", TypeError, "is 'good'. Pass a mapping from terms to ids, or a list of terms."),
        (7, TypeError, "is 7. Pass a mapping from terms to ids, or a list of terms."),
        ({}, ValueError, "is empty. Pass at least one term."),
        ({"good": -1}, TypeError, "has term 'good' with id -1, but terms must be strings and ids"),
        (
            {"good": "1"},
            TypeError,
            "has term 'good' with id '1', but terms must be strings and ids",
        ),
        ({"good": 10**10}, ValueError, "has id 10000000000, which requires 10000000001 vectors"),
        (
            [1],
            TypeError,
            "has term 1 with id 0, but terms must be strings and ids non-negative integers.",
        ),
    ],
)
def test_invalid_vocabularies_raise(write, vocabulary, kind, message):
    with pytest.raises(kind, match=re.escape(f"load_word_vectors: vocabulary {message}")):
        load_word_vectors(write(GLOVE), vocabulary)


def test_missing_is_checked(write):
    with pytest.raises(ValueError, match="The 'missing' parameter of load_word_vectors must"):
        load_word_vectors(write(GLOVE), VOCABULARY, missing="mean")
