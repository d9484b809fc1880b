"""``viva fair stages``: who passes each stage, where and with whom; and do people and machine agree."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy import stats

from vivavoce.data.errors import Exit
from vivavoce.data.table import Column, Given, Kind, Maps, read_table
from vivavoce.evaluation.agreement import agreement_by, share
from vivavoce.evaluation.estimate import Estimate, undefined
from vivavoce.evaluation.multiplicity import benjamini_hochberg
from vivavoce.fairness.document import finite
from vivavoce.fairness.groups import CANDIDATE
from vivavoce.fairness.table import ALPHA
from vivavoce.pipelines.door import Data, Map, Place, folder_for, maps_of
from vivavoce.pipelines.terminal import Told, keep, say
from vivavoce.pipelines.watching.impact import plain

STAGE, PASSED, HUMAN, MACHINE = "stage", "passed", "human", "machine"
BY = ("site", "interviewer")
STAGES = (
    Column(CANDIDATE, Kind.ID, meaning="who"),
    Column(STAGE, Kind.LABEL, meaning="which stage of the selection"),
    Column(PASSED, Kind.FLAG, meaning="1 where they passed it"),
    Column("site", Kind.LABEL, meaning="where it was held").optional,
    Column("interviewer", Kind.NAME, meaning="by whom").optional,
    *(Column(name, Kind.NUMBER, meaning="the person's score and the machine's").optional for name in (HUMAN, MACHINE)),
)
SMALLEST_EXPECTED = 5.0  # Cochran's rule; below it in some cell, the p-value comes from permutations
RESAMPLES = 1999  # p-values are then known to .01 around .05
SEED = 20261122  # of the permutations; any will do, this one is written down

Json = dict[str, Any]


@dataclass(frozen=True)
class Rate:
    """How many passed: ``of`` is ``all``, or one site or interviewer; ``share`` is 0–1 with its score interval."""

    stage: str
    by: str
    of: str
    n: int
    passed: int
    share: Estimate


@dataclass(frozen=True)
class Difference:
    """Whether a stage's sites (or interviewers) pass the same share: p of no difference, and after correction."""

    stage: str
    by: str
    groups: int
    p: Estimate
    adjusted_p: float


def stages(
    table: Annotated[Data, "candidate_id, stage, passed (0/1) [, site, interviewer, human, machine]."],
    *,
    out: Annotated[Place, "Folder for stages.json."],
    map: Map = (),
) -> Told:
    """Compare sites and interviewers at every stage, and people with the machine; write ``stages.json``."""
    said, path = Console(stderr=True), folder_for(out) / "stages.json"
    frame = read_stages(table, maps_of(map))
    rates = conversion(frame)
    differences = compare_strata(frame)
    document = {
        "format": 1,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "rates": [_described(one) for one in rates],
        "differences": [_described(one) for one in differences],
        "agreement": _agreement(frame),
    }
    keep(path, document)
    _tell(document, said)
    say(said, f"{path}: written.")
    differ = any(one.adjusted_p < ALPHA for one in differences)
    return Told(document, Exit.FINDING if differ else Exit.DONE)


def read_stages(given: Given, maps: Maps | None = None) -> pd.DataFrame:
    """Read ``candidate_id, stage, passed`` (0 or 1) and, where there, ``site, interviewer, human, machine``.

    Raises
    ------
    TableRefused
        For missing columns and cells, what is neither 0 nor 1, and a person who stands twice in a stage.
    """
    return read_table(given, STAGES, key=(CANDIDATE, STAGE), maps=maps, called="stages").frame


def conversion(frame: pd.DataFrame) -> list[Rate]:
    """Share passed of those who reached each stage, in the file's order of stages: all, by site, by interviewer."""
    found = []
    for stage in frame[STAGE].drop_duplicates():
        here = frame[frame[STAGE] == stage]
        found.append(_rate(stage, "all", "all", here[PASSED]))
        for by in _strata(frame):
            found += [_rate(stage, by, str(name), rows) for name, rows in here.groupby(by)[PASSED]]
    return found


