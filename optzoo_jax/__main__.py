"""`python -m optzoo_jax race` is `optzoo race`."""

import sys

from optzoo_jax.experiments.command_line.optzoo import main

if __name__ == "__main__":
    sys.exit(main())
