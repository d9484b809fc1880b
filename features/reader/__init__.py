"""Reading: a language model reads answers against anchors; opt-in, and never part of a run that did not ask for it."""
