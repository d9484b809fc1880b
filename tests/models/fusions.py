"""A fusion version of the shipped framework, learned for a moment from planted people."""

import hashlib
from functools import cache

import numpy as np

from tests.models.versions import FRAMEWORK
from vivavoce.data.framework import Framework
from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.models.fusion.fitted import usual_columns
from vivavoce.models.fusion.fusion_version import FusionVersion
from vivavoce.models.score import Norms

QUESTIONS = tuple(question.id for question in FRAMEWORK.questions)
COLUMNS = ("language.made_share", "language.other_share", "prosody.made_db")
MODALITIES = {"text": [0, 1], "voice": [2]}


def people(n: int, seed: int = 0, questions: int = len(QUESTIONS)) -> np.ndarray:
    """Sequences of n interviews; a tenth of the values, and everything of some answers, was not measured."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, questions, len(COLUMNS)))
    x[rng.random(x.shape) < 0.1] = np.nan
    x[rng.random(x.shape[:2]) < 0.1] = np.nan
    return x


@cache
def planted(framework: Framework = FRAMEWORK, seed: int = 0, head: str = "gaussian") -> FusionVersion:
    """Ratings follow the first column, in the last answer against the others."""
    q, k = len(framework.questions), len(framework.weights)
    x = people(120, seed, q)
    signs = np.where(np.arange(q) == q - 1, -1.0, 1.0)
    y = 3 + (np.nan_to_num(x[:, :, 0]) @ signs)[:, None] * np.linspace(0.4, 0.8, k)
    y = np.clip(np.round(y), 1, 5) if head == "ordinal" else y
    model = FusionRegressor(MODALITIES, width=6, epochs=15, batch=16, rate=0.02, head=head, random_state=seed).fit(x, y)
    return FusionVersion(
        framework=framework,
        weights=framework.weights,
        fingerprints={name: hashlib.sha256(name.encode()).hexdigest() for name in COLUMNS},
        recognisers=("provided:vtt",),
        documents={"datasheet": {"persons": 120}},
        fitted=model.fitted_,
        columns=COLUMNS,
        norms={name: Norms(3.0, 0.6, 120) for name in framework.weights},
        question_sd=dict.fromkeys(framework.weights, 0.8),
        moved=np.tile([0.6, 0.3, 0.1], (k, 1)),
        usual=usual_columns(x),
        least_measured=0.75,
    )
