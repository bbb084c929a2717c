#!/usr/bin/env python3
"""Seals, opens and checks bids without Tenderhall: Python 3, `cryptography` for Ed25519, and stock `age`.

  seal.py check                                                  every file of vectors/ by a second hand
  seal.py seal POLICY SEED_BASE64 BIDDER PRICE OUT FILE...        one bid of revision 1, for every clause of the policy
  seal.py open OUT                                               opens and lists it, by secret.txt
  seal.py join POLICY OUT MEMBER=KEYFILE...                       makes secret.txt of the shares of one clause
"""
import base64, functools, hashlib, json, os, re, secrets, subprocess, sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors")
sha = lambda *pieces: hashlib.sha256(b"".join(pieces)).hexdigest()
# RFC 8785 for what these formats hold: ASCII member names, strings and whole numbers.
jcs = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
b64 = lambda data: base64.b64encode(data).decode()
unb64 = lambda text: base64.b64decode(text, validate=True)
signed = lambda domain, doc: domain + jcs({k: v for k, v in doc.items() if k != "sig"})
ENVELOPE, WITHDRAWAL = b"tenderhall-bid-envelope-v1\n", b"tenderhall-bid-withdrawal-v1\n"


def padme(n):
    if n < 2:
        return n
    e = n.bit_length() - 1
    mask = (1 << (e - e.bit_length())) - 1
    return (n + mask) & ~mask


def lay_out(manifest, files):
    manifest |= {"files": [{"name": n, "size": len(b), "sha256": sha(b)} for n, b in files], "pad": 0}
    base = 12 + len(jcs(manifest)) - 1 + sum(len(b) for _, b in files)
    total = padme(base + 1)
    while not (pads := [p for d in range(1, 20) if (p := total - base - d) >= 0 and len(str(p)) == d]):
        total = padme(total + 1)
    manifest["pad"] = pads[0]
    text = jcs(manifest)
    return b"THALLBD1" + len(text).to_bytes(4, "big") + text + b"".join(b for _, b in files) + bytes(pads[0])


def read(plaintext):
    assert plaintext[:8] == b"THALLBD1" and padme(len(plaintext)) == len(plaintext)
    end = 12 + int.from_bytes(plaintext[8:12], "big")
    manifest, files = json.loads(plaintext[12:end]), {}
    assert jcs(manifest) == plaintext[12:end]
    for entry in manifest["files"]:
        files[entry["name"]] = plaintext[end:end + entry["size"]]
        end += entry["size"]
        assert sha(files[entry["name"]]) == entry["sha256"]
    assert plaintext[end:] == bytes(manifest["pad"])
    return manifest, files


def verify(domain, doc):
    key = Ed25519PublicKey.from_public_bytes(unb64(doc["sig"]["key"]))
    key.verify(unb64(doc["sig"]["value"]), signed(domain, doc))


def open_bid(folder):
    envelope = json.load(open(f"{folder}/envelope.json"))
    verify(ENVELOPE, envelope)
    assert sha(open(f"{folder}/bid.age", "rb").read()) == envelope["payload"]["sha256"]
    public = subprocess.run(["age-keygen", "-y", f"{folder}/secret.txt"], capture_output=True, check=True, text=True)
    assert public.stdout.strip() == envelope["bid_key"]
    plain = subprocess.run(["age", "-d", "-i", f"{folder}/secret.txt", f"{folder}/bid.age"], capture_output=True, check=True)
    manifest, files = read(plain.stdout)
    same = ["v", "tender", "lot", "part", "bidder", "revision", "policy_digest", "bid_key", "nonce"]
    assert all(manifest[k] == envelope[k] for k in same)
    return envelope, manifest, files, plain.stdout


def age(*args, data=b""):
    return subprocess.run(["age", *args], input=data, capture_output=True, check=True).stdout


def share_out(policy, secret, own):
    """The shares of every clause but that of the bidder alone: random bytes for all but the last, who gets the rest."""
    shares = []
    for at, clause in enumerate(policy["clauses"]):
        if clause == ["bidder"]:
            continue
        pieces = [secrets.token_bytes(len(secret)) for _ in clause[1:]]
        for member, piece in zip(clause, pieces + [xor(secret, *pieces)]):
            keys = [own] if member == "bidder" else policy["members"][member]["recipients"]
            to = [part for key in keys for part in ("-r", key)]
            shares.append({"clause": at, "member": member, "age": b64(age(*to, data=piece))})
    return shares


def xor(*pieces):
    return bytes(functools.reduce(lambda a, b: a ^ b, column) for column in zip(*pieces))


def join(policy_file, out, *holders):
    policy, envelope = json.load(open(policy_file)), json.load(open(f"{out}/envelope.json"))
    keys = dict(holder.split("=", 1) for holder in holders)
    at, clause = next((at, clause) for at, clause in enumerate(policy["clauses"]) if set(clause) == set(keys))
    pieces = [age("-d", "-i", keys[share["member"]], data=unb64(share["age"]))
              for share in envelope["shares"] if share["clause"] == at]
    with open(os.open(f"{out}/secret.txt", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o400), "wb") as file:
        file.write(xor(*pieces) + b"\n")
    print("clause", at, "gives", f"{out}/secret.txt")


