"""How often the long proofs run: reduced in ``make test``, in full in ``make proof``."""

import os


def proof_count(reduced: int, full: int) -> int:
    """The number of repetitions of a long proof: ``full`` where VIVA_PROOF=full, else ``reduced``."""
    return full if os.environ.get("VIVA_PROOF") == "full" else reduced
