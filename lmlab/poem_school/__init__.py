"""The poem school: one small model, from reading poems to answering requests.

The running story of the course. `text` says what it reads, `stages` how it is taught
(lesson 12 reads, lesson 14 answers requests), `measure` what it can do.
"""
