"""Real people: short clips of speakers, and of rooms that a face leaves, through the command line."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.pipelines.runs import document, ends, rows, viva, write_manifest
from vivavoce.data.identity import digest_file
from vivavoce.data.interview import Modality
from vivavoce.data.schema import Absent
from vivavoce.data.vault.keys import ProjectKey
from vivavoce.features.face import FACE
from vivavoce.features.face.answer_face import AnswerFace
from vivavoce.pipelines.scoring.job import open_store
from vivavoce.pipelines.scoring.recording import Observation, observation_stage

pytestmark = pytest.mark.xdist_group("real")

CONSENT = {
    "text": True, "voice": True, "face": True, "purpose": ["score"], "date": "2026-10-01", "policy": "test-1",
    "withdrawn": None,
}  # fmt: skip


@pytest.fixture(scope="module")
def scored(viva_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight speakers, one picture without a face, one that a face leaves: the folder of their run."""
    folder = tmp_path_factory.mktemp("people")
    clips = [*sorted((viva_data / "talking_face" / "grid").glob("*.mpg"))]
    clips += [viva_data / "talking_face" / "pyfeat" / name for name in ("no_face.mp4", "face_noface.mov")]
    listed = []
    for clip in clips:
        shutil.copyfile(clip, folder / clip.name)
        listed.append(
            {
                "interview_id": clip.stem, "candidate_id": clip.stem, "job": "software_engineer", "media": clip.name,
                "language": "en", "consent": CONSENT,
            }
        )  # fmt: skip
    manifest = write_manifest(folder, listed)
    viva(
        "score", manifest, "--out", folder / "out", "--profile", "all", "--asr", "pocketsphinx", "--encoder", "none",
        ends=3,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def speakers(viva_data: Path) -> list[str]:
    found = [clip.stem for clip in sorted((viva_data / "talking_face" / "grid").glob("*.mpg"))]
    assert len(found) == 8
    return found


def observation(folder: Path, name: str) -> Observation:
    """What was sealed of a recording."""
    (media,) = folder.glob(f"{name}.*")
    store = open_store(folder / "out" / "store", ProjectKey.read(ProjectKey.location(os.environ)))
    found = store.get(name, digest_file(media).sha256, observation_stage(frozenset(Modality), 5.0))
    assert found is not None
    return Observation.from_artefact(found)


def test_a_face_is_in_almost_every_frame_and_everybody_speaks(scored: Path, speakers: list[str]) -> None:
    for name in speakers:
        tracks = observation(scored, name).tracks
        assert np.mean(tracks["face"]["faces"] == 1) >= 0.95, name
        assert len(tracks["face"]) >= 13  # three seconds, five frames a second
        assert len(tracks["speech"]) >= 1, name
        spoken = float(np.diff(tracks["speech"].spans, axis=1).sum())
        assert 0.8 <= spoken <= 3.0, name


def test_every_speaker_has_face_and_voice_measures(scored: Path, speakers: list[str]) -> None:
    found = {row["interview_id"]: row for row in rows(scored / "out", "features")}
    assert set(speakers) <= set(found)
    for name in speakers:
        row = found[name]
        assert row["asr_engine"] == "pocketsphinx:5"
        assert row["face.seen_share"] >= 0.95
        assert 60 < row["prosody.f0_median_hz"] < 400
        assert abs(row["face.yaw_median_deg"]) < 30


def test_six_words_are_too_few_to_be_scored(scored: Path, speakers: list[str]) -> None:
    for name in speakers:
        status, reason, media = ends(scored / "out")[name]
        assert status == "not_scored", name
        assert reason in {"too_short", "unclear_speech"}
        assert media == "ok"
    assert any("mean nothing" in note["en"] for note in document(scored / "out")["notes"])


def test_a_picture_without_a_face_yields_no_face_measure(scored: Path) -> None:
    """Nobody speaks in it either, so that its row ends there; what was seen is sealed all the same."""
    assert ends(scored / "out")["no_face"] == ("not_scored", "no_speech", "no_speech")
    track = observation(scored, "no_face").tracks["face"]
    assert len(track) > 0
    assert (track["faces"] == 0).all()
    measures = FACE.measure(AnswerFace(track, 0.0, float(track.spans[-1, 1])))
    found = {name for name, value in measures.items() if not isinstance(value, Absent)}
    assert found <= {"face.seen_share", "face.frame_rate_hz"}
    assert measures["face.seen_share"] == 0


def test_a_face_is_measured_only_where_it_is(scored: Path) -> None:
    track = observation(scored, "face_noface").tracks["face"]
    seen = track["faces"] > 0
    assert 0.1 < seen.mean() < 0.9
    assert np.isnan(track.values[~seen, 1:]).all()
    assert np.isfinite(track["yaw_deg"][seen]).all()
    assert np.count_nonzero(np.diff(seen.astype(int))) <= 4, "the face comes and goes, it does not flicker"
