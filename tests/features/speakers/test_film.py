"""Whose lips move, on real faces: the candidate in the picture, the other one heard only, both for equally long."""

from pathlib import Path

import numpy as np
import pytest

from tests.proof import proof_count
from vivavoce.data.media.decode import decode
from vivavoce.data.media.memory import AudioSpool
from vivavoce.data.track import Track
from vivavoce.features.face.face_track import FaceTracker
from vivavoce.features.face.pose import Picture
from vivavoce.features.speakers.candidate import choose_candidate, turn_track
from vivavoce.features.speech import RATE, find_speech

CLIP_S, CLIP_FPS, EVERY = 3.0, 25, 5  # the clips; every fifth picture is looked at, 5 a second
ROUNDS = 6  # the two speak by turns, 36 s in all
BEFORE_S = 0.15  # of speech in which lips part already
SLOWER = 3  # times: who listens moves as before speaking, forth and back

Clip = tuple[list[Picture], np.ndarray]


def read(path: Path) -> Clip:
    """Pictures and sound of one clip, cut or filled to three seconds."""
    pictures: list[Picture] = []
    with decode(path, frames_per_second=CLIP_FPS, on_frame=lambda _, rgb: pictures.append(rgb.copy())) as decoded:
        assert decoded.audio is not None
        sound = decoded.audio.read(0.0, CLIP_S)
    return pictures[: round(CLIP_S * CLIP_FPS)], np.pad(sound, (0, round(CLIP_S * RATE) - len(sound)))


def film(seen: Clip, heard: Clip, tracker: FaceTracker) -> tuple[Track, Track]:
    """Face track and turns (0 the one who is heard only, 1 the one in the picture)."""
    pictures, own = seen
    with AudioSpool.from_array(own) as audio:
        silent = max(2, int((find_speech(audio).spans[0, 0] - BEFORE_S) * CLIP_FPS))
    listening = np.repeat([*range(silent), *reversed(range(silent))], SLOWER)
    for i in range(0, 2 * ROUNDS * len(pictures), EVERY):
        turn, at = divmod(i, len(pictures))
        tracker.see(i / CLIP_FPS, pictures[at if turn % 2 == 0 else listening[at % len(listening)]])
    with AudioSpool.from_array(np.concatenate([own, heard[1]] * ROUNDS)) as audio:
        speech = find_speech(audio).spans
    mine = speech.mean(axis=1) // CLIP_S % 2 == 0
    return tracker.finish(), turn_track([speech[~mine], speech[mine]])


@pytest.mark.proof
def test_the_person_in_the_picture_is_the_candidate(viva_data: Path, record_property: object) -> None:
    clips = [read(path) for path in sorted((viva_data / "talking_face" / "grid").glob("*.mpg"))]
    tracker = FaceTracker(CLIP_FPS / EVERY)
    chosen = []
    for i in range(proof_count(3, len(clips))):
        face, turns = film(clips[i], clips[(i + 1) % len(clips)], tracker)
        chosen.append(choose_candidate(turns, face))
    tracker.close()
    for what, told in (("right", 1), ("wrong", 0), ("undecided", None)):
        record_property(f"films {what}", chosen.count(told))  # type: ignore[operator]
    assert chosen.count(0) == 0, "the other one is never taken for the candidate"
    assert chosen.count(1) >= 0.75 * len(chosen)
