"""What was learned about weights: the values, their intervals, and the findings that belong beside them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from vivavoce.evaluation.estimate import Estimate, two_decimals
from vivavoce.models.simplex import Moments

ALPHA = 0.05  # of conflict, and of all competencies together where a coefficient is called negative
DECIDED = 0.75  # probability from which jobs are said to agree, or to differ: three times the odds of before
INSEPARABLE = 0.90  # correlation above which two competencies' scores are one score under two names


@dataclass(frozen=True)
class Weight:
    """What is known about one competency's weight.

    Parameters
    ----------
    competency
        Its id.
    prior, value, low, high
        The framework's weight; the posterior mean with its 90 % interval. Where weights are not identified ``value``
        is the prior's and the interval that of the prior.
    unshrunk
        Least squares' coefficient as a share of their sum, with its 90 % interval; it may lie outside 0–1.
    coefficient
        The coefficient itself: standard deviations of performance per standard deviation of the competency.
    effective
        Share of the overall score's variance among applicants that the competency brings: nominal weight and
        correlations together. Shares sum to 1.
    """

    competency: str
    prior: float
    value: float
    low: float
    high: float
    unshrunk: Estimate
    coefficient: Estimate
    effective: float

    @property
    def shift(self) -> str:
        """From prior to posterior in words.

        Examples
        --------
        >>> from vivavoce.evaluation.estimate import undefined
        >>> none = undefined("too few people")
        >>> Weight("problem_solving", 0.25, 0.33, 0.21, 0.44, none, none, 0.3).shift
        'problem solving .25 → .33 [.21, .44]'
        """
        numbers = [f"{number:.2f}".replace("0.", ".", 1) for number in (self.prior, self.value, self.low, self.high)]
        return "{} {} → {} [{}, {}]".format(self.competency.replace("_", " "), *numbers)


@dataclass(frozen=True)
class Neighbour:
    """Another job that weights were pooled with: its version's digest, its people, the competencies in common."""

    job: str
    digest: str
    persons: int
    shared: tuple[str, ...]


@dataclass(frozen=True)
class Pooling:
    """What other jobs had to say.

    Parameters
    ----------
    beside
        The other jobs.
    agreements
        How much each agreement of the jobs counts, from 0 (nothing in common) to 1 (the same weights); sums to 1.
    alone
        The weights without the other jobs, by competency.
    """

    beside: tuple[Neighbour, ...]
    agreements: Mapping[float, float]
    alone: Mapping[str, float]

    @property
    def agreement(self) -> float:
        """The jobs' expected agreement."""
        return sum(agreement * share for agreement, share in self.agreements.items())

    @property
    def verdict(self) -> str:
        """Whether the jobs agree, by the probability that they have nothing in common (before any data: .5)."""
        nothing = self.agreements[0.0]
        if nothing >= DECIDED:
            return "the jobs differ"
        return "the jobs agree" if nothing <= 1 - DECIDED else "whether the jobs agree cannot be told"

    def said(self, weights: Mapping[str, float]) -> str:
        """With whom, how strongly, and what it moved.

        Examples
        --------
        >>> near = Neighbour("sales", "4f0c", 212, ("problem_solving", "teamwork"))
        >>> found = Pooling((near,), {0.0: 0.2, 0.5: 0.8}, {"problem_solving": 0.31, "teamwork": 0.69})
        >>> for said in found.said({"problem_solving": 0.35, "teamwork": 0.65}).split(". "):
        ...     print(said)
        Pooled with sales (212 people, 2 competencies): the jobs agree (.40; 0 is nothing in common, 1 the same weights)
        Alone, weights were problem solving .31, teamwork .69.
        """
        near = ", ".join(f"{one.job} ({one.persons} people, {len(one.shared)} competencies)" for one in self.beside)
        moved = [name for name, value in weights.items() if two_decimals(value) != two_decimals(self.alone[name])]
        were = ", ".join(f"{name.replace('_', ' ')} {two_decimals(self.alone[name])}" for name in moved)
        return (
            f"Pooled with {near}: {self.verdict} ({two_decimals(self.agreement)}; 0 is nothing in common, 1 the same "
            f"weights). {f'Alone, weights were {were}.' if were else 'It moved no weight.'}"
        )


