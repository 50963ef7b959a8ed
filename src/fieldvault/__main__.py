"""`python -m fieldvault`: the same as the `fieldvault` command."""

from fieldvault.cli import main

if __name__ == "__main__":
    main()
