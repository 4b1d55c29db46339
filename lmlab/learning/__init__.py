"""How weights are found, kept and made small."""
