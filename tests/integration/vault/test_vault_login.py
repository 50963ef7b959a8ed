"""Logging in to a real server: by every method, again when a token ends, and never with more than was given."""

from __future__ import annotations

import base64
import datetime
import http.server
import json
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from plugins.openbao_server import AppRole, OpenBao
from plugins.openbao_tls import write_ca

from fieldvault.errors import KekDenied, KekMisconfigured
from fieldvault.kek.vault_transit import AppRoleAuth, JwtAuth, KubernetesAuth, TokenAuth, VaultAuth, VaultTransitKek

KEYS = [bytes([number]) * 32 for number in range(3)]


def kek_with(openbao: OpenBao, key: str, auth: VaultAuth, address: str | None = None) -> VaultTransitKek:
    return VaultTransitKek(address=address or openbao.address, key=key, mount=openbao.mount, auth=auth)


def test_approle_without_secret_id(openbao: OpenBao, key: str) -> None:
    role = openbao.create_approle(
        openbao.least_privilege(key), bind_secret_id=False, token_bound_cidrs=["127.0.0.0/8"]
    )
    kek = kek_with(openbao, key, AppRoleAuth(role.role_id))
    assert kek.unwrap(kek.wrap(KEYS)) == KEYS


def test_one_login_serves_many_calls(openbao: OpenBao, kek: VaultTransitKek) -> None:
    with openbao.counted("auth/approle/login") as logins:
        for _ in range(5):
            assert kek.unwrap(kek.wrap(KEYS)) == KEYS
    assert logins == [1]


def test_nothing_is_sent_before_the_first_call(openbao: OpenBao, key: str) -> None:
    kek_with(openbao, key, AppRoleAuth(Path("/nonexistent")), address="https://192.0.2.1:1")


@pytest.mark.parametrize("from_file", [True, False])
def test_wrong_secret_id_is_denied(
    openbao: OpenBao, key: str, role: AppRole, tmp_path: Path, from_file: bool
) -> None:
    secret = "5d6f1c9a-canary-4c1e-9d53-2b1f2a3c4d5e"
    source = tmp_path / "secret-id"
    source.write_text(secret + "\n")
    kek = kek_with(openbao, key, AppRoleAuth(role.role_id, source if from_file else secret))
    with pytest.raises(KekDenied) as denied:
        kek.wrap(KEYS)
    assert "canary" not in str(denied.value)
    assert denied.value.__context__ is None
    source.write_text(role.secret_id)
    if from_file:  # mended in place: the same object works now
        assert kek.unwrap(kek.wrap(KEYS)) == KEYS


def test_expired_token_leads_to_one_new_login(openbao: OpenBao, key: str) -> None:
    role = openbao.create_approle(openbao.least_privilege(key), token_ttl="1s", token_max_ttl="1s")
    kek = kek_with(openbao, key, AppRoleAuth(role.role_id, role.secret_id))
    wrapped = kek.wrap(KEYS)
    time.sleep(1.5)  # the server's clock decides; a second is its smallest lifetime
    with openbao.counted("auth/approle/login") as logins:
        assert kek.unwrap(wrapped) == KEYS
    assert logins == [1]


def test_threads_that_meet_a_dead_token_share_one_login(openbao: OpenBao, kek: VaultTransitKek) -> None:
    wrapped = kek.wrap(KEYS)
    _revoke_tokens_of_approle(openbao)
    start, results = threading.Barrier(16), list[object]()

    def work() -> None:
        start.wait()
        results.append(kek.unwrap(wrapped))

    with openbao.counted("auth/approle/login") as logins:
        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [KEYS] * 16
    assert logins == [1]


def test_token_with_few_uses_is_replaced_when_used_up(openbao: OpenBao, key: str) -> None:
    role = openbao.create_approle(openbao.least_privilege(key), token_num_uses=2)
    kek = kek_with(openbao, key, AppRoleAuth(role.role_id, role.secret_id))
    for _ in range(4):
        assert kek.unwrap(kek.wrap(KEYS)) == KEYS


def test_revoked_secret_id_is_denied_once_the_token_ends(
    openbao: OpenBao, kek: VaultTransitKek, role: AppRole
) -> None:
    wrapped = kek.wrap(KEYS)
    openbao.revoke_secret_id(role)
    assert kek.unwrap(wrapped) == KEYS, "the token is still good"
    _revoke_tokens_of_approle(openbao)
    for _ in range(2):
        with pytest.raises(KekDenied):
            kek.unwrap(wrapped)


def test_revoked_policy_is_denied_after_one_new_login(openbao: OpenBao, kek: VaultTransitKek) -> None:
    wrapped = kek.wrap(KEYS)
    openbao.write_policy(f"app-{kek.key}", ("secret/nothing", "read"))
    with openbao.counted("auth/approle/login") as logins, pytest.raises(KekDenied, match="permission denied"):
        kek.unwrap(wrapped)
    assert logins == [1]
    with openbao.counted("auth/approle/login") as logins, pytest.raises(KekDenied, match="permission denied"):
        kek.wrap(KEYS)
    assert logins == [1]
    openbao.least_privilege(kek.key)
    assert kek.unwrap(wrapped) == KEYS


def test_fixed_token_that_expired_is_denied(openbao: OpenBao, key: str) -> None:
    token = openbao.create_token(openbao.least_privilege(key), ttl="1h")
    kek = kek_with(openbao, key, TokenAuth(token))
    wrapped = kek.wrap(KEYS)
    openbao.api("POST", "auth/token/revoke", {"token": token})
    with openbao.counted(f"{openbao.mount}/decrypt/{key}") as calls, pytest.raises(KekDenied) as denied:
        kek.unwrap(wrapped)
    assert calls == [1], "the same token is not tried twice"
    assert token not in str(denied.value)


