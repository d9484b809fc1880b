"""The reader's version: which language model reads, how often, and what its readings come to."""
