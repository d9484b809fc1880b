"""Weights of four competencies for hireability, from 450 people's ratings, with the warning that it is halo.

The same raters gave all five ratings, so the weights describe how they arrive at an overall impression. They are no
evidence of what predicts performance, and the benchmark says so in its own table.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd

from tests.benchmarks import Figure
from tests.conftest import ROOT
from vivavoce.training.learned import LearnedWeights
from vivavoce.training.weights import learn_weights

COMPETENCIES = ("Integrity", "Collegiality", "Social_versatility", "Development_orientation")


def run(reduced: bool) -> list[Figure]:
    """The posterior of each weight from a prior of .25 each, least squares beside it, and every finding."""
    folder = Path(os.environ.get("VIVA_DATA", ROOT.parent / "shared" / "data")) / "avi_challenge_2025"
    if not folder.is_dir():
        raise FileNotFoundError(f"bench_avi needs the ratings in {folder}. Set VIVA_DATA.")
    found, correlations = weights(folder)
    figures = [
        Figure(
            one.shift,
            f"least squares {one.unshrunk.value:.2f} [{one.unshrunk.low:.2f}, {one.unshrunk.high:.2f}], "
            f"effective {one.effective:.2f}",
        )
        for one in found.weights
    ]
    return [
        *figures,
        Figure(f"{found.persons} people: correlation of the competencies with one another", correlations),
        *(Figure("finding", said) for said in found.findings()),
    ]


def weights(folder: Path) -> tuple[LearnedWeights, str]:
    """Posterior, and how closely the four go together."""
    table = pd.read_csv(folder / "avi2025_labels.csv").dropna(subset=["Hireability", *COMPETENCIES])
    z = (table[list(COMPETENCIES)] - table[list(COMPETENCIES)].mean()) / table[list(COMPETENCIES)].std()
    prior = dict.fromkeys(COMPETENCIES, 1 / len(COMPETENCIES))
    found = learn_weights(z.to_numpy(), table["Hireability"], ["any"] * len(table), prior, same_raters=True)
    r = np.corrcoef(z.T.to_numpy())[np.triu_indices(len(COMPETENCIES), 1)]
    return found, f"{r.min():.2f} to {r.max():.2f}"
