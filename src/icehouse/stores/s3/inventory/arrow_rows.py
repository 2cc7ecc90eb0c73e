"""Inventory files in Parquet and ORC, by the extra ``inventory``: read from a file on disk, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from icehouse.core.errors import NotSupported
from icehouse.core.text import safe

from .broken import Broken
from .columns import Columns, places

_ROWS = 10_000


def require_arrow(format: str) -> None:
    """NotSupported where what reads `format` is not installed."""
    try:
        import pyarrow
    except ImportError:
        raise NotSupported(
            f"an inventory in {format} can't be read here",
            hint="pip install 'icehouse[inventory]', or let S3 write it as CSV",
        ) from None
    if format != "ORC":
        return
    try:
        import pyarrow.orc  # noqa: F401
    except ImportError:
        raise NotSupported(
            "an inventory in ORC can't be read here: this build of pyarrow has none of it",
            hint="let S3 write it as CSV or Parquet",
        ) from None


def read_arrow(path: Path, format: str) -> Iterator[Columns]:
    """The rows of one file, some thousands at a time.  Broken where it is damaged or its columns do not fit."""
    import pyarrow as pa

    try:
        for batch, at in _parquet(path) if format == "Parquet" else _orc(path):
            yield _columns(batch, at)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise Broken(f"can't be read as {format}: {safe(str(error).splitlines()[0] if str(error) else '')}") from None


def _parquet(path: Path) -> Iterator[tuple[Any, dict[str, str]]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, memory_map=False, buffer_size=1 << 20, pre_buffer=False) as file:
        names = [file.schema_arrow.field(index).name for index in range(len(file.schema_arrow))]
        at = _named(names)
        for batch in file.iter_batches(batch_size=_ROWS, columns=list(at.values()), use_threads=False):
            yield batch, at


def _orc(path: Path) -> Iterator[tuple[Any, dict[str, str]]]:
    from pyarrow import orc

    with path.open("rb") as raw:
        file = orc.ORCFile(raw)
        at = _named(file.schema.names)
        for stripe in range(file.nstripes):
            whole = file.read_stripe(stripe, columns=list(at.values()))
            for start in range(0, whole.num_rows, _ROWS):
                yield whole.slice(start, _ROWS), at


def _named(names: list[str]) -> dict[str, str]:
    return {field: names[index] for field, index in places(names).items()}


def _columns(batch: Any, at: dict[str, str]) -> Columns:
    import pyarrow as pa

    def had(name: str, kind: Any) -> Any:
        if name not in at:
            return None
        column = batch.column(batch.schema.get_field_index(at[name]))
        return column.cast(kind).to_pylist()

    def moments(name: str) -> Any:
        """Microseconds; a number without a unit may mean anything."""
        if name not in at:
            return None
        column = batch.column(batch.schema.get_field_index(at[name]))
        if not pa.types.is_timestamp(column.type) and not pa.types.is_null(column.type):
            raise Broken(f"has dates of the type {safe(str(column.type))}")
        return column.cast(pa.timestamp("us")).cast(pa.int64()).to_pylist()

    return Columns(
        buckets=had("buckets", pa.string()),
        keys=had("keys", pa.string()),
        sizes=had("sizes", pa.int64()),
        latest=had("latest", pa.bool_()),
        markers=had("markers", pa.bool_()),
        modified=moments("modified"),
        etags=had("etags", pa.string()),
        words=had("words", pa.string()),
        tiers=had("tiers", pa.string()),
    )
