"""Own acts in an answer: where the speaker says what he or she did, asserted and past, in English and Chinese.

English marks it by "I" and a verb in the past, or by a verb of doing in the present as learners and people in a hurry
tell the past; further verbs after "and" belong to the same "I". Punctuation plays no part: not every recogniser writes
it. Chinese has no tense and drops the subject: an act is a clause of 我, or one after it without a subject of its own,
that holds a verb of doing. Suppositions, habits, denials and duties in the same clause take an act back (after NegEx,
Chapman et al. 2001, *JBI* 34).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from vivavoce.features.language.answer_text import BREAK, AnswerText, Span, Token
from vivavoce.features.language.lexicon import Telling

BEFORE = 6  # words before "I" in which a supposition, a habit or a denial takes the act back
SKIPPED = 4  # adverbs between "I" and what was done
PAST_LETTERS = 5  # *asked*: fewer letters with -ed are rarely a verb
OBJECT = 3  # words after a verb of saying that may name whom it was said to
SPEAKER = 3  # words before a verb of saying that may name who said it

Deed = tuple[str, Span]  # the verb, and the words that tell it
Subject = Literal["subject", "ours"]  # "I" and what stands for it, or "we"


def own_acts(answer: AnswerText) -> list[Deed]:
    """Each own act in order, repetitions included."""
    found = _english(answer, "subject") if answer.language == "en" else _chinese(answer, "subject")
    mine = [("mine", span) for span in answer.running.find(answer.lexicon.telling.patterns["mine"])]
    return sorted([*found, *mine], key=lambda deed: deed[1])


def shared_acts(answer: AnswerText) -> list[Deed]:
    """Each act that is told of *we*, in order: part of it may be the speaker's own."""
    return list(_english(answer, "ours") if answer.language == "en" else _chinese(answer, "ours"))


def spoken_acts(answer: AnswerText) -> list[Deed]:
    """What was said between the speaker and somebody in particular, in order: own acts of saying, and replies."""
    english = answer.language == "en"
    found = list(_english_talk(answer, "subject") if english else _chinese_talk(answer, "subject"))
    found += _english_replies(answer) if english else ()
    return sorted(found, key=lambda deed: deed[1])


def shared_talk(answer: AnswerText) -> list[Deed]:
    """What *we* said to somebody in particular, in order."""
    return list(_english_talk(answer, "ours") if answer.language == "en" else _chinese_talk(answer, "ours"))


def _english(answer: AnswerText, subject: Subject) -> Iterator[Deed]:
    lists, tokens = answer.lexicon.telling, answer.tokens
    for at, token in enumerate(tokens):
        if token.text in lists.words[subject] and not _taken_back(tokens, at, lists):
            for i in _deeds(tokens, at, lists):
                yield tokens[i].lemma, (tokens[at if i - at <= SKIPPED + 1 else i].index, tokens[i].index + 1)
        elif subject == "subject" and _drops_subject(tokens, at, lists):
            for i in (at, *_deeds(tokens, at, lists)):
                yield tokens[i].lemma, (tokens[i].index, tokens[i].index + 1)


def _drops_subject(tokens: tuple[Token, ...], at: int, lists: Telling) -> bool:
    """Whether a sentence opens with a deed, as notes and people in a hurry tell: *Drove out. Asked her.*"""
    opens = at == 0 or tokens[at - 1].ends_sentence
    return opens and is_deed(tokens[at].text, lists, plain=False)


def _taken_back(tokens: tuple[Token, ...], at: int, lists: Telling) -> bool:
    for token in reversed(tokens[max(0, at - BEFORE) : at]):
        if token.text in lists.words["others"]:
            return False
        if token.text in lists.words["supposed"]:
            return True
    return False


def _deeds(tokens: tuple[Token, ...], at: int, lists: Telling) -> Iterator[int]:
    """Places of what "I" at this place did: its own verb, then those after "and", until another subject."""
    words, room, mine = lists.words, SKIPPED, False
    for i in range(at + 1, len(tokens)):
        token = tokens[i]
        if token.text in words["others"]:
            return
        wished = token.text == "have" and tokens[at].text in words["wishing"]
        if wished or token.text in words["unasserted"] or token.text.endswith(("n't", "nae")):
            if room and not mine:
                return
            room = 0
        elif room and is_deed(token.text, lists, plain=mine or tokens[at].text not in words["wishing"]):
            mine, room = True, 0
            yield i
        elif token.text in words["joining"]:
            room = SKIPPED
        elif token.text in words["adverbs"]:
            room = max(room - 1, 0)
        else:
            room = 0


