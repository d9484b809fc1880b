"""One measure of one answer beside those of other people: between which percentiles, and in a sentence.

Measures that approximate clinical signs, penalise stammering or stand in for a protected attribute place nobody among
others: a percentile would rank people by just that.
"""

from dataclasses import dataclass

from vivavoce.data.interview import Modality
from vivavoce.data.norms import Norms, Place
from vivavoce.data.schema import Feature
from vivavoce.pipelines.scoring.result import AnswerResult

LENGTHS = frozenset({"language.length_words", "language.length_characters"})
NO_ZERO = frozenset({"cosine", "dB", "deg", "ratio", "px"})  # half of such a value is not half of anything


@dataclass(frozen=True)
class Comparison:
    """Where a value lies: percentiles as ``10–20``, and the sentence that goes with it."""

    percentiles: str
    sentence: str


def compare(norms: Norms, job: str, answer: AnswerResult, column: str, feature: Feature) -> Comparison | None:
    """Where one of an answer's values lies; None where it was not measured, is not compared, or has no norm.

    Parameters
    ----------
    norms
        Of the same measures: see ``Norms.check``.
    job
        For which the interview was held.
    answer
        Whose value it is.
    column, feature
        The measure's column and declaration.
    """
    if column not in answer.values or feature.impairment_sensitive or feature.proxy_of or feature.unit == "flag":
        return None
    engine = answer.asr_engine if feature.modality is Modality.TEXT else None
    value = answer.values[column]
    found = norms.place(column, value, job=job, language=answer.language, question=answer.question_id, engine=engine)
    if found is None:
        return None
    place, question = found
    asked = "to this question" if question else "to all questions of this job"
    few = "; few people, so quarters only" if place.few else ""
    sentence = f"{difference(feature, value, place)} the middle of {place.people} people’s answers {asked}{few}"
    return Comparison(f"{place.low}–{place.high}", sentence)


def difference(feature: Feature, value: float, place: Place) -> str:
    """How a value differs from the median, up to the word *than*.

    Examples
    --------
    >>> length = Feature("language.length_words", Modality.TEXT, "count", 0, 5000, "Words.", "count")
    >>> difference(length, 84, Place(0, 25, 12, 120.0))
    '30 % shorter than'
    >>> share = Feature("language.structure_share", Modality.TEXT, "share", 0, 1, "Parts.", "count")
    >>> difference(share, 0.75, Place(25, 75, 12, 0.75)), difference(share, 1.0, Place(75, 100, 12, 0.75))
    ('the same as', '25 percentage points higher than')
    """
    apart = value - place.median
    less, more = ("shorter", "longer") if feature.name in LENGTHS else ("lower", "higher")
    if feature.unit == "share":
        amount = f"{100 * abs(apart):.0f} percentage points"
    elif feature.low >= 0 and feature.unit not in NO_ZERO and place.median > 0:
        amount = f"{100 * abs(apart) / place.median:.0f} %"
    else:
        amount = f"{abs(apart):.2g} {feature.unit}"
    if amount.startswith("0 "):
        return "the same as"
    return f"{amount} {less if apart < 0 else more} than"
