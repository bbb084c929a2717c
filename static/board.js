// The boards: fresh pictures as things happen, and slots moved by hand. Every page is complete without this file.
"use strict";

const board = document.querySelector("[data-live]");
const words = board.dataset;
const QUARTER = 15 * 60 * 1000;
const MINUTE = 60 * 1000;

// ---- Fresh pictures -------------------------------------------------------------------------------------------

let busy = null; // what the operator holds; nothing is redrawn under a hand
let missed = false;
let drawn = "";

const key = (element) => element?.closest?.("#floor [data-key], #floor [href]");

function place(element) {
  const found = key(element);
  if (!found) return null;
  return found.dataset.key ? `[data-key="${CSS.escape(found.dataset.key)}"]` : `a[href="${CSS.escape(found.getAttribute("href"))}"]`;
}

function redraw(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("floor");
  const old = document.getElementById("floor");
  if (!fresh || fresh.innerHTML === drawn) return;
  const focused = place(document.activeElement);
  const scrolled = [...old.querySelectorAll(".scroll")].map((box) => [box.scrollLeft, box.scrollTop]);
  drawn = fresh.innerHTML;
  old.replaceChildren(...fresh.childNodes);
  awaken(old);
  old.querySelectorAll(".scroll").forEach((box, at) => scrolled[at] && box.scrollTo(...scrolled[at]));
  if (focused) old.querySelector(focused)?.focus({ preventScroll: true });
}

let asking = null;

async function refresh() {
  if (busy) {
    missed = true;
    return;
  }
  missed = false;
  // Of two answers on their way the later question counts.
  const question = (asking = {});
  const stale = document.querySelector(".floor-stale");
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const html = await answer.text();
    if (question !== asking) return;
    if (busy) missed = true;
    else redraw(html);
    stale.hidden = true;
  } catch {
    if (question !== asking) return;
    stale.textContent = words.stale;
    stale.hidden = false;
  }
}

function free() {
  busy = null;
  if (missed) refresh();
}

function awaken(part) {
  for (const hidden of part.querySelectorAll(".needs-script")) hidden.hidden = false;
}

// A browser holds few connections to one host: whoever does not look, and a page that was left, gives its own back.
let events = null;

function listen() {
  if (events) return;
  events = new EventSource(words.live);
  events.addEventListener("rooms", refresh);
}

function rest() {
  events?.close();
  events = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? rest() : (listen(), refresh())));
addEventListener("pagehide", rest);
addEventListener("pageshow", listen);
listen();
setInterval(refresh, 30000);

// ---- Moving slots ---------------------------------------------------------------------------------------------

const said = document.getElementById("floor-said");
// The same words twice are told twice.
const say = (text) => {
  said.textContent = "";
  setTimeout(() => (said.textContent = text), 50);
};

const iso = (at) => `${new Date(at + 8 * 60 * MINUTE).toISOString().slice(0, 19)}+08:00`;
const clock = (at) => iso(at).slice(11, 16);
const date = (at) => iso(at).slice(5, 10);
// 24:00 ends the day before.
const until = (from, to) => {
  if (date(from) === date(to)) return clock(to);
  return date(from) === date(to - 1) ? "24:00" : `${date(to)} ${clock(to)}`;
};
const span = (from, to) => `${date(from)} ${clock(from)}–${until(from, to)}`;

function lanes() {
  return [...document.querySelectorAll(".chart-rooms li")];
}

function nameOf(room) {
  return lanes().find((lane) => lane.dataset.room === room)?.querySelector("span").textContent ?? "";
}

// The same arithmetic as the server's: days side by side, each from its first to its last minute.
class Scale {
  constructor(plan) {
    this.plan = plan;
    this.days = plan.dataset.days.split(" ");
    this.first = Number(plan.dataset.first);
    this.last = Number(plan.dataset.last);
    this.of = this.last - this.first;
  }

  share(at) {
    const text = iso(at);
    const day = text.slice(0, 10);
    const passed = this.days.filter((one) => one < day).length;
    const minute = Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16));
    const within = this.days.includes(day) ? Math.min(Math.max(minute - this.first, 0), this.of) : 0;
    return (passed * this.of + within) / (this.days.length * this.of);
  }

  at(share) {
    const all = Math.min(Math.max(share, 0), 0.999999) * this.days.length * this.of;
    const day = this.days[Math.floor(all / this.of)];
    return Date.parse(`${day}T00:00:00+08:00`) + (this.first + (all % this.of)) * MINUTE;
  }
}

