// The page that seals a bid: what is chosen is sealed by seal.js, the key is saved first, then the bid is handed in.
// Price, files and keys never leave the page unsealed; nothing is kept in the browser's storage.
"use strict";

const facts = document.getElementById("bid").dataset;
const at = (id) => document.getElementById(id);
const words = document.getElementById("words").content;
const say = (word) => words.querySelector(`[data-word="${word}"]`)?.textContent ?? word;

const show = (id, shown = true) => (at(id).hidden = !shown);

function tell(id, text) {
  at(id).textContent = text;
  show(id, Boolean(text));
}

// A note under a field, which the field names as its description.
function note(field, text) {
  tell(`${field}-note`, text);
  if (text) at(field).setAttribute("aria-invalid", "true");
  else at(field).removeAttribute("aria-invalid");
}

const grouped = (amount) => amount.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
const bytesSaid = (count) => `${grouped(String(count))} ${say("size")}`;

// A time as the page writes it, on the hall's wall clock.
function stamp(time) {
  return new Date(Date.parse(time) + 8 * 3600 * 1000).toISOString().slice(0, 19).replace("T", " ");
}

// The hall's clock decides: the page brings its reading, and only the time since then is measured here.
function startCountdown(box) {
  const left = box.querySelector('[data-part="left"]');
  if (!left || box.dataset.runs !== "true") return;
  const total = Date.parse(box.dataset.deadline) - Date.parse(box.dataset.now);
  const begun = performance.now();
  const two = (count) => String(count).padStart(2, "0");
  const part = (count, unit) => {
    const [figure, word] = [document.createElement("b"), document.createElement("span")];
    figure.textContent = count;
    word.textContent = unit;
    return [figure, word];
  };
  const tick = () => {
    const rest = Math.floor((total - (performance.now() - begun)) / 1000);
    if (rest <= 0) {
      box.querySelector('[data-part="what"]').textContent = box.dataset.passed;
      left.remove();
      clearInterval(timer);
      return;
    }
    left.replaceChildren(
      ...part(Math.floor(rest / 86400), box.dataset.days),
      ...part(two(Math.floor(rest / 3600) % 24), box.dataset.hours),
      ...part(two(Math.floor(rest / 60) % 60), box.dataset.minutes),
      ...part(two(rest % 60), box.dataset.seconds),
    );
  };
  const timer = setInterval(tick, 1000);
  tick();
}

// ---- The hall ---------------------------------------------------------------------------------------------------

async function api(path, { body, key } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  try {
    const method = body ? "POST" : "GET";
    const answer = await fetch(`/api/v1${path}`, { method, headers, body: body && JSON.stringify(body), redirect: "error" });
    const text = await answer.text();
    const json = /json/.test(answer.headers.get("content-type") ?? "");
    return { ok: answer.ok, status: answer.status, body: json ? JSON.parse(text) : text };
  } catch {
    return { ok: false, status: 0, body: {} };
  }
}

// What the hall refused, as a sentence with its rule.
function refusal({ status, body }) {
  if (status === 0 || status >= 500) return [say("network"), body.detail].filter(Boolean).join(" ");
  if (status === 401) return say("signedOut");
  const { detail, rule, errors = [] } = body;
  // A place says the sentence again in both languages where there is no more to say.
  const places = errors.map((error) => error.detail).filter((place) => !place.includes(detail));
  const ground = rule && `${say("ground")}${[rule.source, rule.article, `(${rule.id})`].filter(Boolean).join(" ")}`;
  return [detail, ...places, ground].filter(Boolean).join(" ");
}

// A refusal of the hall, on its way to whoever shows it.
class Refused extends Error {}

async function asked(path, options) {
  const answer = await api(path, options);
  if (!answer.ok) throw new Refused(refusal(answer));
  return answer.body;
}

