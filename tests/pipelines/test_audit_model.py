"""An audit of one model version: its digest, what it uses, and no audit where the scores are another's."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from tests.commands import ended
from tests.models.test_directory import model
from vivavoce.models.directory import save_model
from vivavoce.pipelines.audit import AuditRequest, audit
from vivavoce.pipelines.auditing.kinds import schema

SCHEMA = schema()
MADE = datetime(2026, 11, 22, tzinfo=UTC)


def request(folder: Path, digest: str | None) -> AuditRequest:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"candidate_id": [f"c{i:03d}" for i in range(200)], "score": rng.normal(50, 10, 200)})
    if digest:
        frame = frame.assign(model_digest=digest, standing="experimental")
    frame.to_csv(folder / "scores.csv", index=False)
    frame[["candidate_id"]].assign(sex=["f", "m"] * 100).to_csv(folder / "groups.csv", index=False)
    paths = folder / "scores.csv", folder / "groups.csv", folder / "out"
    return AuditRequest(*paths, select=0.4, model=folder / "model", made=MADE)


def test_the_audit_is_of_the_version_that_made_the_scores(tmp_path: Path) -> None:
    version = model()
    digest = save_model(version, tmp_path / "model")
    ended(audit, request(tmp_path, digest))
    document = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    found = document["model"]
    assert (found["digest"], found["standing"]) == (digest, ["experimental"])
    assert found["weights"] == dict(version.weights)
    assert [one["name"] for one in found["features"]] == sorted(version.fingerprints)
    assert len(document["data"]["scores"]["sha256"]) == 64
    declared = document["declared"]
    assert (declared["attributes"], declared["comparisons"], declared["correction"]) == (["sex"], 1, "Holm")
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    assert f"Audited version: {digest[:12]}…" in page


def test_measures_that_stand_in_for_a_group_are_flagged(tmp_path: Path) -> None:
    digest = save_model(model(), tmp_path / "model")
    ended(audit, request(tmp_path, digest))
    found = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))["model"]["features"]
    flags = {one["name"]: (one["declared"], one["proxy_of"]) for one in found}
    assert flags["prosody.f0_median_hz"] == (True, ["sex"])
    assert flags["language.words_count"] == (False, None)  # a feature of this test, which nobody declared
    assert "has to answer for them: prosody.f0_median_hz" in (tmp_path / "out" / "audit.html").read_text("utf-8")


@pytest.mark.parametrize("digest", ["f" * 64, None])
def test_scores_of_another_version_or_of_none_are_refused(
    tmp_path: Path, digest: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    save_model(model(), tmp_path / "model")
    assert ended(audit, request(tmp_path, digest)) == 2
    assert not (tmp_path / "out").exists()
    assert "Give scores that this version made" in capsys.readouterr().err


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = save_model(model(), tmp_path / "model")
    (tmp_path / "model" / "model.json").write_text("{}", encoding="utf-8")
    assert ended(audit, request(tmp_path, digest)) == 2
    assert "model" in capsys.readouterr().err
