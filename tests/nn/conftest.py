"""What every test of the layers runs on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import partial

import pytest
import torch
from torch import Tensor

from symkit.backends.native import backend as native
from symkit.backends.native import cuda, row_cuda
from symkit.backends.native.cuda import GpuTarget
from symkit.backends.native.host_blocks import HostDevice
from symkit.nn import fused_loss

with warnings.catch_warnings():
    # Forward-mode differentiation makes torch script functions of its own, and warn of doing so.
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch._decomp.decompositions_for_jvp  # noqa: F401

BACKENDS = ("auto", "torch", "torchscript", "blocks", *(("cuda",) if torch.cuda.is_available() else ()))
"""Everything that a user of torch expects is tested of each of these.

"blocks" runs the kernels of a CUDA device block by block on the host. "cuda" runs every test on the device.
"""

ROWS = HostDevice(workers=64)
"""What runs losses of logits on "blocks": one device, so that equal kernels are compiled once."""


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "blocks":
        monkeypatch.setattr(native, "HostTarget", partial(GpuTarget, device=HostDevice(workers=64)))
        # The host keeps one kernel for memory that starts anywhere.
        monkeypatch.setattr(cuda, "alignment", Tensor.element_size)
        monkeypatch.setattr(fused_loss, "HOST", partial(row_cuda.row_kernel, device=ROWS))
        yield "auto"
    elif request.param == "cuda":
        with torch.device("cuda"):
            yield "cuda"
    else:
        yield request.param


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