def is_deed(word: str, lists: Telling, plain: bool = True) -> bool:
    """Whether an English word is a verb of doing in the past, or (``plain``) one of those told in the present."""
    past = word in lists.words["past"] or (word.endswith("ed") and len(word) >= PAST_LETTERS)
    return (past and word not in lists.words["not_acts"]) or (plain and word in lists.words["acts"])


def _english_talk(answer: AnswerText, subject: Subject) -> Iterator[Deed]:
    words, tokens = answer.lexicon.telling.words, answer.tokens
    place = {token.index: i for i, token in enumerate(tokens)}
    for verb, span in _english(answer, subject):
        i = place[span[1] - 1]
        whom = {token.text for token in tokens[i + 1 : i + 1 + OBJECT]}
        if tokens[i].text in words["speech"] and whom and whom.isdisjoint(words["crowd"]):
            yield verb, span


def _english_replies(answer: AnswerText) -> Iterator[Deed]:
    words, tokens = answer.lexicon.telling.words, answer.tokens
    for i, token in enumerate(tokens):
        before = [one.text for one in tokens[max(0, i - SPEAKER) : i]]
        if token.text in words["replies"] and _somebody(before, words):
            yield f"{token.lemma} to me", (tokens[i - 1].index, token.index + 1)


def _somebody(before: list[str], words: Mapping[str, frozenset[str]]) -> bool:
    """Whether the words before a verb of saying name somebody in particular who is not the speaker."""
    if not before or before[-1] in words["crowd"] or not words["unasserted"].isdisjoint(before):
        return False
    if before[-1] in words["repliers"]:
        return True
    if not {"i", "we", "you", "to", "and"}.isdisjoint(before[-2:]):
        return False
    return before[-1] not in words["others"] or not words["repliers"].isdisjoint(before[-2:])


def _chinese(answer: AnswerText, subject: Subject) -> Iterator[Deed]:
    """Chinese clauses that tell an act."""
    for start, end, verb in _told_clauses(answer, subject):
        yield verb, answer.surface.span(start, end)


def _told_clauses(answer: AnswerText, who: Subject) -> Iterator[tuple[int, int, str]]:
    lists, text = answer.lexicon.telling.patterns, answer.surface.text
    mine = who == "subject"
    for start, end, first in clauses(text):
        clause = text[start:end]
        subject = lists[who].search(clause)
        other = (lists["others"] if who == "subject" else lists["others_than_we"]).match(clause) is not None
        mine = subject is not None or ((mine or (first and who == "subject")) and not other)
        if mine and not lists["unasserted"].search(clause):
            verb = lists["verbs"].search(clause, subject.end() if subject else 0)
            before = clause[: verb.start()] if verb else ""
            dropped = subject is not None or lists["opening"].match(before) is not None
            if verb and dropped and not lists["negation"].search(before):
                yield start, end, verb.group()


def _chinese_talk(answer: AnswerText, subject: Subject) -> Iterator[Deed]:
    lists, text = answer.lexicon.telling.patterns, answer.surface.text
    told = {start for start, _, _ in _told_clauses(answer, subject)}
    for start, end, _ in clauses(text):
        if start in told:
            found = lists["speech"].search(text, start, end)
        elif subject == "subject" and not lists["unasserted"].search(text, start, end):
            found = lists["replies"].search(text, start, end)
        else:
            found = None
        if found:
            yield found.group()[:2], answer.surface.span(*found.span())


def clauses(text: str) -> Iterator[tuple[int, int, bool]]:
    """Start and end of each clause of a Chinese surface, and whether it opens a sentence."""
    first, at = True, 0
    for found in re.finditer(rf"[{BREAK},]|$", text):
        if found.start() > at:
            yield at, found.start(), first
            first = False
        first = first or found.group() == BREAK
        at = found.end()
