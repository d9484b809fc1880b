"""One competency's ridge, as numbers: what a linear model version is made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from vivavoce.data.refused import refuse_name
from vivavoce.models.linear.prediction import measured_share, rating
from vivavoce.models.norms import Norms, measurement_error

if TYPE_CHECKING:
    from vivavoce.models.linear.ridge import CompetencyRidge

Floats = npt.NDArray[np.float64]

BLOCK = 2**14  # rows at a time: a column's 128 KiB stay in the cache while they are added up


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
        return measurement_error(self.question_sd, answers)

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
