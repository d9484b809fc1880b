"""The parts of ``viva train``: what it says and draws."""
