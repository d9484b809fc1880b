"""Which question: what the interviewer says, or a voice reading questions out, matched to the framework's texts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vivavoce.data.identity import source_digest
from vivavoce.data.schema import Stage
from vivavoce.data.script import simplified
from vivavoce.data.track import Array
from vivavoce.features.language.encoder import Encoder
from vivavoce.features.language.lexicon import lemma
from vivavoce.features.speakers.candidate import TURN_GAP_S
from vivavoce.features.transcript.words import Transcript, Word

CLOSE = 0.6
"""Cosine of an interviewer's turn and a question's text from which the question was asked.

Of 69 transcribed first interviews with five known questions (Naim et al. 2018), 99 % of the turns that ask one reach
0.65. Of the turns that ask something else none does; in second interviews, whose questions differ on the same subjects
("change one thing about yourself" beside "tell me about yourself"), they reach 0.58.
"""
CLOSE_UNNAMED = 0.7  # where nobody says who speaks: a candidate who takes up the question's words must not ask it
SHARED = 0.5  # share of a question's telling words that a turn must hold where no encoder can compare
SHARED_UNNAMED = 0.65  # the same where nobody says who speaks
MARGIN = 0.1  # by which a turn must be closer to its question than to any other: half-way between two it asks neither
LIKELY = 0.3  # share of the telling words below which a sentence of unknown speaker is not compared at all
ROUNDING = 4  # digits of a cosine, as in AnswerText.similarities
PHRASE_GAP_S = 0.7  # a silence that ends a sentence where a recogniser writes no punctuation
MOST_SENTENCES = 4  # of one question as asked
ANOTHER = {"en": 13, "zh": 20}
"""Words, or characters, from which a turn that ends in a question mark and is close to nothing is another question.

Shorter ones follow up: of the interviewers' turns above, six follow up with 8 to 12 words, seven open another subject
with 15 and more.
"""
ENDS = tuple(".?!。？！")
WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|[\u3400-\u4dbf\u4e00-\u9fff]")
HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")

Passage = tuple[str, tuple[float, float]]  # words that may ask a question, and their span in seconds
Mask = npt.NDArray[np.bool_]

QUESTIONS = Stage("questions", "1", {"code": source_digest(Path(__file__))})


@dataclass(frozen=True)
class FoundQuestion:
    """A question where it was asked, seconds; ``confidence`` is 0–1, ideal 1: how close the words are to its text.

    ``question_id`` is None where an interviewer asks something that is none of the framework's questions.
    """

    question_id: str | None
    start: float
    end: float
    confidence: float


def find_questions(
    said: Transcript, questions: Mapping[str, str], encoder: Encoder | None = None, *, interviewer: bool
) -> tuple[FoundQuestion, ...]:
    """The questions that were asked, each at most once, in the order in which they were asked.

    Parameters
    ----------
    said
        The words of everybody but the candidate; or everybody's, where nobody says who speaks.
    questions
        Texts by id, in the transcript's language.
    encoder
        Compares meanings where it knows the language; otherwise the share of a question's telling words counts, which
        finds a question that is read out but not one in other words.
    interviewer
        Whether ``said`` holds the interviewer's words only.

    Returns
    -------
    tuple of FoundQuestion
        Those whose confidence reaches the threshold, and exceeds the confidence in any other question by ``MARGIN``;
        with them what else an interviewer asks after the first of them.

    Examples
    --------
    >>> words = "So tell me about a time you led a team".split()
    >>> said = Transcript(tuple(Word(w, i / 2, i / 2 + 0.4) for i, w in enumerate(words)), "en", "provided:vtt", True)
    >>> asked = {"lead": "Tell me about a time when you led a team.", "why": "Why should we hire you?"}
    >>> [(q.question_id, q.end) for q in find_questions(said, asked, interviewer=True)]
    [('lead', 4.9)]
    """
    passages = turn_ends(said) if interviewer else sentence_runs(said)
    texts = list(questions.values())
    if not passages or not texts:
        return ()
    close = shared_words(passages, texts, said.language)
    least = SHARED if interviewer else SHARED_UNNAMED
    if encoder is not None and said.language in encoder.languages:
        least = CLOSE if interviewer else CLOSE_UNNAMED
        likely = close.max(axis=1) >= (0.0 if interviewer else LIKELY)
        close = _cosines(passages, texts, encoder, likely)
    ranked = np.sort(np.column_stack([np.zeros(len(passages)), close]), axis=1)
    clear = (close >= least) & (close == ranked[:, -1:]) & (ranked[:, -1:] - ranked[:, -2:-1] >= MARGIN)
    lengths = [len(text) for text, _ in passages]  # of two passages that ask alike, the one without more words
    order = sorted(np.argwhere(clear).tolist(), key=lambda pair: (-close[*pair], lengths[pair[0]], *pair))
    found: list[FoundQuestion] = []
    for row, column in order:
        name, (start, end) = list(questions)[column], passages[row][1]
        free = all(end <= other.start or other.end <= start for other in found)
        if free and all(name != other.question_id for other in found):
            found.append(FoundQuestion(name, start, end, float(close[row, column])))
    found.sort(key=lambda question: question.start)
    if interviewer and found:
        near = {span for row, (_, span) in enumerate(passages) if ranked[row, -1] >= least - MARGIN}
        found += _others(said, near, found[0].start)
    return tuple(sorted(found, key=lambda question: question.start))


def _others(said: Transcript, near: set[tuple[float, float]], since: float) -> list[FoundQuestion]:
    """An interviewer's long questions after the first that was matched, outside the turns near some question."""
    others = []
    for turn in _grouped(said.words, TURN_GAP_S):
        start, end, text = turn[0].start, max(word.end for word in turn), _text([turn], said.language)
        size = len(HAN.findall(text)) if said.language == "zh" else len(turn)
        asks = size >= ANOTHER[said.language] and text.endswith(("?", "？"))
        if asks and start > since and (start, end) not in near:
            others.append(FoundQuestion(None, start, end, 0.0))
    return others


