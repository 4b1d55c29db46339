"""What maintainers run: derive, execute, verify.

Sources are `lessons/*.py` and `solutions/*.py`; every notebook and every exercise is
made from them by `python -m lmlab.course.authoring build`, and `verify` says what is
not as it was made. Learners never need this package.
"""
