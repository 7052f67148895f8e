"""Trains keyframes of dynamic length on crops of pictures, in stages that each leave a usable model.

fixed: every position has a token. masked: random numbers of tokens, where they look most worth it. scores: what a token
is really worth is regressed, all else standing still. joint: all of it, with the model's own choice of positions.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from dynamic_tokenizer import ranks
from dynamic_visual import DynamicKeyframes, quadtree
from picture_quality import psnr_db, reconstruction_loss, thumbnail
from quantizer import perplexity
from token_value import decoded_values, thumbnail_values
from visual_model import CELL_PX, CODES, FRAME_PX, GRID
from visual_run import COMMITMENT_WEIGHT, CONTINUOUS_STEPS, NOISE, Draws, at_share, one_sided, options_parser, told, train

SCORE_WEIGHT = 0.05
# Of a picture, where the loss begins to tire: 13 dB at first, 35 dB at the end.
LEAST_ERROR = (5e-2, 3e-4)
WHOLE_SHARE = 0.3  # of the masked batches that have every token
TOKENS = (32, 256)
# (name, share of the time at which it ends)
STAGES = (("fixed", 0.4), ("masked", 0.8), ("scores", 0.84), ("joint", 1.0))


def stage_at(share: float) -> str:
    """The stage that is due when this share of the time is spent."""
    return next((name for name, end in STAGES if share < end), STAGES[-1][0])


@dataclass
class DynamicTraining:
    """Model and draws of one run."""

    model: DynamicKeyframes
    draws: Draws
    batch: int
    share: float = 0.0  # of the time that is spent

    def loss(self, step: int, share: float) -> tuple[Tensor, dict[str, float]]:
        """See `visual_run.Training`."""
        self.share = share
        stage = stage_at(share) if step >= CONTINUOUS_STEPS else "fixed"
        if stage == "fixed":
            return self._fixed(step)
        pictures = self.draws.pictures(max(1, self.batch // 4), FRAME_PX)
        features = self.model.features(pictures)
        if stage == "scores":
            return self._score_loss(features.detach(), pictures), {}
        if stage == "masked":
            return self._picture_loss(features, self._mask(thumbnail_values(pictures), noise=1.5), pictures, GRID)
        scores = self.model.tokenizer.scores(features)
        loss, log = self._picture_loss(features, self._mask(scores.detach(), noise=0.5), pictures, GRID)
        return loss + SCORE_WEIGHT * self._score_loss(features.detach(), pictures), log

    def _fixed(self, step: int) -> tuple[Tensor, dict[str, float]]:
        crop_px = FRAME_PX // 2
        pictures = self.draws.pictures(self.batch, crop_px)
        rows = crop_px // CELL_PX
        features = self.model.features(pictures, self.draws.random.randint(0, GRID - rows), self.draws.random.randint(0, GRID - rows))
        keep = torch.ones(features.shape[:2], device=self.draws.device)
        if step >= CONTINUOUS_STEPS:
            return self._picture_loss(features, keep, pictures, rows)
        output, vectors = self.model.continuous(features, keep, rows, NOISE)
        self.draws.codebook_start.take_in(vectors, step)
        return self._reconstruction(output, pictures) + one_sided(vectors), told(output, pictures, rows)

    def _mask(self, values: Tensor, noise: float) -> Tensor:
        """The best positions of each picture by noisy values, as many as drawn."""
        amount = noise * torch.rand(len(values), 1, device=self.draws.device)
        order = ranks(quadtree(values + amount * torch.randn_like(values)))
        cap = torch.tensor([self._tokens() for _ in values], device=self.draws.device)
        return (order < cap[:, None]).float()

    def _tokens(self) -> int:
        return TOKENS[1] if self.draws.random.random() < WHOLE_SHARE else self.draws.random.randint(*TOKENS)

    def _picture_loss(self, features: Tensor, keep: Tensor, pictures: Tensor, rows: int) -> tuple[Tensor, dict[str, float]]:
        output, vectors, ids, commitment = self.model(features, keep, rows)
        self.draws.follower.follow(vectors, ids)
        log = told(output, pictures, rows, perplexity(ids, CODES), commitment.item())
        return self._reconstruction(output, pictures) + COMMITMENT_WEIGHT * commitment, log

    def _reconstruction(self, output: Tensor, pictures: Tensor) -> Tensor:
        return reconstruction_loss(output, pictures, at_share(LEAST_ERROR, self.share))

    def _score_loss(self, features: Tensor, pictures: Tensor) -> Tensor:
        wanted = decoded_values(self.model, features, pictures)
        return F.smooth_l1_loss(self.model.tokenizer.scores(features), wanted)


@torch.no_grad()
def evaluate(model: DynamicKeyframes, pictures: Tensor) -> dict[str, float]:
    """Mean PSNR on whole pictures with all tokens and with 128 and 64 of them, and the thumbnail's."""
    figures = {"thumbnail_db": psnr_db(thumbnail(pictures), pictures).mean().item()}
    for tokens in (256, 128, 64):
        outputs, used = [], []
        for part in pictures.split(4):
            features = model.features(part)
            keep = (ranks(model.scores(features)) < tokens).float()
            output, _, ids, _ = model(features, keep, GRID)
            outputs.append(output)
            used.append(ids)
        figures[f"db_at_{tokens}"] = psnr_db(torch.cat(outputs), pictures).mean().item()
        if tokens == 256:
            figures["perplexity"] = perplexity(torch.cat(used), CODES)
    return figures


def main() -> None:
    options = options_parser(__doc__).parse_args()
    torch.manual_seed(options.seed)
    model = DynamicKeyframes()
    train(options, model, model.tokenizer.quantize, lambda draws: DynamicTraining(model, draws, options.batch), evaluate, name="dynamic")


if __name__ == "__main__":
    main()
