"""Direction and movement of the head.

Lips and brows, in distances between the eyes on a face turned to the camera by its pose.

A palsy of the face, Parkinson's disease and stroke still or pull just these: they are never scored by default.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from vivavoce.data.schema import Absent, Value
from vivavoce.data.track import Array
from vivavoce.features.face.answer_face import (
    CAMERA,
    CAMERA_AND_ANATOMY,
    FACE,
    MESH,
    STEADY,
    SYMMETRIC,
    AnswerFace,
    median,
    places,
    spread,
    turning_speeds,
)

# ruff: noqa: D103 (a measure is documented by its declaration)


MOVING_DEG_PER_S = 10.0  # above the mesh's jitter over one lag: 1–3 deg/s on a still head
POSE: Final = "PnP on the canonical face model; Terzakis & Lourakis 2020"


def turning(answer: AnswerFace, functional: Callable[[Array], float]) -> Value:
    """A functional of the speeds of turning; ``Absent("sampling_rate")`` where no two frames lie one lag apart."""
    if answer.missing:
        return answer.missing
    speeds = turning_speeds(answer.seen)
    return functional(speeds) if len(speeds) else Absent("sampling_rate")


@FACE.feature(
    "face.yaw_median_deg",
    unit="deg",
    low=-90,
    high=90,
    meaning="Median direction of the head sideways; positive to the right of the picture.",
    source=POSE,
    moved_by=CAMERA,
    resists=STEADY,
)
def yaw_median_deg(answer: AnswerFace) -> Value:
    return median(answer, "yaw_deg")


@FACE.feature(
    "face.pitch_median_deg",
    unit="deg",
    low=-90,
    high=90,
    meaning="Median direction of the head up or down; positive is up.",
    source=POSE,
    moved_by=CAMERA_AND_ANATOMY,
    resists=SYMMETRIC,
)
def pitch_median_deg(answer: AnswerFace) -> Value:
    return median(answer, "pitch_deg")


@FACE.feature(
    "face.roll_median_deg",
    unit="deg",
    low=-90,
    high=90,
    meaning="Median tilt of the head; positive is clockwise in the picture.",
    source=POSE,
    moved_by=CAMERA,
    resists=STEADY,
)
def roll_median_deg(answer: AnswerFace) -> Value:
    return median(answer, "roll_deg")


@FACE.feature(
    "face.yaw_spread_deg",
    unit="deg",
    low=0,
    high=120,
    meaning="How far the direction of the head varies sideways: mean distance from the median.",
    source=POSE,
    moved_by=CAMERA,
    resists=("scaling", "brightness"),
)
def yaw_spread_deg(answer: AnswerFace) -> Value:
    return spread(answer, "yaw_deg")


@FACE.feature(
    "face.pitch_spread_deg",
    unit="deg",
    low=0,
    high=120,
    meaning="How far the direction of the head varies up and down: mean distance from the median.",
    source=POSE,
    moved_by=CAMERA,
    resists=SYMMETRIC,
)
def pitch_spread_deg(answer: AnswerFace) -> Value:
    return spread(answer, "pitch_deg")


@FACE.feature(
    "face.roll_spread_deg",
    unit="deg",
    low=0,
    high=120,
    meaning="How far the direction of the head varies in tilt: mean distance from the median.",
    source=POSE,
    moved_by=CAMERA,
    resists=STEADY,
)
def roll_spread_deg(answer: AnswerFace) -> Value:
    return spread(answer, "roll_deg")


@FACE.feature(
    "face.turning_median_deg_per_s",
    unit="deg/s",
    low=0,
    high=450,
    meaning="Median speed at which the head turns about any axis.",
    source=POSE,
    moved_by=CAMERA,
)
def turning_median_deg_per_s(answer: AnswerFace) -> Value:
    return turning(answer, lambda speeds: float(np.median(speeds)))


@FACE.feature(
    "face.turning_p90_deg_per_s",
    unit="deg/s",
    low=0,
    high=900,
    meaning="Speed of turning that the head exceeds a tenth of the time.",
    source=POSE,
    moved_by=CAMERA,
    resists=("mirroring", "scaling", "brightness"),
)
def turning_p90_deg_per_s(answer: AnswerFace) -> Value:
    return turning(answer, lambda speeds: float(np.percentile(speeds, 90)))


@FACE.feature(
    "face.moving_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of time in which the head turns faster than 10 degrees a second.",
    source=POSE,
    moved_by=CAMERA,
    resists=("scaling",),
)
def moving_share(answer: AnswerFace) -> Value:
    return turning(answer, lambda speeds: float(np.mean(speeds > MOVING_DEG_PER_S)))


@FACE.feature(
    "face.place_spread_ratio",
    unit="distances between the eyes",
    low=0,
    high=20,
    meaning="How far the head stays from its median place: root mean square.",
    source="image plane displacement over inter-ocular distance",
    moved_by=CAMERA,
    resists=SYMMETRIC,
)
def place_spread_ratio(answer: AnswerFace) -> Value:
    if answer.missing:
        return answer.missing
    return float(np.sqrt((places(answer.seen) ** 2).sum(axis=1).mean()))


# ruff: noqa: D103 (a measure is documented by its declaration)


@FACE.feature(
    "face.mouth_opening_median_ratio",
    unit="distances between the eyes",
    low=0,
    high=1.5,
    meaning="Median gap between the lips.",
    source=MESH,
    moved_by=CAMERA_AND_ANATOMY,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def mouth_opening_median_ratio(answer: AnswerFace) -> Value:
    return median(answer, "mouth_opening_ratio")


@FACE.feature(
    "face.mouth_opening_p90_ratio",
    unit="distances between the eyes",
    low=0,
    high=1.5,
    meaning="Gap between the lips that is exceeded a tenth of the time.",
    source=MESH,
    moved_by=CAMERA_AND_ANATOMY,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def mouth_opening_p90_ratio(answer: AnswerFace) -> Value:
    return answer.missing or float(np.percentile(answer.seen["mouth_opening_ratio"], 90))


@FACE.feature(
    "face.mouth_opening_spread_ratio",
    unit="distances between the eyes",
    low=0,
    high=1.5,
    meaning="How far the gap between the lips varies: mean distance from the median.",
    source=MESH,
    moved_by=CAMERA,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def mouth_opening_spread_ratio(answer: AnswerFace) -> Value:
    return spread(answer, "mouth_opening_ratio")


@FACE.feature(
    "face.mouth_width_median_ratio",
    unit="distances between the eyes",
    low=0.2,
    high=2,
    meaning="Median distance between the corners of the lips.",
    source=MESH,
    moved_by=CAMERA_AND_ANATOMY,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def mouth_width_median_ratio(answer: AnswerFace) -> Value:
    return median(answer, "mouth_width_ratio")


@FACE.feature(
    "face.mouth_width_spread_ratio",
    unit="distances between the eyes",
    low=0,
    high=1,
    meaning="How far the distance between the corners of the lips varies: mean distance from the median.",
    source=MESH,
    moved_by=CAMERA,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def mouth_width_spread_ratio(answer: AnswerFace) -> Value:
    return spread(answer, "mouth_width_ratio")


@FACE.feature(
    "face.lip_corner_height_median_ratio",
    unit="distances between the eyes",
    low=-1,
    high=1,
    meaning="Median height of the corners of the lips above the middle of the upper lip's inner edge.",
    source=MESH,
    moved_by=CAMERA_AND_ANATOMY,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def lip_corner_height_median_ratio(answer: AnswerFace) -> Value:
    return median(answer, "lip_corner_height_ratio")


@FACE.feature(
    "face.lip_corner_height_spread_ratio",
    unit="distances between the eyes",
    low=0,
    high=1,
    meaning="How far the height of the corners of the lips varies: mean distance from the median.",
    source=MESH,
    moved_by=CAMERA,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def lip_corner_height_spread_ratio(answer: AnswerFace) -> Value:
    return spread(answer, "lip_corner_height_ratio")


@FACE.feature(
    "face.brow_height_median_ratio",
    unit="distances between the eyes",
    low=0,
    high=1.5,
    meaning="Median height of the brows above the eyes.",
    source=MESH,
    moved_by=CAMERA_AND_ANATOMY,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def brow_height_median_ratio(answer: AnswerFace) -> Value:
    return median(answer, "brow_height_ratio")


@FACE.feature(
    "face.brow_height_spread_ratio",
    unit="distances between the eyes",
    low=0,
    high=1,
    meaning="How far the height of the brows varies: mean distance from the median.",
    source=MESH,
    moved_by=CAMERA,
    resists=STEADY,
    impairment_sensitive=True,
)
def brow_height_spread_ratio(answer: AnswerFace) -> Value:
    return spread(answer, "brow_height_ratio")