def turn_ends(said: Transcript) -> list[Passage]:
    """Every turn of an interviewer from each of its last sentences on: the question is how a turn ends.

    All passages of a turn have the turn's whole span.
    """
    passages = []
    for turn in _grouped(said.words, TURN_GAP_S):
        sentences = _sentences(turn)
        span = turn[0].start, max(word.end for word in turn)
        firsts = {0, *range(max(0, len(sentences) - MOST_SENTENCES), len(sentences))}
        passages += [(_text(sentences[first:], said.language), span) for first in sorted(firsts)]
    return passages


def sentence_runs(said: Transcript) -> list[Passage]:
    """Every run of up to ``MOST_SENTENCES`` sentences, with its span."""
    sentences = _sentences(said.words)
    return [
        (_text(run, said.language), (run[0][0].start, max(word.end for word in run[-1])))
        for first in range(len(sentences))
        for last in range(first + 1, min(first + MOST_SENTENCES, len(sentences)) + 1)
        for run in [sentences[first:last]]
    ]


def shared_words(passages: Sequence[Passage | str], texts: Sequence[str], language: str) -> Array:
    """Share of each text's telling words that each passage holds, shape (passages, texts), 0–1.

    A word (for Chinese two characters in a row) tells the more, the fewer of the texts have it.

    Examples
    --------
    >>> shared_words(["Why you?"], ["Why you?", "Why here?"], "en").round(2).tolist()
    [[1.0, 0.2]]
    """
    held = [_terms(one if isinstance(one, str) else one[0], language) for one in passages]
    sought = [_terms(text, language) for text in texts]
    weight = {term: 1 / sum(term in one for one in sought) ** 2 for one in sought for term in one}
    total = [sum(weight[term] for term in sorted(one)) or 1.0 for one in sought]
    shares = [
        [sum(weight[term] for term in sorted(one & own)) / whole for one, whole in zip(sought, total, strict=True)]
        for own in held
    ]
    return np.array(shares).reshape(len(held), len(sought))


def _cosines(passages: Sequence[Passage], texts: Sequence[str], encoder: Encoder, likely: Mask) -> Array:
    """Cosines of the likely passages with the texts, shape (passages, texts); the others' are 0."""
    chosen = list(dict.fromkeys(passage[0] for passage, one in zip(passages, likely, strict=True) if one))
    vectors = encoder.encode([*texts, *chosen])
    asked = vectors[: len(texts)]
    row = dict(zip(chosen, vectors[len(texts) :], strict=True))
    nothing = np.zeros(vectors.shape[1], vectors.dtype)
    close = np.array([row[text] if one else nothing for (text, _), one in zip(passages, likely, strict=True)]) @ asked.T
    return np.asarray(close.astype(float).round(ROUNDING))


def _terms(text: str, language: str) -> frozenset[str]:
    if language == "zh":
        characters = HAN.findall(simplified(text))
        return frozenset(map("".join, pairwise(characters)))
    return frozenset(lemma(word) for word in WORD.findall(text.casefold().replace("’", "'")))


def _sentences(words: Sequence[Word]) -> list[list[Word]]:
    """Words up to a mark that ends a sentence, or to a silence."""
    sentences: list[list[Word]] = []
    for phrase in _grouped(words, PHRASE_GAP_S):
        sentences.append([])
        for word in phrase:
            sentences[-1].append(word)
            if word.text.endswith(ENDS) and word is not phrase[-1]:
                sentences.append([])
    return sentences


def _grouped(words: Sequence[Word], gap: float) -> list[list[Word]]:
    """Words in runs without a silence longer than ``gap`` seconds."""
    runs: list[list[Word]] = []
    for word in words:
        if runs and word.start - runs[-1][-1].end <= gap:
            runs[-1].append(word)
        else:
            runs.append([word])
    return runs


def _text(sentences: Sequence[Sequence[Word]], language: str) -> str:
    return ("" if language == "zh" else " ").join(word.text for sentence in sentences for word in sentence)
