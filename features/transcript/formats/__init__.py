"""Readers of what other tools write, each to the one internal form: cues."""
