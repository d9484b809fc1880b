"""Sixteen traits of mock interviews from the data set's columns and our language features, beside published figures.

Two ways of splitting, in one table. *Grouped*: 10 × 10 folds in which no student is on both sides (each was
interviewed twice), everything chosen inside the training part, the ten predictions of an interview averaged; intervals
draw students again. This is the figure that counts. *Random*: 200 splits 80/20 as in the paper, in which nearly every
student of the test part has another interview in training; r is the mean over the splits.

The baseline is a Lasso of one fixed penalty on the data set's columns, on the very same splits. The candidate: ridge on
the data set's columns and on these with our language columns, kernel ridge on both, and that same Lasso on either, each
ridge with its penalty chosen per trait in inner folds; then their mean; then target averaging: each trait's prediction
is kept to as many leading directions of the sixteen traits' common variation as predict it best in the inner folds.
Columns are standardised, and gaps filled with the mean, inside each training part.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.benchmarks import Figure
from tests.benchmarks.bench_mit_language import durations, interviews, show, students
from tests.conftest import ROOT
from vivavoce.data.schema import Absent
from vivavoce.evaluation.estimate import bootstrap
from vivavoce.features.language import LANGUAGE

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

REPEATS, FOLDS, INNER, SPLITS, TEST_SHARE = 10, 10, 5, 200, 0.2
PENALTIES = np.logspace(-2, 1, 7)  # per interview, of kernels whose diagonal is about 1
LASSO = 0.05  # rating points; the untuned baseline, and the same as a member
DIRECTIONS = (6, 9, 12)  # of sixteen traits; or all
FARTHEST = 4.0  # standard deviations; beyond it a column is a slip of a tracker
LEAST_MEASURED = 0.9  # of the interviews: a column that few have says who has it
TO_BEAT = {  # random / grouped, from an untuned Lasso
    "Excited": (0.75, 0.73),
    "EngagingTone": (0.72, 0.68),
    "Friendly": (0.65, 0.61),
    "RecommendHiring": (0.56, 0.50),
    "Overall": (0.52, 0.46),
}


@dataclass(frozen=True)
class Interviews:
    """What is known: names, ratings (n, 16), the data set's columns (n, p), ours (n, q); ``nan`` where absent."""

    names: list[str]
    traits: list[str]
    ratings: Floats
    given: Floats
    ours: Floats
    published: pd.DataFrame

    @property
    def persons(self) -> npt.NDArray[np.str_]:
        return students(self.names)


def run(reduced: bool) -> list[Figure]:
    """Every trait: grouped with its interval and the paired gain, random, and what was published."""
    folder = Path(os.environ.get("VIVA_DATA", ROOT.parent / "shared" / "data")) / "mit_interview"
    if not folder.is_dir():
        raise FileNotFoundError(f"bench_mit needs the interviews in {folder}. Set VIVA_DATA.")
    data = read(folder)
    mine, lasso = grouped(data, 2 if reduced else REPEATS)
    random_mine, random_lasso = randomly(data, 10 if reduced else SPLITS)
    figures = [
        Figure(f"{len(data.names)} interviews, columns", f"{data.given.shape[1]} given, {data.ours.shape[1]} ours")
    ]
    for i, trait in enumerate(data.traits):
        figures.append(grouped_figure(data, mine[:, i], lasso[:, i], i))
        figures.append(random_figure(data, random_mine[i], random_lasso[i], trait))
    wins = bootstrap(mean_gain, mine, lasso, data.ratings, persons=data.persons)
    return [*figures, Figure("mean paired gain over sixteen traits, grouped", show(wins), None, "> 0")]


def grouped_figure(data: Interviews, mine: Floats, lasso: Floats, i: int) -> Figure:
    """One trait with students on one side only."""
    y, trait = data.ratings[:, i], data.traits[i]
    r, area = (bootstrap(one, mine, y, persons=data.persons) for one in (correlation, area_above_median))
    gain = bootstrap(paired_gain, mine, lasso, y, persons=data.persons)
    return Figure(
        f"{trait}, grouped: r, AUC; Lasso r; paired gain of r",
        f"{show(r)}, {show(area)}; {correlation(lasso, y):+.2f}; {show(gain)}",
        None,
        f"> {TO_BEAT[trait][1]:.2f}" if trait in TO_BEAT else "",
    )


