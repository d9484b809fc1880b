"""A feature that copies what it is to predict, or counts people, is refused by name; honest ones are not."""

import numpy as np
import pandas as pd
import pytest

from tests.training.tables import FRAMEWORK, LENGTH, save, write
from vivavoce.training import BadTraining
from vivavoce.training.joining import read_inputs
from vivavoce.training.measured import refuse_leaks

N = 80
RNG = np.random.default_rng(0)
HONEST = RNG.standard_normal(N)
LATER = 0.9 * HONEST + np.sqrt(1 - 0.81) * RNG.standard_normal(N)  # a validity that nobody has ever seen


def test_what_predicts_well_is_no_leak():
    refuse_leaks({"teamwork": {"language.a": HONEST}}, {"rating": LATER}, {"teamwork": LATER}, {"ids": np.arange(80.0)})


@pytest.mark.parametrize(
    ("features", "match"),
    [
        (-3 * LATER + 2, "language.a is a copy of rating"),
        (LATER + 0.05 * RNG.standard_normal(N), "language.a is a copy of rating"),
        (np.arange(N, dtype=float) ** 3, "language.a follows ids"),
        (np.where(np.arange(N) < 60, LATER, np.nan), "language.a is a copy of rating"),
    ],
)
def test_copies_are_refused(features, match):
    with pytest.raises(BadTraining, match=match):
        refuse_leaks({"teamwork": {"language.a": features}}, {"rating": LATER}, {}, {"ids": np.arange(float(N))})


def test_few_rows_prove_nothing():
    few = np.where(np.arange(N) < 5, LATER, np.nan)
    refuse_leaks({"teamwork": {"language.a": few}}, {"rating": LATER}, {}, {})


def test_ratings_ids_and_dates_in_measured_tables_are_found(tmp_path):
    paths = write(tmp_path, n=60)
    answers = pd.read_parquet(paths["features"])
    given = pd.read_csv(paths["ratings"]).query("competency == 'teamwork'").groupby("interview_id")["value"].mean()
    whose = answers["interview_id"]
    for name, column, match in (
        ("copied", whose.map(given), "copy of the ratings of teamwork"),
        ("counted", whose.str[2:].astype(float), "the order of interview ids"),
    ):
        save(answers.assign(**{LENGTH: column}), tmp_path / f"{name}.parquet")
        with pytest.raises(BadTraining, match=match):
            read_inputs(tmp_path / f"{name}.parquet", paths["ratings"], None, FRAMEWORK)
    days = pd.Series(
        pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.random.default_rng(1).permutation(60), "D")
    )
    dated = answers.assign(recorded_at=whose.map(dict(zip(sorted(set(whose)), days, strict=True))))
    dated[LENGTH] = dated["recorded_at"].astype("int64").astype(float)
    save(dated, tmp_path / "dated.parquet")
    with pytest.raises(BadTraining, match="follows the date of the interview"):
        read_inputs(tmp_path / "dated.parquet", paths["ratings"], None, FRAMEWORK)
