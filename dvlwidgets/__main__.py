"""`python -m dvlwidgets`: see `dvlwidgets.cli`."""

from __future__ import annotations

import sys

from dvlwidgets.cli import main

if __name__ == "__main__":
    sys.exit(main())
