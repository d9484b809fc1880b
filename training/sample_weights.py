"""Sample weights as training takes them: opaque numbers by candidate. Why they are what they are stays elsewhere."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.training.tables import BadTraining, Source, Table, read_table

Floats = npt.NDArray[np.float64]


def read_weights(
    source: Source | str | Path, candidates: npt.NDArray[np.str_], ratings: Mapping[str, Floats]
) -> tuple[Floats, Table]:
    """Each interview's weight, shape (n,), and the table it came from.

    Parameters
    ----------
    source
        ``candidate_id, weight`` and nothing else, so that nothing else can be read.
    candidates
        Whose interviews they are, shape (n,).
    ratings
        Mean ratings by competency, shape (n,) each: whoever was rated needs a weight; others teach nothing, and get 1.

    Raises
    ------
    BadTraining
        For other columns, weights that are not above 0, candidates who stand twice, and rated ones without a weight.
    """
    table = read_table(source, ("candidate_id", "weight"))
    others = [str(name) for name in table.frame.columns if name not in ("candidate_id", "weight")]
    if others:
        raise BadTraining(
            f"{table.source}: sample weights have the columns candidate_id and weight only. Remove {', '.join(others)}."
        )
    table.filled(("candidate_id",))
    values = table.numbers("weight")
    if (values <= 0).any():
        row = int(np.flatnonzero(values <= 0)[0])
        raise BadTraining(f"{table.source}: weight in {table.place(row)} is {values[row]:g}: weights are above 0.")
    names = table.frame["candidate_id"]
    if names.duplicated().any():
        raise BadTraining(f"{table.source}: candidate {names[names.duplicated()].iloc[0]} stands twice: keep one.")
    found = pd.Series(candidates).map(dict(zip(names, values, strict=True))).to_numpy(np.float64)
    rated = ~np.all([np.isnan(one) for one in ratings.values()], axis=0)
    without = np.unique(candidates[rated & np.isnan(found)])
    if len(without):
        raise BadTraining(
            f"{table.source}: {len(without)} rated candidates have no weight ({', '.join(without[:5])}"
            f"{', …' if len(without) > 5 else ''}). Make the weights from these ratings."
        )
    return np.where(np.isnan(found), 1.0, found), table
