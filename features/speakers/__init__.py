"""Who is speaking: turns from names, from channels, from voices, and which of them are the candidate's."""
