"""Vision transformers of timm taken apart: what each of their layers, their readouts and their heads compute."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import torch
from jaxtyping import Float
from timm.layers.pool1d import global_pool_nlc
from timm.models.deit import VisionTransformerDistilled
from timm.models.vision_transformer import VisionTransformer, get_init_weights_vit
from torch import Tensor, nn

from frostline.networks.network import Network


class PatchLayer(nn.Module):
    """The lowest layer of a ViT: patches and prefix tokens with their positions, dropout, and a norm where it has one.

    A norm on the tokens that enter the blocks, class, distillation and register tokens all belong to it, so that
    freezing it leaves nothing to train below the first block.
    """

    def __init__(self, model: VisionTransformer) -> None:
        super().__init__()
        self.patch_embed = model.patch_embed
        self.cls_token = model.cls_token
        self.dist_token = model.dist_token if isinstance(model, VisionTransformerDistilled) else None
        self.reg_token = model.reg_token
        self.pos_embed = model.pos_embed
        self.pos_drop = model.pos_drop
        self.patch_drop = model.patch_drop
        self.norm_pre = model.norm_pre
        self.positions_of_patches_only = model.no_embed_class

    def forward(self, planes: Float[Tensor, "sample channel row column"]) -> Float[Tensor, "sample token width"]:
        """The tokens that enter the first block: class, distillation, registers (where there are any), patches."""
        patches = self.patch_embed(planes)
        tokens = (self.cls_token, self.dist_token, self.reg_token)
        prefix = [token.expand(len(patches), -1, -1) for token in tokens if token is not None]
        if self.pos_embed is None:
            placed = torch.cat([*prefix, patches], dim=1)
        elif self.positions_of_patches_only:
            placed = self.pos_drop(torch.cat([*prefix, patches + self.pos_embed], dim=1))
        else:
            placed = self.pos_drop(torch.cat([*prefix, patches], dim=1) + self.pos_embed)
        out: Tensor = self.norm_pre(self.patch_drop(placed))
        return out


class TokenReadout(nn.Module):
    """What the head of a ViT reads: the final norm and the pooling, in the order of the architecture."""

    def __init__(self, model: VisionTransformer) -> None:
        super().__init__()
        self.norm = model.norm
        self.attn_pool = model.attn_pool
        self.fc_norm = model.fc_norm
        self.pool_type = model.global_pool
        self.prefix_tokens = model.num_prefix_tokens
        self.pools_prefix = model.pool_include_prefix

    def forward(self, tokens: Float[Tensor, "sample token width"]) -> Float[Tensor, "sample width"]:
        """The class token, the average of the patches, or what attention makes of them."""
        tokens = self.norm(tokens)
        if self.attn_pool is not None:
            tokens = self.attn_pool(tokens if self.pools_prefix else tokens[:, self.prefix_tokens :])
        else:
            tokens = global_pool_nlc(tokens, self.pool_type, self.prefix_tokens, self.pools_prefix)
        out: Tensor = self.fc_norm(tokens)
        return out


class TwoTokenReadout(nn.Module):
    """What the heads of a distilled DeiT read: class and distillation token after the final norm."""

    def __init__(self, model: VisionTransformerDistilled) -> None:
        super().__init__()
        self.norm = model.norm
        self.fc_norm = model.fc_norm

    def forward(self, tokens: Float[Tensor, "sample token width"]) -> Float[Tensor, "sample 2 width"]:
        """The two tokens of each sample."""
        return self.fc_norm(self.norm(tokens)[:, :2])  # type: ignore[no-any-return]


class TwoHeads(nn.Module):
    """The classifiers of a distilled DeiT, one for each token, and the average of what they say."""

    def __init__(self, head: nn.Module, head_dist: nn.Module) -> None:
        super().__init__()
        self.head = head
        self.head_dist = head_dist

    def forward(self, tokens: Float[Tensor, "sample 2 width"]) -> Float[Tensor, "sample output"]:
        """The average of both logits."""
        out: Tensor = (self.head(tokens[:, 0]) + self.head_dist(tokens[:, 1])) / 2
        return out


def head_of(classifier: nn.Module, dropout: float) -> nn.Sequential:
    """The head with ``classifier``, after dropout where its rate is above 0."""
    before = {"drop": nn.Dropout(dropout)} if dropout > 0 else {}
    return nn.Sequential(OrderedDict({**before, "fc": classifier}))


def numbered(blocks: Iterable[nn.Module]) -> dict[str, nn.Module]:
    """``blocks`` by their names, ``block1`` first."""
    return {f"block{number}": block for number, block in enumerate(blocks, start=1)}


def apart(model: VisionTransformer) -> Network:
    """The layers, readout and head of ``model``, whose modules it shares.

    Raises:
        ValueError: the positions are resampled at every call, which no layer of ours does.
    """
    if model.dynamic_img_size:
        raise ValueError("a ViT with dynamic_img_size resamples its positions at every call; build it without")
    layers = {"patch": PatchLayer(model), **numbered(model.blocks.children())}
    if isinstance(model, VisionTransformerDistilled):
        return Network(
            layers, TwoTokenReadout(model), head_of(TwoHeads(model.head, model.head_dist), model.head_drop.p)
        )
    return Network(layers, TokenReadout(model), head_of(model.head, model.head_drop.p))


def classifier(model: VisionTransformer, width: int, outputs: int) -> nn.Module:
    """A classifier for features of ``width``, drawn from torch's generator the way ``model`` draws its own."""
    draw = get_init_weights_vit(model.weight_init_mode)
    names = ("head", "head_dist") if isinstance(model, VisionTransformerDistilled) else ("head",)
    drawn = [nn.Linear(width, outputs) for _ in names]
    for name, linear in zip(names, drawn, strict=True):
        draw(linear, name)
    return TwoHeads(*drawn) if len(drawn) == 2 else drawn[0]


def own_readout(model: VisionTransformer, width: int) -> nn.Module:
    """The readout of ``model``, which fits after every block, as all have the same width."""
    return TwoTokenReadout(model) if isinstance(model, VisionTransformerDistilled) else TokenReadout(model)
