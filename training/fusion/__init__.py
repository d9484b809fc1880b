"""Training fusion: ``folds`` (people not seen) → ``choice`` (fusion or linear) → ``fusion_trainer`` (it all)."""
