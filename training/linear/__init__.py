"""The linear model's training: ``search`` (settings of a ridge), ``linear_trainer`` (it all)."""
