"""How well what was learned holds for people not seen: one question to a file; nothing here leaks."""
