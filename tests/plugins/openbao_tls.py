"""OpenBao behind TLS with a CA of the tests' own, on raft: one node, or two of which one is a standby."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from plugins.openbao_server import (
    OpenBao,
    Refused,
    audit_stanza,
    enable_audit,
    find_binary,
    free_port,
    running,
    wait_until,
)

_VAULT_ONLY = "disable_mlock = true\n"


def write_ca(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """A new CA and a certificate for 127.0.0.1 under it: the files of the CA, the certificate and its key."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"fieldvault tests {name}")])
    now = datetime.datetime.now(datetime.UTC)

    def certificate(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
        )

    authority = (
        certificate(issuer, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    server = (
        certificate(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), key.public_key())
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    files = folder / f"{name}-ca.pem", folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(server.public_bytes(serialization.Encoding.PEM))
    files[2].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


@contextlib.contextmanager
def tls_cluster(folder: Path, nodes: int) -> Iterator[list[OpenBao]]:
    """`nodes` servers of one raft cluster, unsealed, transit mounted; the first is active."""
    binary = find_binary()
    ca, certificate, key = write_ca(folder, "server")
    with contextlib.ExitStack() as stack:
        cluster: list[OpenBao] = []
        for number in range(nodes):
            home = folder / f"node{number}"
            (home / "raft").mkdir(parents=True)
            listen, peers, audit = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}", home / "audit.log"
            address = f"https://{listen}"
            join = ""
            if cluster:
                leader = f'leader_api_addr = "{cluster[0].address}"\nleader_ca_cert_file = "{ca}"'
                join = f"retry_join {{\n{leader}\n}}"
            config = home / "config.hcl"
            config.write_text(
                f'storage "raft" {{\n path = "{home / "raft"}"\n node_id = "node{number}"\n'
                f" performance_multiplier = 1\n {join}\n}}\n"
                f'listener "tcp" {{\n address = "{listen}"\n cluster_address = "{peers}"\n'
                f' tls_cert_file = "{certificate}"\n tls_key_file = "{key}"\n}}\n'
                f'api_addr = "{address}"\ncluster_addr = "https://{peers}"\n'
                f"ui = false\n{audit_stanza(binary, audit)}{_VAULT_ONLY if binary.name == 'vault' else ''}"
            )
            stack.enter_context(running(binary, [f"-config={config}"], home / "log", {}))
            server = OpenBao(address, root="", ca=ca, audit=audit)
            wait_until(lambda server=server: server.health() in {501, 503}, "a node listens")
            if not cluster:
                made = server.api("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
                server.root, server.unseal_key = made["root_token"], made["keys_base64"][0]
                server.unseal()
                enable_audit(binary, server)
                server.api("POST", f"sys/mounts/{server.mount}", {"type": "transit"})
            else:
                server.root, server.unseal_key = cluster[0].root, cluster[0].unseal_key
                wait_until(lambda server=server: _try_unseal(server), "a standby has joined")
            cluster.append(server)
        yield cluster


def _try_unseal(server: OpenBao) -> bool:
    with contextlib.suppress(requests.RequestException, Refused):
        server.api("PUT", "sys/unseal", {"key": server.unseal_key})
    return server.health() in {200, 429, 473}
