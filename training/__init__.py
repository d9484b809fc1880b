"""Learning competency weights from historical job performance; nothing here yet (see docs/architecture.md)."""
