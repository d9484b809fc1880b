from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from tests.faces import Act, Stand, draw
from vivavoce.data.status import MediaStatus
from vivavoce.data.track import Track
from vivavoce.features.face import FACE
from vivavoce.features.face.answer_face import AnswerFace
from vivavoce.features.face.face_track import COLUMNS, FaceTracker, candidate_face, face_status
from vivavoce.features.face.pose import canonical_face

WALL = np.full((288, 360, 3), 110, np.uint8)
STAND = Stand(360, 288, 60)


@pytest.fixture(scope="module")
def shared_tracker() -> Iterator[FaceTracker]:
    tracker = FaceTracker(5.0)
    yield tracker
    tracker.close()


@pytest.fixture
def tracker(shared_tracker: FaceTracker) -> FaceTracker:
    shared_tracker.reset()
    return shared_tracker


def watched(tracker: FaceTracker, pictures: list[np.ndarray]) -> Track:
    for number, picture in enumerate(pictures):
        tracker.see(number / 5, picture)
    return tracker.finish()


def face_at(x: float, size: float) -> np.ndarray:
    """Landmarks of a canonical face, its eyes ``size`` pixels apart and ``x`` pixels from the left."""
    return np.vstack([canonical_face(), np.zeros((10, 3))]) * size / 6.3 + [x, 0, 0]


def track_of(faces: list[int]) -> Track:
    times = np.arange(len(faces)) / 5
    values = np.full((len(faces), len(COLUMNS)), np.nan)
    values[:, 0] = faces
    return Track(np.stack([times, times + 0.2], axis=1), values, COLUMNS)


def test_each_frame_is_a_row_and_a_frame_without_a_face_is_nan(tracker: FaceTracker) -> None:
    track = watched(tracker, [WALL, draw(Act(yaw=10), STAND), draw(Act(yaw=12), STAND)])
    np.testing.assert_allclose(track.spans, [[0, 0.2], [0.2, 0.4], [0.4, 0.6]])
    assert track["faces"].tolist() == [0, 1, 1]
    assert np.isnan(track.values[0, 1:]).all()
    assert np.isfinite(track.values[1:]).all()
    assert track["yaw_deg"][1] == pytest.approx(10, abs=5)
    assert track["interocular_px"][1] == pytest.approx(60, rel=0.1)


def test_the_same_recording_gives_the_same_track_after_another_one(tracker: FaceTracker) -> None:
    one = [draw(Act(yaw=yaw), STAND) for yaw in (0, 6, 12, 18)]
    other = [draw(Act(roll=roll, mouth=1), Stand(360, 288, 50, (0.6, 0.5))) for roll in (0, 10, 20)]
    first = watched(tracker, one)
    watched(tracker, other)
    np.testing.assert_array_equal(watched(tracker, one).values, first.values)
    fresh = FaceTracker(5.0)
    np.testing.assert_array_equal(watched(fresh, one).values, first.values)
    fresh.close()


def test_a_recording_abandoned_midway_leaves_no_trace(tracker: FaceTracker) -> None:
    one = [draw(Act(pitch=pitch), STAND) for pitch in (0, 8)]
    first = watched(tracker, one)
    tracker.see(0.0, draw(Act(yaw=-20), STAND))
    tracker.reset()
    np.testing.assert_array_equal(watched(tracker, one).values, first.values)


def test_a_change_of_resolution_moves_nothing(tracker: FaceTracker) -> None:
    picture = draw(Act(yaw=5), Stand(640, 480, 90))
    half = cv2.resize(picture, (320, 240), interpolation=cv2.INTER_AREA)
    found = FACE.measure(AnswerFace(watched(tracker, [picture] * 6 + [half] * 6), 0, 9))
    assert found["face.seen_share"] == 1.0
    assert found["face.place_spread_ratio"] == pytest.approx(0, abs=0.02)
    assert found["face.yaw_spread_deg"] == pytest.approx(0, abs=1)


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (16, 16), (9, 480), (481, 271), (640, 360)])
def test_pictures_of_any_size_are_looked_at(tracker: FaceTracker, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    assert watched(tracker, [noise, noise // 20, np.zeros_like(noise)])["faces"].tolist() == [0, 0, 0]


def test_no_frame_gives_an_empty_track_without_a_face(tracker: FaceTracker) -> None:
    track = tracker.finish()
    assert len(track) == 0
    assert face_status(track) is MediaStatus.NO_FACE


def test_time_must_rise(tracker: FaceTracker) -> None:
    tracker.see(1.0, WALL)
    with pytest.raises(ValueError, match=r"'time_s' .* must rise .* Got 1.0 after 1.0 instead"):
        tracker.see(1.0, WALL)


def test_the_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="must be positive. Got 0 instead"):
        FaceTracker(0)


def test_someone_beside_the_candidate_is_counted_and_the_nearer_face_is_measured(tracker: FaceTracker) -> None:
    pictures = []
    for yaw in (10, 12, 14):
        behind = draw(Act(yaw=-25), Stand(640, 360, 40, (0.15, 0.4)))
        pictures.append(draw(Act(yaw=yaw), Stand(640, 360, 70, (0.65, 0.5)), behind))
    track = watched(tracker, pictures)
    assert track["faces"].tolist() == [2, 2, 2]
    np.testing.assert_allclose(track["yaw_deg"], [10, 12, 14], atol=5)
    assert face_status(track) is MediaStatus.SEVERAL_FACES


def test_the_candidate_stays_the_same_face_until_another_is_much_larger() -> None:
    mine, beside = face_at(100, 50), face_at(400, 60)
    assert candidate_face([mine, beside], None) is beside
    assert candidate_face([beside, mine], face_at(110, 50)) is mine
    assert candidate_face([mine, face_at(400, 90)], face_at(110, 50))[0, 0] == pytest.approx(400)
    assert candidate_face([mine, beside], face_at(900, 50)) is beside


@pytest.mark.parametrize(
    ("faces", "status"),
    [
        ([0] * 100, MediaStatus.NO_FACE),
        ([1] * 4 + [0] * 96, MediaStatus.NO_FACE),
        ([1] * 6 + [0] * 94, MediaStatus.OK),
        ([1] * 91 + [2] * 9, MediaStatus.OK),
        ([1] * 80 + [2] * 20, MediaStatus.SEVERAL_FACES),
    ],
)
def test_the_status_follows_the_shares(faces: list[int], status: MediaStatus) -> None:
    assert face_status(track_of(faces)) is status