def random_figure(data: Interviews, mine: Floats, lasso: Floats, trait: str) -> Figure:
    """One trait with students on both sides, beside what was published for such splits."""
    paper = data.published.loc[trait]
    return Figure(
        f"{trait}, random: r, AUC; Lasso r; published SVR and Lasso r, AUC",
        f"{mine[0]:+.2f}, {mine[1]:.2f}; {lasso[0]:+.2f}; {paper['fig4_svr_r']:.2f} {paper['fig4_lasso_r']:.2f}, "
        f"{paper['table1_svr_auc']:.2f} {paper['table1_lasso_auc']:.2f}",
        None,
        f"> {TO_BEAT[trait][0]:.2f}" if trait in TO_BEAT else "",
    )


def read(folder: Path) -> Interviews:
    """Every interview for which the data set has all three: ratings, prosody per answer, combined features."""
    table = pd.read_csv(folder / "turker_scores_full_interview.csv")
    published = pd.read_csv(folder / "published_naim_fg15.csv").set_index("column")
    table.index = pd.Index(table["Participant"].str.lower())
    ratings = table.loc[table["Worker"] == "AGGR", list(published.index)]
    prosody = pd.read_csv(folder / "prosodic_features.csv", index_col=0).apply(pd.to_numeric, errors="coerce")
    means = prosody.groupby(prosody.index.str.lower().str.partition("q").get_level_values(0)).mean()
    combined = pd.read_csv(folder / "combined_features_hireverse.csv", index_col=0)
    combined.index = combined.index.str.lower()
    given = means.join(combined, how="inner", rsuffix=" combined").loc[lambda rows: rows.index.isin(ratings.index)]
    names = list(given.index)
    said = interviews(folder, durations(folder))
    measured = [LANGUAGE.measure(said[name]) for name in names]
    ours = np.array([[np.nan if isinstance(v, Absent) else v for v in row.values()] for row in measured])
    ours = ours[:, np.isfinite(ours).mean(axis=0) >= LEAST_MEASURED]
    ours = ours[:, np.nanstd(ours, axis=0) > 0]
    y = ratings.loc[names].to_numpy(np.float64)
    return Interviews(names, list(published.index), y, given.to_numpy(np.float64), ours, published)


def grouped(data: Interviews, repeats: int) -> tuple[Floats, Floats]:
    """Candidate's and baseline's predictions (n, 16): means over repeats, by models that never saw the student."""
    from sklearn.model_selection import GroupKFold

    mine, lasso = np.zeros_like(data.ratings), np.zeros_like(data.ratings)
    for repeat in range(repeats):
        for train, test in GroupKFold(FOLDS, shuffle=True, random_state=repeat).split(data.given, groups=data.persons):
            inner = list(GroupKFold(INNER).split(train, groups=data.persons[train]))
            candidate, baseline = predicted(data, train, test, inner)
            mine[test] += candidate / repeats
            lasso[test] += baseline / repeats
    return mine, lasso


def randomly(data: Interviews, splits: int) -> tuple[Floats, Floats]:
    """Mean r and AUC over random splits, candidate's and baseline's, shape (16, 2) each; students are on both sides."""
    from sklearn.model_selection import KFold, ShuffleSplit

    found: list[list[list[tuple[float, float]]]] = []
    for train, test in ShuffleSplit(splits, test_size=TEST_SHARE, random_state=0).split(data.given):
        inner = list(KFold(INNER, shuffle=True, random_state=0).split(train))
        y = data.ratings[test]
        both = predicted(data, train, test, inner)
        found.append(
            [
                [(correlation(p[:, i], y[:, i]), area_above_median(p[:, i], y[:, i])) for i in range(y.shape[1])]
                for p in both
            ]
        )
    mine, lasso = np.nanmean(np.array(found), axis=0)
    return mine, lasso


def predicted(data: Interviews, train: Rows, test: Rows, inner: list[tuple[Rows, Rows]]) -> tuple[Floats, Floats]:
    """What candidate and baseline say of the test part; the candidate is put together on the inner folds."""
    y = data.ratings[train]
    outside = list(members(data, train, test))
    within = [np.empty((len(PENALTIES), *y.shape)) for _ in outside]
    for seen, held in inner:
        for store, found in zip(within, members(data, train[seen], train[held]), strict=True):
            store[:, held] = found
    picks = [np.argmin(np.sum((store - y) ** 2, axis=1), axis=0) for store in within]
    every = np.arange(y.shape[1])
    mean_within = np.mean([store[pick, :, every].T for store, pick in zip(within, picks, strict=True)], axis=0)
    mean_outside = np.mean([store[pick, :, every].T for store, pick in zip(outside, picks, strict=True)], axis=0)
    ways = [together(y, count) for count in (*DIRECTIONS, y.shape[1])]
    errors = [np.sum((way(mean_within) - y) ** 2, axis=0) for way in ways]
    outside_each = np.array([way(mean_outside) for way in ways])
    given, fresh = standardised(data.given[train], data.given[test])
    return outside_each[np.argmin(errors, axis=0), :, every].T, lasso(given, fresh, y)