// A slot in the operator's hand: where it came from, and where it would go.
class Held {
  constructor(slot) {
    const { booking, no, version, room, kind, from, to, moves } = slot.dataset;
    Object.assign(this, { slot, booking, no: Number(no), version, room, kind, moves });
    this.from = Date.parse(from);
    this.to = Date.parse(to);
    this.start = { room: this.room, from: this.from, to: this.to };
    this.box = slot.querySelector(".box");
    this.drawn = ["x", "y", "width"].map((name) => [name, this.box.getAttribute(name)]);
    this.scale = new Scale(slot.closest(".plan"));
    slot.classList.add("held");
    this.next = slot.nextSibling;
    slot.parentNode.append(slot); // drawn above all others
  }

  get moved() {
    return this.room !== this.start.room || this.from !== this.start.from;
  }

  get words() {
    return `${nameOf(this.room)} ${span(this.from, this.to)}`;
  }

  shift(by) {
    if (this.moves !== "any") return words.roomOnly;
    if (this.start.from + by <= hallNow()) return words.past;
    this.from = this.start.from + by;
    this.to = this.start.to + by;
    return null;
  }

  into(room) {
    this.room = room;
  }

  draw() {
    const left = this.scale.share(this.from);
    const width = Math.max(this.scale.share(this.to) - left, 0.002);
    this.box.setAttribute("x", `${left * 100}%`);
    this.box.setAttribute("width", `${width * 100}%`);
    const at = lanes().findIndex((lane) => lane.dataset.room === this.room);
    const { line, inset } = this.scale.plan.dataset;
    this.box.setAttribute("y", `${(at * line + Number(inset)) / 100}em`);
    for (const lane of lanes()) lane.classList.toggle("aims", lane.dataset.room === this.room);
  }

  // Back to where it was; the hand is empty again.
  lay() {
    for (const [name, value] of this.drawn) this.box.setAttribute(name, value);
    this.slot.classList.remove("held");
    this.slot.parentNode?.insertBefore(this.slot, this.next?.parentNode ? this.next : null);
    for (const lane of lanes()) lane.classList.remove("aims");
  }
}

// The hall's clock, which the picture brings with it; a sandbox's clock may stand.
function hallNow() {
  return Date.parse(document.querySelector(".floor-clock time").getAttribute("datetime"));
}

function pickUp(slot) {
  busy = new Held(slot);
  busy.draw();
  slot.focus({ preventScroll: true });
  say(`${words.picked}${slot.getAttribute("aria-label")}`);
}

function giveUp() {
  const { slot } = busy;
  busy.lay();
  slot.focus({ preventScroll: true });
  say(words.left);
  free();
}

function step(held, event) {
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const upwards = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (sideways) {
    const far = held.scale.days.length > 1 ? 24 * 60 * MINUTE : 60 * MINUTE;
    return held.shift(held.from - held.start.from + sideways * (event.shiftKey ? far : QUARTER));
  }
  const own = lanes().filter((lane) => lane.dataset.kind === held.kind);
  const next = own[own.findIndex((lane) => lane.dataset.room === held.room) + upwards];
  if (!next) return words.edge;
  held.into(next.dataset.room);
  return null;
}

function byKey(event) {
  if (dialog.open) return;
  if (busy instanceof Held) {
    if (event.key === "Tab") return giveUp();
    if (event.key === "Escape") giveUp();
    else if (event.key === "Enter") drop();
    else if (event.key.startsWith("Arrow")) {
      const no = step(busy, event);
      busy.draw();
      say(no ?? busy.words);
    } else return;
    event.preventDefault();
    return;
  }
  const slot = event.target.closest?.(".slot");
  if (!slot) return;
  if (event.key === " ") showActs(slot);
  else if (event.key !== "Enter") return;
  else if (slot.dataset.moves) pickUp(slot);
  else say(words.fixed);
  event.preventDefault();
}

function drop() {
  if (busy.moved) askReason(busy);
  else giveUp();
}

