"""Bytes in, bytes out: no I/O, no clock, no settings. The one thing asked of outside is the OS for nonces."""
