"""Closures of the lids and direction of the irises: approximations of clinical signs, so never scored by default.

The picture of the face: how much of it was seen, and how well. These describe the recording, not the person.
"""

from typing import Final

import numpy as np

from vivavoce.data.schema import Absent, Value
from vivavoce.data.track import Array
from vivavoce.features.face.answer_face import (
    CAMERA,
    CAMERA_AND_ANATOMY,
    FACE,
    MESH,
    RATE_TOLERANCE,
    STEADY,
    SYMMETRIC,
    AnswerFace,
    median,
)
from vivavoce.features.face.face_track import closures

# ruff: noqa: D103 (a measure is documented by its declaration)


NATURAL_S = (0.0, 0.5)  # a natural closure lasts 100–150 ms, a slow one up to 400; longer is no blink
NATURAL_HZ = 15.0  # slower sampling misses some
LONG_S = (0.2, 1.0)
LONG_HZ = 10.0  # then a closure of 200 ms covers two frames

TO_CAMERA: Final = np.array([0.0, 0.0, 1.0])
TOWARDS_DEG = 20.0  # from the camera: a screen's middle lies within 15, and anatomy shifts the zero by some degrees
LIDS: Final = "eye aspect ratio; Soukupová & Čech 2016"
IRIS: Final = "iris on a spherical eyeball; Grishchenko et al. 2020"


def closure_seconds(answer: AnswerFace, between_s: tuple[float, float], rate_hz: float) -> Array | Absent:
    """Lengths of the eyes' closures between two limits, shape (m,), in seconds.

    ``Absent("sampling_rate")`` where fewer than ``rate_hz`` frames a second came.
    """
    if answer.missing_eyes:
        return answer.missing_eyes
    rate = answer.rate_hz
    if rate < RATE_TOLERANCE * rate_hz:
        return Absent("sampling_rate")
    frames = closures(answer.track["eye_aspect_ratio"])[:, 1]
    shortest, longest = between_s
    fewest, most = np.floor(shortest * rate + 0.5), np.ceil(longest * rate)
    return np.asarray(frames[(frames >= fewest) & (frames <= most)] / rate)


def per_minute(answer: AnswerFace, lengths: Array | Absent) -> Value:
    """How many closures a minute in which the face was seen."""
    if isinstance(lengths, Absent):
        return lengths
    return 60 * len(lengths) * answer.rate_hz / len(answer.seen)


def directions(answer: AnswerFace) -> Array:
    """Directions of the irises as unit vectors, shape (n, 3): right, up, towards the camera."""
    yaw, pitch = np.deg2rad(answer.seen["gaze_yaw_deg"]), np.deg2rad(answer.seen["gaze_pitch_deg"])
    return np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)], axis=1)


def angles_between(vectors: Array, vector: Array) -> Array:
    """Angles in degrees between unit vectors, shape (n, 3), and one of them; shape (n,)."""
    return np.asarray(np.rad2deg(np.arccos(np.clip(vectors @ vector, -1, 1))))


def time_below(values: Array, limit: float) -> float:
    """Share of the time between the first and the last frame in which a value, straight between frames, is below.

    Examples
    --------
    >>> time_below(np.array([10.0, 30.0, 30.0]), 15.0)
    0.125
    """
    low, high = np.minimum(values[1:], values[:-1]), np.maximum(values[1:], values[:-1])
    rises = np.maximum(high - low, np.finfo(float).eps)
    return float(np.clip((limit - low) / rises, 0, 1).mean())


