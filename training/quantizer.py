"""The codebook of unit vectors (Video-LaVIT, equation 2), and how it learns by exponential moving averages."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOWEST_PACE = 0.1  # of codes that settle


class VectorQuantizer(nn.Module):
    """Maps unit vectors float32 [M, D] to the nearest of K codes; its only weight is `embedding.weight` [K, D]."""

    def __init__(self, codes: int, dim: int):
        super().__init__()
        self.embedding = nn.Embedding(codes, dim)
        self.embedding.weight.requires_grad_(False)
        self.embedding.weight.copy_(F.normalize(self.embedding.weight, dim=1))

    @property
    def codebook(self) -> Tensor:
        return self.embedding.weight

    def nearest(self, vectors: Tensor) -> Tensor:
        """Ids int64 [M] of the nearest codes: argmax(2 v.e - |e|^2)."""
        return (2 * vectors @ self.codebook.T - self.codebook.square().sum(1)).argmax(1)

    def forward(self, vectors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns (codes with straight-through gradient [M, D], ids [M], squared distances [M])."""
        with torch.autocast(vectors.device.type, enabled=False):
            ids = self.nearest(vectors.detach().float())
        # A copy: the follower changes the codebook before autograd is done with it.
        codes = self.codebook[ids].clone()
        return vectors + (codes - vectors).detach(), ids, (vectors - codes).square().sum(1)


class CodebookFollower:
    """Moves a quantizer's codes after the vectors that choose them, and codes that hardly any vector chooses onto
    vectors of the batch. Exponential moving averages in place of a gradient."""

    def __init__(self, quantizer: VectorQuantizer, decay: float = 0.99, dead_below: float = 0.03):
        self.quantizer = quantizer
        self.decay = decay
        self.pace = 1.0
        self.dead_below = dead_below
        codebook = quantizer.codebook
        self.sums = codebook.clone()
        self.counts = torch.ones(len(codebook), device=codebook.device)

    @torch.no_grad()
    def follow(self, vectors: Tensor, ids: Tensor) -> None:
        """Takes in the unit vectors [M, D] of a batch and the ids [M] that they got."""
        vectors = vectors.detach().float()
        counts = torch.bincount(ids, minlength=len(self.counts)).to(vectors.dtype)
        sums = torch.zeros_like(self.sums).index_add_(0, ids, vectors)
        weight = (1 - self.decay) * self.pace
        self.counts.lerp_(counts, weight)
        self.sums.lerp_(sums, weight)
        dead = (self.counts < self.dead_below).nonzero().squeeze(1)
        if len(dead):
            dead = dead[torch.randperm(len(dead), device=dead.device)[: max(1, len(vectors) // 16)]]
            # Badly coded vectors are preferred: a random one is most often like many others.
            errors = (vectors - self.quantizer.codebook[ids]).square().sum(1)
            chosen = vectors[torch.multinomial(errors + 1e-8, len(dead))]
            self.sums[dead] = chosen * 4 * self.dead_below
            self.counts[dead] = 4 * self.dead_below
        self.quantizer.codebook.copy_(F.normalize(self.sums, dim=1))

    def settle(self, pace: float) -> None:
        """Lets the codes follow at `pace` of their first speed, 0.1 at least: the slower the vectors move, the more of them a code
        can be the mean of, and the fewer codes seem dead for want of vectors."""
        self.pace = max(SLOWEST_PACE, pace)

    @torch.no_grad()
    def init_from(self, vectors: Tensor, rounds: int = 10) -> None:
        """Spherical k-means on vectors [M, D], M well above the number of codes."""
        size = len(self.counts)
        codebook = self.quantizer.codebook
        codebook.copy_(vectors[torch.randperm(len(vectors), device=vectors.device)[:size]])
        for _ in range(rounds):
            ids = torch.cat([self.quantizer.nearest(part) for part in vectors.split(8192)])
            sums = torch.zeros_like(self.sums).index_add_(0, ids, vectors)
            counts = torch.bincount(ids, minlength=size).to(vectors.dtype)
            empty = counts == 0
            sums[empty] = vectors[torch.randint(len(vectors), (int(empty.sum()),), device=vectors.device)]
            codebook.copy_(F.normalize(sums, dim=1))
        rate = counts.clamp(min=1) / counts.clamp(min=1).mean()
        self.counts.copy_(rate * 4 * self.dead_below)
        self.sums.copy_(codebook * self.counts[:, None])

    def state_dict(self) -> dict[str, Tensor]:
        return {"sums": self.sums, "counts": self.counts}

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self.sums.copy_(state["sums"])
        self.counts.copy_(state["counts"])


class CodebookStart:
    """Gathers the vectors of the last batches of the steps without a codebook, and makes it of them."""

    def __init__(self, follower: CodebookFollower, steps: int, batches: int):
        self.follower, self.steps, self.batches = follower, steps, batches
        self._collected: list[Tensor] = []

    def take_in(self, vectors: Tensor, step: int) -> None:
        """The unit vectors [M, D] of a step, counted from 0, that had no codebook."""
        if step >= self.steps - self.batches:
            self._collected.append(vectors.detach().float())
        if step == self.steps - 1:
            self.follower.init_from(torch.cat(self._collected))
            self._collected = []


def resumed_step(step: int, steps: int, batches: int) -> int:
    """Where a run goes on whose checkpoint is of `step`: batches that were gathered for a `CodebookStart` are not kept."""
    return min(step, steps - batches) if step < steps else step


def disturbed(vectors: Tensor, noise: float) -> Tensor:
    """Unit vectors [..., D] with noise in place of the error that a codebook would make."""
    return F.normalize(vectors + noise * torch.randn_like(vectors) / vectors.shape[-1] ** 0.5, dim=-1)


def perplexity(ids: Tensor, codes: int) -> float:
    """exp(entropy) of the ids' histogram: the number of codes in effective use."""
    share = torch.bincount(ids.flatten(), minlength=codes).double() / ids.numel()
    share = share[share > 0]
    return float(torch.exp(-(share * share.log()).sum()))