def members(data: Interviews, seen: Rows, held: Rows) -> Iterator[Floats]:
    """Each member's predictions for every penalty, shape (penalties, held, 16); the Lasso has one penalty only."""
    y = data.ratings[seen]
    given, ours = (standardised(x[seen], x[held]) for x in (data.given, data.ours))
    both = [np.hstack(pair) for pair in zip(given, ours, strict=True)]
    yield kernel_ridge(*linear(*given), y)
    yield kernel_ridge(*linear(*both), y)
    yield kernel_ridge(*gaussian(*both), y)
    for columns in (given, both):
        yield np.repeat(lasso(*columns, y)[None], len(PENALTIES), axis=0)


def standardised(seen: Floats, held: Floats) -> tuple[Floats, Floats]:
    """By the seen part's means and spreads; gaps at the mean."""
    mean, spread = np.nanmean(seen, axis=0), np.nanstd(seen, axis=0)
    scale = np.where(spread > 0, spread, np.inf)
    one, other = (np.clip(np.nan_to_num((x - mean) / scale), -FARTHEST, FARTHEST) for x in (seen, held))
    return one, other


def linear(seen: Floats, held: Floats) -> tuple[Floats, Floats]:
    return seen @ seen.T / seen.shape[1], held @ seen.T / seen.shape[1]


def gaussian(seen: Floats, held: Floats) -> tuple[Floats, Floats]:
    def of(one: Floats) -> Floats:
        distance = np.sum(one**2, axis=1)[:, None] + np.sum(seen**2, axis=1) - 2 * one @ seen.T
        found: Floats = np.exp(-distance / (2 * seen.shape[1]))
        return found

    return of(seen), of(held)


def kernel_ridge(seen: Floats, held: Floats, y: Floats) -> Floats:
    """Predictions for every penalty from one eigendecomposition, shape (penalties, held, traits)."""
    values, vectors = np.linalg.eigh(seen)
    turned = vectors.T @ (y - y.mean(axis=0))
    shrunk = [turned / (np.maximum(values, 0) + penalty * len(y))[:, None] for penalty in PENALTIES]
    return y.mean(axis=0) + (held @ vectors) @ np.array(shrunk)


def lasso(seen: Floats, held: Floats, y: Floats) -> Floats:
    """The untuned one, trait by trait, shape (held, traits)."""
    from sklearn.linear_model import Lasso

    return np.column_stack([Lasso(LASSO, tol=1e-3, max_iter=5000).fit(seen, one).predict(held) for one in y.T])


@dataclass(frozen=True)
class Together:
    """Target averaging: predictions kept to the directions in which traits vary together."""

    mean: Floats
    spread: Floats
    directions: Floats

    def __call__(self, predictions: Floats) -> Floats:
        standard = (predictions - self.mean) / self.spread
        return self.mean + self.spread * (standard @ self.directions.T @ self.directions)


def together(y: Floats, count: int) -> Together:
    mean, spread = y.mean(axis=0), y.std(axis=0)
    return Together(mean, spread, np.linalg.svd((y - mean) / spread, full_matrices=False)[2][:count])


def correlation(prediction: Floats, y: Floats) -> float:
    """``nan`` where one of them does not vary."""
    if np.ptp(prediction) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(prediction, y)[0, 1])


def paired_gain(mine: Floats, other: Floats, y: Floats) -> float:
    return correlation(mine, y) - correlation(other, y)


def mean_gain(mine: Floats, other: Floats, y: Floats) -> float:
    return float(np.mean([paired_gain(mine[:, i], other[:, i], y[:, i]) for i in range(y.shape[1])]))


def area_above_median(prediction: Floats, y: Floats) -> float:
    """Chance that somebody rated above the median is predicted above somebody who is not; ideal 1, chance .5."""
    from scipy.stats import rankdata

    above = y > np.median(y)
    ranks = rankdata(prediction)
    count = above.sum()
    return float((ranks[above].sum() - count * (count + 1) / 2) / (count * (~above).sum()))
