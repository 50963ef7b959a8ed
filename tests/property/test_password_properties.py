"""Stored passwords: what is written is read back, what is read has one spelling, and nothing else is let in."""

from __future__ import annotations

import contextlib
import hashlib
import string

from hypothesis import given
from hypothesis import strategies as st

from fieldvault.errors import ConfigurationError, FieldvaultError, PasswordError
from fieldvault.passwords import (
    CHEAPEST,
    MARKED,
    Expression,
    HashingLimits,
    PasswordHasher,
    identify,
    scheme_named,
    wrapped,
)
from fieldvault.passwords.schemes import syntax

HASHER = PasswordHasher(CHEAPEST)
LIMITS = HashingLimits()
PHC = "$argon2id$v=19$m=8,t=1,p=1$AAECAwQFBgcICQoLDA0ODw$" + "A" * 43

passwords = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
literals = st.text(st.characters(exclude_categories=["Cs"]), max_size=6).map(syntax.Literal)
leaves = st.sampled_from(["password", "salt", "site_key"]).map(syntax.Variable) | literals


def _more(inner: st.SearchStrategy[syntax.Node]) -> st.SearchStrategy[syntax.Node]:
    parts = inner.filter(lambda node: not isinstance(node, syntax.Join))
    raw = st.booleans()
    return st.one_of(
        st.lists(parts, min_size=2, max_size=3).map(lambda found: syntax.Join(tuple(found))),
        st.builds(syntax.Hash, st.sampled_from(["md5", "sha1"]), st.tuples(inner), raw),
        st.builds(syntax.Hash, st.just("hmac_md5"), st.tuples(inner, inner), raw),
        st.builds(syntax.Change, st.sampled_from(["upper", "lower", "trim"]), inner),
        st.builds(syntax.Left, inner, st.integers(1, 4096)),
    )


inside = st.recursive(leaves, _more, max_leaves=6)
trees = st.builds(lambda node: syntax.Hash("hmac_md5", (node, syntax.Variable("password"))), inside)


@given(passwords)
def test_a_password_verifies_against_its_hash(password: str) -> None:
    assert HASHER.verify_and_update(password, HASHER.hash(password)) == (True, None)


@given(passwords, passwords)
def test_only_the_same_password_verifies(one: str, other: str) -> None:
    assert HASHER.verify(one, HASHER.hash(other)) is (one == other)


@given(passwords, st.binary(max_size=40))
def test_a_wrapped_row_opens_with_its_password_whatever_the_salt(password: str, salt: bytes) -> None:
    digest = hashlib.md5(hashlib.md5(password.encode()).hexdigest().encode() + salt).hexdigest()
    row = HASHER.wrap(digest, Expression("md5(md5(password) + salt)"), salt=salt)
    assert HASHER.verify(password, row)
    assert not HASHER.verify(password + "x", row)


@given(trees)
def test_an_expressions_spelling_is_read_back_as_the_same_tree(tree: syntax.Hash) -> None:
    spelling = syntax.spell(tree)
    found = syntax.parse(spelling)
    if not isinstance(found, syntax.NotAnExpression):  # refused for its size
        assert found == tree
        assert syntax.spell(found) == spelling
        assert spelling.isascii()
        assert spelling.isprintable()
    else:
        assert len(spelling) > syntax.MAX_LENGTH or "levels" in str(found)


@given(st.text(string.ascii_lowercase + "_()+,'\"\\ 0159{}", max_size=60))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    for given_text in (text, f"md5(password+{text})", f"md5({text}password)"):
        try:
            scheme = Expression(given_text)
        except ConfigurationError:
            continue
        if not scheme.lacks_site_key:
            assert scheme_named(scheme.name).digest("p", b"s") == scheme.digest("p", b"s")


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40), st.binary(max_size=60))
def test_the_wrapped_string_has_one_spelling(scheme: str, setting: bytes) -> None:
    row = wrapped.encode(scheme, setting, wrapped.PepperUse("main", 3), PHC)
    found = wrapped.parse(row, LIMITS)
    assert (found.scheme, found.setting, found.pepper) == (scheme, setting, wrapped.PepperUse("main", 3))
    assert wrapped.encode(found.scheme, found.setting, found.pepper, found.phc.text) == row


@given(st.integers(0, 200), st.characters(), st.sampled_from(["replace", "insert", "delete"]))
def test_a_row_that_was_altered_is_refused_or_read_back_as_it_is(at: int, character: str, how: str) -> None:
    row = wrapped.encode("md5(password+salt)", b"a b", None, PHC)
    at %= len(row)
    altered = row[:at] + ("" if how == "delete" else character) + row[at + (how != "insert") :]
    try:
        found = wrapped.parse(altered, LIMITS)
    except PasswordError:
        return
    assert wrapped.encode(found.scheme, found.setting, found.pepper, found.phc.text) == altered


STARTS = ["", "$argon2id$", "$fvw1$", "$1$", "$P$", "fv1."]


@given(st.text(max_size=120) | st.binary(max_size=60), st.sampled_from(STARTS))
def test_any_stored_string_gives_an_answer_or_a_typed_error(stored: str | bytes, start: str) -> None:
    stored = start + stored if isinstance(stored, str) else start.encode() + stored
    identify(stored)
    for call in (HASHER.needs_rehash, lambda row: HASHER.verify("secret", row)):
        with contextlib.suppress(FieldvaultError):
            assert call(stored) in (True, False)
    for scheme in MARKED:
        try:
            legacy = scheme.read(stored, "salt" if scheme.salt_is_apart else None)
        except PasswordError:
            continue
        assert scheme.rounds(legacy.setting) >= 1
