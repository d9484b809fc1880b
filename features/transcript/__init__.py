"""What was said: words with times and confidence, whoever recognised them."""
