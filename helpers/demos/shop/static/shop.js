// The basket lives in this browser; the pages come from the server.
"use strict";

const BASKET = "shop.basket";
const facts = document.body.dataset;
let inMemory = {};

function basket() {
  try {
    return JSON.parse(localStorage.getItem(BASKET)) ?? {};
  } catch {
    return inMemory; // storage is switched off
  }
}

function keep(contents) {
  inMemory = contents;
  try {
    localStorage.setItem(BASKET, JSON.stringify(contents));
  } catch { /* storage is switched off */ }
  show();
}

function euros(cents) {
  return `€${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}

function say(words) {
  document.querySelector("[data-status]").textContent = words;
}

function change(button, action) {
  const product = button.dataset.add ?? button.dataset.remove;
  const contents = basket();
  const quantity = (contents[product] ?? 0) + (action === "add" ? 1 : -1);
  if (quantity < 0 || quantity > 99) return;
  if (quantity) contents[product] = quantity;
  else delete contents[product];
  keep(contents);
  beacon.report("basket", { action, product, quantity: 1 });
  say(`${button.dataset.name}: ${quantity} in the basket`);
  if (action === "add") confirmOn(button);
}

function confirmOn(button) {
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 900);
}

function lines() {
  return Array.from(document.querySelectorAll("[data-line]"));
}

function show() {
  const contents = basket();
  const number = Object.values(contents).reduce((sum, quantity) => sum + quantity, 0);
  document.querySelector("[data-basket-count]").textContent = number;
  let total = 0;
  for (const line of lines()) {
    const quantity = contents[line.dataset.line] ?? 0;
    const sum = quantity * Number(line.dataset.cents);
    total += sum;
    line.hidden = quantity === 0;
    line.querySelector("[data-quantity]").textContent = quantity;
    line.querySelector("[data-sum]").textContent = euros(sum);
  }
  for (const part of document.querySelectorAll("[data-full]")) part.hidden = number === 0;
  for (const part of document.querySelectorAll("[data-empty]")) part.hidden = number !== 0;
  for (const part of document.querySelectorAll("[data-total]")) part.textContent = euros(total);
}

function order() {
  const contents = basket();
  const items = lines()
    .filter((line) => contents[line.dataset.line])
    .map((line) => ({
      product: line.dataset.line,
      quantity: contents[line.dataset.line],
      cents: Number(line.dataset.cents),
    }));
  if (!items.length) return;
  const total = items.reduce((sum, item) => sum + item.quantity * item.cents, 0);
  beacon.report("purchase", { order: beacon.uuid(), items, total_cents: total });
  keep({});
  location.assign("/thanks"); // pagehide sends what waits
}

function view() {
  const details = { page: facts.page };
  if (facts.product) details.product = facts.product;
  if (facts.category) details.category = facts.category;
  beacon.report("page_view", details);
  if (facts.query) {
    beacon.report("search", { query: facts.query, results: Number(facts.results) });
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.add) change(button, "add");
  else if (button.dataset.remove) change(button, "remove");
  else if ("order" in button.dataset) order();
});

// Also when the browser's back button shows a page that it has kept: that is a view too.
addEventListener("pageshow", () => {
  show();
  view();
});
addEventListener("storage", show); // another tab has changed the basket
