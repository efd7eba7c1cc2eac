"""Configuration of the diffusion generator."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class DiffusionConfig(BaseModel):
    """What can be set.

    Attributes:
        steps: Training steps; None for a number that suits the table.
        batch: Rows of a training step.
        width: Width of the hidden layers; None for one that suits the table.
        depth: Number of residual blocks.
        learning_rate: Largest learning rate.
        sampling_steps: Steps from noise to a row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: int | None = Field(default=None, ge=1, le=1_000_000)
    batch: int = Field(default=1024, ge=2, le=65_536)
    width: int | None = Field(default=None, ge=8, le=4096)
    depth: int = Field(default=3, ge=1, le=16)
    learning_rate: float = Field(default=2e-3, gt=0, le=1)
    sampling_steps: int = Field(default=32, ge=2, le=1000)
