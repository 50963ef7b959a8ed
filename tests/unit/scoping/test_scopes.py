from __future__ import annotations

import contextvars

import pytest

import fieldvault
from fieldvault.errors import ScopeError
from fieldvault.scoping import acting_as, current_acting, current_actor, current_tenant, scope, switch_scope


def test_outside_every_scope_there_is_no_tenant_and_no_default() -> None:
    assert current_acting() is None
    assert current_actor() is None
    with pytest.raises(ScopeError) as caught:
        current_tenant()
    assert "fieldvault.scope(tenant=" in (caught.value.hint or "")


def test_a_scope_holds_for_its_block() -> None:
    with fieldvault.scope(tenant="acme", actor="ann") as acting:
        assert (acting.tenant, acting.actor) == ("acme", "ann")
        assert fieldvault.current_tenant() == "acme"
        assert current_actor() == "ann"
    assert current_acting() is None


def test_it_ends_when_the_block_fails() -> None:
    with pytest.raises(RuntimeError), scope(tenant="acme"):
        raise RuntimeError
    assert current_acting() is None


def test_another_tenant_inside_is_refused_and_the_outer_scope_stays() -> None:
    with scope(tenant="acme"):
        with pytest.raises(ScopeError, match="beta"), scope(tenant="beta"):
            pass
        assert current_tenant() == "acme"


def test_the_same_tenant_nests_and_the_actor_is_inherited() -> None:
    with scope(tenant="acme", actor="ann"):
        with scope(tenant="acme"):
            assert current_actor() == "ann"
        assert current_tenant() == "acme"


def test_an_actor_is_added_once_and_never_replaced() -> None:
    with scope(tenant="acme"):
        with acting_as("ann"):
            assert (current_tenant(), current_actor()) == ("acme", "ann")
            with pytest.raises(ScopeError, match="actor"), acting_as("bob"):
                pass
            with pytest.raises(ScopeError, match="actor"), scope(tenant="acme", actor="bob"):
                pass
        assert current_actor() is None


def test_who_acts_on_global_data_has_no_tenant() -> None:
    with acting_as("ann"):
        assert current_actor() == "ann"
        with pytest.raises(ScopeError):
            current_tenant()
        with scope(tenant="acme"):
            assert (current_tenant(), current_actor()) == ("acme", "ann")


def test_crossing_tenants_has_a_name_of_its_own_and_inherits_nothing() -> None:
    with scope(tenant="acme", actor="ann"):
        with switch_scope(tenant="beta"):
            assert (current_tenant(), current_actor()) == ("beta", None)
        assert (current_tenant(), current_actor()) == ("acme", "ann")


@pytest.mark.parametrize("tenant", ["", "a\nb", "x" * 256, "\ud800", 7, b"acme", None])
def test_malformed_tenants_are_refused_before_anything_is_entered(tenant: object) -> None:
    for kind in (scope, switch_scope):
        with pytest.raises(ScopeError):
            kind(tenant=tenant)  # type: ignore[arg-type]


@pytest.mark.parametrize("actor", ["", "a\x00", "x" * 256, 7, None])
def test_malformed_actors_are_refused(actor: object) -> None:
    with pytest.raises(ScopeError):
        acting_as(actor)  # type: ignore[arg-type]


def test_an_entered_scope_cannot_be_entered_again_but_used_again() -> None:
    acme = scope(tenant="acme")
    with acme, pytest.raises(ScopeError, match="entered"), acme:
        pass
    with acme:
        assert current_tenant() == "acme"


def test_scopes_that_end_out_of_order_leave_nobody_behind_in_them() -> None:
    outer, inner = scope(tenant="acme"), scope(tenant="acme", actor="ann")
    outer.__enter__()
    inner.__enter__()
    outer.__exit__()
    assert (current_tenant(), current_actor()) == ("acme", "ann")
    inner.__exit__()
    assert current_acting() is None


def test_an_end_in_another_context_ends_it_here() -> None:
    acme = scope(tenant="acme")
    acme.__enter__()
    contextvars.Context().run(acme.__exit__)
    assert current_acting() is None
