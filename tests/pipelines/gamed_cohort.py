"""The cohort whose raters reward terms, with all of today's measures; and with people in it who game."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from tests.conftest import ROOT
from tests.pipelines.cohort import Cohort, make_cohort, prints
from tests.pipelines.gaming import framed, recited, stuffed
from tests.pipelines.ways import named
from tests.training.tables import save
from vivavoce.data.framework import load_frameworks
from vivavoce.models.directory import load_model
from vivavoce.models.score import OVERALL
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.scoring.batch import SHIPPED_FRAMEWORKS
from vivavoce.pipelines.train import train
from vivavoce.pipelines.written import LEVELS, Written, measure_written, read_written

JOB = "software_engineer"
TERMS = "language.term_coverage_share."
ONE_IN = 10  # people games, where somebody does
FRAMEWORKS = load_frameworks(SHIPPED_FRAMEWORKS)


@cache
def written(language: str) -> tuple[Written, ...]:
    """All independent written interviews of a language, attacks among them."""
    names = (language, f"second_{language}", "attacks")
    rows = [row for name in names for row in read_written(ROOT / "tests" / "answers" / f"{name}.jsonl", FRAMEWORKS)]
    return tuple(row for row in rows if row.language == language and row.variant == "plain")


def honest(language: str, level: str) -> list[Written]:
    """The plain interviews of one level, of all jobs."""
    return [row for row in written(language) if row.kind is None and row.level == level]


def measures(rows: Sequence[Written]) -> pd.DataFrame:
    """One row per answer: every measure of language that is of no competency and could be taken of it."""
    found = [
        {name: value for name, value in answer.measures.items() if isinstance(value, float) and name.count(".") == 1}
        for row in rows
        for answer in measure_written(row.answers, row.language, FRAMEWORKS[row.job], None)[0]
    ]
    return pd.DataFrame(found)


def terms_alone(table: pd.DataFrame, ratings: pd.DataFrame, language: str, rng: np.random.Generator) -> None:
    """Nothing is measured but length and terms, as before November 2026."""


def all_measures(table: pd.DataFrame, ratings: pd.DataFrame, language: str, rng: np.random.Generator) -> None:
    """Everything else that is measured is some honest answer's, whoever speaks: raters reward terms alone."""
    own = measures([row for level in LEVELS for row in honest(language, level)])
    _fill(table, np.arange(len(table)), own, rng)


def telling_too(table: pd.DataFrame, ratings: pd.DataFrame, language: str, rng: np.random.Generator) -> None:
    """Everything else is a strong, middling or weak answer's, as the terms are many or few."""
    place = np.floor(table[_terms(table)].mean(axis=1).rank(pct=True).to_numpy() * len(LEVELS) * 0.999).astype(int)
    for i, level in enumerate(LEVELS):
        _fill(table, np.flatnonzero(place == i), measures(honest(language, level)), rng)


def some_game(table: pd.DataFrame, ratings: pd.DataFrame, language: str, rng: np.random.Generator) -> None:
    """One in ten answers by the attacks of other jobs, with nine of ten terms, and raters see it and rate it lowest."""
    all_measures(table, ratings, language, rng)
    people = table["interview_id"].unique()
    gaming = rng.choice(people, len(people) // ONE_IN, replace=False)
    rows = np.flatnonzero(table["interview_id"].isin(gaming))
    _fill(table, rows, measures([row for row in written(language) if row.kind in _kinds() and row.job != JOB]), rng)
    for name in _terms(table):
        table.loc[rows, name] = table.loc[rows, name].where(table.loc[rows, name].isna(), 0.9)
    low = ratings["interview_id"].isin(gaming)
    ratings.loc[low, "value"] = 1 + 0.2 * rng.random(low.sum())


COHORTS: dict[str, Callable[[pd.DataFrame, pd.DataFrame, str, np.random.Generator], None]] = {
    "terms alone": terms_alone,
    "all measures": all_measures,
    "ability in the telling too": telling_too,
    "one in ten games, rated low": some_game,
}


def _kinds() -> set[str]:
    """Kinds of words alone: an honest answer beside the question is no such thing."""
    return {row.kind for language in ("en", "zh") for row in written(language) if row.kind} - {"off_topic"}


def _terms(table: pd.DataFrame) -> list[str]:
    return [name for name in table if name.startswith(TERMS)]


def _fill(table: pd.DataFrame, rows: np.ndarray, own: pd.DataFrame, rng: np.random.Generator) -> None:
    """Measures of answers drawn by chance, together as they were said."""
    drawn = own.iloc[rng.integers(0, len(own), len(rows))]
    for name in own:
        if name not in table:
            table[name] = np.nan
        table.loc[rows, name] = drawn[name].to_numpy()


def learned(folder: Path, how: str, language: str, people: int) -> ModelVersion:
    """A version trained on the cohort."""
    cohort: Cohort = make_cohort(folder, people)
    table, ratings = pd.read_parquet(cohort.features), pd.read_csv(cohort.ratings)
    table["language"] = language
    COHORTS[how](table, ratings, language, np.random.default_rng(5))
    save(table, cohort.features, prints=prints())
    ratings.to_csv(cohort.ratings, index=False)
    asked = {"ratings": cohort.ratings, "outcomes": cohort.outcomes, "framework": cohort.shorter}
    train(cohort.features, **asked, out=folder / "v1", tracking="none")
    return load_model(folder / "v1")[0]


def earned(model: ModelVersion, language: str, answers: dict[str, str]) -> tuple[float, bool]:
    """Overall points of an interview, 0–100, and whether it goes to people for repeating itself."""
    measured, routed = measure_written(answers, language, model.framework, None)
    (points,) = (one.value for one in model.score(measured, set(answers)) if one.competency == OVERALL)
    assert points is not None
    return points, routed


def attacks(language: str) -> dict[str, dict[str, str]]:
    """Every way of words alone for a software engineer, by kind."""
    framework = FRAMEWORKS[JOB]
    found = {row.kind: dict(row.answers) for row in written(language) if row.job == JOB and row.kind in _kinds()}
    strong, weak = (next(row for row in honest(language, level) if row.job == JOB) for level in ("strong", "weak"))
    found |= named(framework, language, strong.answers, weak.answers)
    if language == "en":
        makers = {"terms, nothing else": stuffed, "terms, framed": framed, "best anchor, recited": recited}
        found |= {kind: {one.id: make(one.shows) for one in framework.questions} for kind, make in makers.items()}
    return found
