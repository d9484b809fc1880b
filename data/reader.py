"""Who reads answers against a framework's anchors: a language model by its weights' digest, or one at an address."""

from dataclasses import asdict, dataclass
from typing import Any

from vivavoce.data.schema import Stage

READINGS = 3  # of each answer and competency where nobody says otherwise: the fewest that show a spread


@dataclass(frozen=True)
class Reader:
    """A language model that reads, and how often.

    Parameters
    ----------
    name
        Of the weights' file or folder; at an address, the model's name there.
    sha256, size
        Of the weights, hex and bytes; empty and 0 at an address, whose weights nobody here can know.
    instructions
        SHA-256 (hex) of everything that it is told beside an answer.
    points
        The scale's steps, rising, as it may name them.
    readings
        Times that each answer is read against each competency, each time in other words; at least 1.
    endpoint
        An address that speaks the protocol of chat completions, to which masked words are sent; None: nothing leaves.
    key_variable
        The environment's variable that holds the key for it; the key itself is kept nowhere.
    """

    name: str
    sha256: str
    size: int
    instructions: str
    points: tuple[int, ...]
    readings: int = READINGS
    endpoint: str | None = None
    key_variable: str | None = None

    @property
    def said(self) -> str:
        """Which one it is, for people: name, and digest or address."""
        return f"{self.name} ({self.endpoint or self.sha256[:12]})"

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "points": list(self.points)}

    def stage(self, code: str) -> Stage:
        """What can change a rating: weights or address, instructions, how often it reads, and our own code."""
        return Stage(
            "reader",
            "1",
            {
                "name": self.name,
                "weights": self.sha256 or None,
                "endpoint": self.endpoint,
                "instructions": self.instructions,
                "points": " ".join(map(str, self.points)),
                "readings": self.readings,
                "code": code,
            },
        )