@dataclass(frozen=True)
class LearnedWeights:
    """The weights and the findings about them.

    Parameters
    ----------
    weights
        One per competency, in the order given.
    identified
        Whether the slope's interval lies above 0. If not, the prior is kept.
    slope
        Posterior of performance (in standard deviations within the job) per point of the weighted z, all jobs; free in
        sign, 90 % interval.
    slopes
        The same for each job.
    strengths
        How much each strength of the prior counts, by κ; sums to 1.
    conflict
        p-value of the framework's weights against the data's (small: they contradict each other); ``None`` where
        least squares has no answer.
    negative
        Competencies whose unconstrained coefficient is clearly below 0: a finding, which a weight of 0 would hide.
    inseparable
        Pairs whose scores correlate at .90 or more: their weights cannot be told apart.
    persons
        How many.
    moments
        What the model knows of each job's people.
    same_raters
        Whether those who rated the competencies also gave the criterion.
    pooling
        What other jobs had to say; None where none were asked.
    """

    weights: tuple[Weight, ...]
    identified: bool
    slope: Estimate
    slopes: Mapping[str, Estimate]
    strengths: Mapping[float, float]
    conflict: float | None
    negative: tuple[str, ...]
    inseparable: tuple[tuple[str, str], ...]
    persons: int
    moments: Mapping[str, Moments]
    same_raters: bool = False
    pooling: Pooling | None = None

    @property
    def values(self) -> dict[str, float]:
        """The weights to use, by competency."""
        return {weight.competency: weight.value for weight in self.weights}

    @property
    def in_conflict(self) -> bool:
        """Whether data and framework contradict each other beyond chance."""
        return self.conflict is not None and self.conflict < ALPHA

    def findings(self) -> list[str]:
        """What a reader must know before using the weights, one sentence each."""
        found = []
        if self.same_raters:
            found.append(
                "The same raters gave competencies and criterion: these weights describe their overall impression "
                "(halo), not what predicts performance, and are no evidence of validity."
            )
        if not self.identified:
            below = "which lies below 0, so that higher scores go with worse performance"
            why = "which includes 0" if self.slope.high >= 0 else below
            found.append(
                f"Weights are not identified: the slope of performance on the overall score is {self.slope.value:.2f} "
                f"[{self.slope.low:.2f}, {self.slope.high:.2f}], {why}. The framework's weights are kept."
            )
        if self.in_conflict:
            found.append(
                f"Prior and data contradict each other (p = {self.conflict:.3g}): the framework's weights, or the "
                "criterion, measure something else than was thought. Find out before using either."
            )
        if self.pooling:
            found.append(self.pooling.said(self.values))
        found += [
            f"{name}: the unconstrained coefficient is clearly negative. People who score higher on it were rated "
            "lower; a weight near 0 does not explain that."
            for name in self.negative
        ]
        found += [
            f"{one} and {other} cannot be told apart (r ≥ {INSEPARABLE}): report them as one score."
            for one, other in self.inseparable
        ]
        return found

    def document(self) -> dict[str, Any]:
        """As JSON for the model version; an undefined number is ``None`` beside its reason."""
        body = asdict(replace(self, moments={}))
        body["moments"] = {job: one.summary() for job, one in self.moments.items()}
        body["strengths"] = {f"{strength:g}": share for strength, share in self.strengths.items()}
        if self.pooling:
            shares = {two_decimals(agreement): share for agreement, share in self.pooling.agreements.items()}
            body["pooling"] |= {"agreements": shares, "agreement": self.pooling.agreement}
            body["pooling"] |= {"verdict": self.pooling.verdict}
        body["shifts"] = [weight.shift for weight in self.weights]
        body["findings"] = self.findings()
        return dict(without_nan(body))


def without_nan(value: Any) -> Any:
    """A document in which every number that is not finite is ``None``, as JSON wants it."""
    if isinstance(value, Mapping):
        return {name: without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
