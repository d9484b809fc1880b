"""One file per command, the engine that runs interviews, and the reports."""
