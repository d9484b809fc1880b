"""What a recogniser invents: loops, and phrases it learnt from the ends of videos.

Detection comes first (only speech is listened to), then the decoder's own checks (repetition, likelihood, "no
speech"); what still gets through is removed here, and nothing that a stammerer says is.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import yaml

from vivavoce.features.transcript.windows import KEPT_GAP_S
from vivavoce.features.transcript.words import Word

LONGEST_LOOP = 6  # words; longer repeats are rare, and the decoder's repetition check catches them
MOST_REPEATS = 3  # of one n-gram in a row: people who stammer repeat a word two or three times, loops go on

UNSURE = 0.5  # mean word confidence below which a phrase that people also say is taken for an invention

SENTENCE_END = re.compile(r"[.?!。？！](?:(?![.?!。？！])\W)*+$")
LETTERS = re.compile(r"\w+")


@dataclass(frozen=True)
class Inventions:
    """Phrases known to be written where nobody spoke, spelt as ``plain`` spells them.

    ``never`` are not said in interviews; ``rarely`` may be, and go only where the recogniser is unsure.
    """

    never: frozenset[str]
    rarely: frozenset[str]


def plain(text: str) -> str:
    """A text without case, marks and spaces, so that spellings can be compared.

    Examples
    --------
    >>> plain("Thanks for watching!"), plain("谢谢 观看。")
    ('thanksforwatching', '谢谢观看')
    """
    return "".join(LETTERS.findall(text.casefold()))


@cache
def inventions(language: str) -> Inventions:
    """The known phrases of a language (``en``, ``zh``), from ``invented.yaml``, which names their sources."""
    listed = yaml.safe_load(resources.files(__package__).joinpath("invented.yaml").read_text("utf-8"))[language]
    return Inventions(frozenset(map(plain, listed["never"])), frozenset(map(plain, listed["rarely"])))


def without_inventions(words: Sequence[Word], language: str) -> list[Word]:
    """Words without known invented phrases. A phrase counts only where it is the whole utterance.

    Examples
    --------
    >>> said = [Word("We", 0.0, 0.2, 0.9), Word("won.", 0.2, 0.6, 0.9)]
    >>> invented = [Word("Thanks", 4.0, 4.1, 0.8), Word("for", 4.1, 4.2, 0.8), Word("watching!", 4.2, 4.3, 0.8)]
    >>> [word.text for word in without_inventions([*said, *invented], "en")]
    ['We', 'won.']
    """
    known = inventions(language)
    kept: list[Word] = []
    for utterance in _utterances(words):
        text = plain("".join(word.text for word in utterance))
        unsure = float(np.mean([1.0 if word.confidence is None else word.confidence for word in utterance])) < UNSURE
        if text not in known.never and not (unsure and text in known.rarely):
            kept.extend(utterance)
    return kept


def without_loops(words: Sequence[Word]) -> list[Word]:
    """Words in which no n-gram of 1–6 words stands more than three times in a row; the first three are kept.

    Examples
    --------
    >>> loop = [Word(text, float(i), i + 0.5) for i, text in enumerate("I think that that that that that is".split())]
    >>> " ".join(word.text for word in without_loops(loop))
    'I think that that that is'
    """
    kept = list(words)
    length = len(kept) + 1
    while len(kept) < length:
        length = len(kept)
        for size in range(1, LONGEST_LOOP + 1):
            kept = _collapse(kept, size)
    return kept


def _collapse(words: Sequence[Word], size: int) -> list[Word]:
    """Drop the repeats of n-grams of one size beyond the third."""
    spelt = [plain(word.text) or word.text for word in words]
    kept: list[Word] = []
    i = 0
    while i < len(words):
        repeats = 1
        while spelt[i + repeats * size : i + (repeats + 1) * size] == spelt[i : i + size]:
            repeats += 1
        if repeats > MOST_REPEATS:
            kept.extend(words[i : i + MOST_REPEATS * size])
            i += repeats * size
        else:
            kept.append(words[i])
            i += 1
    return kept


def _utterances(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Words between sentence ends and pauses."""
    current: list[Word] = []
    for word in words:
        if current and (SENTENCE_END.search(current[-1].text) or word.start - current[-1].end > KEPT_GAP_S):
            yield current
            current = []
        current.append(word)
    if current:
        yield current
