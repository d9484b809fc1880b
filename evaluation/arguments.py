"""The door of the statistics: arrays of the right shape, finite, and numbers in their range, or one clear sentence."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def matrix(function: str, name: str, values: npt.ArrayLike, *, rows: int = 2, columns: int = 1) -> Floats:
    """A finite array of shape (≥ rows, ≥ columns); a vector counts as one column.

    Raises
    ------
    ValueError
        For other shapes and for values that are not finite, naming the first such row.
    """
    found = np.asarray(values, np.float64)
    found = found[:, None] if found.ndim == 1 else found
    if found.ndim != 2 or found.shape[0] < rows or found.shape[1] < columns:
        raise ValueError(
            f"The {name!r} parameter of {function} must be an array of shape (n ≥ {rows}, k ≥ {columns}). "
            f"Got shape {np.shape(values)} instead."
        )
    bad = np.flatnonzero(~np.isfinite(found).all(axis=1))
    if len(bad):
        raise ValueError(
            f"The {name!r} parameter of {function} must be finite. Got {found[bad[0]].tolist()} in row {bad[0]} "
            f"({len(bad)} such rows) instead: leave these rows out first, and report how many."
        )
    return found


def vectors(function: str, *, least: int = 2, **named: npt.ArrayLike) -> tuple[Floats, ...]:
    """Finite one-dimensional arrays of one common length of at least ``least``, in the order in which they are named.

    Raises
    ------
    ValueError
        For other shapes, for lengths that differ and for values that are not finite.
    """
    found = []
    for name, values in named.items():
        if np.ndim(values) != 1:
            raise ValueError(
                f"The {name!r} parameter of {function} must be one-dimensional. Got shape {np.shape(values)} instead."
            )
        found.append(matrix(function, name, values, rows=least)[:, 0])
    same_length(function, **named)
    return tuple(found)


def same_length(function: str, **named: npt.ArrayLike) -> None:
    """Refuse arrays whose numbers of rows differ (``ValueError``)."""
    lengths = {name: len(np.asarray(values)) for name, values in named.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"The parameters of {function} must have equally many rows. Got {lengths} rows instead.")


def number(
    function: str, name: str, value: float, low: float, high: float, *, open_low: bool = False, open_high: bool = False
) -> float:
    """A float between ``low`` and ``high``; an open end is left out.

    Raises
    ------
    ValueError
        For a value outside, ``nan`` included.
    """
    above = low < value if open_low else low <= value
    below = value < high if open_high else value <= high
    if not (above and below):
        ends = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
        raise ValueError(f"The {name!r} parameter of {function} must be in {ends}. Got {value} instead.")
    return float(value)


def confidence_level(function: str, confidence: float) -> float:
    """A confidence between 0 and 1, ends excluded (``ValueError``)."""
    return number(function, "confidence", confidence, 0.0, 1.0, open_low=True, open_high=True)
