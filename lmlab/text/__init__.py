"""Text, as models read it: tokenizers, n-grams, poems."""
