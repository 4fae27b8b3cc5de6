"""The generated leak test: every gate of the schema, for every caller, by every way and in every shape."""