// A press becomes a drag once it has gone some way; else it is a click, and opens the acts.
function byPointer(down) {
  const slot = down.target.closest?.(".slot[data-moves]");
  if (!slot || busy || down.button !== 0) return;
  const plan = slot.closest(".plan");
  const frame = plan.getBoundingClientRect();
  let held = null;
  const move = (event) => {
    const [across, along] = [event.clientX - down.clientX, event.clientY - down.clientY];
    if (!held) {
      if (Math.hypot(across, along) < 5) return;
      held = busy = new Held(slot);
      slot.setPointerCapture?.(down.pointerId);
    }
    if (held.moves === "any") {
      const to = held.scale.at(held.scale.share(held.start.from) + across / frame.width);
      held.shift(Math.round((to - held.start.from) / QUARTER) * QUARTER);
    }
    const line = frame.height / lanes().length;
    const over = lanes()[Math.floor((event.clientY - frame.top) / line)];
    if (over?.dataset.kind === held.kind) held.into(over.dataset.room);
    held.draw();
  };
  const end = (event) => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    removeEventListener("keydown", escape, true);
    if (!held) return;
    // The click that a browser makes of the release is none.
    addEventListener("click", (click) => click.preventDefault() ?? click.stopPropagation(), { capture: true, once: true });
    setTimeout(() => dispatchEvent(new Event("click")), 0);
    if (event.type === "pointerup" && busy === held) drop();
    else if (busy === held) giveUp();
  };
  const escape = (event) => {
    if (event.key !== "Escape" || !held) return;
    event.preventDefault();
    event.stopPropagation();
    end(new Event("pointercancel"));
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
  addEventListener("keydown", escape, true);
}

// ---- The dialog, and the API behind it ------------------------------------------------------------------------

const dialog = document.querySelector(".floor-dialog");
const part = (selector) => dialog.querySelector(selector);

async function api(path, { version, body, method = "POST" } = {}) {
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (version) headers["If-Match"] = `"v${version}"`;
  if (body) headers["Content-Type"] = "application/json";
  try {
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    return { ok: answer.ok, status: answer.status, body: await answer.json().catch(() => ({})) };
  } catch {
    return { ok: false, status: 0, body: { detail: words.stale } };
  }
}

function open(about) {
  part("h2").textContent = about.title;
  part(".dialog-about").textContent = about.text;
  part(".dialog-note").textContent = "";
  part(".dialog-offers").hidden = true;
  part(".dialog-move").hidden = !about.moves && !about.asks;
  part(".dialog-to").hidden = !about.moves;
  part(".dialog-go").hidden = !about.moves;
  part(".dialog-shut").textContent = about.moves ? part(".dialog-shut").dataset.leave : part(".dialog-shut").dataset.close;
  for (const act of dialog.querySelectorAll("[data-do]")) act.hidden = true;
  part("#dialog-reason").value = "";
  part("#dialog-reason").removeAttribute("aria-invalid");
  if (!dialog.open) dialog.showModal();
}

function askReason(held) {
  open({ title: held.slot.querySelector(".bar-text").textContent, text: `${nameOf(held.start.room)} ${span(held.start.from, held.start.to)}`, moves: true });
  part(".dialog-to strong").textContent = held.words;
  part("#dialog-reason").focus();
}

// What was written, or nothing and the hand of the operator led back to it.
function given() {
  const reason = part("#dialog-reason");
  const text = reason.value.trim();
  if (text) reason.removeAttribute("aria-invalid");
  else reason.setAttribute("aria-invalid", "true");
  if (!text) reason.focus();
  return text;
}

// What stands in the way, in words, and what is free instead.
function refuse(answer, held) {
  const { detail, errors = [], alternatives = [] } = answer.body;
  const changed = answer.status === 412;
  part(".dialog-note").textContent = changed ? words.conflict : [detail, ...errors.map((error) => error.detail)].filter(Boolean).join(" ");
  part(".dialog-go").hidden = changed;
  if (changed) missed = true;
  const offers = part(".dialog-offers ul");
  offers.replaceChildren();
  const stays = (offer) => offer.roomId === held.start.room && Date.parse(offer.from) === held.start.from;
  const allowed = (offer) => held.moves === "any" || Date.parse(offer.from) === held.start.from;
  const fits = alternatives.filter((offer) => allowed(offer) && !stays(offer));
  for (const offer of fits) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `${nameOf(offer.roomId)} ${span(Date.parse(offer.from), Date.parse(offer.to))}`;
    button.addEventListener("click", () => {
      held.room = offer.roomId;
      held.from = Date.parse(offer.from);
      held.to = Date.parse(offer.to);
      held.draw();
      part(".dialog-to strong").textContent = held.words;
      part(".dialog-note").textContent = "";
      part(".dialog-offers").hidden = true;
      part(".dialog-go").focus();
    });
    const item = document.createElement("li");
    item.append(button);
    offers.append(item);
  }
  part(".dialog-offers").hidden = fits.length === 0;
}

