"""Training fusion: ``sequences`` → ``folds`` (people not seen) → ``choice`` (fusion or linear) → ``fit`` (it all)."""
