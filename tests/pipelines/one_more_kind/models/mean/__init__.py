"""One more kind of model: the mean of what was measured."""
