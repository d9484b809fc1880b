"""A model version: what every kind of it holds, on which measurements it may be used, and what it can be asked for.

It is data only. ``models/directory.py`` writes it to disk and reads it back. A kind is a folder, and
whatever callers must know of a kind is asked of the version itself: nobody compares its name or its class.

Why a competency has no score: shared by the trained kinds of model version.

One answer as scoring sees it: which question, what it shows, what was measured, and the words behind it.
"""

import math
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from vivavoce.data.errors import VivaError
from vivavoce.data.framework import Framework
from vivavoce.data.reader import Reader
from vivavoce.data.schema import Absent, Measures
from vivavoce.data.status import Reason, RowStatus
from vivavoce.models.score import OVERALL, Norms, Quote, Score

WHOLE = "interview"  # the question id of a recording for which no questions are given: it may show everything


@dataclass(frozen=True)
class MeasuredAnswer:
    """What scoring needs of one answer.

    ``measures`` holds per-competency features as ``name.competency_id``. ``quotes`` are the words behind a measure.
    """

    question_id: str
    shows: tuple[str, ...]
    measures: Measures
    quotes: Mapping[str, tuple[Quote, ...]]

    def value(self, name: str) -> float:
        """A measure's value; ``nan`` where it is absent or was not tried."""
        found = self.measures.get(name, math.nan)
        return math.nan if isinstance(found, Absent) else found


Floats = npt.NDArray[np.float64]
Names = Sequence[str] | npt.NDArray[np.str_]


class ModelDiffers(VivaError):
    """A model does not fit the features that it is asked to score; ``differences`` lists every one."""

    def __init__(self, differences: list[str]) -> None:
        self.differences = tuple(differences)
        super().__init__(
            f"The model was trained on other measurements ({len(differences)} differences): "
            + "; ".join(differences)
            + ". Measure these interviews with the configuration of the training, or train again on this one."
        )


