"""``python -m workbench`` is the command ``pruning-workbench``."""

import sys

from workbench.cli import main

sys.exit(main())
