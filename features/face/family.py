"""The FACE family and what its declarations share.

Yaw is positive when the face turns to the picture's right (the candidate's own left), pitch when it turns up, roll
when the head tilts clockwise in the picture. *Spread* is the mean distance from the median. The zero of an angle and
the level of a length depend on a person's anatomy by some degrees or hundredths; spreads and speeds do not.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from vivavoce.data.interview import Modality
from vivavoce.data.media.decode import DECODING
from vivavoce.data.schema import Family, Stage
from vivavoce.data.source import source_digest
from vivavoce.features.face.answer import LAG_S, MIN_EYES_PX, MIN_FRAMES, AnswerFace
from vivavoce.features.face.eyes import CLOSED_SHARE, EYEBALL_CM, IRIS_ABOVE_CM, IRIS_AHEAD_CM, IRIS_FOLLOWS
from vivavoce.features.face.mesh import MAX_FACES
from vivavoce.features.face.pose import EYES_CM, FOCAL_SIDES

FRAMES_PER_SECOND = 5.0  # the default sampling: enough for pose, gaze, lips and brows, too little for blinks

CAMERA: Final = ("camera",)
CAMERA_AND_ANATOMY: Final = ("camera", "anatomy")
# What a measure resists moves it by less than a quarter of the spread between people, on eight real ones who hold
# still for three seconds: docs/invariances.md. Small movements are of the size of the mesh's own jitter.
STEADY: Final = ("scaling", "brightness", "frame_rate")  # and mirroring changes the sign
SYMMETRIC: Final = ("mirroring", *STEADY)
CODE: Final = source_digest(Path(__file__).parent)
MESH: Final = "FaceMesh; Kartynnik et al. 2019, Grishchenko et al. 2020"


def face_stage(frames_per_second: float) -> Stage:
    """What can change a value besides the measure's own code: mesh, sampling, the constants of the geometry."""
    return Stage(
        "face",
        "1",
        {
            "mesh": f"FaceMesh, refined, of mediapipe {version('mediapipe')}",
            "max_faces": MAX_FACES,
            "frames_per_second": frames_per_second,
            "focal_sides": FOCAL_SIDES,
            "eyes_cm": EYES_CM,
            "eyeball_cm": EYEBALL_CM,
            "iris_ahead_cm": IRIS_AHEAD_CM,
            "iris_above_cm": IRIS_ABOVE_CM,
            "iris_follows": IRIS_FOLLOWS,
            "closed_share": CLOSED_SHARE,
            "lag_s": LAG_S,
            "min_frames": MIN_FRAMES,
            "min_eyes_px": MIN_EYES_PX,
            "code": CODE,
        },
        upstream=(DECODING,),
    )


FACE: Final[Family[AnswerFace]] = Family("face", Modality.FACE, face_stage(FRAMES_PER_SECOND))