@FACE.feature(
    "face.blinks_per_min",
    unit="per min",
    low=0,
    high=120,
    meaning="Closures of the eyes of up to half a second.",
    source=LIDS,
    moved_by=CAMERA,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def blinks_per_min(answer: AnswerFace) -> Value:
    return per_minute(answer, closure_seconds(answer, NATURAL_S, NATURAL_HZ))


@FACE.feature(
    "face.blink_median_s",
    unit="s",
    low=0,
    high=0.6,
    meaning="Median length of the closures of up to half a second.",
    source=LIDS,
    moved_by=CAMERA,
    resists=("scaling", "brightness"),
    impairment_sensitive=True,
)
def blink_median_s(answer: AnswerFace) -> Value:
    lengths = closure_seconds(answer, NATURAL_S, NATURAL_HZ)
    if isinstance(lengths, Absent):
        return lengths
    return float(np.median(lengths)) if len(lengths) else Absent("no_blink")


@FACE.feature(
    "face.long_blinks_per_min",
    unit="per min",
    low=0,
    high=60,
    meaning="Closures of the eyes of a fifth of a second up to a second.",
    source=LIDS,
    moved_by=CAMERA,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def long_blinks_per_min(answer: AnswerFace) -> Value:
    return per_minute(answer, closure_seconds(answer, LONG_S, LONG_HZ))


@FACE.feature(
    "face.gaze_yaw_median_deg",
    unit="deg",
    low=-90,
    high=90,
    meaning="Median direction of the irises sideways relative to the camera; positive to the right of the picture.",
    source=IRIS,
    moved_by=CAMERA_AND_ANATOMY,
    resists=STEADY,
    impairment_sensitive=True,
)
def gaze_yaw_median_deg(answer: AnswerFace) -> Value:
    return answer.missing_eyes or median(answer, "gaze_yaw_deg")


@FACE.feature(
    "face.gaze_pitch_median_deg",
    unit="deg",
    low=-90,
    high=90,
    meaning="Median direction of the irises up or down relative to the camera; positive is up. "
    "The mesh follows a quarter of it or less.",
    source=IRIS,
    moved_by=CAMERA_AND_ANATOMY,
    resists=STEADY,
    impairment_sensitive=True,
)
def gaze_pitch_median_deg(answer: AnswerFace) -> Value:
    return answer.missing_eyes or median(answer, "gaze_pitch_deg")


@FACE.feature(
    "face.gaze_spread_deg",
    unit="deg",
    low=0,
    high=90,
    meaning="Mean angle between the irises' direction and its median direction.",
    source=IRIS,
    moved_by=CAMERA,
    resists=("scaling", "brightness"),
    impairment_sensitive=True,
)
def gaze_spread_deg(answer: AnswerFace) -> Value:
    if answer.missing_eyes:
        return answer.missing_eyes
    look = directions(answer)
    middle = np.median(look, axis=0)
    return float(np.mean(angles_between(look, middle / np.linalg.norm(middle))))


@FACE.feature(
    "face.gaze_to_camera_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of the time in which the irises point within 20 degrees of the camera.",
    source=IRIS,
    moved_by=CAMERA_AND_ANATOMY,
    resists=SYMMETRIC,
    impairment_sensitive=True,
)
def gaze_to_camera_share(answer: AnswerFace) -> Value:
    if answer.missing_eyes:
        return answer.missing_eyes
    return time_below(angles_between(directions(answer), TO_CAMERA), TOWARDS_DEG)


# ruff: noqa: D103 (a measure is documented by its declaration)


@FACE.feature(
    "face.seen_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of the answer's frames that show a face.",
    source="BlazeFace; Bazarevsky et al. 2019",
    moved_by=CAMERA,
    resists=SYMMETRIC,
    quality=True,
)
def seen_share(answer: AnswerFace) -> Value:
    if len(answer.track) == 0:
        return Absent("no_frames")
    return len(answer.seen) / len(answer.track)


@FACE.feature(
    "face.several_faces_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of the frames with a face that show more than one.",
    source="BlazeFace; Bazarevsky et al. 2019",
    moved_by=CAMERA,
    resists=SYMMETRIC,
    quality=True,
)
def several_faces_share(answer: AnswerFace) -> Value:
    return answer.missing or float(np.mean(answer.seen["faces"] > 1))


@FACE.feature(
    "face.size_px",
    unit="px",
    low=5,
    high=640,
    meaning="Median distance between the eyes in the picture as measured.",
    source=MESH,
    moved_by=CAMERA,
    resists=("mirroring", "brightness", "frame_rate"),
    quality=True,
)
def size_px(answer: AnswerFace) -> Value:
    return median(answer, "interocular_px")


@FACE.feature(
    "face.brightness_share",
    unit="share",
    low=0,
    high=1,
    meaning="Median luma of the face.",
    source="ITU-R BT.601",
    moved_by=("camera", "room"),
    resists=("mirroring", "scaling", "frame_rate"),
    quality=True,
)
def brightness_share(answer: AnswerFace) -> Value:
    return median(answer, "brightness_share")


@FACE.feature(
    "face.sharpness_ratio",
    unit="ratio",
    low=0,
    high=20,
    meaning="Median sharpness of the face: variance of the Laplacian over variance of the luma.",
    source="Pech-Pacheco et al. 2000",
    moved_by=CAMERA,
    resists=("mirroring", "brightness", "frame_rate"),
    quality=True,
)
def sharpness_ratio(answer: AnswerFace) -> Value:
    return median(answer, "sharpness_ratio")


@FACE.feature(
    "face.frame_rate_hz",
    unit="Hz",
    low=0.1,
    high=240,
    meaning="Frames a second at which the face was measured.",
    source="frame times",
    moved_by=CAMERA,
    resists=("mirroring", "scaling", "brightness"),
    quality=True,
)
def frame_rate_hz(answer: AnswerFace) -> Value:
    return answer.missing or answer.rate_hz
