"""What an answer tells: own acts, what was said to whom, the reasons, how particular it is, and what came of it.

Behaviour-description interviewing asks for one past case of one's own (Janz 1982, *Journal of Applied Psychology* 67;
Campion, Palmer & Campion 1997, *Personnel Psychology* 50), and an anchored rating reads what was done and why (Smith &
Kendall 1963, *Journal of Applied Psychology* 47). What is looked for is therefore neither the trade's words nor
numbers, rare words or length, which dress an answer, but asserted acts of the speaker: not denied, not supposed, not a
habit, nobody else's, and told here and now (``borrowing.py``). Rates are per 100 words, over at least ``FLOOR`` words:
a longer answer earns nothing by its length, and a terse one is not punished for it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vivavoce.data.schema import Value
from vivavoce.features.language.acts import Deed, own_acts, shared_acts, shared_talk, spoken_acts
from vivavoce.features.language.answer_text import LANGUAGE, PER, TOO_SHORT, AnswerText, Span, per_hundred
from vivavoce.features.language.borrowing import borrowed_places
from vivavoce.features.language.relevance import MIN_WORDS

FLOOR = 80  # words: what 40 seconds hold; fewer are counted as so many
NEAR = 15  # words between a reason and the act that it belongs to
TALK = 30  # words between what somebody said and an own act: a reply belongs to what one did about it
GENERAL = 16.0  # general words per 100 that leave nothing particular
ENOUGH = 0.5  # of the acts of a case told in full, from which how particular it is counts in full
OURS = (
    0.5  # of an own act that one told of "we" counts: many tell so what they did themselves, and some what others did
)
SAME = 2  # times that one verb counts as a deed of its own
FULL: Mapping[str, Mapping[str, float]] = {
    "en": {"acts": 2.5, "spoken": 1.5, "reasons": 1.2, "lessons": 1.2},
    "zh": {"acts": 5.0, "spoken": 2.0, "reasons": 1.5, "lessons": 2.0},
}
"""Per 100 words, what an answer holds that tells its case in full, by language: near the median of the independent
strong answers, and lowered with their scores in sight (docs/scores.md). Chinese leaves out the subject and cuts
its clauses shorter, so that the same case holds more acts per 100 words there; without this, people would differ
by the language that they speak.
"""


@dataclass(frozen=True)
class Told:
    """Where an answer tells what: spans of its words in order, without what was borrowed."""

    acts: tuple[Span, ...]
    spoken: tuple[Span, ...]
    our_acts: tuple[Span, ...]
    our_talk: tuple[Span, ...]
    reasons: tuple[Span, ...]
    lessons: tuple[Span, ...]


def find_told(answer: AnswerText) -> Told:
    """Everything that one answer tells."""
    borrowed = borrowed_places(answer)
    patterns = answer.lexicon.telling.patterns
    acts, spoken, ours, talk = (
        _different(found(answer), borrowed) for found in (own_acts, spoken_acts, shared_acts, shared_talk)
    )
    deeds = [span[0] for span in (*acts, *ours)]
    spoken = [span for span in spoken if any(abs(span[0] - place) <= TALK for place in deeds)]

    def found(name: str) -> list[Span]:
        return _own(answer.running.find(patterns[name]), borrowed)

    reasons = [span for span in found("reasons") if any(abs(span[0] - place) <= NEAR for place in deeds)]
    lessons = found("lessons") if deeds else []
    return Told(tuple(acts), tuple(spoken), tuple(ours), tuple(talk), tuple(reasons), tuple(lessons))


def find_general(answer: AnswerText) -> list[Span]:
    """Words that could stand in anybody's answer to any question."""
    return answer.running.find(answer.lexicon.telling.patterns["general"])


def _own(spans: Iterable[Span], borrowed: frozenset[int]) -> list[Span]:
    return [span for span in spans if borrowed.isdisjoint(range(*span))]


def _different(deeds: Iterable[Deed], borrowed: frozenset[int]) -> list[Span]:
    """Deeds of one's own words; the same verb counts ``SAME`` times at most."""
    times: dict[str, int] = {}
    kept = []
    for verb, span in deeds:
        if borrowed.isdisjoint(range(*span)) and times.get(verb, 0) < SAME:
            times[verb] = times.get(verb, 0) + 1
            kept.append(span)
    return kept


def _share(kind: str, answer: AnswerText) -> Value:
    """Rate of one kind of telling, of what a case told in full holds, 0–1.

    Half of it is two thirds, since the first act says more than the fifth.
    """
    words = len(answer.tokens)
    if words < MIN_WORDS:
        return TOO_SHORT
    found = find_told(answer)
    ours: tuple[Span, ...] = {"acts": found.our_acts, "spoken": found.our_talk}.get(kind, ())
    counted = len(getattr(found, kind)) + OURS * len(ours)
    told = min(1.0, PER * counted / max(words, FLOOR) / FULL[answer.language][kind])
    return 2 * told / (1 + told)


@LANGUAGE.feature(
    "language.own_acts_share",
    unit="share",
    low=0,
    high=1,
    meaning="Different own past acts that the answer tells, asserted, of what a case told in full holds.",
    source="Janz 1982, Journal of Applied Psychology 67; own lists",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _own_acts(answer: AnswerText) -> Value:
    return _share("acts", answer)


@LANGUAGE.feature(
    "language.said_share",
    unit="share",
    low=0,
    high=1,
    meaning="What the speaker said to somebody in particular and was told, of what a case told in full holds.",
    source="Campion, Palmer & Campion 1997, Personnel Psychology 50; own lists",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _said(answer: AnswerText) -> Value:
    return _share("spoken", answer)


@LANGUAGE.feature(
    "language.reasons_share",
    unit="share",
    low=0,
    high=1,
    meaning="Reasons beside own acts (because, so that I; 因为, 为了), of what a case told in full holds.",
    source="Smith & Kendall 1963, Journal of Applied Psychology 47; own lists",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _reasons(answer: AnswerText) -> Value:
    return _share("reasons", answer)


@LANGUAGE.feature(
    "language.consequences_share",
    unit="share",
    low=0,
    high=1,
    meaning="What came of it and what was learned, where acts are told, of what a case told in full holds.",
    source="Campion, Palmer & Campion 1997, Personnel Psychology 50; own lists",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _consequences(answer: AnswerText) -> Value:
    return _share("lessons", answer)


@LANGUAGE.feature(
    "language.general_per_100_words",
    unit="per 100 words",
    low=0,
    high=100,
    meaning="General words (stuff, always, people, important; 一般, 大家, 沟通) per 100 words.",
    source="own lists",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _general(answer: AnswerText) -> Value:
    return per_hundred(len(find_general(answer)), answer)


@LANGUAGE.feature(
    "language.particular_share",
    unit="share",
    low=0,
    high=1,
    meaning="How particular the account is: 1 without general words, 0 from 16 per 100; 0 where no own act is told.",
    source="Janz 1982, Journal of Applied Psychology 67; own lists",
    moved_by=("language", "recogniser"),
    resists=("trimming",),
)
def _particular(answer: AnswerText) -> Value:
    acts, general = _share("acts", answer), per_hundred(len(find_general(answer)), answer)
    if not isinstance(acts, float) or not isinstance(general, float):
        return TOO_SHORT
    return min(1.0, acts / ENOUGH) * max(0.0, 1 - general / GENERAL)
