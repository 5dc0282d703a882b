"""`python -m ui` is the same as `youju`."""

import sys

from ui.cli import main

sys.exit(main())
