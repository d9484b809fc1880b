"""What one media file may cost. Every cap carries its reason; a file past one ends in a named status."""

from dataclasses import dataclass

MEBI, GIBI = 2**20, 2**30


@dataclass(frozen=True)
class Limits:
    """Caps on one media file and on the child process that decodes it.

    Parameters
    ----------
    file_bytes
        Largest file, in bytes. 4 GiB holds three hours at 3 Mbit/s, more than meeting tools record.
    duration_s
        Longest recording, in seconds. Three hours cover any interview; what is longer was left running.
    frame_pixels
        Most pixels in one frame. 4096 × 4096 covers 4K; 198 kB of 8192 × 8192 unfold to 100 MB a frame.
    shortest_wait_s, wait_per_second
        Wall time that the child may take: ``max(shortest_wait_s, wait_per_second × duration)``. 1080p decodes several
        times faster than it plays on one core, so three times the playing time means that something is wrong.
        Only waiting for the child counts, not what the caller does with its frames.
    memory_bytes
        Address space of the child beyond what it starts with. 16 reference frames of 4096 × 4096 at 8 bit take 400 MiB.

    Examples
    --------
    >>> Limits().wait_s(10), Limits().wait_s(3600)
    (120.0, 10800.0)
    """

    file_bytes: int = 4 * GIBI
    duration_s: float = 3 * 3600.0
    frame_pixels: int = 4096 * 4096
    shortest_wait_s: float = 120.0
    wait_per_second: float = 3.0
    memory_bytes: int = 1 * GIBI

    def wait_s(self, duration_s: float) -> float:
        """Seconds of wall time, and of processor time, for a recording of ``duration_s`` seconds."""
        return max(self.shortest_wait_s, self.wait_per_second * duration_s)
