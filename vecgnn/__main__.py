"""``python -m vecgnn``."""

import sys

from vecgnn.cli import main

sys.exit(main())
