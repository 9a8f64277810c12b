"""`python -m gan_lab train ...` is the same as `gan-lab train ...`."""

import sys

from gan_lab.cli import main

if __name__ == "__main__":
    sys.exit(main())
