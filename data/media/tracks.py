"""When the head of an MP4 says that each of its tracks ends: by the movie's clock, not by the track's own."""

import os
from collections.abc import Iterator

MOST_CHILDREN = 1000  # boxes in one box; recorders write a dozen
UNKNOWN = (0, 2**32 - 1, 2**64 - 1)  # how ISO/IEC 14496-12 and recorders write a duration that nobody knew


def track_ends(descriptor: int, start: int, end: int) -> dict[int, float]:
    """Read a movie box (ISO/IEC 14496-12, 8.2).

    Parameters
    ----------
    descriptor
        An open file.
    start, end
        The bytes of the box's contents.

    Returns
    -------
    dict
        Track's number → seconds from the recording's beginning to the track's end, edits applied. A track of which
        nothing is said is not in it. A track's own clock, by which its frames are timed, has no part in this: a clock
        that was changed or damaged shows.
    """
    boxes = list(_boxes(descriptor, start, end))
    scales = [_fields(descriptor, at, after=0) for kind, at, _ in boxes if kind == b"mvhd"]
    scale = scales[0][0] if scales else 0
    if not scale:
        return {}
    heads = [
        _fields(descriptor, at, after=4)
        for kind, inner, outer in boxes
        if kind == b"trak"
        for kind_within, at, _ in _boxes(descriptor, inner, outer)
        if kind_within == b"tkhd"
    ]
    return {number: duration / scale for number, duration in heads if duration not in UNKNOWN}


def _boxes(descriptor: int, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, and the bytes of the contents, of every box between two places."""
    for _ in range(MOST_CHILDREN):
        head = os.pread(descriptor, 8, start)
        length = int.from_bytes(head[:4], "big")
        if len(head) < 8 or length < 8 or start + length > end:
            return
        yield head[4:], start + 8, start + length
        start += length


def _fields(descriptor: int, at: int, after: int) -> tuple[int, int]:
    """A head's first number and its duration, ``after`` bytes behind; both heads begin with two times."""
    content = os.pread(descriptor, 40, at)
    wide = 8 if content[:1] == b"\1" else 4  # version 1: times and durations of 64 bit
    first = 4 + 2 * wide
    duration = first + 4 + after
    return (
        int.from_bytes(content[first : first + 4], "big"),
        int.from_bytes(content[duration : duration + wide], "big"),
    )
