"""What an audit reads beside counts, what it makes of it, and the report that it tells."""
