"""Scores from comparisons, and policies that follow them."""
