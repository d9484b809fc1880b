"""Somebody else's table is read by its declared schema, and nothing that was not declared."""

import sqlite3

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.training.tables import COMPETENCIES, FRAMEWORK, write
from vivavoce.data.errors import VivaError
from vivavoce.training.joining import read_inputs
from vivavoce.training.measured import read_measured


def declared(name, **more):
    body = {
        "name": name,
        "modality": "voice",
        "unit": "Hz",
        "low": 0,
        "high": 600,
        "meaning": "How far the voice moves.",
        "source": "Somebody's toolbox 2.1",
    }
    return {**body, **more}


SCHEMA = {
    "consent": "Recruiting policy 4.2 of 2025-01-01 covers research on selection.",
    "features": [
        declared("prosody.pitch_sd_hz", column="Pitch_sd"),
        declared("prosody.rate_per_min", unit="per min", impairment_sensitive=True),
        declared("prosody.range_hz", proxy_of=["sex"]),
        declared("prosody.fit", unit="ratio", low=-9, high=9, per_competency=True),
    ],
}


def table(n=60, seed=0):
    rng = np.random.default_rng(seed)
    names = [f"ic{i:04d}" for i in range(n)]
    found = {
        "interview_id": names,
        "candidate_id": [name[1:] for name in names],
        "Pitch_sd": rng.uniform(5, 80, n),
        "prosody.rate_per_min": rng.uniform(90, 180, n),
        "prosody.range_hz": rng.uniform(50, 300, n),
        **{f"prosody.fit.{name}": rng.standard_normal(n) for name in COMPETENCIES},
    }
    return pd.DataFrame(found)


@pytest.fixture
def place(tmp_path):
    def put(schema=SCHEMA, frame=None):
        (table() if frame is None else frame).to_csv(tmp_path / "wide.csv", index=False)
        (tmp_path / "wide.yaml").write_text(yaml.safe_dump(schema))
        return tmp_path / "wide.csv"

    return put


def test_a_table_of_interviews_is_learned_from_by_its_declaration(place, tmp_path):
    paths = write(tmp_path, n=60)
    found = read_inputs(place(), paths["ratings"], None, FRAMEWORK)
    assert list(found.features["teamwork"]) == ["prosody.pitch_sd_hz", "prosody.range_hz", "prosody.fit.teamwork"]
    assert found.features["teamwork"]["prosody.pitch_sd_hz"].tolist() == table()["Pitch_sd"].tolist()
    assert found.answers is None
    assert set(found.modalities.values()) == {"voice"}
    assert "prosody.rate_per_min" not in found.fingerprints  # sensitive
    assert found.provenance.proxies == {"prosody.range_hz": "sex"}
    assert found.provenance.consent == SCHEMA["consent"]


def test_a_fingerprint_is_the_declarations_and_only_its_own(place):
    one = read_measured(place(), "any").fingerprints
    changed = {
        **SCHEMA,
        "features": [declared("prosody.pitch_sd_hz", column="Pitch_sd", unit="st"), *SCHEMA["features"][1:]],
    }
    other = read_measured(place(changed), "any").fingerprints
    assert {name for name in one if one[name] != other[name]} == {"prosody.pitch_sd_hz"}


@pytest.mark.parametrize(
    ("frame", "match"),
    [
        (lambda t: t.assign(performance=1.0), "carry no fingerprint.*Got performance"),
        (lambda t: t.assign(hired_on="2026-01-01"), "carry no fingerprint.*Got hired_on"),
        (lambda t: t.drop(columns="Pitch_sd"), "It is declared: .*Got no column Pitch_sd"),
        (lambda t: t.assign(Pitch_sd=["high"] * 60), "line 2, Pitch_sd: Write a number.*'high'"),
        (lambda t: t.assign(Pitch_sd=t["Pitch_sd"] * 100), "plausible range is 0 to 600 Hz"),
        (lambda t: t.assign(candidate_id=None), "line 2, candidate_id: Every row needs an id"),
    ],
)
def test_tables_that_are_not_as_declared(place, frame, match):
    with pytest.raises(VivaError, match=match):
        read_measured(place(frame=frame(table())), "any")


@pytest.mark.parametrize(
    ("schema", "match"),
    [
        ({"features": [declared("prosody.range_hz")]}, "nothing says that its people agreed to training"),
        ({**SCHEMA, "features": []}, "features"),
        ({**SCHEMA, "conset": "x"}, "conset.*Did you mean 'consent'"),
        ({**SCHEMA, "features": [declared("prosody.stress_score")]}, "claims stress"),
        ({**SCHEMA, "features": [declared("Pitch sd")]}, "family.measure_unit"),
        ({**SCHEMA, "features": [declared("prosody.a", low=5, high=5)]}, "must be finite and rising"),
        ({**SCHEMA, "features": [declared("prosody.a"), declared("prosody.a")]}, "declared twice"),
        ({**SCHEMA, "features": [declared("prosody.range_hz", modality="text")]}, "whose words"),
    ],
)
def test_schemas_at_fault(place, schema, match):
    frame = table()[["interview_id", "candidate_id", "prosody.range_hz"]]
    with pytest.raises(VivaError, match=match):
        read_measured(place(schema, frame), "any")


def test_without_a_schema_a_foreign_table_is_refused(tmp_path):
    frame = table().assign(question_id="q1", job="any", asr_engine="x", purposes="train")
    frame.to_parquet(tmp_path / "wide.parquet")
    with pytest.raises(VivaError, match="declare them in a YAML schema"):
        read_measured(tmp_path / "wide.parquet", "any")


def test_features_may_be_a_table_of_a_database_too(place, tmp_path):
    file = place()
    with sqlite3.connect(tmp_path / "wide.db") as connection:
        table().to_sql("wide", connection, index=False)
    connection.close()
    stored = read_measured(f"sqlite:///{tmp_path / 'wide.db'}#wide", "any", file.with_suffix(".yaml"))
    one = read_measured(file, "any")
    assert stored.fingerprints == one.fingerprints
    columns = ["interview_id", *one.fingerprints]
    found = stored.frame[columns].sort_values("interview_id").reset_index(drop=True)
    pd.testing.assert_frame_equal(found, one.frame[columns])
    with pytest.raises(VivaError, match="(?s)'question_id'.*'job'.*'asr_engine'.*'purposes'"):
        read_measured(f"sqlite:///{tmp_path / 'wide.db'}#wide", "any")
