"""Train a GAN: `python train.py model=dcgan data=svhn`; `python train.py --help` lists the choices."""

import sys

from gan_lab.cli import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
