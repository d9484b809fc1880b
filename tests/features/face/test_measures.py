import numpy as np
import pytest

from tests.features.face.clips import BLINKS_S, CHANGES, measured, mirrored, planted, read
from tests.features.face.test_answer import still
from vivavoce.data.schema import Absent, Measures
from vivavoce.data.status import MediaStatus
from vivavoce.features.face import FACE, face_stage
from vivavoce.features.face.answer_face import AnswerFace
from vivavoce.features.face.face_track import FaceTracker, face_status

SECONDS = 6.0
RATE = 30
NEGATED_BY_A_MIRROR = ("face.yaw_median_deg", "face.roll_median_deg", "face.gaze_yaw_median_deg")
TOLERANCE = {
    "deg": 2.5,
    "deg/s": 8.0,
    "distances between the eyes": 0.04,
    "share": 0.1,
    "per min": 0.5,
    "s": 0.07,  # one frame
    "ratio": 0.1,
    "px": 1.5,
    "Hz": 0.1,
}
"""By how much a measure may move under what it is declared to resist, in its unit."""

PERSON = [feature for feature in FACE if not feature.quality]


@pytest.fixture(scope="module")
def base() -> Measures:
    """Of the planted clip at 30 frames a second."""
    return measured(planted(RATE, SECONDS))


@pytest.fixture(scope="module")
def halved() -> Measures:
    """Of every second frame, still enough for blinks."""
    return measured(planted(RATE, SECONDS)[::2])


def blinking(rate: float, starts: list[float], length_s: float, seconds: float = 20.0) -> AnswerFace:
    """An answer in which the eyes close at known times for a known time."""
    frames = round(seconds * rate)
    times = np.arange(frames) / rate
    closed = np.any([(times >= start) & (times < start + length_s - 1e-9) for start in starts], axis=0)
    return AnswerFace(still(frames, rate, eye_aspect_ratio=np.where(closed, 0.08, 0.3)), 0, seconds)


def value(answer: AnswerFace, name: str) -> float | Absent:
    return FACE.measure(answer)[name]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("rate", [10, 15, 25, 29.97, 60])
