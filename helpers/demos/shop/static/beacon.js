// Reports what a visitor does: `report(activity, details)`. Nothing waits for an answer.
"use strict";

const beacon = (() => {
  const ADDRESS = "/collector/events";
  const VERSION = 2;
  const MOST = 20; // events of one beacon
  const SOON = 200; // milliseconds: what happens together travels together
  const VISITOR = "shop.visitor";
  let waiting = [];
  let timer = 0;

  // crypto.randomUUID needs https or loopback; getRandomValues does not
  function uuid() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  // Only a random id. Where a browser keeps nothing, each page is a new visitor.
  const visitor = (() => {
    const fresh = uuid();
    try {
      const kept = localStorage.getItem(VISITOR);
      if (kept) return kept;
      localStorage.setItem(VISITOR, fresh);
    } catch { /* storage is switched off */ }
    return fresh;
  })();

  function device() {
    if (!matchMedia("(pointer: coarse)").matches) return "desktop";
    return Math.min(screen.width, screen.height) < 600 ? "phone" : "tablet";
  }

  function send() {
    clearTimeout(timer);
    timer = 0;
    while (waiting.length) {
      const some = waiting.slice(0, MOST);
      const body = new Blob([JSON.stringify(some)], { type: "application/json" });
      // false: the browser has too much under way; the next send tries again
      if (!navigator.sendBeacon(ADDRESS, body)) break;
      waiting = waiting.slice(some.length);
    }
    if (waiting.length) timer = setTimeout(send, SOON);
  }

  function report(activity, details) {
    waiting.push({
      version: VERSION,
      event_id: uuid(),
      visitor,
      activity,
      client_time: new Date().toISOString(),
      device: device(),
      ...details,
    });
    if (!timer) timer = setTimeout(send, SOON);
  }

  // The last moments of a page that a browser promises to tell: `unload` is not among them.
  addEventListener("pagehide", send);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") send();
  });

  return { report, uuid };
})();
