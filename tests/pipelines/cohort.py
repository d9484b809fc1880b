"""A planted cohort for the way to publication: six questions, one of which asks women for something else."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from tests.conftest import ROOT
from tests.training.tables import save
from vivavoce.data.framework import Framework, load_framework
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.publishing.admission import points
from vivavoce.pipelines.scoring.configuration import Profile, fingerprints

SHIPPED = ROOT / "data" / "frameworks" / "software_engineer.yaml"
BIASED = "q5"
BIAS = 2.6  # standard deviations by which women's answers to it look weaker than they are
VALIDITY = 0.45  # of true ability for performance
WEIGHTS = np.array([0.40, 0.30, 0.20, 0.10])
TOLD, NOISE = ("own_acts", "said", "particular"), ("reasons", "consequences")  # measures of a rubric, below
RATED = [
    {"role": "engineers and their managers", "rated": what, "count": 14, "date": date(2026, 3, 2)}
    for what in ("tasks", "competencies")
]


@dataclass(frozen=True)
class Cohort:
    """Where its tables are; ``framework`` has all six questions, ``shorter`` lacks the biased one."""

    features: Path
    ratings: Path
    outcomes: Path
    groups: Path
    framework: Path
    shorter: Path


def make_frameworks(folder: Path) -> tuple[Path, Path]:
    """The shipped framework with every question asked twice and rated by people; and without one of them."""
    document = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    document["job_analysis"] = {"date": date(2026, 3, 2), "raters": RATED}
    more = [{**one, "id": f"q{i}"} for i, one in enumerate(document["questions"], 4)]
    document["questions"] += more
    paths = folder / "six" / SHIPPED.name, folder / "five" / SHIPPED.name
    for path, left_out in zip(paths, ((), (BIASED,)), strict=True):
        path.parent.mkdir(parents=True)
        kept = [one for one in document["questions"] if one["id"] not in left_out]
        path.write_text(yaml.safe_dump({**document, "questions": kept}, allow_unicode=True), encoding="utf-8")
    return paths


def make_cohort(folder: Path, people: int = 3000, seed: int = 0) -> Cohort:
    """Men and women are equally able, rated alike and perform alike; only the biased question's answers differ."""
    rng = np.random.default_rng(seed)
    six, five = make_frameworks(folder)
    framework = load_framework(six)
    names = list(framework.weights)
    women = np.arange(people) % 2 == 1
    spread = np.full((4, 4), 0.5) + 0.5 * np.eye(4)
    able = rng.standard_normal((people, 4)) @ np.linalg.cholesky(spread).T
    ids = np.array([f"p{i:05d}" for i in range(people)])
    save(_answers(framework, ids, able, women, rng), folder / "features.parquet", prints=prints())
    ratings = pd.concat(
        pd.DataFrame(
            {
                "interview_id": np.char.add("i", ids),
                "rater": rater,
                "competency": name,
                "value": np.clip(3 + 0.6 * able[:, c] + 0.4 * rng.standard_normal(people), 1, 5),
            }
        )
        for rater in ("r1", "r2")
        for c, name in enumerate(names)
    )
    ratings.to_csv(folder / "ratings.csv", index=False)
    composite = able @ WEIGHTS / np.sqrt(WEIGHTS @ spread @ WEIGHTS)
    performance = VALIDITY * composite + np.sqrt(1 - VALIDITY**2) * rng.standard_normal(people)
    outcomes = pd.DataFrame({"candidate_id": ids, "criterion": "rating", "value": performance})
    outcomes.to_csv(folder / "outcomes.csv", index=False)
    groups = pd.DataFrame({"candidate_id": ids, "sex": np.where(women, "women", "men")})
    groups.to_csv(folder / "groups.csv", index=False)
    tables = (folder / f"{name}.csv" for name in ("ratings", "outcomes", "groups"))
    return Cohort(folder / "features.parquet", *tables, six, five)


def _answers(framework: Framework, ids, able, women, rng) -> pd.DataFrame:
    """One row per person and question; every competency's evidence follows ability, but for the planted bias."""
    tables = []
    for question in framework.questions:
        shown = {}
        for c, name in enumerate(framework.weights):
            if name in question.shows:
                level = able[:, c] + 0.8 * rng.standard_normal(len(ids))
                level = level - BIAS * women if question.id == BIASED else level
                shown[f"language.term_coverage_share.{name}"] = np.clip(0.5 + 0.12 * level, 0, 1)
        fixed = {
            "interview_id": np.char.add("i", ids), "candidate_id": ids, "question_id": question.id,
            "job": framework.job, "language": "en", "asr_engine": np.resize(["provided:vtt", "provided:srt"], len(ids)),
            "purposes": "audit,score,train",
        }  # fmt: skip
        length = 180 + 30 * rng.standard_normal(len(ids))
        tables.append(pd.DataFrame({**fixed, "language.length_words": length, **shown}))
    return pd.concat(tables, ignore_index=True)


def add_told(table: pd.DataFrame, rng: np.random.Generator) -> None:
    """What a rubric rests on beside terms: it follows what the answer shows; why and what came of it are noise."""
    shown = table[[name for name in table if name.startswith("language.term_coverage_share.")]].mean(axis=1)
    for name in TOLD:
        table[f"language.{name}_share"] = shown
    for name in NOISE:
        table[f"language.{name}_share"] = rng.choice([0.25, 0.5, 0.75], len(table))


def prints() -> dict[str, str]:
    """Fingerprints of the measures as viva makes them without a sentence encoder."""
    return fingerprints(Profile.LANGUAGE, "provided", None, None, 5.0)


def write_scores(model: ModelVersion, digest: str, cohort: Cohort, folder: Path) -> tuple[Path, Path]:
    """The cohort's scores by one version, and by question: each question alone, as the version would score it."""
    table = pd.read_parquet(cohort.features)
    found = points(model, table)
    candidates = [name.removeprefix("i") for name in found.index]
    scores = pd.DataFrame(
        {
            "candidate_id": candidates, "job": model.framework.job, "competency": "overall",
            "score": found["overall"].to_numpy(), "status": "scored", "model_digest": digest,
            "standing": "experimental", "recorded_at": pd.Timestamp("2026-09-01", tz="UTC"),
        }
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    scores.to_parquet(folder / "scores.parquet")
    rows = []
    for question in model.framework.questions:
        single = points(model, table[table["question_id"] == question.id])[list(question.shows)].mean(axis=1)
        rows.append(pd.DataFrame({"candidate_id": candidates, "question_id": question.id, "score": single.to_numpy()}))
    pd.concat(rows).to_csv(folder / "questions.csv", index=False)
    return folder / "scores.parquet", folder / "questions.csv"