@dataclass(frozen=True, kw_only=True)
class ModelVersion(ABC):
    """A model of one framework.

    Parameters
    ----------
    framework
        What it was made for.
    weights
        Of the overall score, by competency in the framework's order; at least 0, summing to 1.
    fingerprints
        Of every feature that it uses, by column.
    recognisers
        Whose words it was made on, and therefore accepts (the column ``asr_engine``).
    documents
        What belongs beside it, by name, as JSON: the data sheet, what was learned about weights, validity.
    languages
        In which it learned, and therefore scores; where that is not known, every language of the framework.

    Raises
    ------
    ValueError
        Where the parts do not fit together.
    """

    kind: ClassVar[str]
    influence_unit: ClassVar[str]  # of ``influence``, in words
    learned: ClassVar[bool] = True  # whether people's ratings or performance went into it

    framework: Framework
    weights: Mapping[str, float]
    fingerprints: Mapping[str, str]
    recognisers: tuple[str, ...]
    documents: Mapping[str, Any] = field(default_factory=dict)
    languages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        expected = list(self.framework.weights)
        if list(self.weights) != expected:
            raise ValueError(
                f"A model version needs one weight for each of {', '.join(expected)}, in this order. Got "
                f"{list(self.weights)} instead."
            )
        values = np.array(list(self.weights.values()))
        if not (np.all(values >= 0) and abs(values.sum() - 1) <= 1e-6):
            raise ValueError(f"Weights must be at least 0 and sum to 1. Got {dict(self.weights)} instead.")
        strange = set(self.languages) - set(self.framework.languages)
        if strange:
            raise ValueError(f"The framework has no texts in {', '.join(sorted(strange))}: a model cannot score them.")
        object.__setattr__(self, "languages", tuple(sorted(self.languages or self.framework.languages)))
        used = {name for own in self.features.values() for name in own}
        if used != set(self.fingerprints):
            odd = ", ".join(sorted(used ^ set(self.fingerprints)))
            raise ValueError(f"Every feature needs its fingerprint and its use. Got {odd} on one side only.")

    @property
    @abstractmethod
    def features(self) -> Mapping[str, tuple[str, ...]]:
        """The columns that each competency rests on."""

    @property
    @abstractmethod
    def applicants(self) -> int | None:
        """How many applicants its scale rests on, the fewest of all competencies; None where it has seen none."""

    @property
    @abstractmethod
    def influence(self) -> Mapping[str, Mapping[str, float]]:
        """How much each feature moves each competency's score, by competency and column."""

    @property
    def made(self) -> Mapping[str, str]:
        """How it was made, in a sentence or two of its card, by language (``en``, ``zh``) as all that follows."""
        return {
            "en": f"{self.kind}, trained on human ratings and, where they are known, on later performance.",
            "zh": f"{self.kind}，依据人工评分训练；有后续绩效数据时也依据绩效。",
        }

    @property
    def worth(self) -> Mapping[str, str]:
        """Of which scores its figures of validity are, in a sentence of its card."""
        return {
            "en": "From cross-fitted scores: nobody was scored by a model that saw their rating or performance.",
            "zh": "依据交叉拟合的分数：给任何人打分的模型都没有见过此人的评分或绩效。",
        }

    @property
    def limits(self) -> tuple[Mapping[str, str], ...]:
        """What a user must know beyond what holds for every kind, a sentence each."""
        return ()

    @property
    def reads(self) -> Reader | None:
        """Who must read the answers before they are scored; None where nobody has to."""
        return None

    def strangers(self, recognisers: Collection[str]) -> set[str]:
        """Recognisers, of those at hand, whose words it does not accept."""
        return set(recognisers) - set(self.recognisers)

    def meaning(self, digest: str) -> Mapping[str, str]:
        """What scored a batch and what its points mean, after "scored by"; ``digest`` is the version's."""
        return {
            "en": f"the trained model {digest[:12]}: measures of the answers, weighed as human ratings and later "
            f"performance taught it. 50 points are the mean of the {self.applicants} applicants of its training, 15 "
            "points their standard deviation; evidence says what sets a person apart from that mean.",
            "zh": f"训练所得的模型 {digest[:12]}：对回答的各项测量，按人工评分和后续绩效学得的权重合成。50 分为训练中 "
            f"{self.applicants} 名申请者的平均，15 分为其标准差；依据说明一个人与该平均的差别来自何处。",
        }

    @abstractmethod
    def error(self, competency: str, answers: int) -> float | None:
        """Standard error of measurement in points of a score from so many answers; None from one, or if not known."""

    @abstractmethod
    def score(self, answers: Sequence[MeasuredAnswer], asked: Collection[str]) -> tuple[Score, ...]:
        """Score one interview, with evidence.

        Parameters
        ----------
        answers
            The interview's. Only answers to questions of the framework count.
        asked
            Ids of the questions that the candidate was asked.

        Returns
        -------
        tuple of Score
            One for each competency in the framework's order, ``overall`` last. A competency without answers, or of
            which too little was measured, is ``not_scored``; one that lacks an answer to a question that was asked is
            ``partial``. Without every competency the overall score has no value.
        """

    @abstractmethod
    def score_table(
        self, columns: Mapping[str, npt.ArrayLike], interview: npt.ArrayLike, question: Names, interviews: int
    ) -> dict[str, Floats]:
        """Score many interviews at once: the numbers of :meth:`score`, to the bit.

        Parameters
        ----------
        columns
            Every feature of ``fingerprints``, one value per answer, shape (m,); ``nan`` where not measured.
        interview, question
            Number of each answer's interview, 0 to ``interviews`` − 1, and id of its question, shape (m,).

        Returns
        -------
        dict
            Points from 0 to 100 by competency, and ``overall``, shape (interviews,); ``nan`` where not scored.
        """

    def weighted(self, z: Mapping[str, Floats]) -> dict[str, Floats]:
        """Points from 0 to 100 by competency, and ``overall`` = 50 + 15 · Σ w z, from each competency's z, shape (n,).

        Overall is ``nan`` for whoever lacks one competency, never a mean of the rest.
        """
        overall: Floats | float = 0.0
        for name, values in z.items():  # one after the other: a row's bits must not depend on the rows beside it
            overall = overall + self.weights[name] * values
        return {name: Norms.points(values) for name, values in {**z, OVERALL: overall}.items()}

    def check(self, fingerprints: Mapping[str, str], recognisers: Collection[str]) -> None:
        """Refuse measurements that differ from those of the training.

        Parameters
        ----------
        fingerprints
            Of the columns at hand; columns that the model does not use do not matter.
        recognisers
            Whose words the answers at hand rest on.

        Raises
        ------
        ModelDiffers
            Naming every difference.
        """
        found = [
            f"{name}: fingerprint {wanted[:12]} → {fingerprints.get(name, 'absent')[:12]}"
            for name, wanted in sorted(self.fingerprints.items())
            if fingerprints.get(name) != wanted
        ]
        found += [
            f"recogniser {name} (accepted: {', '.join(self.recognisers)})"
            for name in sorted(self.strangers(recognisers))
        ]
        if found:
            raise ModelDiffers(found)


def not_scored(competency: str, reason: str) -> Score:
    """A competency without a value."""
    return Score(competency, None, None, RowStatus.NOT_SCORED, str(reason))


def why_missing(answers: Sequence[MeasuredAnswer], importance: Mapping[str, float]) -> str:
    """The reason behind most of what is missing, by how much it matters; alone where nothing at all was measured.

    Parameters
    ----------
    answers
        At least one.
    importance
        Of each column, of any sign.
    """
    lost: defaultdict[str, float] = defaultdict(float)
    for name, weight in importance.items():
        if all(math.isnan(answer.value(name)) for answer in answers):
            lost[_reason(answers[0].measures, name)] += abs(weight)
    reason = max(lost, key=lambda one: lost[one])
    nothing = len(lost) == 1 and all(math.isnan(answer.value(name)) for answer in answers for name in importance)
    return reason if nothing else f"{Reason.TOO_LITTLE_MEASURED.value}: {reason}"


def _reason(measures: Mapping[str, float | Absent], name: str) -> str:
    """Why a feature has no value; one that was not even tried lacked the consent to its modality."""
    found = measures.get(name)
    return found.reason if isinstance(found, Absent) else Reason.NO_CONSENT.value
