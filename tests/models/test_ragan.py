from __future__ import annotations

import math

import pytest
import torch
from helpers import DARK, LIGHT, Brightness, build_model, scored, terms_of

from gan_lab.errors import UserError

SMALL = ("model=ragan", "network.width=4")


def test_logits_count_relative_to_the_others_average() -> None:
    """The scores log 3 and -log 3 differ by log 9: D is 0.9 sure that real images are the more real ones."""
    discriminator, generator = terms_of(scored(math.log(3), *SMALL))
    assert discriminator == pytest.approx({"real": -math.log(0.9), "fake": -math.log(0.9)}, rel=1e-5)
    assert generator == pytest.approx({"fake": -math.log(0.1), "real": -math.log(0.1)}, rel=1e-5)


def test_a_common_shift_of_all_scores_changes_nothing() -> None:
    class Shifted(Brightness):
        def forward(self, images: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
            return super().forward(images, labels) + 5

    model = scored(1.0, *SMALL)
    before = terms_of(model)
    model.discriminator = Shifted(1.0)
    for shifted, plain in zip(terms_of(model), before, strict=True):
        assert shifted == pytest.approx(plain, rel=1e-5)


def test_both_of_gs_terms_move_the_fakes() -> None:
    model = scored(1.0, *SMALL)
    images = DARK.images.clone().requires_grad_()
    for term in model.generator_loss(LIGHT, DARK._replace(images=images)).values():
        (slope,) = torch.autograd.grad(term, images, retain_graph=True)
        assert (slope < 0).all()  # brighter fakes would score higher


def test_a_saturating_form_is_refused() -> None:
    with pytest.raises(UserError, match=r"model\.saturating=true"):
        build_model("data=mnist", *SMALL, saturating=True)
