import numpy as np
import pytest

from tests.faces import GAP_CM, Act, draw
from vivavoce.features.face.face_track import brow_height, lip_corner_height, mouth_opening, mouth_width
from vivavoce.features.face.pose import (
    EYES_CM,
    Mesh,
    Pose,
    angles_of,
    canonical_face,
    facing_camera,
    head_pose,
    rotation_of,
)

OPENINGS = np.linspace(-0.5, 1.6, 8)  # cm beyond the canonical gap


def frontal(mesh: Mesh, act: Act) -> np.ndarray:
    picture = draw(act)
    mesh.find(picture)
    (face,) = mesh.find(picture)
    pose = head_pose(face, 480, 360)
    assert pose is not None
    return facing_camera(face, pose)


@pytest.mark.parametrize("turn", [(0, 0, 0), (15, 0, 0), (0, -10, 0), (-10, 5, 15)])
def test_the_gap_between_drawn_lips_is_followed(mesh: Mesh, turn: tuple[float, float, float]) -> None:
    measured = [mouth_opening(frontal(mesh, Act(*turn, mouth=opening))) for opening in OPENINGS]
    planted = (GAP_CM + OPENINGS) / EYES_CM
    assert np.corrcoef(planted, measured)[0, 1] >= 0.98
    np.testing.assert_allclose(measured, planted, atol=0.1)


def test_lengths_of_the_canonical_face_come_back_from_any_pose() -> None:
    rotation = rotation_of(20, -10, 15)
    pixels = np.vstack([canonical_face(), np.zeros((10, 3))]) @ rotation.T * 11
    face = facing_camera(pixels, Pose(*angles_of(rotation), rotation))
    lengths = [mouth_opening(face), mouth_width(face), lip_corner_height(face), brow_height(face)]
    canonical = canonical_face()
    brows = canonical[[105, 66, 107], 1].mean() - canonical[[33, 133], 1].mean()
    wanted = [0.548, 4.912, canonical[61, 1] - canonical[13, 1], brows]
    np.testing.assert_allclose(np.array(lengths) * 6.302, wanted, atol=0.01)
