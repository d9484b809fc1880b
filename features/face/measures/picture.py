"""The picture of the face: how much of it was seen, and how well. These describe the recording, not the person."""
# ruff: noqa: D103 (a measure is documented by its declaration)

import numpy as np

from vivavoce.data.schema import Absent, Value
from vivavoce.features.face.answer import AnswerFace, median
from vivavoce.features.face.family import CAMERA, FACE, MESH, SYMMETRIC


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