def test_token_file_that_an_agent_renews(openbao: OpenBao, key: str, tmp_path: Path) -> None:
    policy, sink = openbao.least_privilege(key), tmp_path / "token"
    old = openbao.create_token(policy)
    sink.write_text(f"{old}\n")
    kek = kek_with(openbao, key, TokenAuth(sink))
    wrapped = kek.wrap(KEYS)
    openbao.api("POST", "auth/token/revoke", {"token": old})
    sink.write_text(openbao.create_token(policy))
    assert kek.unwrap(wrapped) == KEYS


def test_token_that_cannot_be_a_header_is_refused_unsent(openbao: OpenBao, key: str) -> None:
    for token in ("hvs.canary\r\nX-Evil: 1", "hvs.canäry", "", "   "):
        with pytest.raises(KekMisconfigured) as refused:
            kek_with(openbao, key, TokenAuth(token)).wrap(KEYS)
        assert "can" not in refused.value.message.replace("cannot", "")


def test_environment_and_home_are_not_asked_for_a_token(
    openbao: OpenBao, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".vault-token").write_text(openbao.root)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("VAULT_TOKEN", openbao.root)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")  # would be a dead end
    kek = kek_with(openbao, key, TokenAuth(openbao.create_token("default")))
    with pytest.raises(KekDenied):
        kek.wrap(KEYS)


def test_jwt(openbao: OpenBao, key: str, tmp_path: Path) -> None:
    """A real login: the server verifies the signature of a JWT that we signed."""
    signer = ec.generate_private_key(ec.SECP256R1())
    pem = signer.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    openbao.enable_auth("jwt")
    openbao.api("POST", "auth/jwt/config", {"jwt_validation_pubkeys": [pem.decode()]})
    role = {
        "role_type": "jwt",
        "user_claim": "sub",
        "bound_audiences": ["fieldvault"],
        "token_policies": [openbao.least_privilege(key)],
    }
    openbao.api("POST", "auth/jwt/role/app", role)
    file = tmp_path / "jwt"
    file.write_text(_jwt(signer, audience="fieldvault"))
    kek = kek_with(openbao, key, JwtAuth("app", file))
    assert kek.unwrap(kek.wrap(KEYS)) == KEYS
    with pytest.raises(KekDenied, match="JWT login was refused"):
        kek_with(openbao, key, JwtAuth("app", _jwt(signer, audience="somebody else"))).wrap(KEYS)


def test_kubernetes(openbao: OpenBao, key: str, tmp_path: Path) -> None:
    """A real login at the server's Kubernetes method; only the Kubernetes API behind it is a stub.

    The server asks that API (TokenReview) whether the service account's token is good, as it does in a cluster.
    """
    accounts = tmp_path / "token"
    accounts.write_text(_jwt(ec.generate_private_key(ec.SECP256R1()), audience="kubernetes"))
    with _TokenReview(good=accounts.read_text()) as review:
        openbao.enable_auth("kubernetes")
        config = {
            "kubernetes_host": review.address,
            "kubernetes_ca_cert": write_ca(tmp_path, "kubernetes")[0].read_text(),
            "disable_local_ca_jwt": True,
            "token_reviewer_jwt": "reviewer",
        }
        openbao.api("POST", "auth/kubernetes/config", config)
        role = {
            "bound_service_account_names": ["app"],
            "bound_service_account_namespaces": ["shop"],
            "token_policies": [openbao.least_privilege(key)],
        }
        openbao.api("POST", "auth/kubernetes/role/app", role)
        kek = kek_with(openbao, key, KubernetesAuth("app", accounts))
        assert kek.unwrap(kek.wrap(KEYS)) == KEYS
        accounts.write_text(_jwt(ec.generate_private_key(ec.SECP256R1()), audience="kubernetes"))
        with pytest.raises(KekDenied, match="Kubernetes login was refused"):
            kek_with(openbao, key, KubernetesAuth("app", accounts)).wrap(KEYS)


def test_auth_method_that_is_not_mounted(openbao: OpenBao, key: str) -> None:
    with pytest.raises(KekDenied, match="AppRole login was refused"):
        kek_with(openbao, key, AppRoleAuth("a", "b", mount="nowhere/approle")).wrap(KEYS)


def _revoke_tokens_of_approle(openbao: OpenBao) -> None:
    openbao.api("PUT", "sys/leases/revoke-force/auth/approle/login")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _jwt(signer: ec.EllipticCurvePrivateKey, *, audience: str) -> str:
    now = int(datetime.datetime.now(datetime.UTC).timestamp())
    claims = {
        "sub": "system:serviceaccount:shop:app",
        "aud": [audience],
        "iat": now,
        "exp": now + 600,
        "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "app", "uid": "1"}},
    }
    signed = ".".join(_b64(json.dumps(part).encode()) for part in ({"alg": "ES256", "typ": "JWT"}, claims))
    r, s = decode_dss_signature(signer.sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{_b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


class _TokenReview:
    """The one resource of the Kubernetes API that the server's auth method uses."""

    def __init__(self, good: str) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                user = {"username": "system:serviceaccount:shop:app", "uid": "1", "groups": []}
                known = asked["spec"]["token"] == good
                good_status = {"authenticated": True, "user": user, "audiences": asked["spec"]["audiences"]}
                status = good_status if known else {"authenticated": False, "error": "no"}
                body = json.dumps({"kind": "TokenReview", "status": status}).encode()
                self.send_response(201)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep the test's output clean."""

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> _TokenReview:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
