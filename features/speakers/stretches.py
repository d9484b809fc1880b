"""Stretches of time, shape (n, 2) in seconds, as sets: joined, shared, taken away."""

import numpy as np

from vivavoce.data.track import Array


def join(spans: Array, gap: float = 0.0) -> Array:
    """The same time in ascending stretches that do not touch; gaps of up to ``gap`` seconds are closed.

    Examples
    --------
    >>> join(np.array([[3.0, 4.0], [0.0, 1.0], [0.5, 2.0]])).tolist()
    [[0.0, 2.0], [3.0, 4.0]]
    """
    joined: list[list[float]] = []
    for start, end in sorted(map(tuple, spans.tolist())):
        if joined and start <= joined[-1][1] + gap:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return np.array(joined, float).reshape(-1, 2)


def common(one: Array, other: Array) -> Array:
    """The time that lies in both.

    Examples
    --------
    >>> common(np.array([[0.0, 2.0], [3.0, 5.0]]), np.array([[1.0, 4.0]])).tolist()
    [[1.0, 2.0], [3.0, 4.0]]
    """
    one, other = join(one), join(other)
    starts = np.maximum(one[:, None, 0], other[None, :, 0])
    ends = np.minimum(one[:, None, 1], other[None, :, 1])
    kept = ends > starts
    return np.stack([starts[kept], ends[kept]], axis=1)


def without(one: Array, other: Array) -> Array:
    """The time of one that does not lie in the other.

    Examples
    --------
    >>> without(np.array([[0.0, 5.0]]), np.array([[1.0, 2.0], [4.0, 6.0]])).tolist()
    [[0.0, 1.0], [2.0, 4.0]]
    """
    edges = join(other).ravel()
    return common(one, np.concatenate([[-np.inf], edges, [np.inf]]).reshape(-1, 2))


def seconds(spans: Array) -> float:
    """How much time it is.

    Examples
    --------
    >>> seconds(np.array([[0.0, 1.0], [0.5, 2.0]]))
    2.0
    """
    return float(np.diff(join(spans), axis=1).sum())


def apart(moments: Array, spans: Array) -> Array:
    """Seconds from each moment to the nearest of the spans, shape (n,); 0 inside, infinite where there is no span.

    Examples
    --------
    >>> apart(np.array([0.0, 1.5, 4.0]), np.array([[1.0, 2.0], [5.0, 6.0]])).tolist()
    [1.0, 0.0, 1.0]
    """
    edges = np.concatenate([[-np.inf], join(spans).ravel(), [np.inf]])
    place = np.searchsorted(edges, moments, side="right")
    nearest = np.minimum(moments - edges[place - 1], edges[np.minimum(place, len(edges) - 1)] - moments)
    return np.where(place % 2 == 0, 0.0, nearest)
