"""Who did what: an append-only log whose signed heads show any change made to it afterwards."""
