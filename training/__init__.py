"""Learning competency scores and weights from ratings and job performance; ``trainers`` finds a kind's by name."""

from vivavoce.data.errors import VivaError


class BadTraining(VivaError):
    """Inputs from which nothing can be learned; the message names the file and the remedy."""
