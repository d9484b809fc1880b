"""The parts of ``viva score``: what one interview goes through, and what a batch leaves behind."""
