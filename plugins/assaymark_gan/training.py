"""Training: a generator that fills in what is masked of a row, a critic that judges it, and the likelihood of the real values.

A row is made in a few rounds, each of which fills in some columns given those of earlier rounds, as in the denoising diffusion
GAN of Xiao et al. (2022): what is left to a round is simple enough for an adversarial fit. Filling in what is masked, with
the likelihood beside the critic, follows MaskGAN (Fedus et al., 2018); it takes the place of the conditional vectors of CTGAN
(Xu et al., 2019), which are the case of one visible column, and no mode can be lost, since each real value must stay
likely. The critic is that of a Wasserstein GAN with gradient penalty (Gulrajani et al., 2017). It sees the visible columns and
those of the round, so that it judges whether the columns of one round go together.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from assaymark.api import (
    Average,
    Batch,
    Course,
    Encoded,
    Learner,
    RowNetwork,
    RowShape,
    choose_device,
    faster,
    held_out,
    learn,
    masks,
    own_generator,
    set_rate,
)
from assaymark_gan.networks import Critic, one_hot, soft_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assaymark.api import Run
    from assaymark_gan.config import GanConfig

Rounds = tuple[tuple[int, ...], ...]

DEPTH = 2
_TEMPERATURE = 0.4
_DECAY = 0.999
_CLIP = 1.0
_SLOWEST = 0.01  # share of its learning rate that the critic keeps to the end
_HELD = 2000
_LARGE = 5000  # rows from which a wide network pays
_CRITIC_WIDTH = 256
_JUDGED = 2  # one row in so many goes to the critic, which costs more than the likelihood
_FREE = 0.15  # share of rows in which any columns may be visible, as conditions are
_LATER = 0.1  # weight of columns that a later round fills in


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and with how large a network a table is learned.

    Attributes:
        steps: Training steps.
        batch: Rows of a step.
        width: Width of the generator's hidden layers.
    """

    steps: int
    batch: int
    width: int


