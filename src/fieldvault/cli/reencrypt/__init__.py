"""`fieldvault reencrypt`: the rows of tables under the present key, or from another format to envelopes."""

from fieldvault.cli.reencrypt.cmd_reencrypt import reencrypt

__all__ = ["reencrypt"]
