"""What a statistic returns: a number between its limits, or no number and the reason."""

from dataclasses import dataclass
from typing import NamedTuple

NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """One number with its interval.

    Parameters
    ----------
    value
        The number; ``nan`` where it is undefined.
    low, high
        Limits of its interval (95 % unless the function says otherwise); ``nan`` where there is none.
    reason
        Why the number, or its interval, is ``nan``; ``None`` where nothing is missing.

    Examples
    --------
    >>> found = Estimate(0.29, 0.02, 0.76)
    >>> float(found), found.covers(0.5)
    (0.29, True)
    >>> undefined("nobody differs from anybody")
    Estimate(value=nan, low=nan, high=nan, reason='nobody differs from anybody')
    """

    value: float
    low: float = NAN
    high: float = NAN
    reason: str | None = None

    def __float__(self) -> float:
        """Give the number without its limits."""
        return self.value

    def covers(self, truth: float) -> bool:
        """Whether the interval holds a value, limits included; never where there is no interval."""
        return self.low <= truth <= self.high


class Limits(NamedTuple):
    """The two ends of an interval."""

    low: float
    high: float


def undefined(reason: str) -> Estimate:
    """Neither a number nor limits, for one reason."""
    return Estimate(NAN, NAN, NAN, reason)
