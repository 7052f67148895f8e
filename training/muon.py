"""An optimizer for weights that are matrices: momentum, made orthogonal (K. Jordan et al., "Muon", 2024), with steps as long as
Adam's (J. Liu et al., arXiv 2502.16982, equation 4). All else is left to AdamW."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

# Of the quintic that brings singular values near to 1 (Muon's), and how often it is applied.
QUINTIC = (3.4445, -4.7750, 2.0315)
ROUNDS = 5
STEP_RMS = 0.2  # of Adam's steps, in learning rates
LEAST_SIDE = 16  # a thinner matrix is left to AdamW


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest orthogonal matrix to [M, N], roughly: singular values 0.7 to 1.2. Iterates on the smaller Gram matrix."""
    a, b, c = QUINTIC
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    wide = wide / (wide.norm() + 1e-7)
    gram, product = wide @ wide.T, torch.eye(len(wide), device=wide.device)
    for _ in range(ROUNDS):
        step = b * gram + c * gram @ gram
        step.diagonal().add_(a)
        gram, product = step @ gram @ step, step @ product
    wide = product @ wide
    return wide.T if matrix.shape[0] > matrix.shape[1] else wide


class Muon(torch.optim.Optimizer):
    """Steps along orthogonal momentum; a convolution counts as the matrix of its output channels by all else."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, momentum: float = 0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                gradient = parameter.grad
                if gradient is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(gradient)
                state["momentum"].lerp_(gradient, 1 - group["momentum"])
                # Nesterov's: a look ahead.
                ahead = gradient.lerp(state["momentum"], group["momentum"]).flatten(1)
                length = STEP_RMS * max(ahead.shape) ** 0.5 * group["lr"]
                parameter.add_(orthogonal(ahead).view_as(parameter), alpha=-length)


class Optimizers:
    """Muon for a model's matrices and AdamW for the rest, as one."""

    def __init__(self, model: nn.Module, rate: float, weight_decay: float):
        learned = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
        matrices = [parameter for name, parameter in learned if is_matrix(name, parameter)]
        others = [parameter for name, parameter in learned if not is_matrix(name, parameter)]
        self.parts = {
            "muon": Muon(matrices, rate),
            "adam": torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=weight_decay),
        }

    def set_rate(self, rate: float) -> None:
        for part in self.parts.values():
            for group in part.param_groups:
                group["lr"] = rate

    def zero_grad(self) -> None:
        for part in self.parts.values():
            part.zero_grad()

    def step(self) -> None:
        for part in self.parts.values():
            part.step()

    def state_dict(self) -> dict[str, object]:
        return {name: part.state_dict() for name, part in self.parts.items()}

    def load_state_dict(self, state: dict[str, object]) -> None:
        for name, part in self.parts.items():
            part.load_state_dict(state[name])


def is_matrix(name: str, parameter: nn.Parameter) -> bool:
    """Whether a weight maps many channels to many; positions do not."""
    return parameter.dim() >= 2 and "pos" not in name and min(parameter.flatten(1).shape) >= LEAST_SIDE
