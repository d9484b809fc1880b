"""A planted training set that no line describes: answers are rated best at a middling length."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from tests.training.tables import COMPETENCIES, FRAMEWORK, LENGTH, save
from vivavoce.data.framework import Framework

MIDDLE, SPREAD = 100.0, 20.0  # words: the best length, and how lengths differ
NOISE = "prosody.level_range_db"


def write_curved(
    folder: Path,
    n: int = 240,
    seed: int = 0,
    *,
    framework: Framework = FRAMEWORK,
    voice: bool = True,
    prints: Mapping[str, str] | None = None,
) -> dict[str, Path]:
    """Three tables of n candidates: ratings fall with the distance of each answer from the best length, either way."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"c{i:04d}" for i in range(n)])
    questions = [question.id for question in framework.questions]
    length = rng.standard_normal((n, len(questions)))
    skill = rng.standard_normal((n, len(questions), len(COMPETENCIES)))
    answers = []
    for q, question in enumerate(framework.questions):
        shown = [c for c, name in enumerate(COMPETENCIES) if name in question.shows]
        answers.append(
            pd.DataFrame(
                {
                    "interview_id": np.char.add("i", ids),
                    "candidate_id": ids,
                    "question_id": question.id,
                    "job": framework.job,
                    "language": "en",
                    "asr_engine": "provided:vtt",
                    "purposes": "score,train",
                    LENGTH: MIDDLE + SPREAD * length[:, q],
                    **({NOISE: rng.standard_normal(n)} if voice else {}),
                    **{f"language.term_coverage_share.{COMPETENCIES[c]}": 0.5 + 0.1 * skill[:, q, c] for c in shown},
                }
            )
        )
    save(pd.concat(answers, ignore_index=True), folder / "features.parquet", prints=prints)
    level = -(length**2).mean(axis=1)[:, None] + 0.6 * skill.mean(axis=1)
    rows = [
        (f"i{one}", rater, name, float(np.clip(4 + level[i, c] + 0.3 * rng.standard_normal(), 1, 5)))
        for i, one in enumerate(ids)
        for rater in ("r1", "r2")
        for c, name in enumerate(COMPETENCIES)
    ]
    ratings = pd.DataFrame(rows, columns=["interview_id", "rater", "competency", "value"])
    ratings.to_csv(folder / "ratings.csv", index=False)
    overall = level.mean(axis=1)
    performance = 0.6 * (overall - overall.mean()) / overall.std() + 0.8 * rng.standard_normal(n)
    pd.DataFrame({"candidate_id": ids, "criterion": "rating", "value": performance}).to_csv(
        folder / "outcomes.csv", index=False
    )
    return {name: folder / file for name, file in FILES.items()}


FILES = {"features": "features.parquet", "ratings": "ratings.csv", "outcomes": "outcomes.csv"}
