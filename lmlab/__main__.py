"""`python -m lmlab` is the command `lmlab`."""

import sys

from lmlab.cli import main

sys.exit(main())
