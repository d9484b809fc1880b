"""A trained model: what it holds, on which features it may be used, and the scores that it gives.

It is data only. ``models/directory.py`` writes it to disk and reads it back.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.data.framework import Framework
from vivavoce.data.refused import refuse_name
from vivavoce.models.linear import CompetencyRidge, measured_share, rating
from vivavoce.models.norms import Norms

Floats = npt.NDArray[np.float64]


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

    def __post_init__(self) -> None:
        """Refuse a target that claims what must not be claimed, and arrays of other lengths than the features."""
        refuse_name(self.competency)
        for name in self.features:
            refuse_name(name)
        shapes = {len(self.features), *(len(one) for one in (self.coefficients, self.absent, self.mean, self.scale))}
        if len(shapes) > 1:
            raise ValueError(f"{self.competency}: features and their numbers must be equally many. Got {shapes}.")

    @staticmethod
    def of(competency: str, features: Collection[str], model: CompetencyRidge, norms: Norms) -> "LinearCompetency":
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
        )

    def z(self, columns: Mapping[str, npt.ArrayLike]) -> Floats:
        """Standard deviations above the applicants' mean, shape (n,); ``nan`` where too little was measured."""
        x = np.array([columns[name] for name in self.features], np.float64).T
        found = rating(x, self.intercept, self.coefficients, self.absent, self.mean)
        share = measured_share(x, self.coefficients * self.scale)
        return self.norms.z(np.where(share >= self.least_measured, found, np.nan))


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

    def __post_init__(self) -> None:
        """Refuse parts that do not fit together."""
        expected = list(self.framework.weights)
        if [one.competency for one in self.competencies] != expected or list(self.weights) != expected:
            raise ValueError(
                f"A model version needs one ridge and one weight for each of {', '.join(expected)}, in this order. Got "
                f"{[one.competency for one in self.competencies]} and {list(self.weights)} instead."
            )
        values = np.array(list(self.weights.values()))
        if np.any(values < 0) or abs(values.sum() - 1) > 1e-6:
            raise ValueError(f"Weights must be at least 0 and sum to 1. Got {dict(self.weights)} instead.")
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

    def z(self, columns: Mapping[str, npt.ArrayLike]) -> dict[str, Floats]:
        """Each competency's z, shape (n,) each; ``nan`` where it could not be measured."""
        return {one.competency: one.z(columns) for one in self.competencies}

    def points(self, columns: Mapping[str, npt.ArrayLike]) -> dict[str, Floats]:
        """Each competency's score from 0 to 100, and ``overall``.

        The overall score is ``50 + 15 · Σ w z``; it is ``nan`` for whoever lacks one competency, never a mean of the
        rest.
        """
        z = self.z(columns)
        overall = np.sum([self.weights[name] * values for name, values in z.items()], axis=0)
        return {name: Norms.points(values) for name, values in {**z, "overall": overall}.items()}
