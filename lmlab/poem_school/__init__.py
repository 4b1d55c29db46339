"""The poem school: one small model, from reading poems to pleasing a judge.

The running story of the course. `text` says what it reads, `stages` how it is taught
(lesson 12 reads, 14 answers requests, 15 trains a ranker, 16 obeys one), `judges` who
likes what, `measure` and `figures` what each stage can do. `shipped` has the poets that
lessons start from; `python -m lmlab.poem_school` makes them.
"""