def compare_strata(frame: pd.DataFrame) -> list[Difference]:
    """Whether sites and interviewers differ within each stage, under false-discovery control over all of them.

    Pearson's chi-squared; its p-value comes from permutations where some expected count is below 5. Interviewers work
    at sites, and people come to sites as they live: a difference says where to look, not whose doing it is.

    References
    ----------
    Cochran (1954), Biometrics 10, 417–451; Benjamini & Hochberg (1995), JRSS B 57, 289–300.
    """
    found = [
        (stage, by, *_difference(frame[frame[STAGE] == stage].dropna(subset=[by]), by))
        for stage in frame[STAGE].drop_duplicates()
        for by in _strata(frame)
    ]
    tested = [p.value for *_, p in found if np.isfinite(p.value)]
    adjusted = iter(benjamini_hochberg(np.array(tested)).tolist())
    return [
        Difference(stage, by, groups, p, next(adjusted) if np.isfinite(p.value) else float("nan"))
        for stage, by, groups, p in found
    ]


def _strata(frame: pd.DataFrame) -> list[str]:
    return [name for name in BY if name in frame and frame[name].notna().any()]


def _rate(stage: str, by: str, of: str, passed: "pd.Series[float]") -> Rate:
    return Rate(stage, by, of, len(passed), int(passed.sum()), share(passed.to_numpy() == 1))


def _difference(rows: pd.DataFrame, by: str) -> tuple[int, Estimate]:
    table = pd.crosstab(rows[by], rows[PASSED])
    if min(table.shape, default=0) < 2:
        one = "one only, or none" if len(table) < 2 else "everybody or nobody passed"
        return len(table), undefined(f"nothing to compare: {one}")
    counts = table.to_numpy()
    if stats.contingency.expected_freq(counts).min() >= SMALLEST_EXPECTED:
        return len(table), Estimate(float(stats.chi2_contingency(counts, correction=False).pvalue))
    return len(table), Estimate(_permuted(rows[by].to_numpy(str), rows[PASSED].to_numpy(np.float64)))


def _permuted(labels: "np.ndarray[Any, np.dtype[np.str_]]", passed: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
    """Permutation p-value of the weighted spread of shares, to which chi-squared is proportional."""
    codes = np.unique(labels, return_inverse=True)[1]
    sizes = np.bincount(codes)
    rng = np.random.default_rng(SEED)

    def spread(values: "np.ndarray[Any, np.dtype[np.float64]]") -> float:
        return float((np.bincount(codes, values) ** 2 / sizes).sum())

    seen = spread(passed)
    as_far = sum(spread(rng.permutation(passed)) >= seen - 1e-9 for _ in range(RESAMPLES))
    return (as_far + 1) / (RESAMPLES + 1)


def _agreement(frame: pd.DataFrame) -> list[Json]:
    """Human and machine by site and interviewer; one row per person: the last stage at which both stand."""
    if HUMAN not in frame or MACHINE not in frame:
        return []
    both = frame.dropna(subset=[HUMAN, MACHINE]).drop_duplicates(CANDIDATE, keep="last")
    found: list[Json] = []
    for by in _strata(frame):
        rows = both.dropna(subset=[by])
        for name, seen in agreement_by(rows[by].to_numpy(str), rows[HUMAN], rows[MACHINE]).items():
            if isinstance(seen, str):
                found.append({"by": by, "of": name, "reason": seen})
                continue
            row: Json = {"by": by, "of": name, "n": seen.n, "points": seen.points}
            for one in ("correlation", "icc", "mean_difference", "within"):
                row[one] = plain(asdict(getattr(seen, one)))
            found.append(row)
    return found


def _described(one: Rate | Difference) -> Json:
    return {
        name: plain(cell) if isinstance(cell, dict) else finite(cell) if isinstance(cell, float) else cell
        for name, cell in asdict(one).items()
    }


def _tell(document: Json, said: Console) -> None:
    table = Table("stage", "by", "of", "people", "passed", "share", box=None, pad_edge=False)
    for one in document["rates"]:
        seen = one["share"]
        interval = f"{seen['value']:.2f} [{seen['low']:.2f}, {seen['high']:.2f}]"
        table.add_row(one["stage"], one["by"], one["of"], str(one["n"]), str(one["passed"]), interval)
    said.print(table)
    _tell_differences(document["differences"], said)
    for one in document["agreement"]:
        seen = one.get("mean_difference")
        words = one["reason"] if seen is None else f"machine − human {seen['value']:+.1f} points, {one['n']} people"
        say(said, f"{one['by']} {one['of']}: {words}.")


def _tell_differences(differences: Sequence[Json], said: Console) -> None:
    for one in differences:
        p = one["adjusted_p"]
        words = (
            one["p"]["reason"]
            if p is None
            else f"{'they differ' if p < ALPHA else 'no difference shown'} (p = {p:.3f})"
        )
        say(said, f"{one['stage']} by {one['by']}: {words}.")
