"""Configuration of the GAN generator."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class GanConfig(BaseModel):
    """What can be set.

    Attributes:
        steps: Training steps; None for a number that suits the table.
        batch: Rows of a training step.
        noise: Numbers of noise that a row is made from.
        width: Width of the hidden layers; None for one that suits the table.
        learning_rate: Learning rate of both networks.
        penalty: Weight of the critic's gradient penalty.
        moments: Weight of the generator's distance in pairwise moments.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int | None = Field(default=None, ge=1, le=1_000_000)
    batch: int = Field(default=1024, ge=2, le=65_536)
    noise: int = Field(default=128, ge=1, le=4096)
    width: int | None = Field(default=None, ge=8, le=4096)
    learning_rate: float = Field(default=5e-4, gt=0, le=1)
    penalty: float = Field(default=10.0, ge=0, le=1000)
    moments: float = Field(default=100.0, ge=0, le=10_000)
