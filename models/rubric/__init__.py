"""The rubric: scores from what answers show, set against the framework, without training."""
