"""The table of docs/guide/django-operations.md: one test for each row, on both databases.

The rows' tests are in tests/plugins/django_site/operations_….py.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from plugins import django_site

django_site.configure()

from plugins.django_site import operations_finding, operations_reading, operations_writing  # noqa: E402 - needs Django
from plugins.django_site.operations import ROWS  # noqa: E402

PAGE = Path(__file__).parents[4] / "docs/guide/django-operations.md"
PARTS = (operations_writing, operations_finding, operations_reading)


@pytest.mark.parametrize("name", ROWS)
def test_what_the_table_says_of(shop: str, name: str) -> None:
    ROWS[name]()


def test_the_page_has_these_rows_and_no_others() -> None:
    listed = re.findall(r"^\| (.+?) \| (?:works|raises)", PAGE.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(ROWS)
