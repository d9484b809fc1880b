"""Encoders over the answers of each modality, fused by gates: for data that can carry more than a ridge.

``sequences`` (arrays to tensors with masks) → ``network`` → ``heads`` → ``learn`` (with ``checkpoint``) → ``fitted``
(what remains, as tensors and JSON) → ``estimator`` (scikit-learn's interface to all of it).
"""
