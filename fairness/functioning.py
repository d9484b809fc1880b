"""Does a question treat equally able people of two groups alike.

Equally able means: alike on the other questions, as far as those can be trusted (:mod:`vivavoce.fairness.functioning`).

Who is equally able: scores that allow for what they cannot tell.

What a few questions say about a person is pulled towards the person's own group mean by as much as the questions are
unreliable (Kelley). Without that step true differences between groups look like a fault of every question.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.evaluation.estimate import NAN, Estimate, Floats, matrix, same_length, undefined
from vivavoce.evaluation.models import OrdinalFit, fit_ordinal
from vivavoce.evaluation.multiplicity import holm


def alpha_within(anchors: Floats, is_focal: npt.NDArray[np.bool_]) -> float:
    """Cronbach's alpha from covariances within groups; ideal 1, ``nan`` where nobody differs.

    Parameters
    ----------
    anchors
        Shape (n people, k ≥ 2 questions).
    is_focal
        Shape (n,).

    Examples
    --------
    >>> anchors = np.array([[1.0, 2], [2, 3], [3, 5], [6, 6], [7, 8], [8, 9]])
    >>> round(alpha_within(anchors, np.array([False, False, False, True, True, True])), 3)
    0.947
    """
    centred = anchors.copy()
    for here in (is_focal, ~is_focal):
        centred[here] -= centred[here].mean(axis=0)
    k = anchors.shape[1]
    total = float(np.sum(centred.sum(axis=1) ** 2))
    return k / (k - 1) * (1 - float(np.sum(centred**2)) / total) if total else NAN


def expected_ability(match: Floats, is_focal: npt.NDArray[np.bool_], reliability: float) -> tuple[Floats, float]:
    """Each person's expected true score on the questions that match, in SD.

    Parameters
    ----------
    match
        Mean of the questions, shape (n,).
    is_focal
        Shape (n,).
    reliability
        Of ``match`` within groups, 0–1.

    Returns
    -------
    tuple[ndarray, float]
        Shape (n,), mean 0 and SD 1; and the variance of the difference between the two groups' mean errors, which
        everybody of a group shares and a regression on these values therefore does not see.

    References
    ----------
    Kelley (1947), Fundamentals of Statistics; Shealy & Stout (1993), Psychometrika 58, 159–194.

    Examples
    --------
    >>> match = np.array([1.0, 3.0, 5.0, 7.0])
    >>> able, _ = expected_ability(match, np.array([False, False, True, True]), reliability=0.0)
    >>> able.tolist()
    [-1.0, -1.0, 1.0, 1.0]
    """
    able = match.copy()
    error = 0.0
    for here in (is_focal, ~is_focal):
        mean = match[here].mean()
        able[here] = mean + reliability * (match[here] - mean)
        error += (1 - reliability) ** 2 * match[here].var(ddof=1) / here.sum()
    spread = able.std()
    return (able - able.mean()) / spread, float(error / spread**2)


ETS = 2.35  # the delta metric of the Educational Testing Service per log odds ratio: 4 / 1.7
MODERATE, LARGE = 1.0, 1.5  # on it: classes B and C begin here
MODERATE_SHARE, LARGE_SHARE = 0.035, 0.070  # of explained variation (Jodoin & Gierl)
CATEGORIES = 5  # a question's scores are cut at their fifths where they have more values than AS_THEY_ARE
AS_THEY_ARE = 7  # values of a rating scale
PER_STRATUM, MOST_STRATA = 40, 20  # people who are compared with one another; more strata than 20 change nothing
LEAST = 30  # people of a group
ANCHORS = 2  # questions that match people, at least: fewer have no reliability
ALPHA = 0.05
APART = "the groups' scores on this question do not overlap: log odds have no maximum, Mantel's test decides"
UNRELIABLE = "the other questions do not go together: they cannot say who is equally able"


@dataclass(frozen=True)
class Question:
    """One question for two groups of equally able people.

    Parameters
    ----------
    question
        Its name.
    odds
        Common cumulative odds ratio over strata of equal ability (Mantel–Haenszel; Liu & Agresti for more than two
        categories): odds that the reference group scores higher; ideal 1.
    delta
        −2.35 ln(odds): ideal 0, negative where the question is harder for the focal group.
    size
        ``A`` (negligible), ``B`` (moderate) or ``C`` (large), by :func:`ets_class`.
    mantel_p
        Mantel's test of no difference within strata; decides the class only.
    uniform
        Log odds by which the focal group scores lower, ordinal logistic; ideal 0, with 95 % interval.
    uniform_p, nonuniform_p
        Tests of that (the uncertainty of the group means included), and of a difference that changes with ability.
    share
        Explained variation (Nagelkerke) added by group: < .035 negligible, < .07 moderate, else large; ideal 0.
    adjusted_p
        The smaller of the two p-values, Holm-adjusted over all questions and both tests.
    verdict
        ``finding``: adjusted p < .05 and size B or C (nonuniform: share ≥ .035). ``ok``: the interval of ``uniform``
        lies within size A. ``insufficient``: neither.
    reason
        Why something is missing, or ``None``.
    """

    question: str
    odds: float
    delta: float
    size: str
    mantel_p: float
    uniform: Estimate
    uniform_p: float
    nonuniform_p: float
    share: float
    adjusted_p: float
    verdict: str
    reason: str | None


@dataclass(frozen=True)
class Functioning:
    """All questions of an interview for two groups.

    Parameters
    ----------
    questions
        In the given order.
    left_out
        Questions that took no part in matching: the most conspicuous is taken out first, then all are looked at again.
    reliability
        Alpha within groups of the questions that match; ideal 1. Below about .5 the match is mostly group means.
    n_reference, n_focal
        People.
    settled
        Whether none of the questions that match has a finding; where one has, too few are left to match with and every
        verdict is a hint.
    """

    questions: tuple[Question, ...]
    left_out: tuple[str, ...]
    reliability: float
    n_reference: int
    n_focal: int
    settled: bool


def question_functioning(
    scores: npt.ArrayLike, groups: npt.ArrayLike, *, reference: str, focal: str, names: Sequence[str] | None = None
) -> Functioning:
    """Compare each question's scores between equally able members of two groups.

    Parameters
    ----------
    scores
        Shape (n people, q ≥ 3 questions), finite: ratings or 0–100 scores, higher is better.
    groups
        Labels, shape (n,); rows of other groups are not used.
    reference, focal
        Which two groups.
    names
        Of the questions; ``None``: 1, 2, ….

    Returns
    -------
    Functioning
        A bias that all questions share cannot be seen here: it looks like ability.

    Raises
    ------
    ValueError
        For fewer than 30 people in a group, fewer than 3 questions, or a question that does not vary.

    References
    ----------
    Holland & Thayer (1988) and Dorans & Holland (1993) (Mantel–Haenszel, classes); Mantel (1963), JASA 58, 690–700; Liu
    & Agresti (1996), Biometrics 52, 1223–1234; Zumbo (1999), Handbook on Differential Item Functioning; Jodoin & Gierl
    (2001), Applied Measurement in Education 14, 329–349; Shealy & Stout (1993), Psychometrika 58, 159–194 (why matching
    must allow for unreliability); Kelley (1947), Fundamentals of Statistics.

    Examples
    --------
    >>> rng = np.random.default_rng(2)
    >>> group = np.repeat(["men", "women"], 600)
    >>> able = rng.standard_normal((1200, 1)) - 0.5 * (group == "women")[:, None]  # true impact
    >>> scores = able + rng.standard_normal((1200, 6))
    >>> scores[group == "women", 3] -= 0.7  # and one biased question
    >>> found = question_functioning(scores, group, reference="men", focal="women")
    >>> found.left_out, found.questions[3].size
    (('4',), 'C')
    """
    table = matrix("question_functioning", "scores", scores, columns=ANCHORS + 1)
    labels = np.asarray(groups).astype(str)
    same_length("question_functioning", scores=table, groups=labels)
    used = np.isin(labels, (reference, focal))
    table, is_focal = table[used], labels[used] == focal
    titles = [str(i + 1) for i in range(table.shape[1])] if names is None else list(names)
    _check(table, is_focal, titles, reference, focal)
    flagged: set[int] = set()
    found = _all_questions(table, is_focal, titles, flagged)
    while (worst := _worst(found, flagged)) is not None and len(titles) - len(flagged) > ANCHORS + 1:
        flagged.add(worst)
        found = _all_questions(table, is_focal, titles, flagged)
    kept = [i for i in range(table.shape[1]) if i not in flagged]
    return Functioning(
        questions=tuple(found),
        left_out=tuple(titles[i] for i in sorted(flagged)),
        reliability=alpha_within(table[:, kept], is_focal),
        n_reference=int(np.sum(~is_focal)),
        n_focal=int(np.sum(is_focal)),
        settled=worst is None,
    )


def _check(table: Floats, is_focal: npt.NDArray[np.bool_], titles: list[str], reference: str, focal: str) -> None:
    sizes = {reference: int(np.sum(~is_focal)), focal: int(np.sum(is_focal))}
    if min(sizes.values()) < LEAST:
        raise ValueError(f"question_functioning needs {LEAST} people in each group. Got {sizes} instead.")
    if len(titles) != table.shape[1]:
        raise ValueError(
            f"The 'names' parameter of question_functioning must name {table.shape[1]} questions. Got {titles} instead."
        )
    constant = [title for title, column in zip(titles, table.T, strict=True) if np.ptp(column) == 0]
    if constant:
        raise ValueError(
            f"The 'scores' parameter of question_functioning must vary in every question. Got one value only in "
            f"{constant} instead: leave these questions out."
        )


def _all_questions(
    table: Floats, is_focal: npt.NDArray[np.bool_], titles: list[str], flagged: set[int]
) -> list[Question]:
    """Every question matched on the unflagged others, p-values adjusted together."""
    found = []
    for i, title in enumerate(titles):
        anchors = [j for j in range(len(titles)) if j != i and j not in flagged]
        found.append(_question(title, table[:, i], table[:, anchors], is_focal))
    p = np.array([(one.uniform_p, one.nonuniform_p) for one in found])
    adjusted = holm(p.ravel()).reshape(p.shape)
    return [_judge(one, *map(float, pair)) for one, pair in zip(found, adjusted, strict=True)]


def _worst(found: list[Question], flagged: set[int]) -> int | None:
    """The matching question with the largest finding."""
    fresh = [i for i, one in enumerate(found) if one.verdict == "finding" and i not in flagged]
    return max(fresh, key=lambda i: abs(found[i].delta), default=None)


def _question(title: str, scores: Floats, anchors: Floats, is_focal: npt.NDArray[np.bool_]) -> Question:
    reliability = alpha_within(anchors, is_focal)
    if not reliability > 0:
        nothing = undefined(UNRELIABLE)
        return Question(title, NAN, NAN, "?", NAN, nothing, NAN, NAN, NAN, NAN, "insufficient", UNRELIABLE)
    able, group_error = expected_ability(anchors.mean(axis=1), is_focal, reliability)
    categories = _categories(scores)
    odds, mantel_p = _mantel(categories, able, is_focal)
    focal = is_focal.astype(np.float64)
    plain = fit_ordinal(categories, able)
    with_group = fit_ordinal(categories, np.column_stack([able, focal]))
    crossed = fit_ordinal(categories, np.column_stack([able, focal, able * (focal - focal.mean())]))
    uniform, uniform_p = _uniform(with_group, group_error) if with_group.converged else (undefined(APART), mantel_p)
    change = stats.chi2.sf(max(2 * (crossed.log_likelihood - with_group.log_likelihood), 0.0), 1)
    with np.errstate(divide="ignore"):
        delta = -ETS * float(np.log(odds))  # infinite where the groups do not overlap
    size = ets_class(delta, mantel_p)
    return Question(
        question=title,
        odds=odds,
        delta=delta,
        size=size,
        mantel_p=mantel_p,
        uniform=uniform,
        uniform_p=uniform_p,
        nonuniform_p=float(change),
        share=_explained(crossed, plain, categories),
        adjusted_p=NAN,
        verdict="insufficient",
        reason=uniform.reason,
    )


def ets_class(delta: float, p: float) -> str:
    """The Educational Testing Service's class of a question; significance counts in both steps.

    ``A``: |delta| < 1, or not different from 0 (p ≥ .05). ``C``: |delta| ≥ 1.5 and above 1 beyond chance (one-sided
    .05, by the error that the test itself implies). ``B``: what lies between. ``?``: nothing is known.

    References
    ----------
    Zieky (1993), in Holland & Wainer, Differential Item Functioning, 337–347; Miettinen (1976), American Journal of
    Epidemiology 103, 226–235 (errors from tests).

    Examples
    --------
    >>> [ets_class(*one) for one in ((0.9, 0.001), (1.4, 0.2), (1.4, 0.01), (1.6, 0.04), (2.5, 0.001))]
    ['A', 'A', 'B', 'B', 'C']
    """
    size = abs(delta)
    if math.isnan(size) or math.isnan(p):
        return "?"
    if size < MODERATE or p >= ALPHA:
        return "A"
    standing = math.sqrt(float(stats.chi2.isf(p, 1))) * (1 - MODERATE / size)
    return "C" if size >= LARGE and standing > float(stats.norm.isf(ALPHA)) else "B"


def _judge(one: Question, uniform_p: float, nonuniform_p: float) -> Question:
    """Put adjusted p-values and effect sizes together."""
    if one.size == "?":
        return one
    uniform = uniform_p < ALPHA and one.size in ("B", "C")
    nonuniform = nonuniform_p < ALPHA and one.share >= MODERATE_SHARE
    negligible = max(abs(one.uniform.low), abs(one.uniform.high)) < MODERATE / ETS
    verdict = "finding" if uniform or nonuniform else "ok" if negligible else "insufficient"
    return replace(one, adjusted_p=min(uniform_p, nonuniform_p), verdict=verdict)


def _categories(scores: Floats) -> npt.NDArray[np.intp]:
    """Ordered categories 0, 1, …: the values themselves, or fifths with equal scores together."""
    values, category = np.unique(scores, return_inverse=True)
    if len(values) <= AS_THEY_ARE:
        return category
    edges = np.quantile(scores, np.linspace(0, 1, CATEGORIES + 1)[1:-1])
    return np.unique(np.searchsorted(edges, scores, "right"), return_inverse=True)[1]


def _mantel(categories: npt.NDArray[np.intp], able: Floats, is_focal: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Common cumulative odds ratio (reference over focal) and Mantel's p over strata of ability."""
    strata = max(2, min(MOST_STRATA, len(able) // PER_STRATUM))
    edges = np.quantile(able, np.linspace(0, 1, strata + 1)[1:-1])
    stratum = np.searchsorted(edges, able, "right")
    for_reference = for_focal = observed = expected = variance = 0.0
    for k in range(strata):
        here = stratum == k
        first, second = categories[here & ~is_focal], categories[here & is_focal]
        n1, n2 = len(first), len(second)
        if n1 == 0 or n2 == 0:
            continue
        for cut in range(categories.max()):
            above, below = np.sum(first > cut), np.sum(second > cut)
            for_reference += above * (n2 - below) / (n1 + n2)
            for_focal += (n1 - above) * below / (n1 + n2)
        every = categories[here]
        observed += second.sum()
        expected += n2 * every.mean()
        variance += n1 * n2 * every.var() / max(n1 + n2 - 1, 1)
    odds = for_reference / for_focal if for_focal else math.inf if for_reference else NAN
    p = float(stats.chi2.sf((observed - expected) ** 2 / variance, 1)) if variance else NAN
    return float(odds), p


def _uniform(fit: OrdinalFit, group_error: float) -> tuple[Estimate, float]:
    """Log odds of the focal group scoring lower, with the error of the group means that matched people."""
    value = -float(fit.slopes[1])
    error = math.sqrt(float(fit.covariance[1, 1]) + float(fit.slopes[0]) ** 2 * group_error)
    reach = float(stats.norm.isf(ALPHA / 2)) * error
    return Estimate(value, value - reach, value + reach), float(2 * stats.norm.sf(abs(value) / error))


def _explained(full: OrdinalFit, plain: OrdinalFit, categories: npt.NDArray[np.intp]) -> float:
    """Difference of Nagelkerke's shares of explained variation."""
    n = len(categories)
    shares = np.bincount(categories) / n
    empty = n * float(np.sum(shares * np.log(shares)))
    most = 1 - math.exp(2 * empty / n)
    return (math.exp(2 * (empty - plain.log_likelihood) / n) - math.exp(2 * (empty - full.log_likelihood) / n)) / most
