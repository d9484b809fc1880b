"""The network: one recurrent encoder for each modality, gates, and what the heads read from."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from vivavoce.models.fusion.sequences import seed_of


class Encoder(nn.Module):
    """What one modality says over the answers of an interview.

    A gated recurrent unit (Cho et al. 2014, EMNLP, 1724–1734) reads the answers in their order, each with a learned
    mark of its place; an answer in which the modality is absent leaves the state as it was. The mean of the present
    answers goes past it, so that what is linear need not be learned by the recurrence.
    """

    def __init__(self, inputs: int, answers: int, width: int) -> None:
        super().__init__()
        self.inward = nn.Linear(inputs, width)
        self.place = nn.Parameter(torch.randn(answers, width) / width**0.5)
        self.cell = nn.GRUCell(width, width)
        self.direct = nn.Linear(inputs, width, bias=False)
        self.gate = nn.Linear(width, 1)

    def forward(self, values: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """State (n, width) and gate (n, 1), both exactly 0 where the modality is absent in every answer."""
        each = nn.functional.gelu(self.inward(values) + self.place)
        state = values.new_zeros(len(values), self.place.shape[1])
        for i in range(values.shape[1]):
            read = self.cell(each[:, i], state.to(each.dtype))
            state = torch.where(present[:, i, None], read.to(state.dtype), state)
        count = present.sum(dim=1, keepdim=True).clamp(min=1)
        state = state + self.direct(values.sum(dim=1) / count)
        anywhere = present.any(dim=1, keepdim=True)
        return torch.where(anywhere, state, 0.0), torch.where(anywhere, torch.sigmoid(self.gate(state)), 0.0)


class Network(nn.Module):
    """Encoders, gates and outputs.

    Every present modality adds its state times its gate (Arevalo et al. 2017, arXiv:1702.01992); one that is absent
    adds exactly nothing. Outputs are linear in the sum, plus one hidden layer for what modalities say together; a
    head's numbers that belong to no person (``start``) follow them.
    """

    def __init__(
        self, inputs: Mapping[str, int], answers: int, width: int, outputs: int, start: Tensor | None, seed: int
    ) -> None:
        super().__init__()
        self.common = None if start is None else nn.Parameter(start.clone())
        self.encoders = nn.ModuleDict()
        with torch.random.fork_rng(devices=[]):
            for name, count in inputs.items():
                torch.manual_seed(seed_of(seed, name))
                self.encoders[name] = Encoder(count, answers, width)
            torch.manual_seed(seed_of(seed, ""))
            self.linear = nn.Linear(width, outputs)
            self.hidden = nn.Linear(width, width)
            self.together = nn.Linear(width, outputs, bias=False)
            nn.init.zeros_(self.linear.weight)
            nn.init.zeros_(self.linear.bias)
            nn.init.zeros_(self.together.weight)

    def forward(self, values: Sequence[Tensor], present: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Outputs (n, outputs) and gates (n, modalities).

        Parameters
        ----------
        values, present
            For each modality, shapes (n, answers, inputs) and (n, answers).
        """
        pairs = [encoder(v, p) for encoder, v, p in zip(self.encoders.values(), values, present, strict=True)]
        fused = sum((gate * state for state, gate in pairs), start=torch.zeros_like(pairs[0][0]))
        outputs = self.linear(fused) + self.together(nn.functional.gelu(self.hidden(fused)))
        if self.common is not None:
            outputs = torch.cat([outputs, self.common.reshape(1, -1).expand(len(outputs), -1)], dim=1)
        return outputs, torch.cat([gate for _, gate in pairs], dim=1)
