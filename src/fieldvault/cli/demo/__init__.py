"""The demo: the main job on made-up people and companies. Every claim on the screen is computed and checked."""

from fieldvault.cli.demo.run import run_demo

__all__ = ["run_demo"]
