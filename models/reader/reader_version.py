"""A reader as a model version: a competency's score is the mean rating of the answers that show it; nothing is learned.

Ratings are measures of answers like others, made before scoring. How far the readings of one answer lie apart, and how
far the reader's score lies from the rubric's, widen the band: two raters who disagree know less than one of them says.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vivavoce.data.reader import Reader
from vivavoce.data.schema import Absent
from vivavoce.data.status import Reason, RowStatus
from vivavoce.models.rubric.rubric import Rubric
from vivavoce.models.score import OVERALL, TOP, Evidence, Score, answer_means, overall_of
from vivavoce.models.version import WHOLE, Floats, MeasuredAnswer, ModelVersion, Names, not_scored

RATING, SPREAD = "reader.rating_points", "reader.spread_points"
RUBRIC = "rubric"  # the evidence that is the other rater's score
OUTSIDE = {
    "en": " The words of every answer, masked, were sent to {endpoint}; what runs there, nobody here can verify.",
    "zh": " 每个回答的文字（经遮蔽）都发送到了 {endpoint}；那里运行的是什么，此处无法核实。",
}


@dataclass(frozen=True, kw_only=True)
class ReaderVersion(ModelVersion):
    """A language model that rates every answer against the anchors, under the framework's weights.

    Parameters
    ----------
    reader
        Which one, and how often it reads. Without named ``recognisers`` it reads anybody's words.
    """

    kind: ClassVar[str] = "reader"
    influence_unit: ClassVar[str] = "points at most"
    learned: ClassVar[bool] = False
    question_sd: ClassVar[float] = 18.0  # points of one person's answers around their score: assumed as the rubric's is

    reader: Reader

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        if dict(self.weights) != self.framework.weights:
            raise ValueError(f"A reader version has its framework's weights. Got {dict(self.weights)} instead.")
        super().__post_init__()

    @property
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """The ratings."""
        return {name: (f"{RATING}.{name}",) for name in self.framework.weights}

    @property
    def applicants(self) -> None:
        """None: its scale is the anchors', and rests on nobody."""
        return None

    @property
    def influence(self) -> Mapping[str, Mapping[str, float]]:
        """The rating is the score."""
        return {name: dict.fromkeys(columns, TOP) for name, columns in self.features.items()}

    @property
    def made(self) -> Mapping[str, str]:
        """How it was made, in a sentence or two of its card, by language."""
        return self._said(
            "reader. Nothing was learned here: the language model {who} rates each answer against the anchors, "
            "{n} readings in different words.",
            "阅读评分：此处没有任何学习。语言模型 {who} 按锚定描述为每个回答评分，每项以不同措辞阅读 {n} 次。",
        )

    @property
    def worth(self) -> Mapping[str, str]:
        """Of which scores its figures of validity are, in a sentence of its card."""
        return {
            "en": "Of the score as it is: no rating and no performance went into it.",
            "zh": "依据分数本身：其中没有用到任何人工评分或绩效。",
        }

    @property
    def limits(self) -> tuple[Mapping[str, str], ...]:
        """What its points do not say."""
        return (
            {
                "en": "What a language model takes for a good answer nobody stated beforehand: it may follow length, "
                "fluency or dress. Measure it with viva evaluate before anybody is rated. Bands rest on an assumed "
                "spread of one person's answers, and on how far readings and the rubric lie apart.",
                "zh": "语言模型认为怎样的回答算好，事先没有写明：它可能看长度、流利或修饰。用于任何人之前，请用 "
                "viva evaluate 测量。分数区间依据假定的个人回答间差异，以及各次阅读之间和与量规之间的差距。",
            },
        )

    def meaning(self, digest: str) -> Mapping[str, str]:
        """What scored a batch and what its points mean, after "scored by"; ``digest`` is the version's."""
        return self._said(
            f"the reader {digest[:12]}: the language model {{who}} rated each answer {{n}} times against the "
            "anchors. The lowest anchor is 0 points, the highest 100. Quotes are what a rating rests on; one that "
            "rested on words that nobody said was left out. Without training; no relation to job performance is "
            "claimed.",
            f"阅读评分 {digest[:12]}：语言模型 {{who}} 按锚定描述为每个回答评分 {{n}} 次。最低锚定为 0 分，最高为 100 "
            "分。引文是评分所依据的原话；依据无人说过的话的评分不计。未经训练；不声称与工作绩效有任何关系。",
        )

    def _said(self, en: str, zh: str) -> dict[str, str]:
        found = {}
        for language, text in (("en", en), ("zh", zh)):
            outside = OUTSIDE[language] if self.reader.endpoint else ""
            found[language] = (text + outside).format(
                who=self.reader.said, n=self.reader.readings, endpoint=self.reader.endpoint
            )
        return found

    @property
    def reads(self) -> Reader:
        """Who must read the answers before they are scored."""
        return self.reader

    def strangers(self, recognisers: Collection[str]) -> set[str]:
        """Recognisers whose words it was not tried on; none where it was tried on nobody's."""
        return super().strangers(recognisers) if self.recognisers else set()

    def error(self, competency: str, answers: int) -> float | None:  # noqa: ARG002 (all competencies alike)
        """Standard error of measurement in points of a score from so many answers; None from one."""
        return self.question_sd / math.sqrt(answers) if answers > 1 else None

    def score(self, answers: Sequence[MeasuredAnswer], asked: Collection[str]) -> tuple[Score, ...]:
        """Score one interview, with evidence, as :meth:`ModelVersion.score` says; a whole recording is one answer."""
        known = {WHOLE, *(question.id for question in self.framework.questions)}
        answers = [answer for answer in answers if answer.question_id in known]
        columns = {name: [answer.value(name) for answer in answers] for name in self.fingerprints}
        questions = [answer.question_id for answer in answers]
        points = self.score_table(columns, np.zeros(len(answers), np.intp), questions, 1)
        beside = {
            one.competency: one.value for one in Rubric.for_answers(self.framework, answers).score(answers, asked)
        }
        scores = [
            self._scored(name, answers, asked, float(points[name][0]), beside[name]) for name in self.framework.weights
        ]
        return (*scores, overall_of(scores, self.weights, float(points[OVERALL][0])))

    def _scored(
        self,
        name: str,
        answers: Sequence[MeasuredAnswer],
        asked: Collection[str],
        value: float,
        rubric: float | None,
    ) -> Score:
        column, shown = f"{RATING}.{name}", [answer for answer in answers if name in answer.shows]
        read = [answer for answer in shown if not math.isnan(answer.value(column))]
        if not read:
            missing = [found.reason for one in shown if isinstance(found := one.measures.get(column), Absent)]
            return not_scored(name, missing[0] if missing else Reason.NO_ANSWER)
        evidence = []
        for answer in read:
            rated, own = answer.value(column), answer.quotes.get(column, ())
            evidence.append(Evidence(answer.question_id, RATING, rated, rated / len(read), tuple(own)))
            evidence.append(Evidence(answer.question_id, SPREAD, _known(answer.value(f"{SPREAD}.{name}")), 0.0))
        if rubric is not None:
            evidence.append(Evidence(None, RUBRIC, rubric, 0.0))
        spread = [answer.value(f"{SPREAD}.{name}") for answer in read]
        expected = {question.id for question in self.framework.questions_showing(name)} & set(asked)
        whole = expected <= {answer.question_id for answer in read}
        return Score(
            name,
            value,
            self._band(len(read), spread, None if rubric is None else value - rubric),
            RowStatus.SCORED if whole else RowStatus.PARTIAL,
            None if whole else _why(shown, column),
            tuple(evidence),
        )

    def _band(self, answers: int, spread: Sequence[float], apart: float | None) -> float | None:
        """Standard error: of the answers, of the readings, and half of how far two raters lie apart."""
        between = self.error("", answers)
        if between is None:
            return None
        readings = sum(one**2 for one in spread if not math.isnan(one)) / answers**2
        return math.sqrt(between**2 + readings + (0.0 if apart is None else (apart / 2) ** 2))

    def score_table(
        self, columns: Mapping[str, npt.ArrayLike], interview: npt.ArrayLike, question: Names, interviews: int
    ) -> dict[str, Floats]:
        """Score many interviews at once, as :meth:`ModelVersion.score_table` says."""
        found: dict[str, Floats] = {}
        for name in self.framework.weights:
            column, shown = f"{RATING}.{name}", [one.id for one in self.framework.questions_showing(name)]
            means = answer_means({column: columns[column]}, interview, question, [*shown, WHOLE], interviews)
            found[name] = means[column]
        overall: Floats = np.zeros(interviews)
        for name, values in found.items():
            overall = overall + self.weights[name] * values
        return {**found, OVERALL: overall}

    def earned(self, competency: str, columns: Mapping[str, npt.ArrayLike], rows: npt.NDArray[np.intp]) -> Floats:
        """Points of some answers, shape (rows, 1); ``nan`` where an answer has no rating."""
        return np.asarray(columns[f"{RATING}.{competency}"], np.float64)[rows][:, None]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _why(shown: Sequence[MeasuredAnswer], column: str) -> str:
    """Why not every answer that was asked for has a rating: the reader's own reason where it has one."""
    for answer in shown:
        found = answer.measures.get(column)
        if isinstance(found, Absent) and found.reason in (Reason.ADDRESSES_READER, Reason.INVENTED_QUOTE):
            return found.reason
    return Reason.MISSING_ANSWER.value
