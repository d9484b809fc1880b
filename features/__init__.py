"""From media to named numbers with units: transcript, language, prosody, face."""
