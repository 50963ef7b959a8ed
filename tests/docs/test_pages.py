"""Every code block of the README and the documentation runs; every link leads somewhere."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from docs.pages import PAGES, ROOT, blocks, run
from plugins.openbao_server import OpenBao

from fieldvault import errors

VAULT_PAGES = [ROOT / "docs/guide" / page for page in ("vault.md", "rotate-keys.md", "backups.md")]
WITH_CODE = [page for page in PAGES if blocks(page) and page not in VAULT_PAGES]
_LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)]*))?\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def run_page(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> int:
    monkeypatch.chdir(folder)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    return run(page, folder, environment)


def test_the_readme_is_among_the_pages_with_code() -> None:
    assert ROOT / "README.md" in WITH_CODE


@pytest.mark.filterwarnings("ignore::fieldvault.kek.local.LocalKekWarning")
@pytest.mark.parametrize("page", WITH_CODE, ids=name)
def test_the_code_blocks_of_a_page_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_page(page, tmp_path, monkeypatch, {"FIELDVAULT_KEK_PASSPHRASE": "correct horse battery staple"})


@pytest.mark.parametrize("page", VAULT_PAGES, ids=name)
def test_a_page_about_the_vault_runs_against_a_real_server(
    page: Path, new_openbao: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_page(
        page, tmp_path, monkeypatch, {"VAULT_ADDR": new_openbao.address, "VAULT_TOKEN": new_openbao.root}
    )


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_is_finished(page: Path) -> None:
    assert not re.search(r"PLACEHOLDER|[A-Z]-FIGURE|TODO|FIXME", page.read_text())


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target, anchor in _LINK.findall(page.read_text()):
        if "://" in target or target.startswith("mailto:"):
            continue
        file = page.parent / target if target else page
        assert file.exists(), f"{name(page)} links to {target}"
        if anchor:
            assert anchor in anchors(file), f"{name(page)} links to {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The headings as the web shows them in addresses: lower case, no punctuation, hyphens for spaces."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(page.read_text()))
    return {heading.strip().replace(" ", "-") for heading in plain}


def test_the_page_of_errors_names_every_class() -> None:
    page = (ROOT / "docs/guide/errors.md").read_text()
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, Exception)]
    missing = [one.__name__ for one in classes if f"`{one.__name__}`" not in page]
    assert len(classes) > 20
    assert not missing


def test_the_guide_lists_every_page_of_it() -> None:
    index = (ROOT / "docs/guide/README.md").read_text()
    pages = {page.name for page in (ROOT / "docs/guide").glob("*.md")} - {"README.md"}
    assert all(f"]({page})" in index for page in pages)


def test_the_decisions_list_every_record() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    records = {page.name for page in (ROOT / "docs/decisions").glob("2*.md")}
    assert all(f"]({record})" in index for record in records)
