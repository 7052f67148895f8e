"""Trains the keyframe tokenizer on crops of pictures, at several scales: the net is the same at every size of the grid."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from picture_quality import psnr_db, reconstruction_loss, thumbnail
from quantizer import perplexity
from visual_model import CODES, GRID, GridTokenizer
from visual_run import COMMITMENT_WEIGHT, CONTINUOUS_STEPS, NOISE, Draws, at_share, one_sided, options_parser, told, train

CROP_SIDE = 8  # tokens along each side of a crop
# How much of the frame, in px of 256, a crop covers: all of the same number of tokens. With how often it is drawn.
COVERED_PX = {128: 0.5, 160: 0.15, 192: 0.2, 256: 0.15}
# Of a picture, where the loss begins to tire: 13 dB at first, 37 dB at the end.
LEAST_ERROR = (5e-2, 2e-4)
EVALUATED_SIDES = (GRID, 12, 8)


@dataclass
class GridTraining:
    """Model and draws of one run."""

    model: GridTokenizer
    draws: Draws
    batch: int
    least_error: tuple[float, float] = LEAST_ERROR

    def loss(self, step: int, share: float) -> tuple[Tensor, dict[str, float]]:
        """See `visual_run.Training`."""
        covered = self.draws.random.choices(list(COVERED_PX), list(COVERED_PX.values()))[0]
        pictures = self.draws.pictures(self.batch, covered)
        least_error = at_share(self.least_error, share)
        if step < CONTINUOUS_STEPS:
            output, vectors = self.model.continuous(pictures, CROP_SIDE, NOISE)
            self.draws.codebook_start.take_in(vectors, step)
            beside, log = one_sided(vectors), told(output, pictures, CROP_SIDE)
        else:
            output, vectors, ids, commitment = self.model(pictures, CROP_SIDE)
            self.draws.follower.follow(vectors, ids)
            beside = COMMITMENT_WEIGHT * commitment
            log = told(output, pictures, CROP_SIDE, perplexity(ids, CODES), commitment.item())
        return reconstruction_loss(output, pictures, least_error) + beside, log


@torch.no_grad()
def evaluate(model: GridTokenizer, pictures: Tensor) -> dict[str, float]:
    """Mean PSNR on whole pictures for several sizes of the grid, and the thumbnail's of as many cells as the largest has."""
    figures = {"thumbnail_db": psnr_db(thumbnail(pictures), pictures).mean().item()}
    for side in EVALUATED_SIDES:
        parts = [model(part, side) for part in pictures.split(4)]
        figures[f"db_at_{side**2}"] = psnr_db(torch.cat([part[0] for part in parts]), pictures).mean().item()
        if side == GRID:
            figures["perplexity"] = perplexity(torch.cat([part[2] for part in parts]), CODES)
    return figures


def weights_of_dynamic(path: Path) -> dict[str, Tensor]:
    """What a checkpoint of train_dynamic.py has of this model: all but the norm in front of the task layer, for which the
    merger's last one stands in."""
    stored = torch.load(path, map_location="cpu")["averaged"]
    inner = {name.removeprefix("tokenizer."): values for name, values in stored.items()}
    inner |= {f"norm.{part}": stored[f"tokenizer.causal_encoder.norm.{part}"] for part in ("weight", "bias")}
    return {name: inner[name] for name in GridTokenizer().state_dict()}


def main() -> None:
    parser = options_parser(__doc__)
    parser.add_argument("--begin-with", type=Path, help="dynamic.pt of train_dynamic.py, whose stem, decoder and codebook are taken over")
    parser.add_argument("--least-error", type=float, nargs=2, default=LEAST_ERROR, help="where the loss begins to tire, at first and at the end")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    model = GridTokenizer()
    if options.begin_with:
        model.load_state_dict(weights_of_dynamic(options.begin_with))
    first_step = CONTINUOUS_STEPS if options.begin_with else 0
    least_error = tuple(options.least_error)
    train(options, model, model.quantize, lambda draws: GridTraining(model, draws, options.batch, least_error), evaluate, first_step=first_step)


if __name__ == "__main__":
    main()
