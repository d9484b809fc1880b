"""What the golden run is made of: a planted cohort, months in use, and clips of real speakers."""

import csv
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from tests.pipelines.cohort import Cohort, add_told, make_cohort, prints
from tests.pipelines.runs import write_manifest
from tests.pipelines.watched import people, write_folder, write_groups
from tests.training.tables import save

PEOPLE = 3000  # enough for the gate to publish
FEW = 400  # fusion learns from these
STRUCTURE, TERMS = "language.structure_share", "language.term_coverage_share"
REGIONS = ("north", "south", "", "west")  # the empty one is unknown
CLIPS = ("grid/bbaf2n.mpg", "grid/lrwp9a.mpg", "grid/swiz3n.mpg", "pyfeat/face_noface.mov")
MONTHS = {"2026-01": 0.0, "2026-05": 0.0, "2026-06": 0.12, "2026-07": 0.12}  # by how much evidence dwindles
CONSENT = {
    "text": True, "voice": True, "face": True, "purpose": ["score"], "date": "2026-10-01", "policy": "golden-1",
    "withdrawn": None,
}  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """A cohort and what else is known of it.

    ``told`` is the same cohort with what a rubric rests on; ``few`` holds the features of some; ``employed`` the
    performance of the better rated, chosen from ``applicants``, and ``hired`` what they were chosen on beside it, as
    ``selection`` says; ``looks`` ratings of the overall impression by candidate; ``heard`` recognition errors.
    """

    cohort: Cohort
    told: Cohort
    few: Path
    employed: Path
    hired: Path
    applicants: Path
    selection: Path
    looks: Path
    heard: Path

    def of(self, kind: str) -> Cohort:
        """The cohort with the measures that a kind rests on."""
        return self.told if kind == "rubric" else self.cohort


def make_tables(folder: Path) -> Tables:
    """Six questions, one of which asks women for something else; a second attribute, in part unknown."""
    folder.mkdir()
    cohort = make_cohort(folder, PEOPLE)
    rng = np.random.default_rng(12)
    features = pd.read_parquet(cohort.features)
    features[STRUCTURE] = rng.choice([0.25, 0.5, 0.75], len(features))
    save(features, cohort.features, prints=prints())
    more = features.copy()
    add_told(more, np.random.default_rng(5))
    save(more, folder / "told.parquet", prints=prints())
    ids = pd.read_csv(cohort.groups)["candidate_id"]
    few = features[features["candidate_id"].isin(ids[:FEW])].reset_index(drop=True)
    save(few, folder / "few.parquet", prints=prints())
    groups = pd.read_csv(cohort.groups).assign(region=np.resize(REGIONS, PEOPLE))
    groups.to_csv(cohort.groups, index=False)
    ratings = pd.read_csv(cohort.ratings)
    rated = ratings.groupby("interview_id")["value"].mean().loc["i" + ids].to_numpy()
    applicants = pd.DataFrame({"candidate_id": ids, "impression": rated})
    applicants.to_csv(folder / "applicants.csv", index=False)
    best = rated >= np.quantile(rated, 0.4)
    employed = pd.read_csv(cohort.outcomes)[best]
    employed.to_csv(folder / "employed.csv", index=False)
    seen = pd.DataFrame({"candidate_id": ids, "criterion": "impression", "value": rated})
    pd.concat([employed, seen[best]]).to_csv(folder / "hired.csv", index=False)
    selection = {
        "mechanism": "indirect", "source": "The personnel office.", "selector": "impression",
        "applicants_sd": float(rated.std(ddof=1)),
    }  # fmt: skip
    (folder / "selection.yaml").write_text(yaml.safe_dump(selection), encoding="utf-8")
    looks = pd.concat(
        pd.DataFrame(
            {
                "candidate_id": ids[:FEW], "rater": rater, "date": "2026-09-02",
                "value": np.clip(rated[:FEW] + 0.3 * rng.standard_normal(FEW), 1, 5),
            }
        )
        for rater in ("r1", "r2", "r3")
    )  # fmt: skip
    looks.to_csv(folder / "looks.csv", index=False)
    errors = rng.binomial(200, np.where(np.arange(FEW) % 2 == 1, 0.11, 0.08))
    pd.DataFrame({"candidate_id": ids[:FEW], "words": 200, "errors": errors}).to_csv(folder / "heard.csv", index=False)
    names = ("few.parquet", "employed.csv", "hired.csv", "applicants.csv", "selection.yaml", "looks.csv", "heard.csv")
    return Tables(cohort, replace(cohort, features=folder / "told.parquet"), *(folder / name for name in names))


@dataclass(frozen=True)
class Months:
    """Output folders: the first is what the others are compared with; groups and second looks beside them."""

    reference: Path
    later: tuple[Path, ...]
    groups: Path
    reviews: Path


def make_months(folder: Path) -> Months:
    """From June on answers show less of one competency, and women's scores are lower."""
    folder.mkdir()
    rng = np.random.default_rng(2)
    frames, folders = [], []
    for month, less in MONTHS.items():
        frame = people(rng, month, 300)
        frame.loc[frame["group"] == "women", "score"] -= 75 * less
        out = write_folder(folder / month, frame, prints=prints())
        table = pd.read_parquet(out / "features.parquet")
        table[STRUCTURE] = rng.choice([0.25, 0.5, 0.75], len(table))
        for name in ("problem_solving", "technical_fit", "teamwork", "learning"):
            drop = less if name == "teamwork" else 0.0
            table[f"{TERMS}.{name}"] = 0.5 - drop + 0.12 * rng.standard_normal(len(table))
        add_told(table, np.random.default_rng(5))
        save(table, out / "features.parquet", prints=prints(), quality=("prosody.noise_floor_db",))
        frames.append(frame)
        folders.append(out)
    groups = write_groups(folder / "groups.csv", *frames)
    looked = pd.concat(frame[:60] for frame in frames)
    late = looked["recorded_at"] >= pd.Timestamp("2026-06-01", tz="UTC")
    change = np.where(late, 8.0, np.resize([0.0, 0.0, 1.0, -1.0], len(looked)))
    reviews = pd.DataFrame(
        {
            "candidate_id": looked["candidate_id"], "reviewer": "ben", "date": "2026-08-01", "before": 50.0,
            "after": 50.0 + change, "reason": "read again",
        }
    )  # fmt: skip
    reviews.to_csv(folder / "reviews.csv", index=False)
    return Months(folders[0], tuple(folders[1:]), groups, folder / "reviews.csv")


def make_clips(folder: Path, source: Path) -> Path:
    """Copy clips of real speakers with what they say as captions; returns the manifest."""
    folder.mkdir()
    with (source / "grid" / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        said = {row["file"]: row["transcript"] for row in csv.DictReader(file)}
    listed = []
    for clip in (source / name for name in CLIPS):
        shutil.copyfile(clip, folder / clip.name)
        words = said.get(clip.name, "nobody knows what is said here")
        captions = f"WEBVTT\n\n00:00:00.300 --> 00:00:02.700\n{words}\n"
        (folder / f"{clip.stem}.vtt").write_text(captions, encoding="utf-8")
        listed.append(
            {
                "interview_id": clip.stem, "candidate_id": clip.stem, "job": "software_engineer", "media": clip.name,
                "language": "en", "transcript": f"{clip.stem}.vtt", "consent": CONSENT,
            }
        )  # fmt: skip
    return write_manifest(folder, listed)