// Sends the whole of what is still to come of the booking, with the one slot elsewhere, by the version that was seen.
async function send(held) {
  const reason = given();
  if (!reason) return;
  part(".dialog-go").disabled = true;
  try {
    const seen = await api(`/api/v1/bookings/${held.booking}`, { method: "GET" });
    if (!seen.ok) return refuse(seen, held);
    const ahead = seen.body.slots.filter((slot) => slot.usage === "planned");
    const slots = ahead.map(({ no, kind, roomId, capacity, from, to }) =>
      no === held.no
        ? { kind, roomId: held.room, capacity, from: iso(held.from), to: iso(held.to) }
        : { kind, roomId, capacity, from, to },
    );
    const body = { slots, reason };
    const answer = await api(`/api/v1/bookings/${held.booking}/change`, { version: held.version, body });
    if (!answer.ok) return refuse(answer, held);
    const { room, from } = held;
    held.lay();
    await finish(words.moved);
    document.querySelector(`.slot[data-room="${room}"][data-from="${iso(from)}"]`)?.focus({ preventScroll: true });
  } finally {
    part(".dialog-go").disabled = false;
  }
}

// An alarm is taken on at once; what was found is asked for when it is closed.
async function answerAlarm(button) {
  if (busy) return;
  const { alarm } = button.dataset;
  const path = `/api/v1/alarms/${alarm}`;
  const line = button.closest("li");
  if (button.dataset.taken === undefined) {
    const answer = await api(`${path}/acknowledge`);
    say(answer.ok ? words.done : answer.body.detail);
    await refresh();
    return document.querySelector(`[data-alarm="${alarm}"]`)?.focus({ preventScroll: true });
  }
  busy = { lay() {} };
  open({ title: line.querySelector("strong").textContent, text: line.querySelector("em").textContent, asks: true });
  const act = part('[data-do="alarm"]');
  act.hidden = false;
  act.onclick = async () => {
    const remark = given();
    if (!remark) return;
    const answer = await api(`${path}/close`, { body: { remark } });
    if (answer.ok) await finish(words.done);
    else part(".dialog-note").textContent = answer.body.detail;
  };
  part("#dialog-reason").focus();
}

async function showActs(slot) {
  if (busy) return;
  busy = { lay() {}, slot };
  open({ title: slot.querySelector(".bar-text").textContent, text: slot.getAttribute("aria-label") });
  const { booking, no } = slot.dataset;
  const seen = await api(`/api/v1/bookings/${booking}`, { method: "GET" });
  if (!seen.ok) {
    part(".dialog-note").textContent = seen.body.detail;
    return;
  }
  const allowed = new Set(seen.body.allowedActions.filter((act) => act.allowed).map((act) => act.action));
  const usage = seen.body.slots[Number(no) - 1]?.usage;
  const fits = { confirm: true, begin: usage === "planned", "no-show": usage === "planned", release: usage === "inUse" || usage === "overrun" };
  let any = false;
  for (const act of dialog.querySelectorAll("[data-do]")) {
    act.hidden = !(allowed.has(act.dataset.do) && fits[act.dataset.do]);
    any ||= !act.hidden;
    act.onclick = () => carryOut(act.dataset.do, slot, slot.dataset.version);
  }
  if (!any) part(".dialog-note").textContent = words.nothing;
}

async function carryOut(act, slot, version) {
  const { booking, no } = slot.dataset;
  const query = act === "confirm" ? "" : `?slot=${no}`;
  const answer = await api(`/api/v1/bookings/${booking}/${act}${query}`, { version });
  if (!answer.ok) {
    const changed = answer.status === 412;
    part(".dialog-note").textContent = changed ? words.conflict : answer.body.detail;
    if (changed) missed = true;
    return;
  }
  await finish(words.done);
  document.querySelector(`[data-key="${slot.dataset.key}"]`)?.focus({ preventScroll: true });
}

// The hand is empty before the dialog goes, so that the new picture is drawn at once.
async function finish(told) {
  busy = null;
  dialog.close();
  say(told);
  await refresh();
}

if (dialog) {
  document.addEventListener("keydown", byKey);
  document.addEventListener("pointerdown", byPointer);
  document.addEventListener("dragstart", (event) => event.target.closest?.(".slot") && event.preventDefault());
  document.addEventListener("click", (event) => {
    const slot = event.target.closest?.(".slot");
    const row = event.target.closest?.("[data-act-for]");
    const alarm = event.target.closest?.("[data-alarm]");
    if (slot) event.preventDefault();
    if (slot) showActs(slot);
    if (alarm) answerAlarm(alarm);
    if (row) showActs(document.querySelector(`[data-key="slot-${row.dataset.actFor}"]`));
  });
  part(".dialog-go").addEventListener("click", () => send(busy));
  dialog.addEventListener("close", () => {
    const held = busy;
    if (!held) return;
    held.lay();
    if (held instanceof Held) {
      say(words.left);
      held.slot.focus({ preventScroll: true });
    }
    free();
  });
  awaken(document.getElementById("floor"));
}
