"""What was measured of a person, sealed under that person's own key."""
