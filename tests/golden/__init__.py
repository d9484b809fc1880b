"""The golden run: from interviews to an erased person by the commands, its numbers and verdicts kept as files."""
