"""What the face did: head pose, movement, eyes and mouth as plain lengths, angles and shares.

Landmarks become measures frame by frame; no picture, no landmark and no identity is kept.
"""

from vivavoce.features.face import gaze, movement
from vivavoce.features.face.answer_face import FACE, face_stage

MEASURES = (gaze, movement)  # the modules that declare the family's features

__all__ = ["FACE", "MEASURES", "face_stage"]