// The sentence for whatever went wrong.
function sentence(error) {
  if (error instanceof Refused) return error.message;
  if (error instanceof seal.Flaw) {
    const named = error.word.startsWith("file") ? ` ${error.detail}` : "";
    return say(error.word) === error.word ? `${say("failed")} ${error.message}` : `${say(error.word)}${named}`;
  }
  return `${say("failed")} ${error.message}`;
}

// ---- Files ------------------------------------------------------------------------------------------------------

async function textOf(input) {
  const [file] = input.files;
  if (!file) throw new seal.Flaw("keyMissing");
  if (file.size > 4096) throw new seal.Flaw(input.id.includes("kept") ? "otherKey" : "keyFile");
  return file.text().catch(() => {
    throw new seal.Flaw("fileGone", file.name);
  });
}

async function bytesOf(file) {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new seal.Flaw("fileGone", file.name);
  }
}

function save(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function listFiles() {
  const files = [...at("files").files];
  const lines = files.map((file) => {
    const line = document.createElement("li");
    const [name, size] = [document.createElement("span"), document.createElement("span")];
    name.textContent = file.name;
    size.textContent = bytesSaid(file.size);
    line.append(name, size);
    return line;
  });
  if (files.length > 1) {
    const line = document.createElement("li");
    const [name, size] = [document.createElement("span"), document.createElement("span")];
    name.textContent = say("total");
    size.textContent = bytesSaid(files.reduce((sum, file) => sum + file.size, 0));
    line.append(name, size);
    line.className = "bid-total";
    lines.push(line);
  }
  at("file-list").replaceChildren(...lines);
  show("file-list", files.length > 0);
}

// ---- The price --------------------------------------------------------------------------------------------------

// Units as they may be typed behind the number, and by how many places each moves the decimal point.
const UNITS = [["万元", 4], ["萬元", 4], ["万", 4], ["萬", 4], ["元", 0]];

// An amount as typed, in yuan with two decimals. The point moves in the text itself, so that no digit is lost or
// rounded; null for what is no number, is finer than a fen, or has over 14 digits. A unit that is typed beats the chosen.
function inYuan(typed, unit) {
  const text = typed.trim();
  const [behind, places] = UNITS.find(([word]) => text.endsWith(word)) ?? ["", unit === "wan" ? 4 : 0];
  const number = text.slice(0, text.length - behind.length).trim().replaceAll("，", ",");
  const plain = /^\d{1,3}(,\d{3})+(\.\d+)?$/.test(number) ? number.replaceAll(",", "") : number;
  const [, whole, fraction = ""] = /^(0|[1-9]\d*)(?:\.(\d+))?$/.exec(plain) ?? [];
  if (whole === undefined || fraction.length > places + 2) return null;
  const digits = fraction.padEnd(places + 2, "0");
  const yuan = (whole + digits.slice(0, places)).replace(/^0+(?=\d)/, "");
  return yuan.length > 14 ? null : `${yuan}.${digits.slice(places)}`;
}

// What would be sealed, or null: a price is above zero.
function price() {
  const yuan = inYuan(at("price").value, at("price-unit").value);
  return yuan && /[1-9]/.test(yuan) ? yuan : null;
}

// Says in yuan what stands in the field. The figure itself stays as it was typed, whatever unit is chosen.
function readBack() {
  const yuan = price();
  tell("price-read", yuan && `${say("priceRead")} ${grouped(yuan)} ${say("yuan")}`);
}

// ---- Sealing ----------------------------------------------------------------------------------------------------

// What is sealed and not yet handed in: the bid, the name its files get, and the key of its submission.
let sealed = null;
// What was handed in last, for saving.
let kept = {};

const fileName = (revision, rest) => `${facts.code}-r${revision}-${rest}`;

// What was typed, or the first field that is wrong with its note.
function form() {
  const amount = price();
  const term = at("term").value.trim();
  const right = {
    price: amount !== null,
    term: /^[1-9]\d{0,4}$/.test(term) && Number(term) <= 36500,
  };
  for (const field of ["term", "price"]) {
    note(field, right[field] ? "" : say(field));
    if (!right[field]) at(field).focus();
  }
  if (!right.price || !right.term) return null;
  const filled = { price: { amount, currency: "CNY" }, termDays: Number(term) };
  if (at("small")?.checked) filled.smallEnterprise = true;
  const statement = at("statement").value.trim();
  if (statement) filled.statement = statement;
  return filled;
}

function step(share) {
  show("progress");
  at("progress").value = share * 100;
}

// The files, one after the other, so that the progress is told.
async function readFiles() {
  const files = [...at("files").files];
  const sum = files.reduce((all, file) => all + file.size, 0);
  // More can never fit, and need not be read.
  if (sum > Number(facts.limit)) throw new seal.Flaw("tooLarge");
  const read = [];
  for (const [done, file] of files.entries()) {
    step((done / files.length) * 0.5);
    read.push({ name: file.name.normalize("NFC"), bytes: await bytesOf(file) });
  }
  step(0.5);
  return read.sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function readKey(input) {
  try {
    const key = await seal.signingKey(await textOf(input));
    note(input.id, "");
    return key;
  } catch (error) {
    note(input.id, sentence(error));
    input.focus();
    return null;
  }
}

async function makeBid(event) {
  event.preventDefault();
  forget();
  const filled = form();
  const key = filled && (await readKey(at("key")));
  if (!key) return;
  const button = at("seal-form").querySelector("button");
  button.disabled = true;
  try {
    const { policy } = await asked(`/tenders/${facts.tender}/seal-policy`);
    const revision = facts.revision ? Number(facts.revision) + 1 : 1;
    const bid = await seal.make(policy, key, {
      bidder: facts.bidder,
      revision,
      prev: facts.envelope ?? null,
      expected: facts.policy,
      limit: Number(facts.limit),
      client: { name: "tenderhall-page", version: facts.version },
    }, filled, await readFiles());
    step(1);
    sealed = { bid, revision, key: crypto.randomUUID() };
    showSealed();
  } catch (error) {
    tell("seal-note", sentence(error));
  } finally {
    button.disabled = false;
    show("progress", false);
  }
}

// A change of what was typed or chosen ends what was sealed from it.
function forget() {
  sealed = null;
  tell("seal-note", "");
  show("sealed", false);
}

// What stands here was read out of the sealed bid again, not copied from the form.
function showSealed() {
  const { bid, revision } = sealed;
  const { form: opened, files } = bid.opened.manifest;
  at("sealed-price").textContent = grouped(opened.price.amount);
  at("sealed-revision").textContent = revision;
  at("sealed-size").textContent = grouped(String(bid.ciphertext.length));
  at("sealed-files").replaceChildren(...files.map((file) => {
    const line = document.createElement("span");
    line.className = "bid-clause";
    line.textContent = `${file.name} — ${bytesSaid(file.size)}`;
    return line;
  }));
  at("sealed-envelope").textContent = `sha256:${bid.digest}`;
  at("kept-name").textContent = fileName(revision, bid.kept.name);
  at("kept").value = "";
  note("kept", "");
  tell("submit-note", "");
  show("kept-well", false);
  at("submit").disabled = true;
  show("receipt", false);
  show("sealed");
  at("sealed-title").focus();
}

// The file comes back as it was saved, or the bid does not go out.
async function checkKept() {
  at("submit").disabled = true;
  show("kept-well", false);
  try {
    const same = (await textOf(at("kept"))) === sealed.bid.kept.text;
    note("kept", same ? "" : say("otherKey"));
    show("kept-well", same);
    at("submit").disabled = !same;
  } catch (error) {
    note("kept", sentence(error));
  }
}

async function submit() {
  const { bid, revision, key } = sealed;
  at("submit").disabled = true;
  tell("submit-note", "");
  const body = { envelope: bid.envelope, ciphertext: seal.base64(bid.ciphertext) };
  const answer = await api(`/tenders/${facts.tender}/bids`, { body, key });
  if (!answer.ok) {
    tell("submit-note", refusal(answer));
    at("submit").disabled = false;
    if (answer.body.receipt) await showReceipt("REFUSED_LATE", answer.body.receipt, bid.digest, revision, bid);
    return;
  }
  sealed = null;
  show("sealed", false);
  Object.assign(facts, { bid: answer.body.bidId, revision, envelope: bid.digest, stands: "true" });
  showOwn(say("stateAccepted"), answer.body.acceptedAt);
  await showReceipt("ACCEPTED", answer.body.receipt, bid.digest, revision, bid);
}

function showOwn(state, time) {
  at("own-revision").textContent = facts.revision;
  at("own-state").textContent = state;
  at("own-at").textContent = stamp(time);
  at("own-envelope").textContent = `sha256:${facts.envelope}`;
  // What is shown now is sealed for the present policy, or withdrawn.
  at("own-earlier")?.remove();
  show("own-none", false);
  show("own");
  show("seal-new", false);
  show("seal-again");
  show("withdraw", facts.stands === "true");
}

const RESULTS = { ACCEPTED: "accepted", WITHDRAWN: "withdrawn", REFUSED_LATE: "refusedLate" };

async function showReceipt(result, receipt, envelope, revision, bid) {
  kept = { receipt, revision, bid };
  at("receipt-title").textContent = say(RESULTS[result]);
  at("receipt-text").textContent = receipt;
  for (const button of document.querySelectorAll('[data-save="envelope"], [data-save="bid"]')) button.hidden = !bid;
  const said = at("receipt-checked");
  try {
    const published = await asked(`/tenders/${facts.tender}/receipt-key`);
    await seal.checkReceipt(receipt, published, { result, envelope });
    said.textContent = say("checked");
    said.className = "bid-well";
  } catch {
    said.textContent = say("receipt");
    said.className = "form-note";
  }
  show("receipt");
  at("receipt-title").focus();
}

function saveKept(what) {
  const { receipt, revision, bid } = kept;
  if (what === "receipt") save(fileName(revision, "receipt.txt"), receipt);
  if (what === "envelope") save(fileName(revision, "envelope.json"), seal.jcs(bid.envelope));
  if (what === "bid") save(fileName(revision, "bid.age"), bid.ciphertext);
}

// ---- Withdrawal and release -------------------------------------------------------------------------------------

async function withdraw() {
  tell("withdraw-note", "");
  const key = await readKey(at("withdraw-key"));
  if (!key) return;
  note("withdraw-sure", at("withdraw-sure").checked ? "" : say("sure"));
  if (!at("withdraw-sure").checked) return at("withdraw-sure").focus();
  at("withdraw-go").disabled = true;
  try {
    const { policy } = await asked(`/tenders/${facts.tender}/seal-policy`);
    const standing = {
      tender: facts.tender,
      lot: policy.lot,
      bidder: facts.bidder,
      bid: facts.bid,
      revision: Number(facts.revision),
      envelope: `sha256:${facts.envelope}`,
    };
    const answer = await api(`/bids/${facts.bid}/withdraw`, { body: await seal.withdraw(standing, key), key: crypto.randomUUID() });
    const { receipt } = answer.body;
    if (!answer.ok) tell("withdraw-note", refusal(answer));
    if (answer.ok) {
      forget();
      facts.stands = "false";
      at("withdraw-sure").checked = false;
      showOwn(say("stateWithdrawn"), answer.body.withdrawnAt);
    }
    if (receipt) await showReceipt(answer.ok ? "WITHDRAWN" : "REFUSED_LATE", receipt, facts.envelope, facts.revision, null);
  } catch (error) {
    tell("withdraw-note", sentence(error));
  } finally {
    at("withdraw-go").disabled = false;
  }
}

// Nothing is released before the close, nor where the hall's list of bids lacks this one or contradicts its own root.
async function checkClosed() {
  const path = `/tenders/${facts.tender}`;
  const { deadline } = await asked(path);
  // The clock of a sandbox is not the world's.
  if (facts.sandbox !== "true" && Date.now() < Date.parse(deadline)) throw new seal.Flaw("early");
  const opening = await asked(`${path}/opening`);
  const hashes = await asked(`${path}/opening/hashes`);
  const digests = hashes.items.map((item) => item.envelope.replace("sha256:", ""));
  const whole = digests.length === hashes.count && digests.includes(facts.envelope);
  const fits = whole && Date.parse(hashes.closedAt) >= Date.parse(deadline);
  const root = await seal.merkleRoot(digests);
  if (!fits || opening.bids !== hashes.count || root !== hashes.bidRoot) throw new seal.Flaw("list");
}

// The shares as they are released: the secret itself where the bidder alone holds it.
async function sharesOf(identity) {
  const { policy } = await asked(`/tenders/${facts.tender}/seal-policy`);
  const alone = policy.clauses.findIndex((clause) => !seal.hasShares(clause));
  if (alone >= 0) return [{ bidId: facts.bid, clause: alone, member: "bidder", share: identity }];
  const held = await asked(`/tenders/${facts.tender}/opening/shares`);
  const wanted = held.items.filter((share) => share.wanted && share.bidId === facts.bid);
  return Promise.all(wanted.map(async (share) => ({
    bidId: share.bidId,
    clause: share.clause,
    member: share.member,
    share: await seal.releasedShare(share, policy.clauses[share.clause], identity),
  })));
}

async function release() {
  tell("release-note", "");
  tell("release-well", "");
  at("release-go").disabled = true;
  try {
    const identity = seal.identityIn(await textOf(at("release-key")));
    await checkClosed();
    const items = await sharesOf(identity);
    const done = await asked(`/tenders/${facts.tender}/opening/shares/batch`, { body: { items } });
    const opens = done.items.map((one) => one.opens);
    if (opens.includes(false)) tell("release-note", say("doesNotFit"));
    else tell("release-well", say(opens.includes(true) ? "released" : "releasedPart"));
  } catch (error) {
    tell("release-note", sentence(error));
  } finally {
    at("release-go").disabled = false;
  }
}

// ---- The page ---------------------------------------------------------------------------------------------------

// Why this browser cannot do it here, or nothing.
async function obstacle() {
  if (!globalThis.isSecureContext) return "noCrypto";
  if (typeof age === "undefined" || typeof seal === "undefined") return "missingScript";
  return (await seal.canSign()) ? null : "noEd25519";
}

async function start() {
  document.querySelectorAll(".countdown").forEach(startCountdown);
  const no = await obstacle();
  if (no) return tell("cannot", say(no));
  for (const part of document.querySelectorAll(".needs-script")) part.hidden = false;
  if (at("seal-form")) {
    show("withdraw", facts.stands === "true");
    at("seal-form").addEventListener("submit", makeBid);
    at("seal-form").addEventListener("input", forget);
    for (const field of ["price", "price-unit"]) at(field).addEventListener("input", readBack);
    readBack();
    at("files").addEventListener("change", listFiles);
    at("save-key").addEventListener("click", () => save(fileName(sealed.revision, sealed.bid.kept.name), sealed.bid.kept.text));
    at("kept").addEventListener("change", checkKept);
    at("submit").addEventListener("click", submit);
    at("withdraw-go").addEventListener("click", withdraw);
  }
  at("release-go")?.addEventListener("click", release);
  for (const button of document.querySelectorAll("[data-save]")) {
    button.addEventListener("click", () => saveKept(button.dataset.save));
  }
}

start();
