"""What an interview is and where it lives: manifest, consent, framework, media, store, ledger."""
