"""The operator's page: the batch at a glance, then every interview with its evidence. One file, no network.

Why something was not scored, or only partly, in words for people who run interviews.

One measure of one answer beside those of other people: between which percentiles, and in a sentence.

Measures that approximate clinical signs, penalise stammering or stand in for a protected attribute place nobody among
others: a percentile would rank people by just that.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from vivavoce.data.framework import Framework
from vivavoce.data.interview import Modality
from vivavoce.data.norms import Norms, Place
from vivavoce.data.schema import Feature
from vivavoce.data.status import Reason, RowStatus
from vivavoce.models.score import OVERALL, STARTING_POINT, TOP, Evidence, Score
from vivavoce.pipelines.report.blocks import LANGUAGES, Sentence, known, worded
from vivavoce.pipelines.report.page import render
from vivavoce.pipelines.scoring.outputs import AnswerResult, Row, write_whole
from vivavoce.pipelines.scoring.timeline import draw, find_borrowed

TEXTS = "batch"  # the report's, of the kit
LISTS_REASON = Reason.TOO_LITTLE_MEASURED.value  # what follows its colon is a reason too


def reason_words(reason: str) -> Sentence:
    """A reason as the tables hold it, in plain words; one that is not known stays as it is.

    Examples
    --------
    >>> print(reason_words("missing_competency: problem_solving, teamwork"))
    without a score for: problem solving, teamwork
    >>> print(reason_words("too_little_measured: no_face"))
    too little was measured of what the model rests on: no face is to be seen
    >>> print(reason_words("something else: entirely"))
    something else: entirely
    """
    code, colon, rest = reason.partition(": ")
    if f"reason_{code}" not in known(TEXTS):
        return _say("as_it_is", what=reason)
    words = _say(f"reason_{code}")
    if not colon:
        return words
    return _say("about", words=words, what=reason_words(rest) if code == LISTS_REASON else rest.replace("_", " "))


def _say(name: str, **values: object) -> Sentence:
    return Sentence(TEXTS, name, values)


MOVED = re.compile(r"transcript whose times were (?:multiplied by (\S+))?(?: and )?(?:shifted by (\S+) s)?")


def mended(row: Row) -> list[Sentence]:
    """What reading the row's transcripts had to mend or leave out, a sentence each; and the share of words, if any."""
    said = []
    for file, kind, count in row.result.mended:
        if moved := MOVED.fullmatch(kind):
            what = _say("moved", factor=moved[1] or "1", shift=moved[2] or "0")
        else:
            known_kind = re.sub(r"\W+", "_", kind)
            what = _say(f"kind_{known_kind}", n=count)
        said.append(_say("in_file", file=file, what=what))
    if share := row.result.words_left_out:
        said.append(_say("left_out", share=f"{share:.1%}"))
    return said


LENGTHS = frozenset({"language.length_words", "language.length_characters"})
NO_ZERO = frozenset({"cosine", "dB", "deg", "ratio", "px"})  # half of such a value is not half of anything


@dataclass(frozen=True)
class Comparison:
    """Where a value lies: percentiles as ``10–20``, and the sentence that goes with it."""

    percentiles: str
    sentence: Sentence


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
    values = {
        "apart": difference(feature, value, place),
        "people": place.people,
        "asked": _say("asked_this" if question else "asked_all"),
    }
    return Comparison(f"{place.low}–{place.high}", _say("compared_few" if place.few else "compared", **values))


