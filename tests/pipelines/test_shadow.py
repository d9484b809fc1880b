"""Two versions on one batch: noise of a known size moves as many people across the cut as theory says."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.commands import told
from tests.models.test_directory import FRAMEWORK, NAMES, model
from tests.training.tables import save
from vivavoce.models.directory import save_model
from vivavoce.models.score import Norms
from vivavoce.pipelines.shadow import compare_scores, shadow

NOISE = 0.75  # of the challenger, in the champion's standard deviations: they correlate .80
SHARE = 0.25
PEOPLE = 4000


def changing(correlation: float, share: float) -> float:
    """Share of people on another side, where both scores are normal: 2 P(X ≥ c, Y < c)."""
    cut = stats.norm.isf(share)
    both = stats.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]]).cdf([-cut, -cut])
    return float(2 * (share - both))


def version(folder, noise):
    """A version whose overall z is the first feature, and ``noise`` times the second."""
    planted = model()
    numbers = {"intercept": 0.0, "coefficients": np.array([1.0, noise, 0.0]), "absent": np.zeros(3)}
    scale = {"mean": np.zeros(3), "scale": np.ones(3), "norms": Norms(0.0, 1.0, 1000)}
    save_model(
        replace(planted, competencies=tuple(replace(one, **numbers, **scale) for one in planted.competencies)), folder
    )
    return str(folder)


def write_features(path, n=PEOPLE, engine="whisper:tiny", prints=None):
    rng = np.random.default_rng(0)
    values = dict(zip(NAMES, rng.standard_normal((3, n)), strict=True))
    ids = np.array([f"c{i:04d}" for i in range(n)])
    rows = {"interview_id": np.char.add("i", ids), "candidate_id": ids, "job": FRAMEWORK.job, "asr_engine": engine}
    answers = [pd.DataFrame({**rows, "question_id": one.id, "unclear": False, **values}) for one in FRAMEWORK.questions]
    save(pd.concat(answers), path, prints=model().fingerprints if prints is None else prints)
    pd.DataFrame({"candidate_id": ids, "sex": np.resize(["men", "women"], n)}).to_csv(
        path.with_name("groups.csv"), index=False
    )
    return path


def ask(tmp_path, features, champion, challenger, **more) -> tuple[int, dict, str]:
    asked = {"champion": champion, "challenger": challenger, "select": SHARE, "out": tmp_path} | more
    status, said = told(shadow, features, width=140, **asked)
    written = tmp_path / "shadow.json"
    return status, json.loads(written.read_text()) if written.exists() else {}, said


def test_noise_moves_as_many_people_as_theory_says():
    rng = np.random.default_rng(1)
    x = 50 + 15 * rng.standard_normal(PEOPLE)
    expected = changing(1 / np.hypot(1, NOISE), SHARE)
    found = compare_scores(x, x + 15 * NOISE * rng.standard_normal(PEOPLE), SHARE)
    assert found["changing"]["value"] == pytest.approx(expected, abs=0.02)  # three standard errors of 4,000
    assert found["correlation"]["value"] == pytest.approx(0.8, abs=0.02)
    spread = (found["limits"][1]["value"] - found["limits"][0]["value"]) / 2
    assert spread == pytest.approx(1.96 * 15 * NOISE, rel=0.05)
    assert found["sides"]["moved_in"] == found["sides"]["moved_out"]


def test_two_versions_score_the_same_table(tmp_path):
    features = write_features(tmp_path / "features.parquet")
    champion, challenger = version(tmp_path / "v1", 0.0), version(tmp_path / "v2", NOISE)
    groups = tmp_path / "groups.csv"
    status, found, said = ask(tmp_path, features, champion, challenger, groups=groups, listed=True)
    assert status == 0, said
    expected = changing(1 / np.hypot(1, NOISE), SHARE)
    assert found["changing"]["value"] == pytest.approx(expected, abs=0.02)
    assert found["versions"]["champion"]["digest"] != found["versions"]["challenger"]["digest"]
    counts = [(one["group"], one["n"]) for one in found["groups"]]
    assert counts == [("men", PEOPLE // 2), ("women", PEOPLE // 2)]
    assert (
        sum(one["moved_in"] for one in found["groups"])
        == found["sides"]["moved_in"]
        == len(found["listed"]["moved_in"])
    )
    assert found["listed"]["moved_out"][0] not in said


def test_other_names_of_columns_are_read_alike_and_kept_in_the_record(tmp_path):
    features = write_features(tmp_path / "features.parquet", n=200)
    champion, challenger = version(tmp_path / "v1", 0.0), version(tmp_path / "v2", NOISE)
    groups = tmp_path / "groups.csv"
    status, plain, _ = ask(tmp_path, features, champion, challenger, groups=groups)
    assert status == 0
    groups.write_text(groups.read_text().replace("candidate_id", "Applicant No"))
    status, _, said = ask(tmp_path, features, champion, challenger, groups=groups)
    assert status == 2
    assert "Applicant No" in said
    status, mapped, _ = ask(tmp_path, features, champion, challenger, groups=groups, map=["Applicant No=candidate_id"])
    assert status == 0
    assert mapped["map"] == {"Applicant No": "candidate_id"}
    assert mapped["groups"] == plain["groups"]


def test_a_version_beside_itself_moves_nobody_and_names_nobody(tmp_path):
    features = write_features(tmp_path / "features.parquet", n=100)
    champion = version(tmp_path / "v1", 0.0)
    status, found, _ = ask(tmp_path, features, champion, champion)
    assert (status, found["changing"]["value"], found["correlation"]["value"]) == (0, 0.0, 1.0)
    assert "listed" not in found
    assert "c0001" not in (tmp_path / "shadow.json").read_text()


def test_other_measurements_and_other_recognisers_are_refused_by_name(tmp_path):
    champion = version(tmp_path / "v1", 0.0)
    other = write_features(tmp_path / "other.parquet", n=20, prints={**model().fingerprints, NAMES[0]: "another"})
    status, _, said = ask(tmp_path, other, champion, champion)
    assert status == 2
    assert f"{NAMES[0]}: fingerprint" in said
    engine = write_features(tmp_path / "engine.parquet", n=20, engine="whisper:large")
    assert "recogniser whisper:large" in ask(tmp_path, engine, champion, champion)[2]


def test_too_few_people_and_no_share_are_refused(tmp_path):
    features, champion = write_features(tmp_path / "features.parquet", n=3), version(tmp_path / "v1", 0.0)
    assert "3 people" in ask(tmp_path, features, champion, champion)[2]
    status, said = told(shadow, features, champion=champion, challenger=champion, select=1.5, out=tmp_path)
    assert (status, "'select' must be at least 0 and at most 1. Got 1.5 instead." in said) == (2, True)
