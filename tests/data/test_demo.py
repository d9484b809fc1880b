"""The demo interviews hold what was planted in them."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import yaml

from tests.demo.make import DEMO, HEARD, SCRIPTS, write_manifests
from tests.demo.motion import FRAMES_PER_SECOND, loudness, move
from tests.demo.portrait import CLOSED_MOUTH, HEIGHT, WIDTH, Look, Portrait, Pose
from tests.demo.scenery import WALLS, draw_room
from tests.demo.script import read_script
from tests.demo.transcript import WRITERS
from tests.demo.voice import LOUDNESS, RATE, Cue
from vivavoce.data.framework import load_framework
from vivavoce.data.manifest import read_manifest
from vivavoce.features.transcript.provided import read_transcript

LIMIT_BYTES = 15e6
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (DEMO / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
]
EXPECTED: dict[str, dict[str, Any]] = yaml.safe_load((DEMO / "expected.yaml").read_text(encoding="utf-8"))
IDS = [row["interview_id"] for row in ROWS]


def files(row: dict[str, Any], column: str) -> list[Path]:
    named = row[column]
    return [DEMO / name for name in (named.values() if isinstance(named, dict) else [named]) if name is not None]


def frames(path: Path, step: int) -> Iterator[np.ndarray[Any, Any]]:
    with av.open(str(path)) as film:
        for frame in islice(film.decode(video=0), 0, None, step):
            yield frame.to_ndarray(format="rgb24")


def decoded_seconds(path: Path, kind: str) -> float:
    with av.open(str(path)) as film:
        last = max(
            (
                (packet.pts + (packet.duration or 0)) * packet.time_base
                for packet in film.demux(**{kind: 0})
                if packet.pts is not None
            ),
            default=0,
        )
    return float(last)


def test_every_script_has_its_row_and_its_expectation() -> None:
    scripts = [read_script(path) for path in sorted(SCRIPTS.glob("*.yaml"))]
    assert IDS == [script.interview_id for script in scripts] == list(EXPECTED)
    for row, script in zip(ROWS, scripts, strict=True):
        assert {key: row[key] for key in script.row} == script.row
        expected = EXPECTED[script.interview_id]
        assert (expected["job"], expected["language"]) == (row["job"], row["language"])
        assert expected["answers"] == len(script.answers)


def test_the_heard_batch_is_the_same_with_english_interviews_to_be_recognised(tmp_path: Path) -> None:
    write_manifests(tmp_path, ROWS)
    for name in ("manifest.jsonl", "heard.jsonl"):
        assert (tmp_path / name).read_bytes() == (DEMO / name).read_bytes()
    heard = read_manifest(DEMO / "heard.jsonl").interviews
    without = {one.interview_id for one in heard if all(recording.transcript is None for recording in one.recordings)}
    assert without - {"c11"} == set(HEARD)  # c11 has none: nobody may listen to it
    assert {one.language for one in heard if one.interview_id in HEARD} == {"en"}


def test_the_set_covers_what_the_demo_must_show() -> None:
    assert {row["job"] for row in ROWS} == {"software_engineer", "sales_manager", "store_manager"}
    assert sum(row["language"] == "zh" for row in ROWS) >= 3
    tiers = {
        (row["language"], EXPECTED[row["interview_id"]]["quality"]) for row in ROWS if row["job"] == "software_engineer"
    }
    assert {("en", "strong"), ("en", "middling"), ("en", "weak"), ("zh", "strong"), ("zh", "weak")} <= tiers
    assert {"no_audio", "no_consent", "human_route", "partial_media"} <= {e["reason"] for e in EXPECTED.values()}


def test_the_manifest_and_its_questions_are_those_of_the_frameworks() -> None:
    manifest = read_manifest(DEMO / "manifest.jsonl")
    assert [interview.interview_id for interview in manifest.interviews] == IDS
    for row in ROWS:
        framework = load_framework(DEMO.parent / "frameworks" / f"{row['job']}.yaml")
        asked = row["media"] if isinstance(row["media"], dict) else [span["id"] for span in row["questions"]]
        assert set(asked) <= {question.id for question in framework.questions}


def test_files_exist_and_are_small() -> None:
    for row in ROWS:
        assert all(path.stat().st_size > 0 for column in ("media", "transcript") for path in files(row, column))
    listed = {path for row in ROWS for path in files(row, "media") + files(row, "transcript")}
    assert listed == {path for name in ("media", "transcripts") for path in (DEMO / name).iterdir()}
    assert sum(path.stat().st_size for path in DEMO.rglob("*") if path.is_file()) < LIMIT_BYTES


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_media_decode_as_planted(row: dict[str, Any]) -> None:
    reason = EXPECTED[row["interview_id"]]["reason"]
    for path in files(row, "media"):
        with av.open(str(path)) as film:
            assert film.duration is not None
            declared = film.duration / av.time_base
            assert bool(film.streams.audio) == (reason != "no_audio")
            assert (film.streams.video[0].width, film.streams.video[0].height) == (WIDTH, HEIGHT)
        for kind in ("video",) if reason == "no_audio" else ("video", "audio"):
            share = decoded_seconds(path, kind) / declared
            assert share < 0.9 if reason == "partial_media" else share > 0.98, kind


@pytest.mark.parametrize("row", [row for row in ROWS if row["transcript"]], ids=lambda row: row["interview_id"])
def test_transcripts_cover_the_answers(row: dict[str, Any]) -> None:
    for path in files(row, "transcript"):
        said = read_transcript(path, language=row["language"])
        if EXPECTED[row["interview_id"]]["reason"] == "no_audio":
            assert not said.words
            continue
        if row["candidate_speaker"]:
            assert row["candidate_speaker"] in said.speakers
            said = said.spoken_by(row["candidate_speaker"])
        for span in row.get("questions") or [{"start": 0.0, "end": said.words[-1].end}]:
            answer = said.within(span["start"], span["end"]).words
            covered = sum(word.end - word.start for word in answer) / (span["end"] - span["start"])
            assert covered > 0.75
            assert answer[0].start - span["start"] < 1.0


@pytest.mark.parametrize("name", ["c01", "c04", "c06", "c10"])
def test_speech_is_where_the_transcript_says(name: str) -> None:
    row = ROWS[IDS.index(name)]
    (media,), (transcript,) = files(row, "media"), files(row, "transcript")
    with av.open(str(media)) as film:
        resampler = av.AudioResampler("flt", "mono", 16_000)
        pieces = [part.to_ndarray()[0] for frame in film.decode(audio=0) for part in resampler.resample(frame)]
    sound = np.concatenate(pieces)
    levels = np.sqrt(np.mean(sound[: len(sound) // 800 * 800].reshape(-1, 800) ** 2, axis=1))  # of 50 ms each
    times = (np.arange(len(levels)) + 0.5) * 0.05
    words = read_transcript(transcript, language=row["language"]).words
    spoken = np.zeros(len(times), bool)
    for word in words:
        spoken |= (times >= word.start) & (times <= word.end)
    loud = levels > 10 ** (-45 / 20)
    assert np.mean(loud[spoken]) > 0.9
    assert np.mean(loud[~spoken]) < 0.25


@pytest.mark.parametrize("name", ["c01", "c05", "c06", "c09"])
def test_a_face_is_found_and_its_jaw_moves(name: str) -> None:
    import mediapipe as mp

    (media,) = files(ROWS[IDS.index(name)], "media")
    openings = []
    with mp.solutions.face_mesh.FaceMesh(max_num_faces=2) as mesh:
        pictures = list(islice(frames(media, 3), 40))
        for picture in pictures:
            faces = mesh.process(picture).multi_face_landmarks
            assert faces is not None
            assert len(faces) == 1
            points = faces[0].landmark
            openings.append((points[14].y - points[13].y) * HEIGHT / ((points[291].x - points[61].x) * WIDTH))
    assert len(pictures) == 40
    low, high = np.percentile(np.abs(openings), [10, 90])
    assert high - low > 0.05


def test_no_face_before_the_whiteboard() -> None:
    import mediapipe as mp

    (media,) = files(ROWS[IDS.index("c08")], "media")
    with mp.solutions.face_mesh.FaceMesh(max_num_faces=2) as mesh:
        assert all(mesh.process(picture).multi_face_landmarks is None for picture in islice(frames(media, 100), 5))


def test_what_is_to_be_masked_is_said() -> None:
    text = (DEMO / "transcripts" / "c06.vtt").read_text(encoding="utf-8")
    assert all(
        secret in text for secret in ("I'm Jamie Rivers", "555-0142", "jamie.rivers@example.com", "Interviewer:")
    )


def test_the_jaw_follows_the_candidate_only() -> None:
    times = np.arange(0, 4, 1 / FRAMES_PER_SECOND, dtype=np.float32)
    sound = np.full(4 * RATE, LOUDNESS, np.float32)
    cues = [Cue("a", (("yes", 1.0, 2.0),))]
    heard = loudness(sound, cues, times)
    assert np.all(heard[(times > 1) & (times < 2)] > 0.7)
    assert np.all(heard[(times < 1) | (times > 2)] == 0)
    poses = move(sound, cues, seed=1)
    assert len(poses) == 4 * FRAMES_PER_SECOND
    assert poses[0].mouth == CLOSED_MOUTH
    assert poses == move(sound, cues, seed=1)


@pytest.mark.parametrize("room", WALLS)
def test_portraits_fill_the_frame_and_repeat(room: str) -> None:
    portrait = Portrait(Look(room, (0.3, 0.3, 0.4), mirrored=True), draw_room(room))
    shut, open_ = portrait.frame(Pose(lids=1.0)), portrait.frame(Pose(mouth=3.0))
    assert shut.shape == (HEIGHT, WIDTH, 3)
    assert np.array_equal(shut, portrait.frame(Pose(lids=1.0)))
    changed = np.abs(shut.astype(int) - open_).max(axis=2) > 20
    assert 0.001 < changed.mean() < 0.1  # eyes and mouth, nothing else


@pytest.mark.parametrize("tool", WRITERS)
def test_transcripts_are_read_back(tool: str, tmp_path: Path) -> None:
    cues = [
        Cue("Robin Avery", (("Um,", 1.0, 1.2), ("it was full.", 1.4, 2.4))),
        Cue("Robin Avery", (("Yes.", 3.0, 3.5),)),
    ]
    path = tmp_path / f"said.{'json' if tool == 'whisper' else 'srt' if tool == 'srt' else 'vtt'}"
    path.write_text(WRITERS[tool](cues), encoding="utf-8")
    said = read_transcript(path, language="en")
    assert [word.text for word in said.words] == ["Um,", "it", "was", "full.", "Yes."]
    assert said.words[0].start == pytest.approx(1.0)
    assert said.words[-1].end == pytest.approx(3.5)
