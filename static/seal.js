// Seals and opens bids in the page, byte for byte in the formats of docs/seal/README.md. Needs age.js beside it.
// Nothing here touches the page, the network or any storage: bid.js does. The tests run it over docs/seal/vectors.
"use strict";

const seal = (() => {
  const MAGIC = "THALLBD1";
  const SECRET_LENGTH = 74;
  const MANIFEST_LIMIT = 256 * 1024;
  const FILE_LIMIT = 200;
  const NAME_LIMIT = 255;
  // Bytes that go through a cipher between two breaths of the page.
  const PIECE = 1024 * 1024;
  const BIDDER = "bidder";
  const DOMAIN = {
    policy: "tenderhall-seal-policy-v1\n",
    envelope: "tenderhall-bid-envelope-v1\n",
    withdrawal: "tenderhall-bid-withdrawal-v1\n",
  };

  // What is wrong, in a word that the page has a sentence for.
  class Flaw extends Error {
    constructor(word, detail = "") {
      super(detail ? `${word}: ${detail}` : word);
      Object.assign(this, { word, detail: String(detail) });
    }
  }

  const ensure = (holds, word, detail) => {
    if (!holds) throw new Flaw(word, detail);
  };

  // ---- Bytes ----------------------------------------------------------------------------------------------------

  const utf8 = (text) => new TextEncoder().encode(text);
  const text = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const sha256 = async (bytes) => hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
  const random = (length) => crypto.getRandomValues(new Uint8Array(length));

  const unhex = (digits) => Uint8Array.from(digits.match(/../g), (pair) => parseInt(pair, 16));

  function base64(bytes) {
    let binary = "";
    // A call takes only so many arguments.
    for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
    return btoa(binary);
  }

  function unbase64(encoded) {
    try {
      const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
      if (base64(bytes) === encoded) return bytes;
    } catch {
      // Said below: there is one spelling.
    }
    throw new Flaw("base64");
  }

  function joined(...pieces) {
    const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  // Canonical JSON, RFC 8785: numbers and strings as JavaScript writes them, members in the order of UTF-16 units.
  function jcs(value) {
    if (typeof value === "number") ensure(Number.isFinite(value), "json");
    if (typeof value === "string") ensure(!/\p{Surrogate}/u.test(value), "json");
    if (Array.isArray(value)) return `[${value.map(jcs).join(",")}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const member = (name) => `${jcs(name)}:${jcs(value[name])}`;
    return `{${Object.keys(value).sort().map(member).join(",")}}`;
  }

  const digestOf = (document) => sha256(utf8(jcs(document)));
  const policyDigest = (policy) => sha256(utf8(DOMAIN.policy + jcs(policy)));

  // ---- The inside of a bid --------------------------------------------------------------------------------------

  // The Padmé length: at most 12 % more, and nearly nothing of the size is told.
  function padme(length) {
    if (length < 2) return length;
    const exponent = length.toString(2).length - 1;
    const unit = 2 ** Math.max(0, exponent - exponent.toString(2).length);
    return Math.ceil(length / unit) * unit;
  }

  // The pad that makes the whole the smallest Padmé length; its own digits in the manifest count.
  function padFor(content) {
    const others = content - 1;
    for (let total = padme(content); ; total = padme(total + 1)) {
      for (let digits = 1; digits <= 16 && total >= others + digits; digits += 1) {
        const pad = total - others - digits;
        if (String(pad).length === digits) return pad;
      }
    }
  }

  function isFileName(name) {
    const length = utf8(name).length;
    return (
      length >= 1 && length <= NAME_LIMIT && name !== "." && name !== ".." && name.trim() === name &&
      !/[/\\\p{Cc}\p{Surrogate}\u200B-\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/u.test(name)
    );
  }

  function checkNames(files) {
    ensure(files.length <= FILE_LIMIT, "fileCount");
    const names = files.map((file) => file.name);
    for (const name of names) ensure(isFileName(name), "fileName", name);
    for (const name of names) ensure(names.indexOf(name) === names.lastIndexOf(name), "fileTwice", name);
  }

  // Fills in `files` and `pad` of the manifest and lays out the plaintext.
  async function layOut(manifest, files) {
    checkNames(files);
    const whole = { ...manifest, files: [], pad: 0 };
    for (const { name, bytes } of files) whole.files.push({ name, size: bytes.length, sha256: await sha256(bytes) });
    const ofFiles = files.reduce((length, file) => length + file.bytes.length, 0);
    whole.pad = padFor(MAGIC.length + 4 + utf8(jcs(whole)).length + ofFiles);
    const json = utf8(jcs(whole));
    ensure(json.length <= MANIFEST_LIMIT, "manifestLarge");
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, json.length);
    const pieces = files.map((file) => file.bytes);
    return joined(utf8(MAGIC), length, json, ...pieces, new Uint8Array(whole.pad));
  }

  // Reads a plaintext and accounts for every byte of it.
  async function read(plaintext) {
    ensure(text(plaintext.subarray(0, 8)) === MAGIC && padme(plaintext.length) === plaintext.length, "plaintext");
    let at = 12 + new DataView(plaintext.buffer, plaintext.byteOffset).getUint32(8);
    const json = text(plaintext.subarray(12, at));
    const manifest = JSON.parse(json);
    ensure(jcs(manifest) === json, "plaintext");
    checkNames(manifest.files);
    const files = [];
    for (const { name, size, sha256: digest } of manifest.files) {
      const bytes = plaintext.subarray(at, at + size);
      ensure(bytes.length === size && (await sha256(bytes)) === digest, "plaintext", name);
      files.push({ name, bytes });
      at += size;
    }
    const zeros = plaintext.subarray(at).every((byte) => byte === 0);
    ensure(plaintext.length - at === manifest.pad && zeros, "plaintext");
    return { manifest, files };
  }

  // ---- age ------------------------------------------------------------------------------------------------------

  // Lets the page live for a moment. By a message: timers of a page that nobody looks at are held back for a second each.
  const breath = () => new Promise((breathed) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      breathed();
    };
    port2.postMessage(null);
  });

  // Bytes as a stream. Between its pieces the page breathes, and whoever watches hears how far it is, from 0 to 1.
  function streamed(bytes, watch) {
    let at = 0;
    return new ReadableStream({
      async pull(stream) {
        watch(at / bytes.length);
        await breath();
        if (at < bytes.length) stream.enqueue(bytes.subarray(at, (at += PIECE)));
        if (at >= bytes.length) stream.close();
      },
    });
  }

  async function collected(stream) {
    const [pieces, reader] = [[], stream.getReader()];
    for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value);
    return joined(...pieces);
  }

  async function encrypted(recipients, plain, watch = () => {}) {
    const encrypter = new age.Encrypter();
    for (const recipient of recipients) encrypter.addRecipient(recipient);
    return collected(await encrypter.encrypt(streamed(plain, watch)));
  }

  async function decrypted(identity, file, watch = () => {}) {
    try {
      const decrypter = new age.Decrypter();
      decrypter.addIdentity(identity);
      return await collected(await decrypter.decrypt(streamed(file, watch)));
    } catch (cause) {
      throw new Flaw("cannotOpen", cause.message);
    }
  }

  const combine = (one, other) => one.map((byte, at) => byte ^ other[at]);

  // Random bytes for all holders but the last, whose share is the secret ⊕ all others.
  function split(secret, holders) {
    const shares = Array.from({ length: holders - 1 }, () => random(SECRET_LENGTH));
    return [...shares, shares.reduce(combine, secret)];
  }

  const hasShares = (clause) => !(clause.length === 1 && clause[0] === BIDDER);
  const keepsShares = (policy) => policy.clauses.some((clause) => hasShares(clause) && clause.includes(BIDDER));

  async function shareOut(policy, secret, own) {
    const shares = [];
    for (const [clause, members] of policy.clauses.entries()) {
      if (!hasShares(members)) continue;
      const pieces = split(utf8(secret), members.length);
      for (const [at, member] of members.entries()) {
        const recipients = member === BIDDER ? [own] : policy.members[member].recipients;
        shares.push({ clause, member, age: base64(await encrypted(recipients, pieces[at])) });
      }
    }
    return shares;
  }

  // The XOR of all shares of a clause, in any order.
  const rebuilt = (pieces) => text(pieces.reduce(combine));

  // A share as it is released: base64 of its bytes, a sole member's as the secret itself.
  async function releasedShare(share, clause, identity) {
    const plain = await decrypted(identity, unbase64(share.age));
    ensure(plain.length === SECRET_LENGTH, "cannotOpen");
    return clause.length > 1 ? base64(plain) : text(plain);
  }

  // ---- Key files ------------------------------------------------------------------------------------------------

  const ARMOUR = /^-----BEGIN AGE ENCRYPTED FILE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END AGE ENCRYPTED FILE-----\s*$/;

  const begins = (bytes, word) => utf8(word).every((letter, at) => bytes[at] === letter);

  // Whether a passphrase protects a key file, as `tenderhall keygen --passphrase` and `age -p` write it.
  const isProtected = (file) => ["age-encryption.org/", "-----BEGIN AGE"].some((word) => begins(file, word));

  // The bytes of an age file in the armour that `age -a` puts around it, or as they are.
  function unarmoured(file) {
    if (!begins(file, "-----BEGIN")) return file;
    const [, letters] = ARMOUR.exec(text(file)) ?? [];
    ensure(letters, "keyDamaged");
    return unbase64(letters.replace(/[\r\n]/g, ""));
  }

  // What a key file says: as it is, or opened by its passphrase. That takes some seconds and 256 MiB, on purpose of
  // whoever made it; age.js refuses a file that asks for over 2 ** 20 rounds.
  async function keyText(file, passphrase) {
    if (!isProtected(file)) return new TextDecoder().decode(file);
    try {
      const decrypter = new age.Decrypter();
      decrypter.addPassphrase(passphrase);
      return text(await decrypter.decrypt(unarmoured(file)));
    } catch (cause) {
      // That none fits is the one thing a person can put right by typing again.
      throw new Flaw(/no identity matched/.test(cause.message) ? "passphrase" : "keyDamaged", cause.message);
    }
  }

  // The identity in a file as age-keygen writes it: the first line that is no comment.
  function identityIn(file) {
    const line = file.split(/\r?\n/).find((one) => one && !one.startsWith("#")) ?? "";
    ensure(/^AGE-SECRET-KEY-1[0-9A-Z]+$/.test(line) && line.length === SECRET_LENGTH, "identity");
    return line;
  }

  // ---- Signatures -----------------------------------------------------------------------------------------------

  const ED25519 = { name: "Ed25519" };
  // An Ed25519 private key in PKCS #8 (RFC 8410) is these bytes and the seed.
  const PKCS8 = unhex("302e020100300506032b657004220420");

  // Whether this browser can sign at all; older ones cannot.
  async function canSign() {
    try {
      await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"]);
      return true;
    } catch {
      return false;
    }
  }

  // The key of a file of `tenderhall keygen`: comment lines, then the base64 of the seed.
  async function signingKey(file) {
    const lines = file.split(/\r?\n/).filter((line) => line.trim() && !line.startsWith("#"));
    ensure(lines.length === 1 && /^[A-Za-z0-9+/]{43}=$/.test(lines[0]), "keyFile");
    const seed = unbase64(lines[0]);
    const pkcs8 = joined(PKCS8, seed);
    const open = await crypto.subtle.importKey("pkcs8", pkcs8, ED25519, true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", open);
    const shut = await crypto.subtle.importKey("pkcs8", pkcs8, ED25519, false, ["sign"]);
    seed.fill(0);
    pkcs8.fill(0);
    return { publicKey: `${x.replaceAll("-", "+").replaceAll("_", "/")}=`, shut };
  }

  async function signed(domain, document, key) {
    const value = new Uint8Array(await crypto.subtle.sign(ED25519, key.shut, utf8(domain + jcs(document))));
    return { ...document, sig: { alg: "ed25519", key: key.publicKey, value: base64(value) } };
  }

  async function verify(publicKey, signature, message) {
    const key = await crypto.subtle.importKey("raw", publicKey, ED25519, false, ["verify"]);
    return crypto.subtle.verify(ED25519, key, signature, message);
  }

  async function isSigned(domain, { sig, ...document }) {
    return verify(unbase64(sig.key), unbase64(sig.value), utf8(domain + jcs(document)));
  }

  // Checks a receipt against the published key, and that it speaks of this envelope with this result.
  async function checkReceipt(note, published, { result, envelope }) {
    const [name, id, encoded] = published.trim().split(/\+(.*?)\+(.*)/s);
    const key = unbase64(encoded);
    const named = await sha256(joined(utf8(`${name}\n`), key));
    ensure(key[0] === 1 && key.length === 33 && named.startsWith(id), "receipt");
    const end = note.lastIndexOf("\n\n") + 1;
    const line = note.slice(end + 1).split("\n").find((one) => one.startsWith(`— ${name} `));
    ensure(end > 0 && line, "receipt");
    const signature = unbase64(line.split(" ")[2]);
    ensure(hex(signature.subarray(0, 4)) === id, "receipt");
    ensure(await verify(key.subarray(1), signature.subarray(4), utf8(note.slice(0, end))), "receipt");
    const lines = note.slice(0, end).split("\n");
    ensure(lines.includes(`result ${result}`) && lines.includes(`envelope sha256:${envelope}`), "receipt");
  }

  // ---- A bid ----------------------------------------------------------------------------------------------------

  function checkPolicy(policy, digest, expected) {
    ensure(digest === expected, "policyDigest");
    ensure(policy.v === 1 && policy.suite === "age-x25519-v1", "policy");
    for (const clause of policy.clauses) {
      for (const member of clause) {
        ensure(member === BIDDER || policy.members[member]?.recipients.length > 0, "policy");
      }
    }
  }

  // Seals one part of a bid. `target` is {part, bidder, revision, prev, expected, limit, client}: `expected` is the digest
  // of the policy that the bidder has seen, `prev` the digest of the envelope replaced or null, `limit` the most bytes
  // of ciphertext that can be handed in. `watch` hears from 0 to 1 how far it is.
  async function make(policy, key, target, form, files, watch) {
    const digest = await policyDigest(policy);
    checkPolicy(policy, digest, target.expected);
    ensure(policy.parts.includes(target.part), "policy");
    const secret = await age.generateX25519Identity();
    const common = {
      v: 1,
      tender: policy.tender,
      lot: policy.lot,
      part: target.part,
      bidder: target.bidder,
      revision: target.revision,
      policy_digest: digest,
      bid_key: await age.identityToRecipient(secret),
      nonce: hex(random(32)),
    };
    const plaintext = await layOut({ ...common, form }, files);
    const ciphertext = await encrypted([common.bid_key], plaintext, (share) => watch(share / 2));
    ensure(ciphertext.length <= Math.min(policy.max_part_bytes, target.limit), "tooLarge");
    const own = keepsShares(policy) ? await age.generateX25519Identity() : null;
    const recipient = own && (await age.identityToRecipient(own));
    const unsigned = {
      ...common,
      prev: target.prev && `sha256:${target.prev}`,
      payload: { sha256: await sha256(ciphertext), size: ciphertext.length },
      shares: await shareOut(policy, secret, recipient),
      client: target.client,
    };
    const envelope = await signed(DOMAIN.envelope, unsigned, key);
    // Opened again before anything leaves: a bid that cannot be opened must never be submitted.
    const { manifest } = await open(envelope, ciphertext, secret, (share) => watch((1 + share) / 2));
    ensure(jcs(manifest.form) === jcs(form) && (await isSigned(DOMAIN.envelope, envelope)), "cannotOpen");
    for (const share of envelope.shares.filter((one) => one.member === BIDDER)) {
      await releasedShare(share, policy.clauses[share.clause], own);
    }
    // Shared out, the bidder keeps the key of its own shares and nothing that opens the whole.
    const kept = own
      ? { name: "share.key", text: `# public key: ${recipient}\n${own}\n` }
      : { name: "secret.txt", text: `${secret}\n` };
    return { envelope, ciphertext, kept, manifest, digest: await digestOf(envelope) };
  }

  // Opens a bid with its secret and checks that it is what the envelope committed to.
  async function open(envelope, ciphertext, secret, watch) {
    ensure((await age.identityToRecipient(secret)) === envelope.bid_key, "cannotOpen");
    ensure((await sha256(ciphertext)) === envelope.payload.sha256, "cannotOpen");
    ensure(ciphertext.length === envelope.payload.size, "cannotOpen");
    const opened = await read(await decrypted(secret, ciphertext, watch));
    for (const member of ["tender", "lot", "part", "bidder", "revision", "policy_digest", "bid_key", "nonce"]) {
      ensure(opened.manifest[member] === envelope[member], "cannotOpen", member);
    }
    return opened;
  }

  // The signed note that ends a standing bid: {tender, lot, bidder, bid, revision, envelope}.
  const withdraw = (standing, key) => signed(DOMAIN.withdrawal, { v: 1, ...standing }, key);

  // The Merkle tree hash of RFC 6962 over the envelopes' digests in order of acceptance.
  async function merkleRoot(digests) {
    if (digests.length === 0) return sha256(new Uint8Array());
    if (digests.length === 1) return sha256(joined([0], unhex(digests[0])));
    const left = 2 ** ((digests.length - 1).toString(2).length - 1);
    const halves = [await merkleRoot(digests.slice(0, left)), await merkleRoot(digests.slice(left))];
    return sha256(joined([1], ...halves.map(unhex)));
  }

  return {
    DOMAIN, Flaw, base64, canSign, checkReceipt, decrypted, digestOf, hasShares, identityIn, isFileName, isProtected,
    isSigned, jcs, keyText, layOut, make, merkleRoot, open, padme, policyDigest, read, rebuilt, releasedShare, signingKey,
    unbase64, withdraw,
  };
})();
