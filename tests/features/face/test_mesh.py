import hashlib
import subprocess
import sys

import numpy as np
import pytest

from tests.faces import Act, Stand, draw
from vivavoce.features.face.pose import LANDMARKS, Mesh

ALONE = """
import hashlib, os
from tests.faces import draw
from vivavoce.features.face.pose import Mesh
mesh = Mesh()
mesh.find(draw())
os.write(2, b"an error worth reading\\n")
mesh.reset()
print(hashlib.sha256(mesh.find(draw())[0].tobytes()).hexdigest())
mesh.close()
"""


def test_a_face_has_478_landmarks_in_the_picture(mesh: Mesh) -> None:
    (face,) = mesh.find(draw())
    assert face.shape == (LANDMARKS, 3)
    assert np.all((face[:, 0] > 0) & (face[:, 0] < 480) & (face[:, 1] > 0) & (face[:, 1] < 360))


def test_no_face_is_found_on_a_wall(mesh: Mesh) -> None:
    assert mesh.find(np.full((288, 360, 3), 110, np.uint8)) == []


def test_two_faces_are_found(mesh: Mesh) -> None:
    one = draw(Act(), Stand(640, 360, 60, (0.25, 0.5)))
    assert len(mesh.find(draw(Act(), Stand(640, 360, 60, (0.75, 0.5)), one))) == 2


def test_the_same_frames_give_the_same_landmarks_after_other_frames(mesh: Mesh) -> None:
    frames = [draw(Act(yaw=yaw)) for yaw in (0, 8, 16)]
    others = [draw(Act(roll=roll), Stand(at=(0.6, 0.5))) for roll in (0, 20, 40)]
    first = [mesh.find(frame) for frame in frames]
    for frame in others:
        mesh.find(frame)
    mesh.reset()
    again = [mesh.find(frame) for frame in frames]
    np.testing.assert_array_equal(np.array(first), np.array(again))


@pytest.mark.parametrize("wrong", [np.zeros((10, 10, 3)), np.zeros((10, 10), np.uint8), np.zeros((9, 9, 4), np.uint8)])
def test_a_picture_that_is_not_rgb_bytes_is_refused(mesh: Mesh, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="must be uint8 of shape .h, w, 3.. Got"):
        mesh.find(wrong)


def test_another_process_finds_the_same_silently_but_errors_are_heard(mesh: Mesh) -> None:
    done = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True)
    assert done.stderr == "an error worth reading\n"
    assert done.stdout.strip() == hashlib.sha256(mesh.find(draw())[0].tobytes()).hexdigest()
