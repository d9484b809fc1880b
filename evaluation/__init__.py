"""Is it right: validity, reliability, agreement. Strata arrive as anonymous labels."""
