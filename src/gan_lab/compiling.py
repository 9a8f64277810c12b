"""Where `torch.compile` must stand aside."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext

import torch


def uncompiled() -> AbstractContextManager[object]:
    """Within the block compiled networks run as they are written.

    PyTorch's compiler is loaded with the first network that is compiled, and takes seconds to load; without it there is
    nothing to be done.
    """
    return torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()
