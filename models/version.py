"""A trained model: what it holds, on which features it may be used, and the scores that it gives.

It is data only. ``models/directory.py`` writes it to disk and reads it back.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vivavoce.data.framework import Framework
from vivavoce.data.refused import refuse_name
from vivavoce.models.aggregate import answer_means
from vivavoce.models.norms import POINTS_PER_SD, Norms
from vivavoce.models.prediction import measured_share, rating
from vivavoce.models.score import OVERALL

if TYPE_CHECKING:
    from vivavoce.models.linear import CompetencyRidge

Floats = npt.NDArray[np.float64]

BLOCK = 2**14  # rows at a time: a column's 128 KiB stay in the cache while they are added up


class ModelDiffers(ValueError):
    """A model does not fit the features that it is asked to score; ``differences`` lists every one."""

    def __init__(self, differences: list[str]) -> None:
        self.differences = tuple(differences)
        super().__init__(
            f"The model was trained on other measurements ({len(differences)} differences): "
            + "; ".join(differences)
            + ". Measure these interviews with the configuration of the training, or train again on this one."
        )


@dataclass(frozen=True)
class LinearCompetency:
    """One competency's ridge, as numbers.

    Parameters
    ----------
    competency
        Its id in the framework.
    features
        Names of the p columns, in the order of the arrays.
    intercept, coefficients, absent, mean, scale
        As :class:`CompetencyRidge` fits them; arrays of shape (p,).
    least_measured
        Share of the coefficients whose features must have been measured, 0–1.
    norms
        Of applicants, on the scale of the ratings.
    question_sd
        Standard deviation of the rating from one answer about the person's own, in the applicants' standard
        deviations (person × question, and residual); None where training heard one question a person, or never asked.

    Raises
    ------
    ValueError
        For a name that claims what must not be claimed, arrays of other lengths than the features, and numbers that
        are not finite.
    """

    competency: str
    features: tuple[str, ...]
    intercept: float
    coefficients: Floats
    absent: Floats
    mean: Floats
    scale: Floats
    least_measured: float
    norms: Norms
    question_sd: float | None = None

    def __post_init__(self) -> None:
        """Refuse a target that claims what must not be claimed, and numbers that are none or too few."""
        refuse_name(self.competency)
        for name in self.features:
            refuse_name(name)
        arrays = (self.coefficients, self.absent, self.mean, self.scale)
        shapes = {(len(set(self.features)),), *(one.shape for one in arrays)}
        if len(shapes) > 1 or not self.features:
            raise ValueError(f"{self.competency}: features and their numbers must be equally many. Got {shapes}.")
        single = (self.intercept, self.norms.mean, self.norms.sd, self.question_sd or 0.0)
        if not all(np.isfinite(one).all() for one in (*arrays, single)) or self.norms.sd <= 0:
            raise ValueError(f"{self.competency}: every number must be finite, and the norms' spread above 0.")
        if not 0 <= self.least_measured <= 1 or (self.question_sd is not None and self.question_sd < 0):
            raise ValueError(
                f"{self.competency}: least_measured must lie in 0 to 1, and question_sd must not be negative. Got "
                f"{self.least_measured} and {self.question_sd} instead."
            )

    @staticmethod
    def of(
        competency: str,
        features: Collection[str],
        model: "CompetencyRidge",
        norms: Norms,
        question_sd: float | None = None,
    ) -> "LinearCompetency":
        """The numbers of a fitted ridge."""
        return LinearCompetency(
            competency,
            tuple(features),
            model.intercept_,
            model.coef_,
            model.absent_coef_,
            model.mean_,
            model.scale_,
            model.least_measured,
            norms,
            question_sd,
        )

    @property
    def importance(self) -> Floats:
        """Rating per standard deviation of each feature, shape (p,): what must have been measured is counted in it."""
        return self.coefficients * self.scale

    def error(self, answers: int) -> float | None:
        """Standard error of measurement in points of a score from so many answers; None from one, or if not known."""
        if self.question_sd is None or answers < 2:
            return None
        return POINTS_PER_SD * self.question_sd / math.sqrt(answers)

    def z(self, columns: Mapping[str, npt.ArrayLike]) -> Floats:
        """Standard deviations above the applicants' mean, shape (n,); ``nan`` where too little was measured.

        Parameters
        ----------
        columns
            Each feature's mean over the answers that show the competency, shape (n,); others do not matter.
        """
        given = [np.asarray(columns[name], np.float64) for name in self.features]
        parts = []
        for start in range(0, len(given[0]), BLOCK):
            x = [one[start : start + BLOCK] for one in given]
            found = rating(x, self.intercept, self.coefficients, self.absent, self.mean, self.scale)
            parts.append(np.where(self.measured_share(x) >= self.least_measured, found, np.nan))
        return self.norms.z(np.concatenate(parts) if parts else np.empty(0))

    def measured_share(self, columns: Sequence[Floats]) -> Floats:
        """Share of the importance that lies on measured features, 0–1, shape (n,); ideal 1. Features in their order."""
        return measured_share(columns, self.importance)


@dataclass(frozen=True)
class ModelVersion:
    """A trained model of one framework.

    Parameters
    ----------
    framework
        What it was trained for.
    competencies
        One ridge for each competency of the framework, in its order.
    weights
        Of the overall score, by competency; at least 0, summing to 1.
    fingerprints
        Of every feature that it uses, by column.
    recognisers
        Whose words it was trained on, and therefore accepts (the column ``asr_engine``).
    documents
        What belongs beside it, by name, as JSON: the data sheet, what was learned about weights, validity.
    languages
        In which it learned, and therefore scores; where that is not known, every language of the framework.

    Raises
    ------
    ValueError
        Where the parts do not fit together.
    """

    framework: Framework
    competencies: tuple[LinearCompetency, ...]
    weights: Mapping[str, float]
    fingerprints: Mapping[str, str]
    recognisers: tuple[str, ...]
    documents: Mapping[str, Any] = field(default_factory=dict)
    languages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        expected = list(self.framework.weights)
        if [one.competency for one in self.competencies] != expected or list(self.weights) != expected:
            raise ValueError(
                f"A model version needs one ridge and one weight for each of {', '.join(expected)}, in this order. Got "
                f"{[one.competency for one in self.competencies]} and {list(self.weights)} instead."
            )
        values = np.array(list(self.weights.values()))
        if not (np.all(values >= 0) and abs(values.sum() - 1) <= 1e-6):
            raise ValueError(f"Weights must be at least 0 and sum to 1. Got {dict(self.weights)} instead.")
        strange = set(self.languages) - set(self.framework.languages)
        if strange:
            raise ValueError(f"The framework has no texts in {', '.join(sorted(strange))}: a model cannot score them.")
        object.__setattr__(self, "languages", tuple(sorted(self.languages or self.framework.languages)))
        used = {name for one in self.competencies for name in one.features}
        if used != set(self.fingerprints):
            odd = ", ".join(sorted(used ^ set(self.fingerprints)))
            raise ValueError(f"Every feature needs its fingerprint and its use. Got {odd} on one side only.")

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
            for name in sorted(set(recognisers) - set(self.recognisers))
        ]
        if found:
            raise ModelDiffers(found)

    def means(
        self,
        columns: Mapping[str, npt.ArrayLike],
        interview: npt.ArrayLike,
        question: Sequence[str] | npt.NDArray[np.str_],
        interviews: int,
    ) -> dict[str, dict[str, Floats]]:
        """For each competency, its features' means over the answers that show it: as :func:`answer_means` says."""
        shown = {
            one.competency: tuple(asked.id for asked in self.framework.questions_showing(one.competency))
            for one in self.competencies
        }
        found: dict[str, dict[str, Floats]] = {}
        for questions in dict.fromkeys(shown.values()):  # competencies that the same questions show share their means
            alike = [one for one in self.competencies if shown[one.competency] == questions]
            own = {name: columns[name] for one in alike for name in one.features}
            means = answer_means(own, interview, question, questions, interviews)
            found |= {one.competency: {name: means[name] for name in one.features} for one in alike}
        return found

    def z(self, features: Mapping[str, Mapping[str, npt.ArrayLike]]) -> dict[str, Floats]:
        """Each competency's z, shape (n,) each, from its own features' means; ``nan`` where it was not measured."""
        return {one.competency: one.z(features[one.competency]) for one in self.competencies}

    def points(self, features: Mapping[str, Mapping[str, npt.ArrayLike]]) -> dict[str, Floats]:
        """Each competency's score from 0 to 100, and ``overall``, from :meth:`means`.

        The overall score is ``50 + 15 · Σ w z``; it is ``nan`` for whoever lacks one competency, never a mean of the
        rest.
        """
        z = self.z(features)
        overall: Floats | float = 0.0
        for name, values in z.items():  # one after the other: a row's bits must not depend on the rows beside it
            overall = overall + self.weights[name] * values
        return {name: Norms.points(values) for name, values in {**z, OVERALL: overall}.items()}
