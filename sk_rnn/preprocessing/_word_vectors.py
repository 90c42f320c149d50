"""Loading of pretrained word vectors."""

import gzip
import os
import zipfile
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, BinaryIO, Literal, NoReturn, overload

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import StrOptions

from ..sequences import RANDOM_STATE, IntegerFrom, RandomState, quote, validate_params

_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# A line of 30,000 numbers has fewer bytes. Other files may have no line ends.
_LONGEST_LINE = 1 << 20

# Above this size, a table in which less than 1 % of the rows are terms is rejected.
_MANY_IDS, _SPARSE = 1_000_000, 100

# Names of the reserved ids of a SequenceVectorizer, which are not words.
_RESERVED_NAMES = ("<padding>", "<unknown>", "<begin>", "<end>")


@overload
def load_word_vectors(
    path: str | os.PathLike[str],
    vocabulary: Any,
    *,
    missing: Literal["random", "zeros"] = "random",
    random_state: RandomState = 0,
    return_found: Literal[False] = False,
) -> np.ndarray: ...


@overload
def load_word_vectors(
    path: str | os.PathLike[str],
    vocabulary: Any,
    *,
    missing: Literal["random", "zeros"] = "random",
    random_state: RandomState = 0,
    return_found: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...


@validate_params(
    {
        "path": [str, bytes, os.PathLike],
        "vocabulary": "no_validation",
        "missing": [StrOptions({"random", "zeros"})],
        "random_state": RANDOM_STATE,
        "return_found": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_word_vectors(
    path: str | os.PathLike[str],
    vocabulary: Any,
    *,
    missing: Literal["random", "zeros"] = "random",
    random_state: RandomState = 0,
    return_found: bool = False,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    r"""Load the vectors of a vocabulary from a word2vec text file or a GloVe file.

    The result can be passed to the estimators as `embedding_weights`. The file is read line by
    line; vectors of words that are not in the vocabulary are skipped. Matching is case-sensitive: a
    file with capitalised words requires a vectorizer with ``lowercase=False``.

    Parameters
    ----------
    path : str or path-like
        A UTF-8 text file, plain, gzipped, or as the only file in a zip archive, with one word and
        its vector per line, separated by spaces. An optional header line with the numbers of words
        and of dimensions (word2vec and fastText write one, GloVe does not) is checked.
    vocabulary : mapping of str to int, or sequence of str
        Mapping from terms to ids, such as `SequenceVectorizer.vocabulary_`; or the terms in the
        order of their ids, as returned by `get_feature_names_out`, where the leading padding,
        unknown and begin and end tokens do not count as terms.
    missing : {"random", "zeros"}, default="random"
        Initialisation of the rows of terms that are not in the file, and of the unknown, begin and
        end tokens: normal random numbers with mean zero and the standard deviation of the vectors
        found, as in Kim (2014), or zeros, which is how word dropout presents a token to the
        network. Row 0, the padding, is zero unless a term has id 0.
    random_state : int, RandomState instance or None, default=0
        Controls the random rows.
    return_found : bool, default=False
        Whether to also return which rows were found in the file.

    Returns
    -------
    embedding_weights : ndarray of float32 of shape (n_tokens, n_dimensions)
        Row i is the vector of token i. If a word occurs twice in the file, the first vector is
        used.
    found : ndarray of bool of shape (n_tokens,)
        Only with ``return_found=True``. ``found.sum() / len(vocabulary_)`` is the fraction of terms
        with a vector.

    Raises
    ------
    ValueError
        If the file is not in this format (the message names the line), or contains none of the
        terms.
    TypeError
        If the vocabulary is neither a mapping to integers nor a sequence of strings.

    References
    ----------
    Kim, Y. (2014). Convolutional neural networks for sentence classification. Section 3.2.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sk_rnn.preprocessing import SequenceVectorizer, load_word_vectors
    >>> vectorizer = SequenceVectorizer().fit(["bad film", "good film"])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "vectors.txt")
    ...     _ = path.write_text("good 0.9 0.1\nbad -0.8 0.1\nmovie 0.0 0.7\n")
    ...     weights, found = load_word_vectors(
    ...         path, vectorizer.vocabulary_, missing="zeros", return_found=True)
    >>> weights[vectorizer.vocabulary_["good"]]
    array([0.9, 0.1], dtype=float32)
    >>> vectorizer.get_feature_names_out()[~found].tolist()
    ['<padding>', '<unknown>', 'film']

    A Pipeline with these weights needs the same ids in each fit, so it uses a fixed vocabulary:

    >>> from sklearn.pipeline import make_pipeline
    >>> from sk_rnn import RNNClassifier
    >>> model = make_pipeline(
    ...     SequenceVectorizer(vocabulary=vectorizer.vocabulary_),
    ...     RNNClassifier(embedding_weights=weights),
    ... )
    """
    caller = "load_word_vectors"
    if b"\0" in os.fsencode(path):
        raise ValueError(f"{caller}: path={path!r} contains a null byte. Pass the path of a file.")
    id_of, n_tokens = _ids(vocabulary, caller)
    vectors = _read_vectors(path, id_of, f"{caller}: {os.fspath(path)}")
    if not vectors:
        some = [term.decode("utf-8", "surrogatepass") for term in list(id_of)[:3]]
        raise ValueError(
            f"{caller}: {os.fspath(path)} holds none of the {len(id_of)} terms of the vocabulary "
            f"({', '.join(map(repr, some))}, ...). Check the case of letters and the language."
        )
    rows = np.fromiter(vectors, dtype=np.int64)
    known = np.stack(list(vectors.values()))  # (n_found, n_dimensions)
    weights = np.zeros((n_tokens, known.shape[1]), dtype=np.float32)
    if missing == "random":
        rng = check_random_state(random_state)
        weights[:] = rng.normal(scale=known.std(), size=weights.shape)
        if 0 not in id_of.values():
            weights[0] = 0.0
    weights[rows] = known
    if not return_found:
        return weights
    found = np.zeros(n_tokens, dtype=bool)
    found[rows] = True
    return weights, found


def _ids(vocabulary: Any, caller: str) -> tuple[dict[bytes, int], int]:
    """Return the ids of the terms, as encoded in the file, and the number of ids."""
    if hasattr(vocabulary, "vocabulary_"):
        raise TypeError(
            f"{caller}: vocabulary is a {type(vocabulary).__name__}. Pass its vocabulary_."
        )
    if isinstance(vocabulary, Mapping):
        pairs = list(vocabulary.items())
    elif isinstance(vocabulary, str | bytes) or not _can_iterate(vocabulary):
        raise TypeError(
            f"{caller}: vocabulary is {vocabulary!r}. Pass a mapping from terms to ids, or a list "
            "of terms."
        )
    else:
        pairs = [(term, i) for i, term in enumerate(vocabulary)]
    if not pairs:
        raise ValueError(f"{caller}: vocabulary is empty. Pass at least one term.")
    id_of = {}
    n_tokens = 0
    listed = not isinstance(vocabulary, Mapping)
    position = IntegerFrom(0)
    for term, i in pairs:
        if not isinstance(term, str) or not position.is_satisfied_by(i):
            raise TypeError(
                f"{caller}: vocabulary has term {term!r} with id {i!r}, but terms must be strings "
                "and ids non-negative integers."
            )
        n_tokens = max(n_tokens, int(i) + 1)
        if not (listed and i < len(_RESERVED_NAMES) and term == _RESERVED_NAMES[i]):
            id_of[term.encode("utf-8", "surrogatepass")] = int(i)
    if n_tokens > _MANY_IDS and n_tokens > _SPARSE * len(pairs):
        raise ValueError(
            f"{caller}: vocabulary has id {n_tokens - 1}, which requires {n_tokens} vectors, but "
            f"only {len(pairs)} terms. Map terms to consecutive ids from 0, as SequenceVectorizer "
            "does."
        )
    if not id_of:
        raise ValueError(
            f"{caller}: vocabulary has no terms except {list(vocabulary)}. Pass terms."
        )
    return id_of, n_tokens


def _can_iterate(vocabulary: Any) -> bool:
    try:
        iter(vocabulary)
    except TypeError:  # also for a 0-dimensional array
        return False
    return True


def _read_vectors(path: Any, id_of: dict[bytes, int], where: str) -> dict[int, np.ndarray]:
    """Return the vectors of the words in the vocabulary."""
    vectors: dict[int, np.ndarray] = {}
    # Most words are not in the vocabulary: only the first word of a line is split off.
    first_words = {term.split(maxsplit=1)[0] for term in id_of if term.strip()}
    n_dimensions = n_expected = None
    n_lines = n_rows = 0
    with _open(path, where) as file:
        try:
            for n_lines, line in enumerate(iter(partial(file.readline, _LONGEST_LINE), b""), 1):
                if len(line) == _LONGEST_LINE:
                    _refuse_line(line, f"has {_LONGEST_LINE} bytes or more", where, n_lines)
                if n_lines == 1:
                    line = line.removeprefix(_BYTE_ORDER_MARK)
                line = line.strip()
                if n_lines == 1:
                    header = line.split()
                    if len(header) == 2 and header[0].isdigit() and header[1].isdigit():
                        n_expected, n_dimensions = map(int, header)
                        continue
                if not line:
                    continue
                n_rows += 1
                if n_dimensions is None:
                    n_dimensions = _count_numbers(line, where, n_lines)
                if line.count(b" ") < n_dimensions and len(line.split()) <= n_dimensions:
                    _refuse_count(line, len(line.split()) - 1, n_dimensions, where, n_lines)
                if line.split(maxsplit=1)[0] not in first_words:
                    continue
                word, numbers = _split(line, n_dimensions, where, n_lines)
                i = id_of.get(word)
                if i is not None and i not in vectors:
                    vectors[i] = numbers
        except (EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(
                f"{where} cannot be read past line {n_lines}: {quote(error)}. Download the "
                "file again."
            ) from error
    if not n_rows:
        raise ValueError(
            f"{where} holds no vectors; it has {n_lines} lines. Pass a file that has a word and "
            "its numbers on each line."
        )
    if n_expected is not None and n_rows != n_expected:
        raise ValueError(
            f"{where}: line 1 states {n_expected} words, but {n_rows} follow, up to line "
            f"{n_lines}. Download the file again, or correct line 1."
        )
    return vectors


@contextmanager
def _open(path: Any, where: str) -> Iterator[BinaryIO]:
    with open(path, "rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic[:2] == _GZIP_MAGIC:
            with gzip.open(raw) as unzipped:
                yield unzipped  # type: ignore[misc]
        elif magic == _ZIP_MAGIC:
            with _open_zip(raw, where) as unzipped:
                yield unzipped
        else:
            yield raw


@contextmanager
def _open_zip(raw: BinaryIO, where: str) -> Iterator[BinaryIO]:
    """Open the only file in a zip archive, the format in which GloVe is published."""
    try:
        archive = zipfile.ZipFile(raw)
    except zipfile.BadZipFile as error:
        raise ValueError(f"{where} is a broken zip: {quote(error)}. Download it again.") from error
    with archive:
        members = [info for info in archive.infolist() if not info.is_dir()]
        if len(members) != 1:
            names = ", ".join(info.filename for info in members) or "none"
            raise ValueError(
                f"{where} is a zip of {len(members)} files ({names}), where one is expected. "
                "Unpack it, and pass the path of the file with the vectors."
            )
        try:
            member = archive.open(members[0])
        except (NotImplementedError, RuntimeError) as error:  # another compression; a password
            raise ValueError(f"{where} cannot be unzipped: {quote(error)}. Unpack it.") from error
        with member:
            yield member  # type: ignore[misc]


def _count_numbers(line: bytes, where: str, n_line: int) -> int:
    """Return the number of dimensions: the count of numbers at the end of the first line."""
    fields = line.split()
    n_numbers = 0
    while n_numbers < len(fields) - 1 and _is_number(fields[-1 - n_numbers]):
        n_numbers += 1
    if not n_numbers:
        _refuse_line(line, "has no numbers after a word", where, n_line)
    return n_numbers


def _split(line: bytes, n_dimensions: int, where: str, n_line: int) -> tuple[bytes, np.ndarray]:
    """Return the word, which may contain spaces, and its vector."""
    fields = line.split()
    word, numbers = fields[:-n_dimensions], fields[-n_dimensions:]
    if len(word) > 1 and all(map(_is_number, word[1:])):
        _refuse_count(line, len(fields) - 1, n_dimensions, where, n_line)
    try:
        with np.errstate(over="ignore"):  # overflow becomes infinity, which is rejected below
            vector = np.array([float(number) for number in numbers], dtype=np.float32)
    except ValueError:
        wrong = next(number for number in numbers if not _is_number(number))
        _refuse_line(line, f"has {_shown(wrong)!r} where a number is expected", where, n_line)
    if not np.isfinite(vector).all():
        _refuse_line(line, "has a number that is not finite in float32", where, n_line)
    return b" ".join(word), vector


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _refuse_count(
    line: bytes, n_numbers: int, n_dimensions: int, where: str, n_line: int
) -> NoReturn:
    _refuse_line(line, f"has {n_numbers} numbers, but vectors have {n_dimensions}", where, n_line)


def _refuse_line(line: bytes, problem: str, where: str, n_line: int) -> NoReturn:
    advice = "A line is a word and its numbers, separated by spaces."
    try:
        getincrementaldecoder("utf-8")().decode(line)  # it may be cut within a character
    except UnicodeDecodeError:
        advice += " It is not text: if this is word2vec's binary format, save it as text."
    raise ValueError(f"{where}, line {n_line} ({_shown(line[:30])!r}...) {problem}. {advice}")


def _shown(field: bytes) -> str:
    return field.decode(errors="replace")
