"""A media file in, sound and pictures out, or a status that says why not."""
