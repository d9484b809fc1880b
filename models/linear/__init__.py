"""The linear model: one ridge for each competency, learned from human ratings."""
