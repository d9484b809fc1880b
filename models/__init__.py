"""From numbers to scores: the rubric and what a model version is."""
