"""An answer's sound on a file without a name: memory does not grow with length, nothing outlives the process.

Pictures on their way from the decoding child to the worker, in memory that both hold.
"""

import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from types import TracebackType

import numpy as np
import numpy.typing as npt

RATE_HZ = 16_000  # what Whisper, silero-vad and the pitch tracker all take
BYTES_PER_SAMPLE = 4  # float32: 3.84 MB a minute, 691 MB for three hours
WRITE_SAMPLES = 60 * RATE_HZ  # one minute per write: 3.84 MB of memory, whatever the length

Samples = npt.NDArray[np.float32]


class AudioSpool:
    """Mono sound at 16 kHz, float32 in [−1, 1], on a temporary file that has no name.

    The file is created without a directory entry, so its blocks are freed by the kernel when the last
    process that holds it ends, however it ends. It lies in ``folder``, by default in ``TMPDIR``.

    Parameters
    ----------
    descriptor : int, optional
        An open file to take over (the decoding child is handed one); by default a new one is created.
    folder : str, optional
        Where a new file lies. A folder in memory (tmpfs) makes sound count as memory.

    Examples
    --------
    >>> with AudioSpool() as audio:
    ...     audio.append(np.full(24_000, 0.5, np.float32))
    ...     audio.rate, audio.duration, audio.read(1.0, 2.0).shape
    (16000, 1.5, (8000,))
    """

    rate = RATE_HZ

    def __init__(self, descriptor: int | None = None, folder: str | None = None) -> None:
        if descriptor is None:
            with tempfile.TemporaryFile(dir=folder) as file:
                descriptor = os.dup(file.fileno())
        self._descriptor = descriptor
        self._release = weakref.finalize(self, os.close, descriptor)

    @classmethod
    def from_array(cls, samples: npt.ArrayLike) -> "AudioSpool":
        """Spool an array of shape (n,) that is already mono at 16 kHz. Raises ``ValueError`` for any other shape.

        Examples
        --------
        >>> AudioSpool.from_array(np.zeros(16_000)).duration
        1.0
        """
        values = np.asarray(samples, np.float32)
        if values.ndim != 1:
            raise ValueError(
                "The 'samples' parameter of AudioSpool.from_array must have shape (n,), mono at 16 kHz. "
                f"Got {values.shape} instead."
            )
        spool = cls()
        spool.append(values)
        return spool

    def __len__(self) -> int:
        """Return the number of samples spooled so far."""
        return os.fstat(self._descriptor).st_size // BYTES_PER_SAMPLE

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return len(self) / self.rate

    def fileno(self) -> int:
        """Return the file descriptor, so that another process can be handed the same sound."""
        return self._descriptor

    def append(self, samples: Samples) -> None:
        """Add samples at the end. Raises ``OSError`` where the folder for temporary files is full."""
        end = len(self) * BYTES_PER_SAMPLE
        for first in range(0, len(samples), WRITE_SAMPLES):
            block = np.ascontiguousarray(samples[first : first + WRITE_SAMPLES], np.float32).data.cast("B")
            while block:
                written = os.pwrite(self._descriptor, block, end)
                end, block = end + written, block[written:]

    def lower(self, first: int, count: int, by: float) -> None:
        """Take a constant from ``count`` samples that were spooled, from the ``first`` on."""
        lowered = self.read(first / self.rate, (first + count) / self.rate) - np.float32(by)
        block, place = lowered.data.cast("B"), first * BYTES_PER_SAMPLE
        while block:
            written = os.pwrite(self._descriptor, block, place)
            place, block = place + written, block[written:]

    def append_silence(self, samples: int) -> None:
        """Add zeros at the end; they take no space on disk."""
        os.ftruncate(self._descriptor, (len(self) + samples) * BYTES_PER_SAMPLE)

    def read(self, start: float, end: float) -> Samples:
        """Return the samples of [start, end) seconds, shape (n,), as far as they lie inside the recording.

        Raises
        ------
        ValueError
            If the span starts before 0 or ends before it starts.
        """
        if not 0 <= start <= end:
            raise ValueError(f"AudioSpool.read needs 0 ≤ start ≤ end, in seconds. Got {start} and {end} instead.")
        first = round(start * self.rate)
        count = max(0, min(len(self), round(end * self.rate)) - first)
        values = np.empty(count, np.float32)
        rest, offset = values.data.cast("B") if count else memoryview(b""), first * BYTES_PER_SAMPLE
        while rest:
            got = os.preadv(self._descriptor, [rest], offset)
            if not got:
                raise OSError(f"The spool ended {len(rest)} bytes early: its file was cut by another process.")
            offset, rest = offset + got, rest[got:]
        return values

    def blocks(self, seconds: float) -> Iterator[Samples]:
        """Yield the sound in consecutive blocks of ``seconds``, the last one shorter.

        Raises
        ------
        ValueError
            If a block would hold less than one sample.

        Examples
        --------
        >>> [len(block) for block in AudioSpool.from_array(np.zeros(20_000)).blocks(0.5)]
        [8000, 8000, 4000]
        """
        size = round(seconds * self.rate)
        if size < 1:
            raise ValueError(
                f"The 'seconds' parameter of AudioSpool.blocks must be ≥ 1/{self.rate}. Got {seconds} instead."
            )
        for first in range(0, len(self), size):
            yield self.read(first / self.rate, (first + size) / self.rate)

    def close(self) -> None:
        """Let go of the file; the kernel frees its blocks. Closing twice is allowed."""
        self._release()

    def __enter__(self) -> "AudioSpool":
        """Hold the sound for the length of a ``with`` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the file."""
        self.close()


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
