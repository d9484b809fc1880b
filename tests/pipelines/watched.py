"""Output folders as ``viva score`` writes them, with planted months: who was recorded when, what was measured."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from tests.training.tables import save
from vivavoce.data.vault.keys import KeyRing, ProjectKey

JOB = "software_engineer"
SPREAD, MIDDLE = 15.0, 50.0
WORDS, PAUSES, NOISE = "language.length_words", "prosody.rms_constant_db", "prosody.noise_floor_db"
DIGEST = "ab" * 32


def people(rng: np.random.Generator, month: str, n: int, *, words: float = 0.0, lost: float = 0.05) -> pd.DataFrame:
    """A month's people, one interview each; ``words`` shifts a feature by so many of its standard deviations."""
    frame = pd.DataFrame(
        {
            "candidate_id": [f"{month}-{i:04d}" for i in range(n)],
            "recorded_at": pd.Timestamp(f"{month}-14", tz="UTC") if month[:2] == "20" else pd.NaT,
            "score": MIDDLE + SPREAD * rng.standard_normal(n),
            WORDS: 180 + 30 * (rng.standard_normal(n) + words),
            PAUSES: rng.standard_normal(n),
            NOISE: -60 + 5 * rng.standard_normal(n),
            "scored": rng.random(n) >= lost,
            "unclear": rng.random(n) < 0.03,
            "word_confidence": 0.9 + 0.03 * rng.standard_normal(n),
            "group": np.resize(["men", "women"], n),
        }
    )
    frame["recorded_at"] = pd.to_datetime(frame["recorded_at"], utc=True)
    return frame


def write_folder(
    folder: Path, frame: pd.DataFrame, *, digest: str = DIGEST, prints: Mapping[str, str] | None = None
) -> Path:
    """The three tables of an output folder, each person with two answers."""
    folder.mkdir(parents=True)
    ids = {"interview_id": "i" + frame["candidate_id"], "candidate_id": frame["candidate_id"]}
    status = np.where(frame["scored"], "scored", "not_scored")
    reason = pd.Series(np.where(frame["scored"], None, "no_speech"), dtype=object)
    scores = [
        pd.DataFrame(
            {
                **ids, "job": JOB, "competency": name, "score": frame["score"].where(frame["scored"]),
                "status": status, "reason": reason, "model_digest": digest, "recorded_at": frame["recorded_at"],
            }
        )
        for name in ("teamwork", "overall")
    ]  # fmt: skip
    pd.concat(scores).to_parquet(folder / "scores.parquet")
    pd.DataFrame({**ids, "status": status, "reason": reason, "media": "ok"}).to_parquet(folder / "status.parquet")
    answers = [
        pd.DataFrame(
            {
                **ids, "question_id": question, "job": JOB, "language": "en", "asr_engine": "provided:vtt",
                "recorded_at": frame["recorded_at"], "unclear": frame["unclear"],
                "word_confidence": frame["word_confidence"],
                WORDS: frame[WORDS] + step, PAUSES: frame[PAUSES], NOISE: frame[NOISE],
            }
        )
        for question, step in (("q1", -5.0), ("q2", 5.0))
    ]  # fmt: skip
    save(pd.concat(answers), folder / "features.parquet", prints=prints, quality=(NOISE,))
    return folder


def write_groups(path: Path, *frames: pd.DataFrame) -> Path:
    pd.concat(frames)[["candidate_id", "group"]].rename(columns={"group": "sex"}).to_csv(path, index=False)
    return path


def make_keys(folder: Path, home: Path, candidates: list[str]) -> KeyRing:
    """The persons' keys of an output folder, and the project key that wraps them, in ``home``."""
    ring = KeyRing(folder / "store" / "keys", ProjectKey.read_or_create(home / "project.key"))
    for candidate in candidates:
        ring.find_or_create(candidate)
    return ring
