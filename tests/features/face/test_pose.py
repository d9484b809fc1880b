import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces import Act, Stand, draw, posed, seen_from_camera
from tests.features.face.clips import mirrored
from vivavoce.features.face.pose import (
    HEAD_TO_CAMERA,
    Mesh,
    Pose,
    angles_of,
    between_eyes,
    canonical_face,
    facing_camera,
    head_pose,
    rotation_of,
)

TURNS = [
    *((yaw, 0, 0) for yaw in (-30, -20, -10, 0, 10, 20, 30)),
    *((0, pitch, 0) for pitch in (-20, -10, 10, 20)),
    *((0, 0, roll) for roll in (-30, -15, 15, 30)),
    *((15, 10, 10), (-20, -10, 5), (20, 15, -10), (-15, 10, 20)),
]


def angles(pose: Pose | None) -> list[float]:
    assert pose is not None
    return [pose.yaw_deg, pose.pitch_deg, pose.roll_deg]


def projected(act: Act, stand: Stand) -> np.ndarray:
    """The canonical face's own landmarks as that camera sees them, without a mesh between."""
    return seen_from_camera(posed(act), act, stand)[:478]


def test_the_canonical_face_is_symmetric_and_its_eyes_as_far_apart_as_declared() -> None:
    face = canonical_face()
    assert face.shape == (468, 3)
    np.testing.assert_allclose(face[[33, 133, 234]] * [-1, 1, 1], face[[263, 362, 454]], atol=1e-3)
    assert between_eyes(face) == pytest.approx(6.30, abs=0.01)


@given(
    yaw=st.floats(-45, 45),
    pitch=st.floats(-35, 35),
    roll=st.floats(-60, 60),
    x=st.floats(0.2, 0.8),
    y=st.floats(0.3, 0.7),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_projected_points_give_back_their_pose_anywhere_in_the_picture(yaw, pitch, roll, x, y) -> None:
    found = head_pose(projected(Act(yaw, pitch, roll), Stand(640, 360, 70, (x, y))), 640, 360)
    np.testing.assert_allclose(angles(found), [yaw, pitch, roll], atol=0.1)


@pytest.mark.parametrize("focal", [0.7, 1.6])
def test_another_lens_than_assumed_moves_no_angle_by_three_degrees(focal: float) -> None:
    act, width, height = Act(20, -10, 10), 640, 360
    stand = Stand(round(width * focal), height, 70, (0.5, 0.5))  # drawn with focal × width …
    points = projected(act, stand)
    points[:, 0] += width / 2 - stand.width / 2  # … and cut to width
    np.testing.assert_allclose(angles(head_pose(points, width, height)), [20, -10, 10], atol=3)


@pytest.mark.parametrize("turn", TURNS)
def test_drawn_faces_give_back_their_pose_within_five_degrees(mesh: Mesh, turn: tuple[float, float, float]) -> None:
    picture = draw(Act(*turn))
    mesh.find(picture)
    (face,) = mesh.find(picture)
    np.testing.assert_allclose(angles(head_pose(face, 480, 360)), turn, atol=5)


def test_a_mirrored_picture_negates_yaw_and_roll(mesh: Mesh) -> None:
    picture = draw(Act(18, 8, 12))
    yaw, pitch, roll = angles(head_pose(mesh.find(picture)[0], 480, 360))
    mesh.reset()
    other = angles(head_pose(mesh.find(mirrored(picture))[0], 480, 360))
    np.testing.assert_allclose(other, [-yaw, pitch, -roll], atol=3)


def test_a_face_of_a_few_pixels_has_no_pose() -> None:
    assert head_pose(projected(Act(), Stand(640, 360, 2)), 640, 360) is None
    assert head_pose(projected(Act(), Stand(640, 360, 6)), 640, 360) is not None


@given(yaw=st.floats(-89, 89), pitch=st.floats(-89, 89), roll=st.floats(-179, 179))
def test_angles_and_rotations_are_each_others_inverse(yaw: float, pitch: float, roll: float) -> None:
    np.testing.assert_allclose(angles_of(rotation_of(yaw, pitch, roll)), [yaw, pitch, roll], atol=1e-5)


def test_a_turned_face_turned_back_is_the_face() -> None:
    rotation = rotation_of(25, -15, 10)
    face = np.vstack([canonical_face(), np.zeros((10, 3))])
    middle = face[[33, 133, 263, 362]].mean(axis=0)
    pixels = face @ rotation.T * 11 + 200
    back = facing_camera(pixels, Pose(25, -15, 10, rotation))
    np.testing.assert_allclose(back[:468], (canonical_face() - middle) / between_eyes(canonical_face()), atol=1e-9)
    np.testing.assert_allclose(HEAD_TO_CAMERA, np.linalg.inv(HEAD_TO_CAMERA))
