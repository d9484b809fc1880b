"""The reader's training: nothing is learned; ``reader_trainer`` says which weights or address read, and how often."""
