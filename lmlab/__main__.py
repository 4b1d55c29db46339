"""`python -m lmlab` is the command `lmlab`."""

import sys

from lmlab.course.cli import main

sys.exit(main())
