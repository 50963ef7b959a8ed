"""NIST's GCM vectors for 256-bit keys, from the package `cryptography-vectors`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files


def gcm_cases(name: str) -> Iterator[dict[str, str]]:
    """The cases of a .rsp file, each with the sizes that its section announces."""
    sizes: dict[str, str] = {}
    case: dict[str, str] = {}
    for line in (files("cryptography_vectors") / "ciphers/AES/GCM" / name).read_text().splitlines():
        if section := re.fullmatch(r"\[(\w+) = (\d+)\]", line.strip()):
            sizes[section[1]] = section[2]
        elif " = " in line or line.strip().endswith(" ="):
            key, _, value = line.partition("=")
            case[key.strip()] = value.strip()
        elif line.strip() == "FAIL":
            case["FAIL"] = ""
        elif not line.strip() and "Tag" in case:
            yield sizes | case
            case = {}
    if "Tag" in case:
        yield sizes | case


def fitting(name: str) -> list[dict[str, str]]:
    """Those with a 96-bit nonce and a 128-bit tag."""
    return [case for case in gcm_cases(name) if case["IVlen"] == "96" and case["Taglen"] == "128"]
