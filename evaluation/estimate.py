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

    @property
    def brief(self) -> str:
        """Value and limits in two decimals without a leading 0, or the reason why there is no value.

        Examples
        --------
        >>> Estimate(-0.004, -0.12, 1.0).brief
        '.00 [-.12, 1.00]'
        """
        if self.value != self.value:  # nan
            return self.reason or "undefined"
        return f"{two_decimals(self.value)} [{two_decimals(self.low)}, {two_decimals(self.high)}]"

    def covers(self, truth: float) -> bool:
        """Whether the interval holds a value, limits included; never where there is no interval."""
        return self.low <= truth <= self.high


def two_decimals(value: float) -> str:
    """A correlation, a share or a difference of such, as tables print it.

    Examples
    --------
    >>> two_decimals(0.254), two_decimals(-0.004), two_decimals(-0.5), two_decimals(1.0)
    ('.25', '.00', '-.50', '1.00')
    """
    return f"{round(value, 2) + 0.0:.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.2f}"


class Limits(NamedTuple):
    """The two ends of an interval."""

    low: float
    high: float


def undefined(reason: str) -> Estimate:
    """Neither a number nor limits, for one reason."""
    return Estimate(NAN, NAN, NAN, reason)