def plan(config: GanConfig, rows: int) -> Plan:
    """Return the plan for a table: small ones get fewer steps and narrower networks, so that they are not learned by heart."""
    batch = min(config.batch, max(32, rows // 2))
    steps = config.steps if config.steps is not None else min(2000, 300 + rows // 10)
    width = config.width if config.width is not None else 320 if rows >= _LARGE else 128
    return Plan(steps, batch, width)


@dataclass(frozen=True, slots=True)
class Task:
    """What a batch asks for, in each row: shapes (rows, code columns).

    Attributes:
        visible: Columns that are given.
        asked: Columns that this round fills in.
        weight: Weight of each column's likelihood.
    """

    visible: Tensor
    asked: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> Task:
        """Return the same task on a device."""
        return Task(self.visible.to(device), self.asked.to(device), self.weight.to(device))


def draw_task(rows: int, rounds: Rounds, balanced: tuple[int, int], generator: torch.Generator) -> Task:
    """Draw a round for each row; in some rows visible columns are drawn freely, and one more is asked for.

    Args:
        rows: Rows of the batch.
        rounds: Columns of each round.
        balanced: So many rows, the first ones, must show the given column; there are at least two columns then.
        generator: Source of randomness.
    """
    columns = sum(len(held) for held in rounds)
    turn = torch.zeros(columns, dtype=torch.int64)
    for place, held in enumerate(rounds):
        turn[list(held)] = place
    now = torch.randperm(rows, generator=generator) % len(rounds)
    visible, asked = turn[None, :] < now[:, None], turn[None, :] == now[:, None]
    weight = torch.where(asked, float(len(rounds)), _LATER * (~visible))
    keys, share = torch.rand((rows, columns), generator=generator), torch.rand(rows, generator=generator)
    free = torch.rand(rows, generator=generator) < _FREE
    first, column = balanced
    free[:first], keys[:first, column] = True, -1.0
    rank, shown = keys.argsort(dim=1).argsort(dim=1), (share * columns).floor()
    shown[:first] = shown[:first].clamp(min=1.0)
    freely = rank < shown[:, None]
    visible = torch.where(free[:, None], freely, visible)
    asked = torch.where(free[:, None], (rank == shown[:, None]), asked)
    weight = torch.where(free[:, None], (~freely) * (columns / (columns - shown))[:, None], weight)
    return Task(visible, asked, weight)


def _unlikeliness(logits: Sequence[Tensor], codes: Tensor, task: Task) -> Tensor:
    """Return the mean negative log-likelihood of what was asked for."""
    total = torch.zeros((), device=codes.device)
    for place, logit in enumerate(logits):
        wrong = nn.functional.cross_entropy(logit, codes[:, place], reduction="none")
        total = total + (wrong * task.weight[:, place]).mean()
    return total


class _Game:
    """Both networks, their optimisers, and a step of each."""

    def __init__(
        self, encoded: Encoded, ordered: Sequence[bool], rounds: Rounds, width: int, config: GanConfig, run: Run
    ) -> None:
        self.run = run
        self.config = config
        self.rounds = rounds
        self.device = choose_device(run)
        self.cardinalities = encoded.cardinalities
        self.mask = masks(self.cardinalities).to(self.device)
        codes, begin = torch.from_numpy(encoded.codes), own_generator(run, "maker")
        self.codes = codes.to(self.device)
        maker = RowNetwork(RowShape(self.cardinalities, width, DEPTH, config.noise), begin)
        maker.begin(codes, ordered, begin)
        self.maker = maker.to(self.device)
        features = sum(self.cardinalities) + len(self.cardinalities)
        self.critic = Critic(features, _CRITIC_WIDTH, own_generator(run, "critic")).to(self.device)
        self.average = Average(self.maker, _DECAY)
        self.maker_optimiser = torch.optim.AdamW(self.maker.parameters(), weight_decay=1e-4, betas=(0.9, 0.99))
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), betas=(0.5, 0.9))

    @property
    def learners(self) -> list[Learner]:
        """What a checkpoint keeps."""
        return [Learner(self.maker, self.maker_optimiser, self.average), Learner(self.critic, self.critic_optimiser)]

    def step(self, batch: Batch, number: int, rate: float) -> Tensor:
        """Take a step of both networks; return the loss of the likelihood."""
        set_rate(self.maker_optimiser, self.config.learning_rate * rate)
        set_rate(self.critic_optimiser, self.config.critic_rate * max(rate, _SLOWEST))
        generator = own_generator(self.run, "step", number)
        codes = self.codes[batch.rows.to(self.device)].long()
        task = draw_task(len(codes), self.rounds, (batch.balanced, batch.column), generator).to(self.device)
        logits = self._logits(self.maker, codes, task, generator)
        loss = total = _unlikeliness(logits, codes, task)
        if self.config.adversarial:
            total = loss - self.config.adversarial * self._judgement(codes, logits, task, generator)
        self.maker_optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        nn.utils.clip_grad_norm_(self.maker.parameters(), _CLIP)
        self.maker_optimiser.step()
        self.average.update(number + 1)
        return loss

    @torch.no_grad()
    def measure(self, rows: Tensor) -> float:
        """Return how unlikely the averaged generator finds rows, always in the same tasks."""
        maker, generator = copy.deepcopy(self.maker), own_generator(self.run, "measure")
        self.average.copy_to(maker)
        codes = self.codes[rows.to(self.device)].long()
        task = draw_task(len(codes), self.rounds, (0, 0), generator).to(self.device)
        return float(_unlikeliness(self._logits(maker, codes, task, generator), codes, task))

    def _logits(self, maker: RowNetwork, codes: Tensor, task: Task, generator: torch.Generator) -> list[Tensor]:
        noise = torch.randn((len(codes), self.config.noise), generator=generator).to(self.device)
        with faster(self.device):
            _, logits = maker(noise, torch.where(task.visible, codes, self.mask), torch.zeros(1, device=self.device))
        return list(logits)

    def _judgement(self, codes: Tensor, logits: Sequence[Tensor], task: Task, generator: torch.Generator) -> Tensor:
        """Let the critic learn from some of the rows, and return how real it finds what was filled in."""
        some = slice(max(len(codes) // _JUDGED, 1))
        visible, asked = task.visible[some], task.asked[some]
        real = torch.cat([one_hot(codes[some], visible | asked, self.cardinalities), visible.float()], dim=1)
        fake = self._fake(real, [logit[some] for logit in logits], asked, generator)
        self._criticise(real, fake.detach(), generator)
        self.critic.requires_grad_(requires_grad=False)
        with faster(self.device):
            judgement = self.critic(fake).float().mean()
        self.critic.requires_grad_(requires_grad=True)
        return torch.as_tensor(judgement)

    def _fake(self, real: Tensor, logits: Sequence[Tensor], asked: Tensor, generator: torch.Generator) -> Tensor:
        """Return the rows with what was asked for filled in, as the critic sees them."""
        filled = torch.cat([soft_codes(logit, generator, _TEMPERATURE) for logit in logits], dim=1)
        chosen = asked.repeat_interleave(torch.tensor(self.cardinalities, device=asked.device), dim=1)
        rows = real[:, : filled.shape[1]]
        return torch.cat([torch.where(chosen, filled, rows), real[:, filled.shape[1] :]], dim=1)

    def _criticise(self, real: Tensor, fake: Tensor, generator: torch.Generator) -> None:
        """Take one step of the critic."""
        share = torch.rand((len(real), 1), generator=generator).to(self.device)
        between = (share * real + (1 - share) * fake).requires_grad_()
        with faster(self.device):
            height = self.critic(between)
            apart = self.critic(torch.cat([real, fake])).float().view(2, -1).mean(dim=1)
        (slope,) = torch.autograd.grad(height.float().sum(), between, create_graph=True)
        penalty = (slope.norm(dim=1) - 1).square().mean()
        self.critic_optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(self.config.penalty * penalty - apart[0] + apart[1])
        self.critic_optimiser.step()


def train(
    encoded: Encoded, ordered: Sequence[bool], rounds: Rounds, config: GanConfig, run: Run
) -> tuple[RowNetwork, tuple[str, ...]]:
    """Return the averaged generator of a table, and notes; raises like :func:`assaymark.learning.learn`."""
    chosen = plan(config, encoded.rows)
    game = _Game(encoded, ordered, rounds, chosen.width, config, run)
    course = Course(
        name="gan",
        steps=chosen.steps,
        codes=torch.from_numpy(encoded.codes),
        batch=chosen.batch,
        held=held_out(encoded.rows, _HELD),
        step=game.step,
        measure=game.measure,
        learners=game.learners,
        belongs=(config.model_dump_json().encode(), encoded.codes.tobytes()),
    )
    notes = learn(course, run)
    game.average.copy_to(game.maker)
    game.maker.settle()
    return game.maker.cpu().eval(), notes
