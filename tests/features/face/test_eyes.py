from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faces import Act, draw
from tests.features.face.clips import read
from tests.features.face.irises import turned
from vivavoce.features.face.face_track import (
    CLOSED_SHARE,
    EYEBALL_CM,
    IRIS_ABOVE_CM,
    IRIS_AHEAD_CM,
    IRIS_FOLLOWS,
    closures,
    eye_aspect_ratio,
    gaze,
)
from vivavoce.features.face.pose import (
    EYES_CM,
    HEAD_TO_CAMERA,
    LEFT_EYE,
    RIGHT_EYE,
    Mesh,
    Pose,
    angles_of,
    canonical_face,
    facing_camera,
    head_pose,
    rotation_of,
)


def seen(mesh: Mesh, act: Act) -> tuple[np.ndarray, Pose]:
    picture = draw(act)
    mesh.find(picture)
    (face,) = mesh.find(picture)
    pose = head_pose(face, 480, 360)
    assert pose is not None
    return face, pose


def test_eye_aspect_ratio_is_height_over_width() -> None:
    face = np.zeros((478, 3))
    for outer, inner, above, below in ((33, 133, (160, 158), (144, 153)), (263, 362, (387, 385), (373, 380))):
        face[[outer, inner], 0] = 0.0, 0.4
        face[list(above), 1] = 0.06
        face[list(below), 1] = -0.06
    assert eye_aspect_ratio(face) == pytest.approx(0.12 / 0.4)


def test_closing_lids_lower_the_ratio_of_the_drawn_face(mesh: Mesh) -> None:
    ratios = [eye_aspect_ratio(facing_camera(*seen(mesh, Act(lids=lids)))) for lids in (0.0, 0.5, 0.9)]
    assert ratios[0] > ratios[1] > ratios[2]
    assert ratios[2] < CLOSED_SHARE * ratios[0]


@given(
    yaw=st.floats(-30, 30),
    pitch=st.floats(-20, 20),
    roll=st.floats(-30, 30),
    x=st.floats(-25, 25),
    y=st.floats(-20, 20),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_irises_as_the_mesh_gives_them_give_back_their_direction_whatever_the_head_does(yaw, pitch, roll, x, y) -> None:
    rotation = rotation_of(yaw, pitch, roll)
    head = np.vstack([canonical_face(), np.zeros((10, 3))])
    out = HEAD_TO_CAMERA @ rotation_of(x, y, 0)[:, 2]  # towards the camera's side, in its own right, up, out
    rest = np.array([0, IRIS_ABOVE_CM, IRIS_AHEAD_CM - EYEBALL_CM])
    for iris, corners in ((468, RIGHT_EYE), (473, LEFT_EYE)):
        ball = head[list(corners)].mean(axis=0) + rest
        head[iris] = ball + EYEBALL_CM * rotation.T @ HEAD_TO_CAMERA @ (out * [IRIS_FOLLOWS, 1, 1])
    pixels = 100 + head @ rotation.T * (63 / EYES_CM)
    np.testing.assert_allclose(gaze(pixels, Pose(*angles_of(rotation), rotation)), [x, y], atol=0.2)


def test_drawn_irises_are_followed_sideways_and_less_so_up_and_down(mesh: Mesh) -> None:
    looks = np.arange(-20, 21, 8.0)
    sideways = [gaze(*seen(mesh, Act(look=(x, 0))))[0] for x in looks]
    upward = [gaze(*seen(mesh, Act(look=(0, y))))[1] for y in looks]
    assert np.corrcoef(looks, sideways)[0, 1] > 0.97
    assert np.corrcoef(looks, upward)[0, 1] > 0.9
    assert 0.15 < np.polyfit(looks, upward, 1)[0] < 0.5  # which is what its meaning declares


@pytest.mark.parametrize("angle", [10, 20])
def test_the_angle_of_drawn_irises_comes_back_within_a_sixth_whatever_the_head_does(mesh: Mesh, angle: float) -> None:
    turns = [(0, 0, 0), (15, 0, 0), (-15, 0, 0), (0, 10, 0), (0, -10, 10)]
    found = [[gaze(*seen(mesh, Act(*turn, look=(x, 0))))[0] for x in (-angle, angle)] for turn in turns]
    half = np.diff(found, axis=1) / 2
    assert half.mean() == pytest.approx(angle, rel=0.15)
    assert half.ravel() == pytest.approx([angle] * len(turns), rel=0.35)


@pytest.mark.parametrize("angle", [10, 20])
def test_the_angle_of_irises_moved_in_real_eyes_comes_back_within_a_sixth(
    viva_data: Path, mesh: Mesh, angle: float
) -> None:
    half = []
    for clip in sorted((viva_data / "talking_face" / "grid").glob("*.mpg")):
        picture = cv2.resize(list(read(clip, 5))[2][1], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        height, width = picture.shape[:2]
        mesh.reset()
        mesh.find(picture)
        (face,) = mesh.find(picture)
        looks = []
        for by in (-angle, angle):
            mesh.find(moved := turned(picture, face, by))
            (after,) = mesh.find(moved)
            pose = head_pose(after, width, height)
            assert pose is not None
            looks.append(gaze(after, pose)[0])
        half.append((looks[1] - looks[0]) / 2)
    assert np.mean(half) == pytest.approx(angle, rel=0.15)


@pytest.mark.parametrize("yaw", [-15, 15])
def test_drawn_irises_on_the_camera_stay_there_while_the_head_turns(mesh: Mesh, yaw: float) -> None:
    assert np.abs(gaze(*seen(mesh, Act(yaw=yaw, look=(0, 0))))).max() < 5


def test_closures_need_open_eyes_on_both_sides() -> None:
    gone = np.nan
    openings = np.array([0.1, 0.3, 0.1, 0.3, 0.3, 0.1, gone, 0.3, 0.1, 0.1, 0.3, 0.3, 0.3, 0.3, 0.1])
    assert closures(openings).tolist() == [[2, 1], [8, 2]]
    assert closures(np.full(5, gone)).shape == (0, 2)
