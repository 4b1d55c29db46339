"""The learner's folder, the command `lmlab`, and what derives the notebooks."""
