// The page that seals a bid, or one part of a divided bid: what is chosen is sealed by seal.js, the key is saved first,
// then the bid is handed in, what is large in chunks before. Price, files, keys and passphrases never leave the page
// unsealed; nothing is kept in the browser's storage.
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

// How long an answer may take: the hall itself gives a chunk five minutes.
const LONGEST = 330000;

async function api(path, { body, chunk, key, method = body ? "POST" : "GET" } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (key) headers["Idempotency-Key"] = key;
  if (body) headers["Content-Type"] = "application/json";
  if (chunk) Object.assign(headers, await describing(chunk));
  try {
    const sent = chunk ?? (body && JSON.stringify(body));
    const signal = AbortSignal.timeout(LONGEST);
    const answer = await fetch(`/api/v1${path}`, { method, headers, body: sent, redirect: "error", signal });
    const text = await answer.text();
    const json = /json/.test(answer.headers.get("content-type") ?? "");
    return { ok: answer.ok, status: answer.status, body: json ? JSON.parse(text) : text };
  } catch {
    return { ok: false, status: 0, body: {} };
  }
}

// What tells the hall that a chunk came as it was sent (RFC 9530).
async function describing(chunk) {
  const digest = seal.base64(new Uint8Array(await crypto.subtle.digest("SHA-256", chunk)));
  return { "Content-Type": "application/octet-stream", "Content-Digest": `sha-256=:${digest}:` };
}

// What the hall refused, as a sentence with its rule.
function refusal({ status, body }) {
  if (status === 0 || status >= 500) return [say("network"), body.detail].filter(Boolean).join(" ");
  if (status === 401) return say("signedOut");
  const { detail, rule, errors = [] } = body;
  // A place says the sentence again in both languages where there is no more to say.
  const places = errors.map((error) => error.detail).filter((place) => !place.includes(detail));
  const ground = rule && `${say("ground")}${[rule.source, rule.article, `(${rule.id})`].filter(Boolean).join(" ")}`;
  // What answers without a problem document is no hall: something between it and this page.
  return [detail, ...places, ground].filter(Boolean).join(" ") || `${say("failed")} HTTP ${status}`;
}

// A refusal of the hall, on its way to whoever shows it.
class Refused extends Error {
  constructor(answer) {
    super(refusal(answer));
    Object.assign(this, { status: answer.status, code: answer.body.code });
  }
}

async function asked(path, options) {
  const answer = await api(path, options);
  if (!answer.ok) throw new Refused(answer);
  return answer.body;
}

