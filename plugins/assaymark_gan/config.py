"""Configuration of the GAN generator."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GanConfig(BaseModel):
    """What can be set.

    Attributes:
        steps: Training steps; None for a number that suits the table.
        batch: Rows of a training step.
        noise: Numbers of noise that a round draws from.
        width: Width of the generator's hidden layers; None for one that suits the table.
        rounds: Rounds from nothing to a row; None for a number that suits the columns.
        learning_rate: Largest learning rate of the generator.
        critic_rate: Learning rate of the critic.
        penalty: Weight of the critic's gradient penalty.
        adversarial: Weight of the critic's judgement beside the likelihood.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int | None = Field(default=None, ge=1, le=1_000_000)
    batch: int = Field(default=1024, ge=2, le=65_536)
    noise: int = Field(default=32, ge=1, le=4096)
    width: int | None = Field(default=None, ge=8, le=4096)
    rounds: int | None = Field(default=None, ge=1, le=1000)
    learning_rate: float = Field(default=2e-3, gt=0, le=1)
    critic_rate: float = Field(default=5e-4, gt=0, le=1)
    penalty: float = Field(default=10.0, ge=0, le=1000)
    adversarial: float = Field(default=0.05, ge=0, le=1000)
