"""fastai and Lightning, their own ways of freezing, timed by callbacks of their own, for `vit_freezing.py`."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader
from vit_loops import BATCH, MOMENTUM, RATE, Timing, Work, divided, now_s, pairs, timing

from frostline.networks.network import Network

NEVER = 10**6


def with_fastai(network: Network, depth: int, work: Work) -> Timing:
    """fastai's ``Learner``, a parameter group a layer, frozen by ``freeze_to``."""
    from fastai.callback.core import Callback
    from fastai.data.core import DataLoaders
    from fastai.learner import Learner
    from fastai.optimizer import SGD

    class Clock(Callback):  # type: ignore[misc]
        """Seconds of training and of validating, and the losses of training."""

        def before_train(self) -> None:
            self.began = now_s(device)

        def after_train(self) -> None:
            spans["train"] += now_s(device) - self.began

        def before_validate(self) -> None:
            self.began = now_s(device)

        def after_validate(self) -> None:
            spans["validation"] += now_s(device) - self.began

        def after_loss(self) -> None:
            if self.training:
                losses.append(float(self.loss.detach()))

    device = work.train.planes.device
    spans = {"train": 0.0, "validation": 0.0}
    losses: list[float] = []
    below, above = divided(network, depth)
    train, validation = pairs(work.train), pairs(work.validation)
    loaders = DataLoaders.from_dsets(train, validation, bs=BATCH, num_workers=0, drop_last=False, device=device)
    learner = Learner(
        loaders,
        nn.Sequential(below, above),
        loss_func=F.cross_entropy,
        opt_func=partial(SGD, mom=MOMENTUM),
        splitter=lambda model: [list(model[0].parameters()), list(model[1].parameters())],
        cbs=Clock(),
    )
    learner.freeze_to(1 if depth else 0)
    with learner.no_logging():
        learner.fit(work.passes, RATE)
    return timing(spans["train"], spans["validation"], work, losses)


def with_lightning(network: Network, depth: int, work: Work) -> Timing:
    """Lightning's ``Trainer``, what is frozen as the backbone of ``BackboneFinetuning``, which never unfreezes it."""
    from lightning.pytorch import Trainer
    from lightning.pytorch.callbacks import BackboneFinetuning

    device = work.train.planes.device
    spans = {"epoch": 0.0, "validation": 0.0}
    losses: list[float] = []
    frozen = [BackboneFinetuning(unfreeze_backbone_at_epoch=NEVER)] if depth else []
    with _quiet():
        trainer = Trainer(
            max_epochs=work.passes,
            accelerator="gpu" if device.type == "cuda" else "cpu",
            devices=1,
            callbacks=[*frozen, _clock(device, spans)],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        train = DataLoader(pairs(work.train), batch_size=BATCH, shuffle=True)
        trainer.fit(_module(network, depth, losses), train, DataLoader(pairs(work.validation), batch_size=BATCH))
    return timing(spans["epoch"] - spans["validation"], spans["validation"], work, losses)


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning's advice about workers and its notices go unsaid."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _module(network: Network, depth: int, losses: list[float]) -> Any:
    """A Lightning module that adds what it loses in training to ``losses``."""
    from lightning.pytorch import LightningModule

    class Module(LightningModule):
        """A backbone and what is trained above it."""

        def __init__(self) -> None:
            super().__init__()
            self.backbone, self.above = divided(network, depth)

        def training_step(self, pair: tuple[Tensor, Tensor], index: int) -> Tensor:
            loss = F.cross_entropy(self.above(self.backbone(pair[0])), pair[1])
            losses.append(float(loss.detach()))
            return loss

        def validation_step(self, pair: tuple[Tensor, Tensor], index: int) -> Tensor:
            return F.cross_entropy(self.above(self.backbone(pair[0])), pair[1])

        def configure_optimizers(self) -> torch.optim.Optimizer:
            trainable = [parameter for parameter in self.parameters() if parameter.requires_grad]
            return torch.optim.SGD(trainable, lr=RATE, momentum=MOMENTUM)

    return Module()


def _clock(device: torch.device, spans: dict[str, float]) -> Any:
    """A Lightning callback that adds the seconds of epochs, and of validations in them, to ``spans``."""
    from lightning.pytorch import Callback

    class Clock(Callback):
        """Seconds of whole epochs and of the validations in them."""

        def on_train_epoch_start(self, trainer: Any, module: Any) -> None:
            spans["epoch"] -= now_s(device)

        def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
            spans["epoch"] += now_s(device)

        def on_validation_start(self, trainer: Any, module: Any) -> None:
            spans["validation"] -= now_s(device)

        def on_validation_end(self, trainer: Any, module: Any) -> None:
            spans["validation"] += now_s(device)

    return Clock()