def difference(feature: Feature, value: float, place: Place) -> Sentence:
    """How a value differs from the median, up to the word *than*.

    Examples
    --------
    >>> length = Feature("language.length_words", Modality.TEXT, "count", 0, 5000, "Words.", "count")
    >>> print(difference(length, 84, Place(0, 25, 12, 120.0)))
    30 % shorter than
    >>> share = Feature("language.structure_share", Modality.TEXT, "share", 0, 1, "Parts.", "count")
    >>> print(difference(share, 0.75, Place(25, 75, 12, 0.75)))
    the same as
    >>> print(difference(share, 1.0, Place(75, 100, 12, 0.75)))
    25 percentage points higher than
    """
    apart = value - place.median
    less, more = ("shorter", "longer") if feature.name in LENGTHS else ("lower", "higher")
    if feature.unit == "share":
        number, unit = f"{100 * abs(apart):.0f}", _say("percentage_points")
    elif feature.low >= 0 and feature.unit not in NO_ZERO and place.median > 0:
        number, unit = f"{100 * abs(apart) / place.median:.0f}", _say("as_it_is", what="%")
    else:
        number, unit = f"{abs(apart):.2g}", _say("as_it_is", what=feature.unit)
    if number == "0":
        return _say("same")
    return _say(less if apart < 0 else more, amount=_say("amount", n=number, unit=unit))


FULL_INTERVIEWS = 300  # shown with their evidence: about 15 kB each, so that a browser opens the page at once
SHOWN_EVIDENCE = 12  # of a trained score, largest first; what is left moves a score by a point or two
BINS = np.arange(0, 101, 10)  # of the score histograms


@dataclass(frozen=True)
class Histogram:
    """How one competency's scores lie: share of the largest bin per bin of ten points."""

    title: Sentence
    n: int
    median: float
    counts: tuple[int, ...]

    @property
    def heights(self) -> tuple[float, ...]:
        """Bar heights in percent of the fullest bin."""
        top = max(self.counts)
        return tuple(100 * count / top for count in self.counts)


def write_report(
    path: Path,
    rows: Sequence[Row],
    frameworks: dict[str, Framework],
    features: dict[str, Feature],
    run: dict[str, Any],
    norms: Norms | None = None,
) -> None:
    """Write ``report.html`` from the rows in the manifest's order; ``run`` is the content of ``run.json``."""
    finished = datetime.fromisoformat(run["finished"]).strftime("%Y-%m-%d %H:%M UTC")
    measured_only = not run["configuration"].get("scoring", True)
    title = _say("title_measures" if measured_only else "title_scores")
    page = render(
        "batch.html.j2",
        title=f"{' · '.join(title.said(language) for language in LANGUAGES)} · {finished}",
        heading=title,
        made=run["finished"],
        measured_only=measured_only,
        trained=bool(run["configuration"].get("models")),
        run=run,
        norms=norms,
        rows=rows,
        full=rows[:FULL_INTERVIEWS],
        counts=[(status.value, count) for status, count in status_counts(rows)],
        reasons=Counter(row.result.reason for row in rows if row.result.reason).most_common(),
        histograms=[
            (job.replace("_", " "), language, histograms(rows, frameworks[job], language))
            for job, language in comparable_groups(rows)
        ],
        language=lambda row: (comparable(row) or ("", ""))[1],
        name=lambda job, competency: competency_name(frameworks[job], competency),
        question=lambda job, question, language: question_text(frameworks[job], question, language),
        measured=lambda answer, job: measured(answer, job, features, norms),
        borrowed=lambda answer, job: find_borrowed(answer.text, answer.language, frameworks[job]),
        draw=draw,
        overall=overall,
        account=account,
        words=reason_words,
        mended=mended,
        say=_say,
        now=finished,
    )
    write_whole(path, lambda temporary: Path(temporary).write_text(page, encoding="utf-8"))


def status_counts(rows: Sequence[Row]) -> list[tuple[RowStatus, int]]:
    """How many rows ended in each status, in the statuses' order; absent ones are left out."""
    counted = Counter(row.result.status for row in rows)
    return [(status, counted[status]) for status in RowStatus if counted[status]]


def comparable(row: Row) -> tuple[str, str] | None:
    """The job and language within which a row's scores can be compared; None where nothing was measured."""
    if row.interview is None or not row.result.answers:
        return None
    return row.interview.job, row.result.answers[0].language


