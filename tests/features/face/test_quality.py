import cv2
import numpy as np
import pytest

from tests.faces import Act, Stand, draw, posed, seen_from_camera
from tests.features.face.clips import lit
from vivavoce.features.face.face_track import light_and_sharpness

LANDMARKS = seen_from_camera(posed(Act()), Act(), Stand())[:478]


def test_brightness_is_mean_luma() -> None:
    grey = np.full((360, 480, 3), 102, np.uint8)
    assert light_and_sharpness(grey, LANDMARKS) == (pytest.approx(0.4), 0.0)


def test_blur_lowers_sharpness_and_light_does_not() -> None:
    picture = draw()
    measured = light_and_sharpness(picture, LANDMARKS)
    blurred = light_and_sharpness(cv2.GaussianBlur(picture, None, 4), LANDMARKS)
    darker = light_and_sharpness(lit(0.6)(picture), LANDMARKS)
    assert measured is not None
    assert blurred is not None
    assert darker is not None
    assert blurred[1] < 0.3 * measured[1]
    assert darker[1] == pytest.approx(measured[1], rel=0.05)
    assert darker[0] == pytest.approx(0.6 * measured[0], rel=0.02)


def test_a_face_outside_the_picture_has_neither() -> None:
    assert light_and_sharpness(draw(), LANDMARKS + np.array([1000, 0, 0])) is None
