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
from fieldvault.files.linking import LinkPlan, check_link, link_file
from fieldvault.files.pseudonyms import FilePlan, check_file, pseudonymise_file, reidentify_file
from fieldvault.files.sink import Overwrite, Sink, open_sink
from fieldvault.files.source import Source, columns_of, open_source
from fieldvault.files.state import State

__all__ = [
    "AllOrNothing",
    "Counts",
    "FileFormat",
    "FilePlan",
    "KeepGoing",
    "LinkPlan",
    "Overwrite",
    "RowFailure",
    "Sink",
    "Source",
    "State",
    "check_file",
    "check_link",
    "columns_of",
    "find_in_file",
    "form_for",
    "format_of",
    "link_file",
    "open_file",
    "open_sink",
    "open_source",
    "pseudonymise_file",
    "reidentify_file",
    "seal_file",
]
