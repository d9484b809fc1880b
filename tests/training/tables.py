"""A planted training set on disk: features that show competencies, raters who see them, performance that follows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from tests.conftest import ROOT
from vivavoce.data.framework import load_framework

FILE = ROOT / "data" / "frameworks" / "software_engineer.yaml"
FRAMEWORK = load_framework(FILE)
COMPETENCIES = tuple(FRAMEWORK.weights)
WEIGHTS = np.array([0.15, 0.25, 0.25, 0.35])
LENGTH = "language.length_words"
NOISE = "prosody.f0_median_hz"
MODALITIES = {"prosody": "voice", "face": "face"}


def write(folder: Path, n: int = 240, seed: int = 0, validity: float = 0.5) -> dict[str, Path]:
    """Three tables of n candidates, one interview each; returns their paths by name."""
    rng = np.random.default_rng(seed)
    level = rng.standard_normal((n, 4)) @ np.linalg.cholesky(np.full((4, 4), 0.4) + 0.6 * np.eye(4)).T
    ids = [f"c{i:04d}" for i in range(n)]
    answers = []
    for question in FRAMEWORK.questions:
        for i in range(n):
            shown = {
                f"language.term_coverage_share.{name}": level[i, c] + 0.5 * rng.standard_normal()
                for c, name in enumerate(COMPETENCIES)
                if name in question.shows
            }
            answers.append(
                {
                    "interview_id": f"i{ids[i]}",
                    "candidate_id": ids[i],
                    "question_id": question.id,
                    "job": FRAMEWORK.job,
                    "language": "en",
                    "asr_engine": "provided:vtt",
                    "purposes": "score,train",
                    LENGTH: 100 + 20 * rng.standard_normal(),
                    NOISE: np.nan if rng.random() < 0.1 else rng.standard_normal(),
                    "prosody.rms_constant_db": 1.0,
                    "language.fillers_per_100_words": level[i, 0],  # impairment-sensitive: must not be used
                    **shown,
                }
            )
    save(pd.DataFrame(answers), folder / "features.parquet")
    rows = [
        (f"i{ids[i]}", rater, name, float(np.clip(3 + 0.6 * level[i, c] + 0.4 * rng.standard_normal(), 1, 5)))
        for i in range(n)
        for rater in ("r1", "r2")
        for c, name in enumerate(COMPETENCIES)
    ]
    ratings = pd.DataFrame(rows, columns=["interview_id", "rater", "competency", "value"])
    ratings.to_csv(folder / "ratings.csv", index=False)
    composite = level @ WEIGHTS / (level @ WEIGHTS).std()
    performance = validity * composite + np.sqrt(1 - validity**2) * rng.standard_normal(n)
    pd.DataFrame({"candidate_id": ids, "value": performance}).to_csv(folder / "outcomes.csv", index=False)
    return {
        "features": folder / "features.parquet",
        "ratings": folder / "ratings.csv",
        "outcomes": folder / "outcomes.csv",
    }


def save(
    answers: pd.DataFrame,
    path: Path,
    undeclared: tuple[str, ...] = (),
    prints: Mapping[str, str] | None = None,
    quality: tuple[str, ...] = (),
) -> None:
    """Write answers as viva does: every feature carries its fingerprint, an invented one unless ``prints`` has it."""
    known = prints or {}
    table = pa.Table.from_pandas(answers, preserve_index=False)
    fields = [
        one.with_metadata(
            {
                "fingerprint": known.get(one.name.rpartition(".")[0], known.get(one.name, f"print of {one.name}")),
                "impairment_sensitive": str("fillers" in one.name).lower(),
                "quality": str(one.name in quality).lower(),
                "modality": MODALITIES.get(one.name.partition(".")[0], "text"),
            }
        )
        if "." in one.name and one.name not in undeclared
        else one
        for one in table.schema
    ]
    pyarrow.parquet.write_table(table.cast(pa.schema(fields)), path)
