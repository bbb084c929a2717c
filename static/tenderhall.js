// Countdown and unit switch. Every page is complete without this file.
"use strict";

// The hall's clock decides: the page brings its reading, and only the time since then is measured here.
function startCountdown(box) {
  const left = box.querySelector('[data-part="left"]');
  const what = box.querySelector('[data-part="what"]');
  if (!left || !what) return;
  const total = Date.parse(box.dataset.deadline) - Date.parse(box.dataset.now);
  const begun = performance.now();
  const runs = box.dataset.runs === "true";
  const part = (count, unit) => {
    const figure = document.createElement("b");
    figure.textContent = count;
    const word = document.createElement("span");
    word.textContent = unit;
    return [figure, word];
  };
  const two = (count) => String(count).padStart(2, "0");
  let timer = 0;
  const show = () => {
    const rest = Math.floor((total - (runs ? performance.now() - begun : 0)) / 1000);
    if (rest <= 0) {
      what.textContent = box.dataset.passed;
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
  show();
  if (runs) timer = setInterval(show, 1000);
}

// Moves the decimal point by `places` in the text itself, so that no digit is lost; null if it is no plain number.
function shifted(text, places) {
  const plain = text.trim().replace(/[,，]/g, "");
  if (!/^[0-9]+(\.[0-9]+)?$/.test(plain)) return null;
  let [whole, fraction = ""] = plain.split(".");
  if (places > 0) {
    fraction = fraction.padEnd(places, "0");
    whole += fraction.slice(0, places);
    fraction = fraction.slice(places);
  } else {
    whole = whole.padStart(1 - places, "0");
    fraction = whole.slice(places) + fraction;
    whole = whole.slice(0, places);
  }
  whole = whole.replace(/^0+(?=[0-9])/, "");
  fraction = fraction.replace(/0+$/, "");
  return fraction ? `${whole}.${fraction}` : whole;
}

// Changing the unit keeps the amount: the figure is written anew in the other unit.
function startUnitSwitch(select) {
  const field = document.getElementById(select.dataset.unitOf);
  if (!field) return;
  let unit = select.value;
  select.addEventListener("change", () => {
    const moved = shifted(field.value, select.value === "yuan" ? 4 : -4);
    if (moved !== null && select.value !== unit) field.value = moved;
    unit = select.value;
  });
}

// Fields that the chosen category, or the law chosen for it, does not ask for step aside.
function startCategory(category, regime) {
  const usual = { engineering: "tendering", procurement: "procurement" };
  const show = () => {
    const law = usual[category.value] && (regime.value || usual[category.value]);
    for (const field of document.querySelectorAll("[data-for]")) {
      field.hidden = field.dataset.for !== law;
    }
  };
  category.addEventListener("change", show);
  regime.addEventListener("change", show);
  show();
}

document.querySelectorAll(".countdown").forEach(startCountdown);
document.querySelectorAll("[data-unit-of]").forEach(startUnitSwitch);
const category = document.querySelector(".calculator #category");
const regime = document.querySelector(".calculator #regime");
if (category && regime) startCategory(category, regime);
