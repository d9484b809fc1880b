"""The demo interviews' maker: scripts in, the films and transcripts of ``data/demo`` out."""
