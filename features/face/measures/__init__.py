"""The FACE family: each function is one number per answer."""

from vivavoce.features.face.family import FACE, face_stage
from vivavoce.features.face.measures import eyes, head, mouth, picture

__all__ = ["FACE", "eyes", "face_stage", "head", "mouth", "picture"]
