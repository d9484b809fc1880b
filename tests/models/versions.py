"""Model versions with planted coefficients."""

import hashlib

import numpy as np

from tests.conftest import ROOT
from vivavoce.data.framework import Framework, load_framework
from vivavoce.models.linear.linear_version import LinearCompetency, LinearVersion
from vivavoce.models.score import Norms

FRAMEWORK = load_framework(ROOT / "data" / "frameworks" / "software_engineer.yaml")


def many_competencies(count: int) -> Framework:
    """The shipped framework with its first competency repeated under other names and words, all of one weight."""
    document = FRAMEWORK.model_dump(mode="json")
    names = [f"skill_{i}" for i in range(count)]
    competencies = [
        {
            **document["competencies"][0],
            "id": name,
            "weight": 1 / count,
            "terms": {"en": [f"word{i}"], "zh": [f"词{i}"]},
            "phrases": {"en": [f"phrase of {name}"], "zh": [f"短语{i}"]},
        }
        for i, name in enumerate(names)
    ]
    questions = [
        {**one, "shows": [name for j, name in enumerate(names) if (i + j) % 3]}
        for i, one in enumerate(document["questions"])
    ]
    changed = {**document, "competencies": competencies, "questions": questions}
    return Framework.model_validate(changed, strict=False)


def planted(
    framework: Framework = FRAMEWORK, features: int = 6, *, seed: int = 0, question_sd: float | None = 0.8
) -> LinearVersion:
    """General features, alike for every competency but in their coefficients."""
    names = tuple(f"language.made_{i}_share" for i in range(features))
    rng = np.random.default_rng(seed)
    competencies = tuple(
        LinearCompetency(
            competency=competency,
            features=names,
            intercept=3.0,
            coefficients=rng.normal(0, 0.2, features),
            absent=rng.normal(0, 0.1, features),
            mean=rng.normal(0, 0.3, features),
            scale=rng.uniform(0.5, 2, features),
            least_measured=0.5,
            norms=Norms(3.1, 0.4, 240),
            question_sd=question_sd,
        )
        for competency in framework.weights
    )
    prints = {name: hashlib.sha256(name.encode()).hexdigest() for name in names}
    return LinearVersion(
        framework=framework,
        competencies=competencies,
        weights=framework.weights,
        fingerprints=prints,
        recognisers=("provided:vtt",),
    )
