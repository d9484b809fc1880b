"""Who vouches for a file: signing keys, the list of those that are trusted, signatures."""
