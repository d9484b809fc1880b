"""A reader with people: what they say its ratings are worth, and what the gate makes of one that nobody looked at."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.pipelines.cohort import Cohort, make_cohort, prints
from tests.training.tables import save
from vivavoce.data.framework import load_framework
from vivavoce.fairness.gate.decision import Admission, decide, read_gate
from vivavoce.features.reader.reading import CODE, READER
from vivavoce.models.directory import load_model
from vivavoce.models.reader.reader_version import RATING
from vivavoce.pipelines.publishing.admission import gather
from vivavoce.pipelines.train import train
from vivavoce.pipelines.trained import load
from vivavoce.training import BadTraining
from vivavoce.training.joining import read_inputs
from vivavoce.training.trainers import trainer
from vivavoce.training.variants import Variant

ASKED: dict[str, Any] = {
    "kind": "reader", "endpoint": "https://models.example.org/v1", "model_name": "judge", "tracking": "none",
}  # fmt: skip


@pytest.fixture(scope="module")
def bare(cohort: Cohort, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(framework=cohort.shorter, out=tmp_path_factory.mktemp("bare") / "v", **ASKED).folder


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """300 people whose answers a reader rated near to what they show."""
    made = make_cohort(tmp_path_factory.mktemp("read"), people=300)
    version = trainer("reader").bare(load_framework(made.shorter), _settings())
    stage = version.reader.stage(CODE)
    table, rng = pd.read_parquet(made.features), np.random.default_rng(3)
    columns = {}
    for name in version.weights:
        shown = table[f"language.term_coverage_share.{name}"]
        columns[f"{RATING}.{name}"] = np.clip(100 * shown + rng.normal(0, 5, len(table)), 0, 100)
    marks = {name: READER.fingerprint(RATING, stage) for name in columns}
    save(table.assign(**columns), made.features, prints={**prints(), **marks})
    return made


def _settings(**more: Any) -> Any:
    from vivavoce.training.trainers import Settings

    return Settings(reading={"endpoint": ASKED["endpoint"], "model_name": "judge", **more})


def test_people_say_what_its_ratings_are_worth(cohort: Cohort, tmp_path: Path) -> None:
    made = train(
        cohort.features, framework=cohort.shorter, ratings=cohort.ratings, outcomes=cohort.outcomes,
        out=tmp_path / "v", **ASKED,
    )  # fmt: skip
    for found in made.documents["validity"]["ratings"].values():
        assert found["score"]["low"] > 0.4
        assert "answer length" in found
    assert made.documents["validity"]["performance"]["correlations"]["framework"]["value"] > 0.2
    assert set(made.version.recognisers) == {"provided:srt", "provided:vtt"}
    assert "Nothing is learned" in made.documents["datasheet"]["split"]["said"]
    scores = load(made).score(cohort.features).set_index("competency")["score"]
    assert scores["overall"].notna().all()


def test_answers_that_it_did_not_read_are_refused(cohort: Cohort, tmp_path: Path) -> None:
    with pytest.raises(BadTraining, match="were not read by judge"):
        train(
            cohort.features, framework=cohort.shorter, ratings=cohort.ratings, out=tmp_path / "v", readings=5, **ASKED
        )


def test_the_gate_admits_no_version_that_nobody_looked_at(bare: Path) -> None:
    model, digest = load_model(bare)
    now = datetime(2026, 11, 29, tzinfo=UTC)
    decision = decide(gather(model, digest, now=now), read_gate())
    assert decision.admission is Admission.REFUSED


def test_it_is_scored_under_fewer_questions_and_other_weights(cohort: Cohort, bare: Path) -> None:
    model, _ = load_model(bare)
    inputs = read_inputs(cohort.features, cohort.ratings, None, model.framework, learning=False)
    made = trainer("reader")
    plain = made.scores_under(model, inputs, None, 0)
    fewer = made.scores_under(model, inputs, Variant(name="fewer", without_questions=("q6",)), 0)
    even = dict.fromkeys(model.weights, 0.25)
    other = made.scores_under(model, inputs, Variant(name="even", weights=even), 0)
    assert not np.array_equal(plain["overall"], fewer["overall"])
    means = np.mean([other[name] for name in even], axis=0)
    assert np.allclose(other["overall"], means)
    with pytest.raises(BadTraining):
        made.scores_under(model, inputs, Variant(name="odd", without_features=("language.length_words",)), 0)
