"""The demo listens where Whisper's weights are, and says with which; scores heard are close to scores read."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands import told
from tests.pipelines.runs import DEMO, ROWS, batch, rows, viva
from vivavoce.data.errors import Exit
from vivavoce.data.manifest import read_manifest
from vivavoce.features.transcript.weights import Checkpoint
from vivavoce.pipelines import doctor
from vivavoce.pipelines.score import Run, in_turn

APART = 8.0  # points between a score heard and the same score read; seen: at most 2 here, 7 in the whole demo
STRONG_TO_WEAK = ("c08", "c02", "c03")


class TestWhichManifest:
    @pytest.fixture
    def asked(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
        """What the demo has scored, without scoring it."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.delenv("VIVA_WHISPER", raising=False)
        found: list[Any] = []
        monkeypatch.setattr(
            doctor, "score", lambda manifest, **_: found.append(manifest) or Run(tmp_path, Exit.INTERRUPTED)
        )
        return found

    def test_without_weights_transcripts_are_read_and_that_is_said(self, asked: list[Any], tmp_path: Path) -> None:
        _, said = told(doctor.demo, out=tmp_path / "out")
        assert [path.name for path in asked] == ["manifest.jsonl"]
        assert "All words come from transcripts: no Whisper weights are here." in said
        assert "viva weights fetch base" in said

    def test_with_weights_some_are_heard_and_their_digest_is_said(
        self, asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "own.pt").write_bytes(b"weights")
        monkeypatch.setenv("VIVA_WHISPER", str(tmp_path / "own.pt"))
        _, said = told(doctor.demo, out=tmp_path / "out")
        assert [path.name for path in asked] == ["heard.jsonl"]
        assert "Six are heard by Whisper own.pt (SHA-256 9a129038d9a0" in said

    def test_a_folder_that_was_read_stays_so(
        self, asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "own.pt").write_bytes(b"weights")
        monkeypatch.setenv("VIVA_WHISPER", str(tmp_path / "own.pt"))
        (tmp_path / "run.json").write_text(json.dumps({"configuration": {"weights": None}}), encoding="utf-8")
        _, said = told(doctor.demo, out=tmp_path)
        assert [path.name for path in asked] == ["manifest.jsonl"]
        assert "name another --out" in said


def test_what_is_read_comes_before_what_has_to_be_heard() -> None:
    interviews = read_manifest(DEMO / "heard.jsonl").interviews
    turn = " ".join(one.interview_id for one in in_turn(interviews))
    assert turn == "c04 c05 c07 c09 c10 c12 c01 c02 c03 c06 c08 c11 c13"


def test_heard_scores_are_close_to_read_ones_and_in_the_planted_order(
    tmp_path: Path, whisper_weights: Checkpoint
) -> None:
    pytest.importorskip("faster_whisper", reason="the extra fast is not installed")
    overall = {}
    for asr in ("provided", "faster-whisper"):
        (folder := tmp_path / asr).mkdir()
        without = {} if asr == "provided" else {"transcript": None}
        manifest = batch(folder, [ROWS[name] | without for name in STRONG_TO_WEAK])
        viva("score", manifest, "--out", folder / "out", "--asr", asr, "--encoder", "none")
        found = [row for row in rows(folder / "out", "scores") if row["competency"] == "overall"]
        overall[asr] = {row["interview_id"]: row["score"] for row in found}
    read, heard = overall["provided"], overall["faster-whisper"]
    print({name: (round(read[name], 1), round(heard[name], 1)) for name in STRONG_TO_WEAK})
    assert all(abs(heard[name] - read[name]) <= APART for name in STRONG_TO_WEAK)
    strong, middling, weak = (heard[name] for name in STRONG_TO_WEAK)
    assert strong > middling + APART
    assert middling > weak + APART
