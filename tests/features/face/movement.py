"""Answers in which heads move by planted amounts: real speakers moved as pictures, drawn ones who turn and look.

People who answer a question move by very different amounts; the recordings at hand show some who hold still for three
seconds. Each movement is a sum of slow waves (0.1–1.2 Hz, amplitudes falling with frequency), drawn anew per answer.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from tests.faces import Act, Picture, Stand, draw
from tests.features.face.clips import Frames

VIGOURS = (0.05, 0.2, 0.5, 1.0)  # of answers in turn: from hardly moving to moving a lot
WAVES_HZ = (0.1, 1.2)
DEPTH = 2.0  # sides of the picture between the camera and the picture that is moved


def waves(seed: int, count: int, times: np.ndarray) -> np.ndarray:
    """Smooth movements of random amount, shape (n, count), of about unit size."""
    random = np.random.default_rng(seed)
    amount = random.uniform(0.5, 1.5, count)
    hertz, phase = random.uniform(*WAVES_HZ, (count, 4)), random.uniform(0, 2 * np.pi, (count, 4))
    weight = np.sqrt(2 / (1 / hertz**2).sum(axis=1, keepdims=True)) / hertz
    return amount * (weight * np.sin(2 * np.pi * hertz * times[:, None, None] + phase)).sum(axis=2)


def moved(clip: Sequence[Picture], seed: int, seconds: float, rate: float = 25.0) -> Frames:
    """A real speaker, the clip forth and back, whose picture turns, tilts, shifts and comes nearer."""
    times = np.arange(round(seconds * rate)) / rate
    amounts = waves(seed, 6, times) * VIGOURS[seed % len(VIGOURS)] * [12, 8, 8, 0.05, 0.03, 0.06]
    rests = np.random.default_rng(seed).standard_normal(6) * [6, 4, 4, 0, 0, 0]
    last = len(clip) - 1
    order = last - np.abs(np.arange(len(times)) % (2 * last) - last)
    return [(t, _seen(clip[i], row)) for t, i, row in zip(times.tolist(), order.tolist(), amounts + rests, strict=True)]


def drawn(seed: int, seconds: float, rate: float = 20.0) -> Frames:
    """A drawn candidate whose head, lips and irises move."""
    times = np.arange(round(seconds * rate)) / rate
    vigour = VIGOURS[seed % len(VIGOURS)]
    yaw, pitch, roll, lips, right, up = (waves(seed, 6, times) * [12, 6, 6, 0.5, 10, 5] * vigour).T
    at = np.random.default_rng(seed).standard_normal(6) * [6, 4, 3, 0, 8, 4]
    acts = (
        Act(yaw[i] + at[0], pitch[i] + at[1], roll[i] + at[2], 0.0, abs(lips[i]), (right[i] + at[4], up[i] + at[5]))
        for i in range(len(times))
    )
    return [(t, draw(act, Stand(360, 288, 60))) for t, act in zip(times.tolist(), acts, strict=True)]


def _seen(rgb: Picture, amount: np.ndarray) -> Picture:
    """The picture turned by yaw, pitch and roll in degrees, shifted by shares of its sides, nearer by a factor."""
    height, width = rgb.shape[:2]
    yaw, pitch, roll = np.deg2rad(amount[:3])
    away = DEPTH * max(height, width)
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    plane = about_z @ about_x @ about_y @ np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 0.0]])
    plane[:, 2] += [amount[3] * width, amount[4] * height, away / np.exp(amount[5])]
    lens = np.array([[away, 0, width / 2], [0, away, height / 2], [0, 0, 1.0]])
    return cv2.warpPerspective(rgb, lens @ plane, (width, height), borderMode=cv2.BORDER_REPLICATE)
