"""``viva weights calibrate`` on planted errors, and what scoring makes of its file."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.commands import told
from tests.pipelines.runs import DEMO
from vivavoce.data.errors import Exit
from vivavoce.data.table_source import TableRefused
from vivavoce.features.transcript.words import UNCLEAR_BELOW
from vivavoce.pipelines.recognition import calibrate, measured
from vivavoce.pipelines.scoring import batch
from vivavoce.pipelines.scoring.batch import ScoreRequest, prepare
from vivavoce.pipelines.scoring.outputs import AnswerResult
from vivavoce.pipelines.scoring.trust import NotTrusted, Trust, read_trust

ENGINE = "whisper:5f3b1c2a9d01"
SAID = [f"w{i}" for i in range(40)]


def checked(speakers: int, *, worse_below: float, wrong: int = 2, low: float = 0.05) -> pd.DataFrame:
    """Each speaker answers once in every tenth from ``low`` on; below a confidence eight words in ten are wrong."""
    rows = []
    for speaker in range(speakers):
        for confidence in np.arange(low, 1, 0.1):
            errors = wrong if confidence > worse_below else 32
            heard = " ".join(["no"] * errors + SAID[errors:])
            rows.append((f"p{speaker}", ENGINE, "en", " ".join(SAID), heard, round(float(confidence), 3)))
    names = ["candidate_id", "asr_engine", "language", "reference", "hypothesis", "word_confidence"]
    return pd.DataFrame(rows, columns=names)


@pytest.mark.parametrize("planted", [0.3, 0.5, 0.8])
def test_a_planted_line_comes_back(planted: float) -> None:
    (pair,) = measured(checked(25, worse_below=planted)).pairs
    assert pair.line == pytest.approx(planted)
    assert pair.established
    assert not pair.trusted


def test_few_errors_of_enough_speakers_are_trusted() -> None:
    (pair,) = measured(checked(25, worse_below=0.0)).pairs
    assert (pair.error, pair.speakers, pair.trusted, pair.line) == (0.05, 25, True, 0.0)


def test_too_few_speakers_establish_nothing() -> None:
    (pair,) = measured(checked(19, worse_below=0.5)).pairs
    assert (pair.line, pair.established, pair.trusted) == (UNCLEAR_BELOW, False, False)
    (few,) = measured(checked(19, worse_below=0.0)).pairs
    assert not few.trusted


def test_a_limit_beyond_fifteen_in_a_hundred_is_not_trusted() -> None:
    (pair,) = measured(checked(25, worse_below=0.0, wrong=7)).pairs
    assert pair.error == pytest.approx(0.175)
    assert not pair.trusted


def test_tenths_that_nobody_looked_at_leave_the_shipped_line() -> None:
    """All answers are sure and right: where unsure ones turn wrong is not shown by them."""
    (pair,) = measured(checked(25, worse_below=0.0, low=0.85)).pairs
    assert (pair.line, pair.established, pair.trusted) == (UNCLEAR_BELOW, False, True)


def test_both_scripts_are_one_and_languages_apart() -> None:
    rows = [("p1", ENGINE, "zh", "我們用軟體", "我们用软件", 0.9), ("p1", ENGINE, "en", "we did", "we did", 0.9)]
    table = pd.DataFrame(rows, columns=list(checked(1, worse_below=0).columns))
    assert [(pair.language, pair.error) for pair in measured(table).pairs] == [("en", 0.0), ("zh", 0.0)]


@pytest.mark.parametrize(("column", "value", "match"), [("language", "fr", "en or zh"), ("reference", "…", "no word")])
def test_rows_that_cannot_be_compared_are_refused(column: str, value: str, match: str) -> None:
    table = checked(2, worse_below=0)
    table.loc[3, column] = value
    with pytest.raises(TableRefused, match=match):
        measured(table)


def test_the_file_comes_back_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    checked(25, worse_below=0.0).to_csv(tmp_path / "checked.csv", index=False)
    exit_, said = told(calibrate, tmp_path / "checked.csv", out=tmp_path / "out")
    assert exit_ == Exit.DONE
    assert "250 answers of 25 speakers, error 0.050" in " ".join(said.split())
    path = tmp_path / "out" / "recognition.json"
    trust = read_trust(path)
    assert trust == measured(tmp_path / "checked.csv")
    path.write_text(path.read_text().replace('"speakers": 25', '"speakers": 99'))
    with pytest.raises(NotTrusted, match="was changed"):
        read_trust(path)
    path.write_text(json.dumps({"format": "other"}))
    with pytest.raises(NotTrusted, match="format"):
        read_trust(path)


def test_production_asks_for_evidence_in_every_language() -> None:
    trust = measured(checked(25, worse_below=0.0))
    trust.check(ENGINE, ["en"])
    with pytest.raises(NotTrusted, match=r"in zh \(never measured\)\..*viva weights calibrate"):
        trust.check(ENGINE, ["en", "zh"])
    with pytest.raises(NotTrusted, match=r"en \(0.05, at most .*, 19 speakers\)"):
        measured(checked(19, worse_below=0.0)).check(ENGINE, ["en"])
    assert Trust().digest is None


def test_the_line_of_the_file_is_the_one_that_counts() -> None:
    trust = measured(checked(25, worse_below=0.5))
    answer = AnswerResult("q1", 0, 0.0, 9.0, "en", ENGINE, "so", {}, {}, 0.6)
    assert answer.unclear
    assert not replace(answer, clear_from=trust.line(ENGINE, "en")).unclear
    assert replace(answer, clear_from=trust.line(ENGINE, "zh")).unclear


def test_production_refuses_unmeasured_words_at_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "check_production", lambda scorers: None)  # noqa: ARG005 – the model is not the question
    asked = {"out": tmp_path / "out", "production": True, "encoder": "none"}
    with pytest.raises(NotTrusted, match=r"pocketsphinx:5 .* en \(never measured\), zh \(never measured\)"):
        prepare(ScoreRequest(DEMO / "manifest.jsonl", asr="pocketsphinx", **asked))
    assert not (tmp_path / "out").exists()
    prepare(ScoreRequest(DEMO / "manifest.jsonl", asr="provided", **asked))


def test_the_file_is_part_of_the_configuration(tmp_path: Path) -> None:
    trust = measured(checked(25, worse_below=0.5))
    (tmp_path / "recognition.json").write_text(trust.text(), encoding="utf-8")
    asked = {"out": tmp_path / "out", "asr": "provided", "encoder": "none"}
    plain, found = (
        prepare(ScoreRequest(DEMO / "manifest.jsonl", recognition=named, **asked)) for named in (None, tmp_path)
    )
    assert plain.configuration.recognition is None
    assert found.configuration.document()["recognition"] == trust.digest
    assert found.configuration.fingerprint != plain.configuration.fingerprint
    assert found.settings.trust == trust
