"""The files of a generator: its training as it stands, and what came of it; each whole or not at all.

| where | what |
|---|---|
| ``training.safetensors`` | both players, the running mean and both optimisers, while the training lasts |
| ``generator.safetensors`` | the weights that render |
| ``critic.safetensors`` | the critic at the end of the training |
| ``record.json`` | what it has learned from, its looks, or why it failed |
| ``curves.csv``, ``samples.png`` | for people: every look, and real beside synthetic planes |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from frostline.augmentation.adversarial import Optimizers
from frostline.augmentation.gan_networks import Players
from frostline.errors import DataFault
from frostline.whole_files import begun, on_disk

TRAINING, WEIGHTS, RECORD = "training.safetensors", "generator.safetensors", "record.json"
CRITIC, CURVES, SHEET = "critic.safetensors", "curves.csv", "samples.png"
MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def whole(path: Path, write: Callable[[Path], object]) -> None:
    """Lets ``write`` write to a temporary name and moves that to ``path`` once all of it is on the disk.

    Raises:
        DataFault: the disk is full, or the folder cannot be written.
    """
    with durable(path) as temporary:
        write(temporary)


@contextmanager
def durable(path: Path) -> Iterator[Path]:
    """As ``whole_files.begun``, once all of the file is on the disk.

    Raises:
        DataFault: the disk is full, or the folder cannot be written.
    """
    try:
        with begun(path) as temporary:
            yield temporary
            on_disk(temporary)
    except OSError as error:
        said = f"{path} cannot be written ({error.strerror or error}); make room there and run the study again"
        raise DataFault(said) from None


def keep_training(folder: Path, players: Players, optimizers: Optimizers, told: Mapping[str, str]) -> None:
    """Keeps all that the next step depends on, and ``told`` beside it."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _tensors(players, optimizers)}
    whole(folder / TRAINING, lambda path: save_file(tensors, path, metadata=dict(told)))


def keep_critic(folder: Path) -> None:
    """Keeps the critic of the training that ``folder`` keeps beside what came of it."""
    with safe_open(folder / TRAINING, framework="pt") as file:
        names = [name for name in file.keys() if name.startswith("critic.")]  # noqa: SIM118
        critic = {name.removeprefix("critic."): file.get_tensor(name) for name in names}
    whole(folder / CRITIC, lambda path: save_file(critic, path))


def restore_training(folder: Path, players: Players, optimizers: Optimizers) -> Mapping[str, str] | None:
    """What stands beside the training kept in ``folder``, from which ``players`` and ``optimizers`` go on.

    None, and both stay as they are, where none is kept, or it is damaged or of other networks.
    """
    try:
        with safe_open(folder / TRAINING, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            told = dict(file.metadata() or {})
    except (OSError, SafetensorError):
        return None
    wanted = {name: tensor.shape for name, tensor in _tensors(players, optimizers)}
    moments = {name for name in tensors if name.startswith("optimizer.")}
    if wanted.keys() - tensors.keys() or {n: tensors[n].shape for n in wanted} != wanted or not moments:
        return None
    for name, module in _modules(players).items():
        module.load_state_dict(_below(tensors, f"{name}."))
    for name, optimizer in _optimizers(optimizers).items():
        _restore(optimizer, _below(tensors, f"optimizer.{name}."))
    return told


def _tensors(players: Players, optimizers: Optimizers) -> Iterator[tuple[str, Tensor]]:
    for name, module in _modules(players).items():
        yield from ((f"{name}.{inner}", tensor) for inner, tensor in module.state_dict().items())
    for name, optimizer in _optimizers(optimizers).items():
        for number, moments in optimizer.state_dict()["state"].items():
            yield from ((f"optimizer.{name}.{number}.{moment}", moments[moment]) for moment in MOMENTS)


def _modules(players: Players) -> dict[str, nn.Module]:
    return {"generator": players.generator, "critic": players.critic, "average": players.average}


def _optimizers(optimizers: Optimizers) -> dict[str, torch.optim.Optimizer]:
    return {"generator": optimizers.generator, "critic": optimizers.critic}


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def _restore(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, _, moment = name.partition(".")
        state.setdefault(int(number), {})[moment] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
