import numpy as np
import pytest

from tests.features.face.movement import VIGOURS, waves
from vivavoce.data.schema import Absent
from vivavoce.data.track import Track
from vivavoce.features.face import FACE
from vivavoce.features.face.answer_face import AnswerFace, lags, places, turning_speeds
from vivavoce.features.face.face_track import COLUMNS

MOVED = {
    **{"yaw_deg": 6, "pitch_deg": 4, "roll_deg": 4, "centre_x_sides": 0.03, "centre_y_sides": 0.02},
    **{"gaze_yaw_deg": 12, "gaze_pitch_deg": 4, "mouth_opening_ratio": 0.05, "mouth_width_ratio": 0.05},
    **{"lip_corner_height_ratio": 0.03, "brow_height_ratio": 0.01},
}
"""What moves in a planted answer, and by how much."""

MOVED_BY_UNIT = {"deg": 6.0, "distances between the eyes": 0.05, "share": 1.0}


def still(frames: int, rate: float, **columns: object) -> Track:
    """A still face, 60 px between the eyes, with some columns planted."""
    times = np.arange(frames) / rate
    values = np.zeros((frames, len(COLUMNS)))
    planted = {"faces": 1, "interocular_px": 60, "interocular_sides": 0.1, "eye_aspect_ratio": 0.3, **columns}
    for name, column in planted.items():
        values[:, COLUMNS.index(name)] = column
    return Track(np.stack([times, times + 1 / rate], axis=1), values, COLUMNS)


def test_only_frames_that_begin_within_the_answer_count() -> None:
    answer = AnswerFace(still(50, 5), 2.0, 6.0)
    assert answer.times.tolist() == [pytest.approx(2 + i / 5) for i in range(20)]


@pytest.mark.parametrize("rate", [5, 10, 15, 24.975, 60])
def test_the_rate_is_that_of_the_frames_and_gaps_do_not_lower_it(rate: float) -> None:
    track = still(100, rate)
    gap = Track(np.delete(track.spans, slice(30, 60), axis=0), np.delete(track.values, slice(30, 60), axis=0), COLUMNS)
    assert AnswerFace(track, 0, 100).rate_hz == pytest.approx(rate)
    assert AnswerFace(gap, 0, 100).rate_hz == pytest.approx(rate)
    assert AnswerFace(track, 0, 1e-6).rate_hz == 0.0


def test_what_is_missing_has_its_reason() -> None:
    assert AnswerFace(still(40, 5, faces=0), 0, 9).missing == Absent("no_face")
    assert AnswerFace(still(9, 5), 0, 9).missing == Absent("too_few_frames")
    assert AnswerFace(still(40, 5), 0, 9).missing is None
    assert AnswerFace(still(40, 5, interocular_px=20), 0, 9).missing_eyes == Absent("face_too_small")
    assert AnswerFace(still(40, 5, interocular_px=20), 0, 9).missing is None


@pytest.mark.parametrize("rate", [5, 10, 25, 60])
@pytest.mark.parametrize("axis", ["yaw_deg", "pitch_deg", "roll_deg"])
def test_a_head_that_turns_at_a_known_speed_is_measured_so_at_any_rate(rate: int, axis: str) -> None:
    frames = 3 * rate
    track = still(frames, rate, **{axis: -30 + 20 * np.arange(frames) / rate})
    np.testing.assert_allclose(turning_speeds(track), 20, rtol=1e-6)


def test_pairs_of_frames_lie_one_lag_apart() -> None:
    times = np.sort(np.random.default_rng(7).uniform(0, 20, 300))
    first, second = lags(times)
    assert np.abs(times[second] - times[first] - 0.2).max() <= 0.05
    assert len(lags(np.array([0.0, 1.0]))[0]) == 0


def test_places_are_in_distances_between_the_eyes() -> None:
    track = still(4, 5, centre_x_sides=[0.4, 0.4, 0.5, 0.3], centre_y_sides=[0.3, 0.3, 0.3, 0.35])
    np.testing.assert_allclose(places(track), [[0, 0], [0, 0], [1, 0], [-1, 0.5]])


def test_measures_of_five_frames_a_second_agree_with_those_of_every_frame() -> None:
    """Over answers of ten seconds in which people move by different amounts, with the mesh's own jitter on top."""
    every, some = [], []
    for seed in range(24):
        times = np.arange(250) / 25
        random = np.random.default_rng(seed)
        amount = waves(seed, len(MOVED), times) * VIGOURS[seed % 4]
        rest = random.standard_normal(len(MOVED))
        columns = {
            name: scale * (rest[i] + amount[:, i] + 0.03 * random.standard_normal(250))
            for i, (name, scale) in enumerate(MOVED.items())
        }
        track = still(250, 25, **columns)
        few = Track(track.spans[::5], track.values[::5], COLUMNS)
        every.append(FACE.measure(AnswerFace(track, 0, 99)))
        some.append(FACE.measure(AnswerFace(few, 0, 99)))
    for feature in (feature for feature in FACE if not feature.quality):
        pairs = [(a[feature.name], b[feature.name]) for a, b in zip(every, some, strict=True)]
        if any(isinstance(value, Absent) for pair in pairs for value in pair):
            assert pairs[0][1] == Absent("sampling_rate"), feature.name
        else:
            assert np.corrcoef(np.array(pairs).T)[0, 1] >= 0.95, feature.name


@pytest.mark.parametrize("rate", [10, 15, 30])
def test_frame_rates_from_ten_to_sixty_move_no_measure_that_resists_them(rate: int) -> None:
    times = np.arange(20 * 60) / 60
    movement = waves(3, len(MOVED), times)
    columns = {name: scale * movement[:, i] for i, (name, scale) in enumerate(MOVED.items())}
    columns["eye_aspect_ratio"] = np.where(times % 3 < 0.3, 0.08, 0.3)
    track = still(len(times), 60, **columns)
    fewer = Track(track.spans[:: 60 // rate], track.values[:: 60 // rate], COLUMNS)
    every, some = (FACE.measure(AnswerFace(one, 0, 99)) for one in (track, fewer))
    for feature in (feature for feature in FACE if "frame_rate" in feature.resists):
        if some[feature.name] != Absent("sampling_rate"):
            limit = 0.05 * (MOVED_BY_UNIT.get(feature.unit) or abs(every[feature.name]))
            assert some[feature.name] == pytest.approx(every[feature.name], abs=limit), feature.name
