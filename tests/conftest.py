"""One thread for torch, shapes checked at run time, and tests on real data only where there is some."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from jaxtyping import config, install_import_hook

TENSOR_MODULES = [
    "frostline.augmentation.apply",
    "frostline.augmentation.batch",
    "frostline.augmentation.geometry",
    "frostline.augmentation.masking",
    "frostline.augmentation.mixing",
    "frostline.data.pictures",
    "frostline.data.pieces",
    "frostline.data.planes",
    "frostline.data.samples",
    "frostline.data.sounds",
    "frostline.data.spectrogram",
    "frostline.networks.network",
    "frostline.networks.timm_vit",
    "frostline.operate",
    "frostline.tasks.classes",
    "frostline.tasks.tags",
    "frostline.tasks.values",
    "frostline.training.evaluate",
    "frostline.training.norms",
]
install_import_hook(TENSOR_MODULES, "beartype.beartype")
settings.register_profile("frostline", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("frostline")


def pytest_configure(config: pytest.Config) -> None:
    """One thread for torch, in every process that runs tests."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        # The process that only hands tests out needs no torch, whose import would hold up the start of the others.
        import torch

        torch.set_num_threads(1)


def has_gpu() -> bool:
    """Whether this machine has a CUDA device."""
    import torch

    return torch.cuda.is_available()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skips what needs real data where FROSTLINE_DATA is unset, a CUDA device where none is, and slow studies.

    Slow ones run where they are asked for.
    """
    absent = pytest.mark.skip(reason="FROSTLINE_DATA is unset")
    without = pytest.mark.skip(reason="there is no CUDA device")
    slow = pytest.mark.skip(reason="slow; run with -m slow")
    for item in items:
        if item.get_closest_marker("real_data") and "FROSTLINE_DATA" not in os.environ:
            item.add_marker(absent)
        if item.get_closest_marker("gpu") and not has_gpu():
            item.add_marker(without)
        if item.get_closest_marker("slow") and "slow" not in config.getoption("markexpr"):
            item.add_marker(slow)


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shapes are not checked, for what checks them cannot be compiled; a package that is used checks none."""
    monkeypatch.setattr(config, "jaxtyping_disable", True)


@pytest.fixture
def studies() -> Path:
    """The folder of the presets."""
    return Path(__file__).parents[1] / "studies"
