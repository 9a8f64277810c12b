"""Experiments that train no GAN: a study is one file with a function `run`, and one yaml that names it as the job."""