def comparable_groups(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Every job and language that the batch measured, sorted."""
    groups = {comparable(row) for row in rows}
    return sorted(group for group in groups if group is not None)


def histograms(rows: Sequence[Row], framework: Framework, language: str) -> list[Histogram]:
    """One histogram per competency and for the overall score, of those that have a value, within one language."""
    found = []
    for competency in (OVERALL, *framework.weights):
        values = [
            score.value
            for row in rows
            if comparable(row) == (framework.job, language)
            for score in row.result.scores
            if score.competency == competency and score.value is not None
        ]
        if values:
            counts, _ = np.histogram(values, BINS)
            title = competency_name(framework, competency)
            found.append(Histogram(title, len(values), float(np.median(values)), tuple(map(int, counts))))
    return found


def competency_name(framework: Framework, competency: str) -> Sentence:
    """The competency's name, or *Overall*."""
    return _say("overall") if competency == OVERALL else _say("as_it_is", what=framework.competency(competency).name)


def question_text(framework: Framework, question_id: str, language: str) -> str:
    """The question's words in the interview's language; empty for a question that the framework does not hold."""
    texts = {question.id: question.text for question in framework.questions}
    return worded(texts.get(question_id, {}), language)


def overall(row: Row) -> Score | None:
    """The overall score of a row, None where it has none."""
    return next((score for score in row.result.scores if score.competency == OVERALL), None)


@dataclass(frozen=True)
class Line:
    """One measure of one answer as the page shows it; an absent one carries its reason instead of a value."""

    name: str
    value: str
    unit: str
    meaning: str
    beside: Comparison | None


def measured(answer: AnswerResult, job: str, features: dict[str, Feature], norms: Norms | None) -> list[Line]:
    """An answer's measures, beside other people's where there are norms."""
    lines = []
    for name in (*answer.values, *answer.absent):
        feature = features[name if name in features else name.rpartition(".")[0]]
        value = f"{answer.values[name]:.4g}" if name in answer.values else f"— ({answer.absent[name]})"
        beside = None if norms is None else compare(norms, job, answer, name, feature)
        lines.append(Line(name, value, feature.unit, feature.meaning, beside))
    return lines


@dataclass(frozen=True)
class Account:
    """How a score's evidence adds up to it: a sentence, the evidence shown, how much is left and what it adds."""

    sentence: Sentence
    shown: tuple["Shown", ...]
    left: int
    left_points: float


@dataclass(frozen=True)
class Shown:
    """One piece of evidence as the page shows it; ``measure`` is a name of ours, or a sentence where there is none."""

    question: str | Sentence
    measure: str | Sentence
    value: str | Sentence
    evidence: Evidence


def account(score: Score) -> Account:
    """The evidence of a competency that has a value.

    Examples
    --------
    >>> from vivavoce.data.status import RowStatus
    >>> evidence = Evidence("q1", "language.length_words", 120.0, 60.0), Evidence(None, "language.a_share", None, 5.0)
    >>> print(account(Score("teamwork", 100.0, None, RowStatus.SCORED, None, evidence, origin=50.0)).sentence)
    Counted from 50, the mean of the model's applicants: the points sum to +65.0; the scale ends at 100.
    """
    assert score.value is not None
    total = math.fsum(item.points for item in score.evidence)
    if score.origin == 0:
        return Account(_say("sum"), tuple(map(_shown, score.evidence)), 0, 0.0)
    values = {"origin": f"{score.origin:.0f}", "total": f"{total:+.1f}"}
    if 0 <= score.origin + total <= TOP:
        sentence = _say("counted_from", **values)
    else:
        sentence = _say("counted_to_end", **values, end=f"{score.value:.0f}")
    first, rest = score.evidence[:SHOWN_EVIDENCE], score.evidence[SHOWN_EVIDENCE:]
    return Account(sentence, tuple(map(_shown, first)), len(rest), math.fsum(item.points for item in rest))


def _shown(item: Evidence) -> Shown:
    if item.measure == STARTING_POINT:
        return Shown("", _say("starting_point"), "", item)
    value = _say("not_measured") if item.value is None else f"{item.value:.4g}"
    return Shown(item.question_id or _say("all_questions"), item.measure, value, item)
