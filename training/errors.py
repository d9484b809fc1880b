"""What training refuses beside tables: apart from everything else of it, since each of its files raises this."""

from vivavoce.data.errors import VivaError


class BadTraining(VivaError):
    """Inputs from which nothing can be learned; the message names the file and the remedy."""
