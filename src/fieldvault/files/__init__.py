"""Files: seal, open and search CSV, JSON Lines and Parquet as streams, at constant memory.

with (
    open_source(given, schema, State.OPENED) as source,
    open_sink(wanted, file_format, schema, State.SEALED, source.columns, source=given) as sink,
):
    seal_file(cipher, source, sink)
"""

from fieldvault.files.formats import FileFormat, form_for, format_of
from fieldvault.files.jobs import (
    AllOrNothing,
    Counts,
    KeepGoing,
    RowFailure,
    find_in_file,
    open_file,
    seal_file,
)
from fieldvault.files.sink import Overwrite, Sink, open_sink
from fieldvault.files.source import Source, open_source
from fieldvault.files.state import State

__all__ = [
    "AllOrNothing",
    "Counts",
    "FileFormat",
    "KeepGoing",
    "Overwrite",
    "RowFailure",
    "Sink",
    "Source",
    "State",
    "find_in_file",
    "form_for",
    "format_of",
    "open_file",
    "open_sink",
    "open_source",
    "seal_file",
]
