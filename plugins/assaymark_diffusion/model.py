"""The diffusion generator: Gaussian diffusion on numbers and masking diffusion on categories, in one network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch

from assaymark.api import (
    BATCH_ROWS,
    Encoded,
    Role,
    RowNetwork,
    RowShape,
    Schema,
    Table,
    TableEncoder,
    choose_device,
    damaged_model,
    fixed_torch,
    likelihood,
    load_weights,
    own_generator,
    read_document,
    save_model,
)
from assaymark_diffusion.process import SCORE_INPUTS, Known, Order, entering
from assaymark_diffusion.process import sample as sample_process
from assaymark_diffusion.training import train

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from assaymark.api import Run
    from assaymark_diffusion.config import DiffusionConfig

_FORMAT = "assaymark-diffusion/3"
_NAME = "diffusion"
_BINS, _ROWS_A_BIN = 256, 100  # a number becomes at most so many codes, in a small table fewer
_LIKELIHOOD_ROWS = 64
_WIDEST = 256  # codes of a code column; of more a column is split


class DiffusionGenerator:
    """Learns a table by diffusion."""

    def __init__(self, config: DiffusionConfig) -> None:
        self.config = config

    def fit(self, table: Table, schema: Schema, run: Run) -> FittedDiffusion:
        """Learn ``table``; one seed gives one model, on machines of one type and without a time budget."""
        del schema  # the table carries it
        encoder = TableEncoder.fit(table, bins=min(_BINS, table.rows // _ROWS_A_BIN), widest=_WIDEST)
        encoded = encoder.encode(table, run.rng("encode"))
        order = _order(encoder)
        with fixed_torch():
            model, notes = train(encoded, encoder.ordered, order, self.config, run)
        return FittedDiffusion(encoder, model, self.config.sampling_steps, order.last, notes)

    @classmethod
    def load(cls, folder: Path) -> FittedDiffusion:
        """Read a saved model.

        Raises:
            ModelFolderError: When it is missing, damaged or of another format.
        """
        return FittedDiffusion.load(folder)


def _order(encoder: TableEncoder) -> Order:
    """Return what is uncovered last: the target, or without one the last column, which usually is."""
    names = encoder.code_names
    targets = [name for name in (column.name for column in encoder.schema.with_role(Role.TARGET)) if name in names]
    wanted = targets or names[-1:]
    last = max((place for place, name in enumerate(names) if name in wanted[:1]), default=None)
    return Order(last, tuple(names.index(name) if name in names else -1 for name in encoder.number_names))


class FittedDiffusion:
    """A learned table."""

    def __init__(
        self, encoder: TableEncoder, model: RowNetwork, steps: int, last: int | None, notes: tuple[str, ...] = ()
    ) -> None:
        self._encoder = encoder
        self._model = model
        self._steps = steps
        self._last = last
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
        """Yield batches; see the plugin API. A condition fixes its codes and scores from the first step on.

        Raises:
            ConditionError: When ``where`` names an unknown column, or a value that no ten rows have or lie about.
        """
        given = self._encoder.given(where or {})
        known = Known(given.codes, given.scores)
        model = self._model.to(choose_device(run))
        if where:
            self._encoder.refuse_contradiction(where, given.share * self._likelihood(model, known, run))
        for batch, start in enumerate(range(0, rows, BATCH_ROWS)):
            run.check()
            size = min(BATCH_ROWS, rows - start)
            with fixed_torch():
                numbers, codes = sample_process(
                    model, size, self._steps, self._last, own_generator(run, "sample", batch), known, run.check
                )
            encoded = Encoded(
                numbers.numpy(),
                codes.numpy().astype(np.int32),
                self._encoder.cardinalities,
                self._encoder.number_names,
                self._encoder.code_names,
            )
            yield self._encoder.decode(encoded, run.rng("sample", batch), first_row=start, exact=given.exact)

    @staticmethod
    def _likelihood(model: RowNetwork, known: Known, run: Run) -> float:
        """Return how likely known codes are, given known scores."""
        device, generator = model.codes.device, own_generator(run, "likelihood")
        given, scores = known.numbers(model.shape.outputs, device)
        noise = torch.randn((_LIKELIHOOD_ROWS, model.shape.outputs), generator=generator).to(device)
        return likelihood(model, known.codes, generator, entering(torch.where(given, scores, noise), given))

    def save(self, folder: Path) -> None:
        """Write the model into a folder as JSON and safetensors."""
        self._encoder.save(folder)
        document = {
            "format": _FORMAT,
            "steps": self._steps,
            "last": self._last,
            "width": self._model.shape.width,
            "depth": self._model.shape.depth,
            "notes": list(self._notes),
        }
        save_model(folder, _NAME, self._model, document)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; see :meth:`DiffusionGenerator.load`."""
        encoder = TableEncoder.load(folder)
        document = read_document(folder, _NAME, _FORMAT)
        try:
            scores = len(encoder.number_names)
            shape = RowShape(
                encoder.cardinalities, int(document["width"]), int(document["depth"]), SCORE_INPUTS * scores, scores
            )
            steps, notes = int(document["steps"]), tuple(str(note) for note in document["notes"])
            last = None if document["last"] is None else int(document["last"])
            if last is not None and not 0 <= last < len(encoder.cardinalities):
                raise ValueError("no such code column")  # noqa: TRY301 - one message for all
            if not (8 <= shape.width <= 4096 and 1 <= shape.depth <= 16 and 2 <= steps <= 1000):  # noqa: PLR2004 - as in the config
                raise ValueError("sizes out of range")  # noqa: TRY301 - one message for all
        except (KeyError, TypeError, ValueError) as error:
            raise damaged_model(folder / f"{_NAME}.json", error, _FORMAT) from error
        model = RowNetwork(shape, torch.Generator().manual_seed(0))
        load_weights(folder, _NAME, model, _FORMAT)
        return cls(encoder, model.eval(), steps, last, notes)
