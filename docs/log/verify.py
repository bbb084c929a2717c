#!/usr/bin/env python3
"""verify.py PROOF KEY LEAF: does the log of KEY (name+id+base64) hold LEAF (64 hex digits)? Asks openssl for Ed25519."""
import base64, hashlib, subprocess, sys, tempfile

def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()

def signed(public, message, signature):
    with tempfile.NamedTemporaryFile() as key, tempfile.NamedTemporaryFile() as text, tempfile.NamedTemporaryFile() as sig:
        for file, data in (key, bytes.fromhex("302a300506032b6570032100") + public), (text, message), (sig, signature):
            file.write(data), file.flush()
        command = "openssl pkeyutl -verify -pubin -keyform DER -rawin -inkey".split()
        return subprocess.run(command + [key.name, "-in", text.name, "-sigfile", sig.name], capture_output=True).returncode == 0

def holds(proof, key, at_leaf):
    (head, text, lines), (name, ident, coded) = proof.split("\n\n"), key.split("+", 2)
    head = [line for line in head.split("\n") if not line.startswith("extra ")]
    at, path, public = int(head[1].removeprefix("index ")), map(base64.b64decode, head[2:]), base64.b64decode(coded)[1:]
    origin, last, found = text.split("\n")[0], int(text.split("\n")[1]) - 1, at_leaf
    signatures = [base64.b64decode(line.split(" ")[2]) for line in lines.splitlines() if line.startswith(f"— {name} ")]
    for sibling in path:
        left = at & 1 or at == last
        found = sha(b"\1", sibling, found) if left else sha(b"\1", found, sibling)
        while left and at and not at & 1: at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    return (last == 0 and base64.b64encode(found).decode() == text.split("\n")[2] and origin == name
            and any(s[:4].hex() == ident and signed(public, (text + "\n").encode(), s[4:]) for s in signatures))

sys.exit(0 if holds(open(sys.argv[1], encoding="utf-8").read(), sys.argv[2], bytes.fromhex(sys.argv[3])) else "does not hold")