def seal(policy_file, seed, bidder, price, out, *names):
    policy = json.load(open(policy_file))
    os.makedirs(out, exist_ok=True)
    subprocess.run(["age-keygen", "-o", f"{out}/key"], check=True, capture_output=True)
    secret = re.search(r"AGE-SECRET-KEY-1\S+", open(f"{out}/key").read())[0]
    os.remove(f"{out}/key")
    with open(os.open(f"{out}/secret.txt", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o400), "w") as file:
        file.write(secret + "\n")
    key = subprocess.run(["age-keygen", "-y", f"{out}/secret.txt"], capture_output=True, check=True, text=True).stdout.strip()
    common = {"v": 1, "tender": policy["tender"], "lot": policy["lot"], "part": policy["parts"][0], "bidder": bidder,
              "revision": 1, "policy_digest": sha(b"tenderhall-seal-policy-v1\n", jcs(policy)), "bid_key": key,
              "nonce": secrets.token_hex(32)}
    form = {"price": {"amount": price, "currency": "CNY"}}
    files = [(os.path.basename(n), open(n, "rb").read()) for n in names]
    plaintext = lay_out(common | {"form": form}, files)
    subprocess.run(["age", "-r", key, "-o", f"{out}/bid.age"], input=plaintext, check=True)
    ciphertext = open(f"{out}/bid.age", "rb").read()
    shared = any("bidder" in clause and len(clause) > 1 for clause in policy["clauses"])
    own = None
    if shared:
        # The bidder keeps a key of its own shares, and no secret that opens the whole.
        subprocess.run(["age-keygen", "-o", f"{out}/share.key"], check=True, capture_output=True)
        own = subprocess.run(["age-keygen", "-y", f"{out}/share.key"], capture_output=True, check=True, text=True).stdout.strip()
        os.remove(f"{out}/secret.txt")
    envelope = common | {"prev": None, "payload": {"sha256": sha(ciphertext), "size": len(ciphertext)},
                         "shares": share_out(policy, secret.encode(), own),
                         "client": {"name": "seal.py", "version": "1"}}
    signing = Ed25519PrivateKey.from_private_bytes(unb64(seed))
    envelope["sig"] = {"alg": "ed25519", "key": b64(signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)),
                       "value": b64(signing.sign(signed(ENVELOPE, envelope)))}
    open(f"{out}/envelope.json", "wb").write(jcs(envelope))
    print("envelope sha256:" + sha(jcs(envelope)))


def verify_note(note, vkey):
    name, key_id, key = vkey.strip().split("+", 2)
    public = unb64(key)
    assert public[0] == 1 and sha(name.encode(), b"\n", public)[:8] == key_id
    text, lines = note.rsplit("\n\n", 1)
    sig = unb64(next(l for l in lines.splitlines() if l.startswith(f"— {name} ")).split(" ")[2])
    assert sig[:4].hex() == key_id
    Ed25519PublicKey.from_public_bytes(public[1:]).verify(sig[4:], (text + "\n").encode())


def check():
    raw = lambda name: open(f"{HERE}/{name}", "rb").read()
    doc = lambda name: json.loads(raw(name))
    digests = doc("digests.json")
    for name, file in [("policy", "policy.json"), ("policyGeneral", "policy-general.json")]:
        assert jcs(doc(file)) == raw(file)
        assert sha(b"tenderhall-seal-policy-v1\n", raw(file)) == digests[name]
    assert all(padme(a) == b for a, b in doc("padme.json"))
    envelope, manifest, files, plaintext = open_bid(HERE)
    assert plaintext.hex() == raw("plaintext.hex.txt").decode()
    assert lay_out({k: v for k, v in manifest.items() if k not in ("files", "pad")}, list(files.items())) == plaintext
    assert jcs(envelope) == raw("envelope.json") and sha(raw("envelope.json")) == digests["envelope"]
    withdrawal = doc("withdrawal.json")
    verify(WITHDRAWAL, withdrawal)
    assert sha(raw("withdrawal.json")) == digests["withdrawal"]
    assert withdrawal["envelope"] == "sha256:" + digests["envelope"]
    for verdict in ["accepted", "withdrawn", "refused-late", "refused-invalid"]:
        verify_note(raw(f"receipt-{verdict}.txt").decode(), raw("receipt-key.txt").decode())
    commit = sha(bytes([0x22] * 32), jcs({"bidder": "ORG-77", "说明": "受理"}))
    skeleton = {"v": 1, "class": "bid", "at": "2026-11-24T01:59:00.000000Z", "bodyCommit": commit}
    assert commit == digests["bodyCommit"] and sha(b"\0", jcs(skeleton)) == digests["leaf"]
    print("all vectors hold")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["check"]: check()
        case ["seal", *rest] if len(rest) >= 5: seal(*rest)
        case ["join", policy, out, *holders] if holders: join(policy, out, *holders)
        case ["open", folder]: print(json.dumps(open_bid(folder)[1], ensure_ascii=False, indent=1))
        case _: sys.exit(__doc__)
