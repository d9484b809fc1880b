"""Learning competency scores and weights from ratings and job performance; ``trainers`` finds a kind's by name."""