// Asks again where the line broke or the hall was busy, each time after a longer pause.
async function askedPatiently(path, options) {
  for (let pause = 500; ; pause *= 2) {
    const answer = await api(path, options);
    if (answer.ok) return answer.body;
    if ((answer.status > 0 && answer.status < 500) || pause > 4000) throw new Refused(answer);
    await new Promise((passed) => setTimeout(passed, pause));
  }
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

// ---- One thing at a time ----------------------------------------------------------------------------------------

let busy = false;
// Where the eye should go once everything can be used again.
let pointed = null;

const point = (id) => (pointed = at(id));

// Runs `work` while nothing else can be begun, nor what it works on be changed: what goes out is what was checked.
async function alone(work) {
  if (busy) return;
  const controls = document.querySelectorAll("#seal-form fieldset, #seal-form button, #withdraw-go, #release-go");
  busy = true;
  pointed = null;
  for (const control of controls) control.disabled = true;
  try {
    await work();
  } finally {
    busy = false;
    for (const control of controls) control.disabled = false;
    pointed?.focus();
  }
}

// ---- Files ------------------------------------------------------------------------------------------------------

// A key file as it was chosen. None is larger.
const KEY_LIMIT = 4096;

async function keyBytes(input, otherwise) {
  const [file] = input.files;
  if (!file) throw new seal.Flaw("keyMissing");
  if (file.size > KEY_LIMIT) throw new seal.Flaw(otherwise);
  return bytesOf(file);
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

// What is sealed and not yet handed in: {bid, revision, proved, key, uploadKey, upload}. `proved` says that its key file
// was shown again, the keys are those of its calls, `upload` is the id of what was uploaded of it.
let sealed = null;
// What was handed in last, for saving.
let kept = {};

const fileName = (revision, rest) => [facts.code, ...(at("parts") ? [facts.part] : []), `r${revision}`, rest].join("-");

// What a field of the offer says, or null where it is wrong.
const OFFER = {
  term: () => {
    const days = at("term").value.trim();
    return /^[1-9]\d{0,4}$/.test(days) && Number(days) <= 36500 ? { termDays: Number(days) } : null;
  },
  price: () => {
    const amount = price();
    return amount && { price: { amount, currency: "CNY" } };
  },
};

// What was typed, or null with a note at each field that is wrong. A part of a divided bid has only some of them.
function form() {
  const filled = {};
  let right = true;
  for (const field of Object.keys(OFFER).filter(at)) {
    const said = OFFER[field]();
    note(field, said ? "" : say(field));
    if (!said) point(field);
    right &&= Boolean(said);
    Object.assign(filled, said);
  }
  if (!right) return null;
  if (at("small")?.checked) filled.smallEnterprise = true;
  const statement = at("statement")?.value.trim();
  if (statement) filled.statement = statement;
  return filled;
}

// How far something is, from 0 to 1, on its bar.
function step(bar, share) {
  show(bar);
  at(bar).value = share * 100;
}

// The files, one after the other, so that the progress is told.
async function readFiles() {
  const files = [...at("files").files];
  const sum = files.reduce((all, file) => all + file.size, 0);
  // More can never fit, and need not be read.
  if (sum > Number(facts.limit)) throw new seal.Flaw("tooLarge");
  const read = [];
  for (const [done, file] of files.entries()) {
    step("progress", (done / files.length) * 0.2);
    read.push({ name: file.name.normalize("NFC"), bytes: await bytesOf(file) });
  }
  return read.sort((one, other) => (one.name < other.name ? -1 : 1));
}

// ---- Keys -------------------------------------------------------------------------------------------------------

// Asks for a passphrase where the file that was chosen has one.
async function askPassphrase(field) {
  const [file] = at(field).files;
  at(`${field}-passphrase`).value = "";
  note(`${field}-passphrase`, "");
  const isProtected = Boolean(file) && seal.isProtected(await bytesOf(file.slice(0, 64)).catch(() => []));
  show(`${field}-passphrase-field`, isProtected);
}

// The text of the key file chosen in a field, opened by its passphrase where it has one.
async function keyTextOf(field, otherwise) {
  const bytes = await keyBytes(at(field), otherwise);
  if (!seal.isProtected(bytes)) return seal.keyText(bytes);
  const passphrase = at(`${field}-passphrase`).value;
  show(`${field}-passphrase-field`);
  if (!passphrase) throw new seal.Flaw("passphraseMissing");
  note(field, "");
  tell(`${field}-opens`, say("keyOpens"));
  // The page stands still while the key is worked out: what it says must be seen first.
  await new Promise((seen) => setTimeout(seen, 50));
  const text = await seal.keyText(bytes, passphrase).finally(() => tell(`${field}-opens`, ""));
  at(`${field}-passphrase`).value = "";
  return text;
}

const OF_PASSPHRASE = ["passphrase", "passphraseMissing"];

// What `read` makes of the key file in a field, or null with a note at what is wrong: the file or its passphrase.
async function readKey(field, read, otherwise) {
  note(field, "");
  note(`${field}-passphrase`, "");
  try {
    return await read(await keyTextOf(field, otherwise));
  } catch (error) {
    const wrong = OF_PASSPHRASE.includes(error.word) ? `${field}-passphrase` : field;
    note(wrong, sentence(error));
    point(wrong);
    return null;
  }
}

async function makeBid() {
  forget();
  const filled = form();
  const key = filled && (await readKey("key", seal.signingKey, "keyFile"));
  if (!key) return;
  try {
    const { policy } = await asked(`/tenders/${facts.tender}/seal-policy`);
    const revision = facts.revision ? Number(facts.revision) + 1 : 1;
    const bid = await seal.make(policy, key, {
      part: facts.part,
      bidder: facts.bidder,
      revision,
      prev: facts.envelope ?? null,
      expected: facts.policy,
      limit: Number(facts.limit),
      client: { name: "tenderhall-page", version: facts.version },
    }, filled, await readFiles(), (share) => step("progress", 0.2 + share * 0.8));
    sealed = { bid, revision, proved: false, key: crypto.randomUUID(), uploadKey: crypto.randomUUID() };
    showSealed();
  } catch (error) {
    tell("seal-note", sentence(error));
  } finally {
    show("progress", false);
  }
}

// A change of what was typed or chosen ends what was sealed from it, and what was uploaded of it serves nothing.
function forget() {
  if (sealed?.upload) api(`/uploads/${sealed.upload}`, { method: "DELETE" });
  sealed = null;
  tell("seal-note", "");
  show("sealed", false);
}

// What stands here was read out of the sealed bid again, not copied from the form.
function showSealed() {
  const { bid, revision } = sealed;
  const { form: opened, files } = bid.manifest;
  if (at("sealed-price")) at("sealed-price").textContent = grouped(opened.price.amount);
  if (at("sealed-term")) at("sealed-term").textContent = opened.termDays;
  tell("sealed-statement", opened.statement ?? "");
  show("sealed-stated", Boolean(opened.statement));
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
  show("uploading", false);
  show("uploads", false);
  show("submit-large", bid.ciphertext.length > INLINE_LIMIT);
  show("kept-well", false);
  at("submit").disabled = true;
  show("receipt", false);
  show("sealed");
  point("sealed-title");
}

// The file comes back as it was saved, or the bid does not go out.
async function checkKept() {
  const mine = sealed;
  mine.proved = false;
  show("kept-well", false);
  try {
    const bytes = await keyBytes(at("kept"), "otherKey");
    mine.proved = new TextDecoder().decode(bytes) === mine.bid.kept.text;
    note("kept", mine.proved ? "" : say("otherKey"));
  } catch (error) {
    note("kept", sentence(error));
  }
  show("kept-well", mine.proved);
  at("submit").disabled = !mine.proved;
}

// ---- Handing in -------------------------------------------------------------------------------------------------

// What may travel with its envelope; anything larger is uploaded before it is handed in.
const INLINE_LIMIT = 1024 * 1024;

// The upload of what is sealed, as the hall has it: the one begun before, or a new one where that is gone.
async function begun(mine) {
  if (mine.upload) {
    try {
      return await askedPatiently(`/uploads/${mine.upload}`);
    } catch (error) {
      if (error.status !== 404) throw error;
      mine.uploadKey = crypto.randomUUID();
    }
  }
  const body = { size: mine.bid.ciphertext.length, part: facts.part };
  const upload = await asked(`/tenders/${facts.tender}/uploads`, { body, key: mine.uploadKey });
  mine.upload = upload.id;
  return upload;
}

// Uploads the ciphertext. Where the line stays broken nothing was handed in: it is said so, and not that nobody knows.
async function upload(mine) {
  try {
    await sendChunks(mine);
  } catch (error) {
    const isBroken = error instanceof Refused && (error.status === 0 || error.status >= 500);
    throw isBroken ? new seal.Flaw("uploadBroken") : error;
  }
}

// Sends what the hall lacks of the ciphertext. Broken off it goes on where it was, when it is asked for again.
async function sendChunks(mine) {
  const { ciphertext } = mine.bid;
  const { id, chunkSize, chunks, missing } = await begun(mine);
  const tellChunks = (left) => {
    step("upload", (chunks - left) / chunks);
    at("upload-said").textContent = `${chunks - left} / ${chunks}`;
    show("uploading");
  };
  for (const [done, n] of missing.entries()) {
    tellChunks(missing.length - done);
    const chunk = ciphertext.subarray(n * chunkSize, (n + 1) * chunkSize);
    await askedPatiently(`/uploads/${id}/chunks/${n}`, { method: "PUT", chunk });
  }
  tellChunks(0);
}

// What goes with the envelope: the ciphertext itself, or the name of what was uploaded.
async function payload(mine) {
  if (mine.bid.ciphertext.length <= INLINE_LIMIT) return { ciphertext: seal.base64(mine.bid.ciphertext) };
  await upload(mine);
  return { upload: mine.upload };
}

async function submit() {
  const mine = sealed;
  // Whatever the button says: a bid whose key is not saved does not go out.
  if (!mine?.proved) return;
  for (const control of ["submit", "kept"]) at(control).disabled = true;
  tell("submit-note", "");
  show("uploads", false);
  try {
    const body = { envelope: mine.bid.envelope, ...(await payload(mine)) };
    show("uploading", false);
    await handIn(body, mine);
  } catch (error) {
    tell("submit-note", sentence(error));
    if (error.code === "upload-quota") await listUploads().catch((why) => tell("submit-note", sentence(why)));
  } finally {
    for (const control of ["submit", "kept"]) at(control).disabled = false;
  }
}

async function handIn(body, mine) {
  const { bid, revision, key } = mine;
  const answer = await api(`/tenders/${facts.tender}/bids`, { body, key });
  if (!answer.ok) {
    tell("submit-note", refusal(answer));
    if (!answer.body.receipt) return;
    // This refusal is final under its key; where the deadline is moved, the bid may be handed in again under another.
    mine.key = crypto.randomUUID();
    await showReceipt("REFUSED_LATE", answer.body.receipt, bid.digest, revision, bid);
    return;
  }
  sealed = null;
  show("sealed", false);
  Object.assign(facts, { bid: answer.body.bidId, revision, envelope: bid.digest, stands: "true" });
  showOwn(say("stateAccepted"), answer.body.acceptedAt);
  await showReceipt("ACCEPTED", answer.body.receipt, bid.digest, revision, bid);
}

// What the organisation has uploaded and not handed in, from here or elsewhere: it stands in the way, and can go.
async function listUploads() {
  const { items } = await asked(`/tenders/${facts.tender}/uploads`);
  at("upload-list").replaceChildren(...items.map((upload) => {
    const [line, said, button] = ["li", "span", "button"].map((name) => document.createElement(name));
    const part = partNamed(upload.part)?.dataset.name;
    said.textContent = [part, bytesSaid(upload.size), stamp(upload.begunAt)].filter(Boolean).join(" · ");
    button.setAttribute("aria-label", `${say("remove")} ${said.textContent}`);
    Object.assign(button, { type: "button", className: "button", textContent: say("remove") });
    button.addEventListener("click", () => removeUpload(upload.id, line, button));
    line.append(said, button);
    return line;
  }));
  show("uploads");
}

async function removeUpload(id, line, button) {
  button.disabled = true;
  try {
    await asked(`/uploads/${id}`, { method: "DELETE" });
    line.remove();
    tell("submit-note", "");
    at("submit").focus();
  } catch (error) {
    tell("submit-note", sentence(error));
    button.disabled = false;
  }
}

// ---- What stands ------------------------------------------------------------------------------------------------

const parts = () => [...document.querySelectorAll("#parts [data-part]")];
const partNamed = (part) => parts().find((one) => one.dataset.part === part);

// The list of parts as it is now, and which of them are missing still.
function showParts(state) {
  const own = partNamed(facts.part);
  if (!own) return;
  own.dataset.in = facts.stands;
  own.querySelector(".bid-part-state").textContent = state;
  const missing = parts().filter((part) => part.dataset.in !== "true").map((part) => part.dataset.name);
  at("parts-missing").textContent = missing.join(document.documentElement.lang === "en" ? ", " : "、");
  show("parts-lack", missing.length > 0);
  show("parts-whole", missing.length === 0);
}

function showOwn(state, time) {
  showParts(state);
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
  point("receipt-title");
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
  const key = await readKey("withdraw-key", seal.signingKey, "keyFile");
  if (!key) return;
  note("withdraw-sure", at("withdraw-sure").checked ? "" : say("sure"));
  if (!at("withdraw-sure").checked) return point("withdraw-sure");
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
  const complete = hashes.items.filter((item) => !item.incomplete);
  const countOf = (part) => complete.filter((item) => item.part === part).length;
  const isOwn = (item) => item.envelope === `sha256:${facts.envelope}` && item.part === facts.part;
  const whole = complete.every((item) => countOf(item.part) === hashes.count) && complete.some(isOwn);
  const listed = opening.parts.reduce((sum, part) => sum + countOf(part), 0);
  // Of a later stage bids may be left out that the one before ended.
  const counted = opening.stage === 1 ? opening.bids === listed : opening.bids <= listed;
  const due = opening.parts.includes(facts.part);
  const fits = whole && counted && due && Date.parse(hashes.closedAt) >= Date.parse(deadline);
  if (!fits || (await seal.merkleRoot(digests)) !== hashes.bidRoot) throw new seal.Flaw("list");
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
  const identity = await readKey("release-key", seal.identityIn, "identity");
  if (!identity) return;
  try {
    await checkClosed();
    const items = await sharesOf(identity);
    const done = await asked(`/tenders/${facts.tender}/opening/shares/batch`, { body: { items } });
    const opens = done.items.map((one) => one.opens);
    if (opens.includes(false)) tell("release-note", say("doesNotFit"));
    else tell("release-well", say(opens.includes(true) ? "released" : "releasedPart"));
  } catch (error) {
    tell("release-note", sentence(error));
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
    at("seal-form").addEventListener("submit", (event) => {
      event.preventDefault();
      alone(makeBid);
    });
    at("seal-form").addEventListener("input", forget);
    if (at("price")) {
      for (const field of ["price", "price-unit"]) at(field).addEventListener("input", readBack);
      readBack();
    }
    at("files").addEventListener("change", listFiles);
    at("save-key").addEventListener("click", () => save(fileName(sealed.revision, sealed.bid.kept.name), sealed.bid.kept.text));
    at("kept").addEventListener("change", checkKept);
    at("submit").addEventListener("click", () => alone(submit));
    at("withdraw-go").addEventListener("click", () => alone(withdraw));
  }
  at("release-go")?.addEventListener("click", () => alone(release));
  for (const field of ["key", "withdraw-key", "release-key"]) {
    at(field)?.addEventListener("change", () => askPassphrase(field));
  }
  for (const button of document.querySelectorAll("[data-save]")) {
    button.addEventListener("click", () => saveKept(button.dataset.save));
  }
}

start();
