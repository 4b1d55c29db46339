"""The poem school: one small model, from reading poems to writing for a reward.

The running story of the course. `text` says what it reads, `stages` how it is taught
(lesson 12 reads, 14 answers requests, 15 judges, 16 is rewarded), `measure` what it can
do. `python -m lmlab.poem_school` (`make poems`) teaches it from nothing and writes the
checkpoints that lessons start from.
"""
