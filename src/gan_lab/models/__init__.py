"""GAN variants, one file each; `conf/model` names them."""
