"""The benchmark of a CUDA device, where there is none: the same kernels checked on the host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bench import kernels


@pytest.mark.skipif(torch.cuda.is_available(), reason="a run on a device takes minutes")
def test_a_dry_run_checks_every_kernel_of_the_panel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kernels.main(["--device", "cuda", "--out", str(tmp_path), "--json"])
    printed = json.loads(capsys.readouterr().out)
    kept = json.loads((tmp_path / "kernels-cuda.json").read_text(encoding="utf-8"))
    assert printed == kept
    assert kept["device"] == "none: torch finds no CUDA device"
    assert len(kept["measurements"]) == 50
    assert all(0 <= measurement["error"] <= 1 and not measurement["seconds"] for measurement in kept["measurements"])
    assert len(kept["losses"]) == 24
    assert all(0 <= measurement["error"] <= 1 and not measurement["seconds"] for measurement in kept["losses"])
    text = (tmp_path / "kernels-cuda.md").read_text(encoding="utf-8")
    assert "There was no CUDA device" in text
    assert "Losses of logits, bfloat16, 300 rows of 10 classes, loss and gradient" in text
    assert "bfloat16, 16384 elements, forward and backward, a parameter a channel" in text
