"""The GAN generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch

from assaymark.api import (
    BATCH_ROWS,
    ConditionError,
    Encoded,
    Schema,
    Table,
    TableEncoder,
    damaged_model,
    fixed_torch,
    load_weights,
    own_generator,
    read_document,
    save_model,
)
from assaymark_gan.networks import RowMaker, Shape, noise_of_codes
from assaymark_gan.training import train

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from assaymark.api import Run
    from assaymark_gan.config import GanConfig

_FORMAT = "assaymark-gan/1"
_NAME = "gan"


class GanGenerator:
    """Learns a table by a Wasserstein GAN."""

    def __init__(self, config: GanConfig) -> None:
        self.config = config

    def fit(self, table: Table, schema: Schema, run: Run) -> FittedGan:
        """Learn ``table``; one seed gives one model, on machines of one type and without a time budget."""
        del schema  # the table carries it
        encoder = TableEncoder.fit(table)
        encoded = encoder.encode(table, run.rng("encode"))
        with fixed_torch():
            maker, notes = train(encoded, self.config, run)
        return FittedGan(encoder, maker, notes)

    @classmethod
    def load(cls, folder: Path) -> FittedGan:
        """Read a saved model.

        Raises:
            ModelFolderError: When it is missing, damaged or of another format.
        """
        return FittedGan.load(folder)


class FittedGan:
    """A learned table."""

    def __init__(self, encoder: TableEncoder, maker: RowMaker, notes: tuple[str, ...] = ()) -> None:
        self._encoder = encoder
        self._maker = maker
        self._notes = notes

    @property
    def schema(self) -> Schema:
        """Schema of the sampled tables."""
        return self._encoder.schema

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know."""
        return (*self._encoder.notes, *self._notes)

    def sample(self, rows: int, run: Run, where: Mapping[str, Any] | None = None) -> Iterator[Table]:
        """Yield batches; see the plugin API.

        Raises:
            ConditionError: When ``where`` is given; this generator takes no conditions.
        """
        if where:
            raise ConditionError("the gan generator takes no conditions", remedy="Use copula or diffusion.")
        for batch, start in enumerate(range(0, rows, BATCH_ROWS)):
            run.check()
            size = min(BATCH_ROWS, rows - start)
            numbers, codes = self._draw(size, own_generator(run, "sample", batch))
            encoded = Encoded(numbers, codes, self._encoder.cardinalities, self._encoder.number_names, self._encoder.code_names)
            yield self._encoder.decode(encoded, run.rng("sample", batch), first_row=start)

    @torch.no_grad()
    def _draw(self, rows: int, generator: torch.Generator) -> tuple[Any, Any]:
        with fixed_torch():
            noise = torch.randn((rows, self._maker.shape.noise), generator=generator)
            numbers, logits = self._maker(noise)
            drawn = [logit.argmax(dim=1) for logit in noise_of_codes(logits, generator)]
        codes = torch.stack(drawn, dim=1).numpy() if drawn else np.zeros((rows, 0))
        return numbers.numpy(), codes.astype(np.int32)

    def save(self, folder: Path) -> None:
        """Write the model into a folder as JSON and safetensors."""
        self._encoder.save(folder)
        document = {"format": _FORMAT, "shape": self._maker.shape.document(), "notes": list(self._notes)}
        save_model(folder, _NAME, self._maker, document)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; see :meth:`GanGenerator.load`."""
        encoder = TableEncoder.load(folder)
        document = read_document(folder, _NAME, _FORMAT)
        try:
            form = document["shape"]
            shape = Shape(len(encoder.number_names), encoder.cardinalities, int(form["noise"]), int(form["width"]))
            notes = tuple(str(note) for note in document["notes"])
            if not (1 <= shape.noise <= 4096 and 8 <= shape.width <= 4096):  # noqa: PLR2004 - as in the config
                raise ValueError("sizes out of range")  # noqa: TRY301 - one message for all
        except (KeyError, TypeError, ValueError) as error:
            raise damaged_model(folder / f"{_NAME}.json", error, _FORMAT) from error
        maker = RowMaker(shape, torch.Generator().manual_seed(0))
        load_weights(folder, _NAME, maker, _FORMAT)
        return cls(encoder, maker.eval(), notes)
