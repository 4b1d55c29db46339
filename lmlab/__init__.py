"""LM Lab: large models, small enough to run.

Each idea of the course has a module here; lessons build it by hand first, then
import it. Importing `lmlab` itself loads nothing heavy: torch and matplotlib come
with the modules that need them.
"""

__version__ = "0.1.0"
