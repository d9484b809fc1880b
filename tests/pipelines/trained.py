"""A model version with planted coefficients over what the bundled interviews were measured with."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from tests.conftest import ROOT
from vivavoce.data.framework import load_framework
from vivavoce.models.linear.linear_version import LinearCompetency, LinearVersion
from vivavoce.models.score import Norms

FRAMEWORK = load_framework(ROOT / "data" / "frameworks" / "software_engineer.yaml")
GENERAL = ("language.length_words", "language.structure_share", "prosody.level_range_db")
FACE = "face.yaw_spread_deg"  # half of what teamwork rests on, in this model
RECOGNISERS = ("provided:srt", "provided:vtt")


def planted(features: Path, *, seed: int = 0, question_sd: float | None = 0.8) -> LinearVersion:
    """A model of the job software_engineer with the fingerprints of a ``features.parquet``."""
    table = pq.read_table(features)
    rng = np.random.default_rng(seed)
    competencies = []
    for competency in FRAMEWORK.weights:
        names = (*GENERAL, f"language.term_coverage_share.{competency}", *((FACE,) if competency == "teamwork" else ()))
        values = [table[name].to_numpy() for name in names]
        mean, scale = (np.array([measure(one) for one in values]) for measure in (np.nanmean, np.nanstd))
        standard = np.where(np.array(names) == FACE, 1.0, rng.uniform(0.1, 0.4, len(names)))
        competencies.append(
            LinearCompetency(
                competency=competency,
                features=names,
                intercept=3 - float(standard @ (mean / scale)),
                coefficients=standard / scale,
                absent=rng.normal(0, 0.1, len(names)),
                mean=mean,
                scale=scale,
                least_measured=0.75,
                norms=Norms(3.1, 0.6, 240),
                question_sd=question_sd,
            )
        )
    prints = {
        name: table.schema.field(name).metadata[b"fingerprint"].decode()
        for name in sorted({name for one in competencies for name in one.features})
    }
    return LinearVersion(
        framework=FRAMEWORK,
        competencies=tuple(competencies),
        weights=FRAMEWORK.weights,
        fingerprints=prints,
        recognisers=RECOGNISERS,
    )
