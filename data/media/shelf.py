"""Pictures on their way from the decoding child to the worker, in memory that both hold."""

import mmap
import os

import numpy as np
import numpy.typing as npt

LONGEST_SIDE = 640  # pixels: the face mesh looks at 192 × 192 of a face, so more would only cost
SLOTS = 4  # so that decoding and measuring overlap
SLOT_BYTES = 3 * LONGEST_SIDE * LONGEST_SIDE  # 1.2 MB

Picture = npt.NDArray[np.uint8]


class Shelf:
    """``SLOTS`` places for one picture each, uint8 (h, w, 3), longest side ≤ 640 px, in memory without a name.

    Examples
    --------
    >>> with Shelf() as worker, Shelf(os.dup(worker.descriptor)) as child:
    ...     child.put(7, np.full((2, 3, 3), 9, np.uint8))
    ...     int(worker.take(7, 2, 3).sum())
    162
    """

    def __init__(self, descriptor: int | None = None) -> None:
        if descriptor is None:
            descriptor = os.memfd_create("pictures")
            os.truncate(descriptor, SLOTS * SLOT_BYTES)
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, SLOTS * SLOT_BYTES)

    def put(self, number: int, picture: Picture) -> None:
        """Lay the picture with this running number on its place."""
        self._place(number, *picture.shape[:2])[:] = picture

    def take(self, number: int, height: int, width: int) -> Picture:
        """Copy the picture with this running number, so that its place is free."""
        return self._place(number, height, width).copy()

    def _place(self, number: int, height: int, width: int) -> Picture:
        offset = number % SLOTS * SLOT_BYTES
        return np.frombuffer(self._memory, np.uint8, 3 * height * width, offset).reshape(height, width, 3)

    def __enter__(self) -> "Shelf":
        """Hold the memory for the length of a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the memory."""
        self._memory.close()
        os.close(self.descriptor)
