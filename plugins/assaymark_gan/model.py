"""The GAN generator: rows filled in over a few rounds, and judged by a critic; see :mod:`assaymark_gan.training`."""

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
    drawn,
    faster,
    fixed_torch,
    likelihood,
    load_weights,
    masks,
    own_generator,
    read_document,
    save_model,
)
from assaymark_gan.rounds import choose_rounds
from assaymark_gan.training import DEPTH, Rounds, train

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from assaymark.api import Run
    from assaymark_gan.config import GanConfig

_FORMAT = "assaymark-gan/2"
_NAME = "gan"
_BINS, _ROWS_A_BIN = 256, 100  # a number whose values repeat becomes at most so many codes, in a small table fewer
_CELLS, _FEWEST_CELLS, _ROWS_A_CELL = 128, 8, 50  # any other number is cut into so many equal parts
_WIDEST = 256  # codes of a code column; of more a column is split


class GanGenerator:
    """Learns a table by filling in, against a critic."""

    def __init__(self, config: GanConfig) -> None:
        self.config = config

    def fit(self, table: Table, schema: Schema, run: Run) -> FittedGan:
        """Learn ``table``; one seed gives one model, on machines of one type and without a time budget."""
        del schema  # the table carries it
        bins = min(_BINS, table.rows // _ROWS_A_BIN)
        cells = min(_CELLS, max(_FEWEST_CELLS, table.rows // _ROWS_A_CELL))
        encoder = TableEncoder.fit(table, bins=bins, equal=cells, widest=_WIDEST)
        encoded = encoder.encode(table, run.rng("encode"))
        rounds = choose_rounds(encoded.codes, encoder.cardinalities, _last(encoder), self.config.rounds, run.rng("rounds"))
        with fixed_torch():
            maker, notes = train(encoded, encoder.ordered, rounds, self.config, run)
        return FittedGan(encoder, maker, rounds, notes)

    @classmethod
    def load(cls, folder: Path) -> FittedGan:
        """Read a saved model.

        Raises:
            ModelFolderError: When it is missing, damaged or of another format.
        """
        return FittedGan.load(folder)


def _last(encoder: TableEncoder) -> int | None:
    """Return the code column that is filled in last: the target, or without one the last column, which usually is."""
    names = encoder.code_names
    targets = [name for name in (column.name for column in encoder.schema.with_role(Role.TARGET)) if name in names]
    wanted = (targets or list(names[-1:]))[:1]
    return max((place for place, name in enumerate(names) if name in wanted), default=None)


class FittedGan:
    """A learned table."""

    def __init__(self, encoder: TableEncoder, maker: RowNetwork, rounds: Rounds, notes: tuple[str, ...] = ()) -> None:
        self._encoder = encoder
        self._maker = maker
        self._rounds = rounds
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
        """Yield batches; see the plugin API. A condition is given before the first round.

        Raises:
            ConditionError: When ``where`` names an unknown column, or a value that no ten rows have or lie about.
        """
        given = self._encoder.given(where or {})
        fixed = given.codes
        maker = self._maker.to(choose_device(run))
        if where:
            self._encoder.refuse_contradiction(where, likelihood(maker, fixed, own_generator(run, "likelihood")))
        for batch, start in enumerate(range(0, rows, BATCH_ROWS)):
            size = min(BATCH_ROWS, rows - start)
            with fixed_torch():
                codes = self._draw(maker, size, fixed, own_generator(run, "sample", batch), run)
            numbers = np.zeros((size, 0), dtype=np.float32)
            encoded = Encoded(numbers, codes, self._encoder.cardinalities, (), self._encoder.code_names)
            yield self._encoder.decode(encoded, run.rng("sample", batch), first_row=start, exact=given.exact)

    @torch.no_grad()
    def _draw(
        self, maker: RowNetwork, rows: int, fixed: Sequence[tuple[int, int]], generator: torch.Generator, run: Run
    ) -> Any:
        device = maker.codes.device
        codes = masks(maker.shape.cardinalities).repeat(rows, 1).to(device)
        for column, code in fixed:
            codes[:, column] = code
        given = {column for column, _ in fixed}
        for held in self._rounds:
            run.check()
            noise = torch.randn((rows, maker.shape.inputs), generator=generator).to(device)
            draws = torch.rand((rows, len(held)), generator=generator).to(device)
            with faster(device):
                features = maker.features(noise, codes, torch.zeros(1, device=device))
            for place, column in enumerate(held):
                if column not in given:
                    codes[:, column] = drawn(maker.logits(features, column), draws[:, place])
        return codes.cpu().numpy().astype(np.int32)

    def save(self, folder: Path) -> None:
        """Write the model into a folder as JSON and safetensors."""
        self._encoder.save(folder)
        document = {
            "format": _FORMAT,
            "width": self._maker.shape.width,
            "noise": self._maker.shape.inputs,
            "rounds": [list(held) for held in self._rounds],
            "notes": list(self._notes),
        }
        save_model(folder, _NAME, self._maker, document)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; see :meth:`GanGenerator.load`."""
        encoder = TableEncoder.load(folder)
        document = read_document(folder, _NAME, _FORMAT)
        try:
            width, noise = int(document["width"]), int(document["noise"])
            rounds = tuple(tuple(int(column) for column in held) for held in document["rounds"])
            notes = tuple(str(note) for note in document["notes"])
            if not (1 <= noise <= 4096 and 8 <= width <= 4096):  # noqa: PLR2004 - as in the config
                raise ValueError("sizes out of range")  # noqa: TRY301 - one message for all
            if encoder.number_names or sorted(c for held in rounds for c in held) != list(range(len(encoder.cardinalities))):
                raise ValueError("columns without a round")  # noqa: TRY301 - one message for all
        except (KeyError, TypeError, ValueError) as error:
            raise damaged_model(folder / f"{_NAME}.json", error, _FORMAT) from error
        maker = RowNetwork(RowShape(encoder.cardinalities, width, DEPTH, noise), torch.Generator().manual_seed(0))
        load_weights(folder, _NAME, maker, _FORMAT)
        return cls(encoder, maker.eval(), rounds, notes)
