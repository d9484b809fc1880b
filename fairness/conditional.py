"""The decision given the score: of people who score alike, is a group selected less often.

It stands beside the question of selection rates and answers another one; neither explains the other away. Where those
who decide see the score, the observed one is held equal. Where they see the person instead, the score is a measure with
errors: holding it equal takes true differences between groups for unequal treatment, in most audits where reliability
is .6 and groups lie half a standard deviation apart. It is then pulled towards the own group's mean by as much as it is
unreliable (Kelley), and without its reliability nothing can be told.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from vivavoce.evaluation.estimate import NAN, Estimate, Floats, undefined
from vivavoce.evaluation.models import fit_ordinal
from vivavoce.evaluation.multiplicity import holm
from vivavoce.fairness.functioning import expected_ability
from vivavoce.fairness.groups import UNKNOWN, Labels
from vivavoce.fairness.strata import design_of_gap
from vivavoce.fairness.table import Verdict

LEAST = 30  # people of a group with score and decision
FINDING = 0.01  # corrected; beside the family of selection rates, so that both together stay below .05
REACH = float(stats.norm.isf(0.025))  # standard errors on either side of a 95 % interval

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Conditional:
    """One group against another among people who score alike.

    Parameters
    ----------
    attribute, group, comparator
        Who beside whom; the group is the one that is selected less among equals.
    n, comparator_n
        People with a score and a decision.
    score_gap
        Mean score of the group minus that of the comparator within jobs, in SD; positive: the group is rated higher.
    rate_gap
        Selection rate of the group minus that of the comparator, −1 to 1.
    ratio
        Rate of the group over the rate that its people would have if they were of the comparator, scores held equal,
        with its 95 % interval. Ideal 1.
    p, adjusted_p
        Of no difference at equal scores; Holm over everything compared.
    verdict, why
        ``finding`` (corrected p < .01) or ``insufficient``, and the reason in a word. Never ``ok``: that nothing is
        shown shows nothing.
    """

    attribute: str
    group: str
    comparator: str
    n: int
    comparator_n: int
    score_gap: float
    rate_gap: float
    ratio: Estimate
    p: float
    adjusted_p: float = NAN
    verdict: Verdict = Verdict.INSUFFICIENT
    why: str = "not_shown"

    @property
    def against_the_scores(self) -> bool:
        """Whether the group is rated higher and selected less: what a reader must see first."""
        return self.verdict is Verdict.FINDING and self.score_gap > 0 > self.rate_gap


def conditional(
    scores: Floats,
    selected: Bools,
    attributes: Mapping[str, Labels],
    *,
    reliability: float | None,
    jobs: npt.NDArray[np.int64] | None = None,
    covariates: Mapping[str, Floats] | None = None,
    persons: npt.NDArray[np.int64] | None = None,
    named: Mapping[str, str] | None = None,
) -> list[Conditional]:
    """Compare decisions among people with equal scores, every group with the largest, or with the one named.

    Parameters
    ----------
    scores
        Shape (n,), ``nan`` where there is none: those people take no part.
    selected
        Who was selected, shape (n,).
    attributes
        Declared groups.
    reliability
        Of the score within groups, 0–1; 1 where deciders saw it; None where neither is known: nothing is told.
    jobs
        Each row's job, shape (n,), each with a line of its own in the model.
    covariates
        What else was to count, declared beforehand, shape (n,) each.
    persons
        Whose row it is, where people stand in several.
    named
        The group to compare with, by attribute.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> codes = np.repeat([0, 1], 400)
    >>> scores = rng.normal(50, 10, 800) + 4 * codes
    >>> chosen = scores + rng.normal(0, 5, 800) - 10 * codes > 50
    >>> (found,) = conditional(scores, chosen, {"sex": Labels(("m", "f"), codes)}, reliability=1.0)
    >>> found.group, found.verdict.value, found.against_the_scores
    ('f', 'finding', True)
    """
    columns = [scores, *(covariates or {}).values()]
    known = np.isfinite(np.column_stack(columns)).all(axis=1)
    codes = np.zeros(len(scores), np.int64) if jobs is None else jobs
    found = []
    for attribute, labels in attributes.items():
        counts = np.bincount(labels.codes[known & (labels.codes != UNKNOWN)], minlength=len(labels.levels))
        if len(labels.levels) < 2:
            continue
        name = (named or {}).get(attribute, labels.levels[int(np.argmax(counts))])
        base = labels.levels.index(name)
        for place in (place for place in range(len(labels.levels)) if place != base):
            rows = known & np.isin(labels.codes, (base, place))
            pair = _Pair(attribute, labels.levels[place], name, labels.codes[rows] == place, selected[rows])
            more = [column[rows] for column in columns[1:]]
            whose = None if persons is None else persons[rows]
            found.append(_compare(pair, scores[rows], codes[rows], more, reliability, whose))
    adjusted = holm([one.p for one in found])
    return [_judged(one, float(p)) for one, p in zip(found, adjusted, strict=True)]


@dataclass(frozen=True)
class _Pair:
    attribute: str
    group: str
    comparator: str
    focal: Bools
    selected: Bools


def _compare(
    pair: _Pair, scores: Floats, jobs: npt.NDArray[np.int64], covariates: list[Floats], reliability: float | None,
    persons: npt.NDArray[np.int64] | None,
) -> Conditional:  # fmt: skip
    focal, sizes = pair.focal, (int(pair.focal.sum()), int((~pair.focal).sum()))
    centred = scores - _means(scores, jobs)
    spread = float(centred.std())
    gaps = (NAN, NAN)
    if min(sizes):
        gap = float(centred[focal].mean() - centred[~focal].mean())
        rates = float(pair.selected[focal].mean() - pair.selected[~focal].mean())
        gaps = (gap / spread if spread else NAN, rates)
    open_ = Conditional(
        pair.attribute, pair.group, pair.comparator, *sizes, *gaps, undefined("not compared"), NAN, why="too_few"
    )
    if min(sizes) < LEAST or len(np.unique(pair.selected)) < 2 or not spread:
        return open_
    if reliability is None:
        return replace(open_, why="no_reliability")
    able, error = expected_ability(centred, focal, reliability)
    dummies = [(jobs == job).astype(np.float64) for job in np.unique(jobs)[1:]]
    more = [(column - column.mean()) / (column.std() or 1.0) for column in covariates]
    predictors = np.column_stack([focal.astype(np.float64), able, *dummies, *more])
    fit = fit_ordinal(pair.selected.astype(int), predictors)
    if not fit.converged:
        return replace(open_, why="apart")
    design = 1.0 if persons is None else design_of_gap(np.unique(jobs, return_inverse=True)[1], focal, pair.selected,
                                                       persons)  # fmt: skip
    odds = float(fit.slopes[0])
    spread_of_odds = math.sqrt(design * float(fit.covariance[0, 0]) + float(fit.slopes[1]) ** 2 * error)
    equal = predictors[focal, 1:] @ fit.slopes[1:] - fit.cuts[0]
    low, value, high = (
        float(special.expit(equal + one).mean() / special.expit(equal).mean())
        for one in (odds - REACH * spread_of_odds, odds, odds + REACH * spread_of_odds)
    )
    ratio, p = Estimate(value, low, high), float(2 * stats.norm.sf(abs(odds) / spread_of_odds))
    if odds <= 0:
        return replace(open_, ratio=ratio, p=p, why="not_shown")
    others = replace(pair, group=pair.comparator, comparator=pair.group, focal=~focal)
    return replace(_compare(others, scores, jobs, covariates, reliability, persons), p=p)


def _means(values: Floats, codes: npt.NDArray[np.int64]) -> Floats:
    """The mean of each row's own job, shape (n,)."""
    _, place, counts = np.unique(codes, return_inverse=True, return_counts=True)
    return np.asarray((np.bincount(place, values) / counts)[place])


def _judged(one: Conditional, p: float) -> Conditional:
    shown = p < FINDING
    return replace(one, adjusted_p=p, verdict=Verdict.FINDING if shown else one.verdict,
                   why="unequal" if shown else one.why)  # fmt: skip
