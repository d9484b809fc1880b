"""Lips and brows, in distances between the eyes on a face turned to the camera by its pose.

A palsy of the face, Parkinson's disease and stroke still or pull just these: they are never scored by default.
"""
# ruff: noqa: D103 (a measure is documented by its declaration)

import numpy as np

from vivavoce.data.schema import Value
from vivavoce.features.face.answer import AnswerFace, median, spread
from vivavoce.features.face.family import CAMERA, CAMERA_AND_ANATOMY, FACE, MESH, STEADY, SYMMETRIC


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