def test_closures_of_200_ms_and_more_are_counted_exactly_from_ten_frames_a_second(rate: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    starts = np.cumsum(random.uniform(0.8, 2.5, 7))
    answer = blinking(rate, starts.tolist(), float(random.uniform(0.2, 0.45)))
    assert value(answer, "face.long_blinks_per_min") == pytest.approx(7 * 3, rel=0.01)


@pytest.mark.parametrize("rate", [15, 25, 30])
def test_natural_blinks_are_counted_from_fifteen_frames_a_second(rate: float) -> None:
    starts = np.cumsum(np.random.default_rng(3).uniform(0.8, 2.5, 7)).tolist()
    answer = blinking(rate, starts, 0.12)
    assert value(answer, "face.blinks_per_min") == pytest.approx(21, rel=0.01)
    assert value(answer, "face.blink_median_s") == pytest.approx(0.12, abs=0.6 / rate)


def test_below_the_rate_that_blinks_need_they_are_absent_and_without_blinks_so_is_their_length() -> None:
    assert value(blinking(10, [3.0], 0.3), "face.blinks_per_min") == Absent("sampling_rate")
    assert value(blinking(5, [3.0], 0.3), "face.long_blinks_per_min") == Absent("sampling_rate")
    assert value(blinking(25, [99.0], 0.3), "face.blinks_per_min") == 0.0
    assert value(blinking(25, [99.0], 0.3), "face.blink_median_s") == Absent("no_blink")


def test_closures_of_a_drawn_face_are_counted_exactly_at_ten_frames_a_second() -> None:
    found = measured(planted(RATE, SECONDS)[::3])
    assert found["face.long_blinks_per_min"] == pytest.approx(60 / SECONDS * len(BLINKS_S))


def test_a_planted_track_gives_back_its_medians_spreads_and_shares() -> None:
    wave = np.linspace(-10, 10, 101)
    answer = AnswerFace(
        still(101, 5, yaw_deg=7 + wave, roll_deg=-3, mouth_opening_ratio=0.2, gaze_pitch_deg=wave * 2.9), 0, 99
    )
    found = FACE.measure(answer)
    assert found["face.yaw_median_deg"] == pytest.approx(7)
    assert found["face.yaw_spread_deg"] == pytest.approx(np.abs(wave).mean())
    assert found["face.roll_median_deg"] == pytest.approx(-3)
    assert found["face.mouth_opening_p90_ratio"] == pytest.approx(0.2)
    assert found["face.turning_median_deg_per_s"] == pytest.approx(1.0)
    assert found["face.gaze_to_camera_share"] == pytest.approx(20 / 29)
    assert found["face.gaze_spread_deg"] == pytest.approx(14.5, abs=0.4)
    assert found["face.seen_share"] == 1.0


def test_an_answer_without_a_face_has_no_measure_of_the_person_and_too_few_frames_say_so() -> None:
    nobody, short = FACE.measure(AnswerFace(still(40, 5, faces=0), 0, 9)), FACE.measure(AnswerFace(still(8, 5), 0, 9))
    for feature in PERSON:
        assert nobody[feature.name] == Absent("no_face")
        assert short[feature.name] == Absent("too_few_frames")
    assert nobody["face.seen_share"] == 0.0
    assert FACE.measure(AnswerFace(still(40, 5), 20, 30))["face.seen_share"] == Absent("no_frames")


def test_lids_irises_lips_and_brows_and_nothing_else_are_impairment_sensitive() -> None:
    flagged = {feature.name for feature in FACE if feature.impairment_sensitive}
    parts = ("blink", "gaze", "mouth", "lip", "brow")
    assert flagged == {feature.name for feature in FACE if any(part in feature.name for part in parts)}


def test_the_fingerprint_changes_with_the_sampling() -> None:
    name = "face.yaw_median_deg"
    assert FACE.fingerprint(name) == FACE.fingerprint(name, face_stage(5.0))
    assert FACE.fingerprint(name) != FACE.fingerprint(name, face_stage(10.0))


def moved(before: float | Absent, after: float | Absent) -> float:
    """By how much a measure moved; a measure that appears or goes has moved without end."""
    if isinstance(before, Absent) or isinstance(after, Absent):
        return 0.0 if before == after else float("inf")
    return abs(after - before)


@pytest.mark.parametrize("change", CHANGES)
def test_measures_hold_still_under_what_they_resist(halved: Measures, change: str) -> None:
    resistance, apply = CHANGES[change]
    after = measured(planted(RATE, SECONDS)[::2], apply)
    shifts = {f.name: moved(halved[f.name], after[f.name]) for f in FACE if resistance in f.resists}
    too_far = {f.name: shifts[f.name] for f in FACE if f.name in shifts and shifts[f.name] > TOLERANCE[f.unit]}
    assert not too_far


@pytest.mark.parametrize("every", [2, 3, 6])
def test_measures_hold_still_when_frames_are_left_out(base: Measures, every: int) -> None:
    after = measured(planted(RATE, SECONDS)[::every])
    for feature in FACE:
        if "frame_rate" in feature.resists and after[feature.name] != Absent("sampling_rate"):
            assert moved(base[feature.name], after[feature.name]) <= TOLERANCE[feature.unit], feature.name


def test_a_mirror_negates_what_has_a_side(halved: Measures) -> None:
    after = measured(planted(RATE, SECONDS)[::2], mirrored)
    for name in NEGATED_BY_A_MIRROR:
        assert isinstance(before := halved[name], float)
        assert after[name] == pytest.approx(-before, abs=2.5), name
        assert abs(before) > 0.5


def test_real_speakers_are_seen_and_measured_within_the_plausible_ranges(viva_data) -> None:
    clips = sorted((viva_data / "talking_face" / "grid").glob("*.mpg"))
    assert len(clips) == 8
    for clip in clips:
        found = measured(list(read(clip, 5)))
        assert found["face.seen_share"] >= 0.95, clip.name
        assert found["face.several_faces_share"] == 0.0, clip.name
        for feature in FACE:
            if isinstance(number := found[feature.name], float):
                assert feature.plausible(number), (clip.name, feature.name, number)


def test_a_room_without_a_face_yields_no_measure_of_a_person(viva_data) -> None:
    found = measured(list(read(viva_data / "talking_face" / "pyfeat" / "no_face.mp4", 5)))
    assert all(found[feature.name] == Absent("no_face") for feature in PERSON)


def test_a_face_that_leaves_is_measured_only_where_it_is(viva_data) -> None:
    tracker = FaceTracker(5.0)
    for time_s, rgb in list(read(viva_data / "talking_face" / "pyfeat" / "face_noface.mov", 5)):
        tracker.see(time_s, rgb)
    track = tracker.finish()
    tracker.close()
    shown = track["faces"] > 0
    gone = int(np.flatnonzero(~shown)[0])
    assert 0.3 < shown.mean() < 0.6
    assert not shown[gone:].any()
    assert np.isnan(track.values[gone:, 1:]).all()
    assert face_status(track) is MediaStatus.OK
    left = float(track.spans[gone, 0])
    assert value(AnswerFace(track, 0, left), "face.seen_share") == 1.0
    assert value(AnswerFace(track, left, 99), "face.yaw_median_deg") == Absent("no_face")
