"""The rules of the `AuditHeads` port, as tests. A test class has the fixture `store`, of one that is both."""

from __future__ import annotations

import pytest
from plugins.keystore_kit import in_threads, outcome

from fieldvault.errors import KeyStoreConflict
from fieldvault.ports import AuditHead, AuditHeads

FIRST, SECOND = AuditHead("audit", 1, "a" * 64), AuditHead("audit", 2, "b" * 64)


class AuditHeadsContract:
    @pytest.fixture
    def heads(self, store: AuditHeads) -> AuditHeads:
        return store

    def test_a_log_has_no_head_until_one_is_put(self, heads: AuditHeads) -> None:
        assert heads.audit_head("audit") is None
        heads.put_audit_head(FIRST, replaces=None)
        assert heads.audit_head("audit") == FIRST
        heads.put_audit_head(SECOND, replaces=1)
        assert heads.audit_head("audit") == SECOND
        assert heads.audit_head("Audit") is None

    def test_the_head_of_a_long_log_comes_back(self, heads: AuditHeads) -> None:
        far = AuditHead("müller", 2**40, "0" * 64)
        heads.put_audit_head(far, replaces=None)
        assert heads.audit_head("müller") == far

    @pytest.mark.parametrize("replaces", [None, 2])
    def test_another_head_by_now_is_a_conflict_and_stays(self, heads: AuditHeads, replaces: int | None) -> None:
        heads.put_audit_head(FIRST, replaces=None)
        with pytest.raises(KeyStoreConflict):
            heads.put_audit_head(SECOND, replaces=replaces)
        assert heads.audit_head("audit") == FIRST

    def test_a_head_that_is_not_there_is_not_replaced(self, heads: AuditHeads) -> None:
        with pytest.raises(KeyStoreConflict):
            heads.put_audit_head(SECOND, replaces=1)
        assert heads.audit_head("audit") is None

    def test_of_many_that_replace_one_head_one_wins(self, heads: AuditHeads) -> None:
        heads.put_audit_head(FIRST, replaces=None)
        ended = in_threads(
            lambda number: outcome(
                lambda: heads.put_audit_head(AuditHead("audit", 2, f"{number:064x}"), replaces=1)
            )
        )
        assert sorted(ended, key=str) == sorted([None, *[KeyStoreConflict] * 7], key=str)
