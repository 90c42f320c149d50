"""Base noun phrases with their grammatical roles, from the trees of a CoNLL-U file.

A task of tags that depend on each other, for `load("tag_UD_Afrikaans")` of `data.py`: each phrase
is a span of one of four types, encoded as IOB2 tags. A phrase is a noun, name or pronoun with the
determiners, adjectives, numerals and adverbs that precede it and belong to it, and the other parts
of a name. Its type is the role of that word: subject, object, oblique (mostly after a preposition),
or another one.
"""

from __future__ import annotations

from pathlib import Path

from data import _read

NOMINAL = ("NOUN", "PROPN", "PRON")

# Relations by which a word before the head of a phrase belongs to it, and word classes of such
# words: "amod" is also used for conjunctions in this treebank.
BEFORE = ("det", "amod", "nummod", "advmod", "compound")
MODIFIERS = ("DET", "ADJ", "NUM", "ADV", "PRON", "PROPN", "X")

ROLES = {
    "nsubj": "SUBJ",
    "obj": "OBJ",
    "iobj": "OBJ",
    "obl": "OBL",
    "nmod": "OBL",
}


def parse_chunks(text: str) -> tuple[list[list[str]], list[list[str]]]:
    """Read CoNLL-U: the words of each sentence, and the tags of its base noun phrases."""
    sentences, tags = [], []
    for block in text.strip().split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines() if not line.startswith("#")]
        rows = [row for row in rows if row[0].isdigit()]
        sentences.append([row[1] for row in rows])
        tags.append(tag_chunks([(row[3], int(row[6]) - 1, row[7]) for row in rows]))
    return sentences, tags


def tag_chunks(rows: list[tuple[str, int, str]]) -> list[str]:
    """Return the tags of a sentence, given word class, index of the head and relation of words."""
    tags = ["O"] * len(rows)
    for i, (word_class, _, relation) in enumerate(rows):
        # Possessive and relative pronouns are modifiers, not phrases.
        modifies = relation == "flat" or (word_class == "PRON" and relation in BEFORE)
        if word_class not in NOMINAL or modifies:
            continue
        first, last = i, i
        while first > 0 and _belongs(rows[first - 1], first, last):
            first -= 1
        while last + 1 < len(rows) and rows[last + 1][1:] == (i, "flat"):
            last += 1
        role = ROLES.get(relation.partition(":")[0], "OTHER")
        tags[first : last + 1] = [f"B-{role}"] + [f"I-{role}"] * (last - first)
    return tags


def _belongs(row: tuple[str, int, str], first: int, last: int) -> bool:
    word_class, head, relation = row
    return word_class in MODIFIERS and relation in BEFORE and first <= head <= last


def load_chunks(
    data_dir: str | Path, name: str = "tag_UD_Afrikaans"
) -> dict[str, tuple[list[list[str]], list[list[str]]]]:
    """Return words and tags of the parts "train", "dev" and "test"."""
    folder = Path(data_dir) / name
    return {
        part: parse_chunks(_read(folder, f"*-{part}.conllu*")) for part in ("train", "dev", "test")
    }
