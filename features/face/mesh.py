"""Where the landmarks of each face lie in a picture. The only file that touches mediapipe.

FaceMesh with refined eyes and lips gives 478 landmarks a face: 468 of the canonical mesh, then 5 for each iris.
Kartynnik et al. (2019), *Real-time facial surface geometry from monocular video on mobile GPUs*; Grishchenko et
al. (2020), *Attention mesh*. The models lie in mediapipe's wheel: nothing is downloaded and nothing is reported.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.data.track import Array

Picture = npt.NDArray[np.uint8]

LANDMARKS = 478  # 468 of the canonical mesh + 2 × 5 of the irises
MAX_FACES = 2  # enough to notice that the candidate is not alone; a face costs 4–5 ms a frame

# A point of a NormalizedLandmarkList on the wire: tag, length of what follows, then x, y and z, each after its tag.
_TAGS = {"point": 0x0A, "x": 0x0D, "y": 0x15, "z": 0x1D}
_POINT = np.dtype(
    [("point_tag", "u1"), ("length", "u1"), *((n, k) for p in "xyz" for n, k in ((f"{p}_tag", "u1"), (p, "<f4")))]
)

# What the graph says at every start, in any set-up, to the process's own stderr where no logger can stop it.
_NOTICE = re.compile(
    rb"XNNPACK delegate for CPU"
    rb"|before absl::InitializeLog\(\)"
    rb"|inference_feedback_manager\.cc"
    rb"|landmark_projection_calculator\.cc.*NORM_RECT"
)

# Comes back when the graph has started; it shows no face, so it leaves no trace.
_BLANK: Picture = np.zeros((16, 16, 3), np.uint8)


class Mesh:
    """FaceMesh as it follows faces from frame to frame; it holds the models and is built once per worker.

    Its landmarks depend on the frames seen before, so call :meth:`reset` between files.
    """

    def __init__(self) -> None:
        with _without_notices():
            from mediapipe.python.solutions.face_mesh import FaceMesh

            self._graph: Any = FaceMesh(static_image_mode=False, refine_landmarks=True, max_num_faces=MAX_FACES)
            self._graph.process(_BLANK)
        self._quiet = False  # once a face was found the graph has said all that it says

    def find(self, rgb: Picture) -> list[Array]:
        """Landmarks of the faces in the next frame.

        Parameters
        ----------
        rgb : ndarray of uint8, shape (h, w, 3)
            The picture, rows from the top.

        Returns
        -------
        list of ndarray, shape (478, 3)
            x to the right and y down in pixels; z in pixels of the same scale, negative towards the camera,
            relative to the head's centre. At most ``MAX_FACES``, empty where no face is seen.

        Raises
        ------
        ValueError
            If the picture is not uint8 of shape (h, w, 3).
        """
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ValueError(
                f"The 'rgb' parameter of Mesh.find must be uint8 of shape (h, w, 3). "
                f"Got {rgb.dtype} of shape {rgb.shape} instead."
            )
        height, width = rgb.shape[:2]
        with nullcontext() if self._quiet else _without_notices():
            found = self._graph.process(np.ascontiguousarray(rgb)).multi_face_landmarks
        self._quiet = self._quiet or bool(found)
        scale = np.array([width, height, width], dtype=float)
        return [_points(face.SerializeToString()) * scale for face in found or ()]

    def reset(self) -> None:
        """Forget the frames seen so far, so that the next file's landmarks depend on that file only."""
        with _without_notices():
            self._graph.reset()
            self._graph.process(_BLANK)

    def close(self) -> None:
        """Free the models."""
        self._graph.close()


def _points(message: bytes) -> Array:
    """Coordinates of one face, shape (478, 3), from the graph's own message: reading it point by point costs 0.2 ms."""
    points = np.frombuffer(message, _POINT) if len(message) == LANDMARKS * _POINT.itemsize else None
    if points is None or any((points[f"{part}_tag"] != tag).any() for part, tag in _TAGS.items()):
        raise ValueError(
            f"FaceMesh must give {LANDMARKS} points of x, y and z. Got {len(message)} other bytes instead."
        )
    return np.asarray(np.stack([points["x"], points["y"], points["z"]], axis=1), dtype=np.float64)


@contextmanager
def _without_notices() -> Iterator[None]:
    """Drop the graph's known notices from stderr and pass everything else on."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not _NOTICE.search(line):
                    os.write(2, line)
