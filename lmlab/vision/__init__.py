"""Pictures: how they are read, drawn and told in words."""
