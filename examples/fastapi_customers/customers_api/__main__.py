"""`python -m customers_api`: serve on http://127.0.0.1:8000, or on PORT."""

from __future__ import annotations

import os

import uvicorn

from customers_api.settings import Settings, prepare_development


def main() -> None:
    prepare_development()
    from customers_api.app import create_app  # the audit log's folder is there now

    uvicorn.run(create_app(Settings.from_environment()), port=int(os.environ.get("PORT", "8000")))


if __name__ == "__main__":
    main()
