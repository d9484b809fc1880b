"""A planted study of the size that an employer has: five competencies, three modalities, employers, sites and dates."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from tests.training.tables import FILE, save
from vivavoce.data.framework import Framework, load_framework

WEIGHTS = {"problem_solving": 0.3, "technical_fit": 0.25, "teamwork": 0.2, "learning": 0.15, "planning": 0.1}
TRUE = np.array([0.15, 0.30, 0.20, 0.15, 0.20])
VALIDITY = 0.45  # of true competencies for performance
HIRED = 0.6  # the best by a panel that saw neither scores nor features
FAMILIES = {"language": 0.4, "prosody": 0.4, "face": 0.2}  # shares of the features
TELLING = {"language": 0.5, "prosody": 0.15, "face": 0.0}  # how far a family's features follow the competencies
EMPLOYERS, SITES = 6, 18


@dataclass(frozen=True)
class Study:
    """Where its tables are; ``today`` are other people, whose answers are longer."""

    features: Path
    ratings: Path
    outcomes: Path
    framework: Path
    today: Path


def write_study(folder: Path, people: int = 400, features: int = 60, seed: int = 0) -> Study:
    """Every competency is rated by two of eight raters, shown in three answers, and followed by performance of some."""
    rng = np.random.default_rng(seed)
    framework = make_framework(folder)
    spread = np.full((5, 5), 0.5) + 0.5 * np.eye(5)
    loadings = _loadings(features, rng)
    able = rng.standard_normal((people, 5)) @ np.linalg.cholesky(spread).T
    ids = np.array([f"p{i:05d}" for i in range(people)])
    employer = rng.integers(0, EMPLOYERS, people)
    where = {
        "employer": np.char.add("e", employer.astype(str)),
        "site": np.char.add("s", (employer * (SITES // EMPLOYERS) + rng.integers(0, 3, people)).astype(str)),
        "recorded_at": pd.Timestamp("2025-01-06", tz="UTC") + pd.to_timedelta(rng.integers(0, 360, people), "D"),
    }
    paths = {name: folder / name for name in ("features.parquet", "today.parquet", "ratings.csv", "outcomes.csv")}
    save(_answers(framework, ids, able, where, loadings, rng), paths["features.parquet"])
    _ratings(framework, ids, able, rng).to_csv(paths["ratings.csv"], index=False)
    _outcomes(ids, able, rng).to_csv(paths["outcomes.csv"], index=False)
    new = rng.standard_normal((people // 2, 5)) @ np.linalg.cholesky(spread).T
    later = {name: values[: people // 2] for name, values in where.items()}
    today = _answers(framework, np.char.add("new", ids[: people // 2]), new, later, loadings, rng)
    today["language.length_words"] += 40
    save(today, paths["today.parquet"])
    return Study(
        paths["features.parquet"], paths["ratings.csv"], paths["outcomes.csv"], folder / "framework" / FILE.name,
        paths["today.parquet"],
    )  # fmt: skip


def make_framework(folder: Path) -> Framework:
    """The shipped framework with a fifth competency, which every question shows."""
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    fifth = {**document["competencies"][-1], "id": "planning", "name": {"en": "Planning", "zh": "规划"}}
    for kind in ("terms", "phrases"):
        fifth[kind] = {lang: [f"plan{one}" for one in words] for lang, words in fifth[kind].items()}
    document["competencies"].append(fifth)
    for one in document["competencies"]:
        one["weight"] = WEIGHTS[one["id"]]
    document["questions"] = [{**one, "shows": [*one["shows"], "planning"]} for one in document["questions"]]
    document["job_analysis"] |= {"date": date(2026, 3, 2)}
    path = folder / "framework" / FILE.name
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return load_framework(path)


def _loadings(features: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """How far each feature follows each competency."""
    found = {}
    for family, share in FAMILIES.items():
        for i in range(round(share * features) - (family == "language")):  # the length of answers is one
            found[f"{family}.measure_{i:02d}_ratio"] = TELLING[family] * rng.standard_normal(5)
    return found


def _answers(framework, ids, able, where, loadings, rng) -> pd.DataFrame:
    tables = []
    n = len(ids)
    for question in framework.questions:
        fixed = {
            "interview_id": np.char.add("i", ids), "candidate_id": ids, "question_id": question.id,
            "job": framework.job, "language": "en", "asr_engine": "provided:vtt", "purposes": "audit,score,train",
            **where,
        }  # fmt: skip
        measured = {name: able @ one + rng.standard_normal(n) for name, one in loadings.items()}
        for name, values in measured.items():
            if name.startswith("face."):
                values[rng.random(n) < 0.05] = np.nan
        length = 180 + 12 * able.mean(axis=1) + 30 * rng.standard_normal(n)
        tables.append(pd.DataFrame({**fixed, "language.length_words": length, **measured}))
    return pd.concat(tables, ignore_index=True)


def _ratings(framework, ids, able, rng) -> pd.DataFrame:
    """Two of eight raters each, who differ in severity and let one impression colour everything."""
    n = len(ids)
    severity = 0.2 * rng.standard_normal(8)
    rows = []
    for turn in range(2):
        rater = (rng.integers(0, 4, n) * 2 + turn) % 8
        halo = 0.3 * rng.standard_normal(n)
        for c, name in enumerate(framework.weights):
            value = 3 + 0.6 * able[:, c] + halo + 0.6 * rng.standard_normal(n) - severity[rater]
            rows.append(
                pd.DataFrame(
                    {
                        "interview_id": np.char.add("i", ids),
                        "rater": np.char.add("r", rater.astype(str)),
                        "competency": name,
                        "value": np.clip(value, 1, 5).round(1),
                        "date": "2026-01-15",
                    }
                )
            )
    return pd.concat(rows)


def _outcomes(ids, able, rng) -> pd.DataFrame:
    """Performance, and days until people left, of those who were hired."""
    n = len(ids)
    true = able @ TRUE / (able @ TRUE).std()
    panel = 0.6 * true + 0.8 * rng.standard_normal(n)
    hired = panel > np.quantile(panel, 1 - HIRED)
    performance = VALIDITY * true + np.sqrt(1 - VALIDITY**2) * rng.standard_normal(n)
    days = rng.exponential(900, n) * np.exp(0.3 * true)
    left = (days < 500).astype(int)
    rated = pd.DataFrame({"candidate_id": ids, "criterion": "rating", "value": performance, "date": "2026-09-01"})
    stayed = pd.DataFrame(
        {"candidate_id": ids, "criterion": "stay", "days": np.minimum(days, 500).round(), "observed": left}
    )
    return pd.concat([rated.assign(rater="boss", saw_score=0)[hired], stayed[hired]])
