"""Watching a model in use: months, what moved, what calls for a new audit; reviews as they are kept."""
