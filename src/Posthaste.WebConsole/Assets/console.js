// Keeps what is marked `data-live` up to date: the page is asked for again, and the marked parts are changed where they
// differ, so focus, selection and what is folded open stay. Without this script every page works all the same.
'use strict';

// Pages that cost the broker more than a glance say how many seconds apart they are to be asked for.
const intervalMs = 1000 * (document.querySelector('[data-every]')?.dataset.every ?? 1);
const retryMs = 3000;
const timeoutMs = 10_000;
const pausedKey = 'posthaste-paused';

const toggle = document.getElementById('live-toggle');
const lost = document.getElementById('lost');
let timer = 0;

function isPaused() {
  return sessionStorage.getItem(pausedKey) === 'yes';
}

function schedule(delayMs) {
  clearTimeout(timer);
  if (!document.hidden && !isPaused()) timer = setTimeout(refresh, delayMs);
}

async function refresh() {
  try {
    const answer = await fetch(location.href, {
      cache: 'no-store', headers: { 'X-Refresh': 'yes' }, signal: AbortSignal.timeout(timeoutMs),
    });
    if (answer.redirected) return location.reload(); // Logged out: the server says where to go.
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    for (const part of document.querySelectorAll('[data-live]')) {
      const other = next.getElementById(part.id);
      if (!other) return location.reload(); // What the page was about has gone.
      morph(part, other);
    }
    show(lost, false);
    schedule(intervalMs);
  } catch {
    show(lost, true);
    schedule(retryMs);
  }
}

// Only what changes: a screen reader hears of every change.
function show(element, isShown) {
  if (element.hidden === isShown) element.hidden = !isShown;
}

function morph(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && name !== 'open') from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value && name !== 'open') from.setAttribute(name, value);
  }
  // Rows have keys, so a row that goes does not turn all behind it into others.
  const keyed = new Map();
  for (const child of from.children) {
    if (child.dataset.key) keyed.set(child.dataset.key, child);
  }
  let at = from.firstChild;
  for (const child of [...to.childNodes]) {
    const key = child.dataset?.key;
    const match = key ? keyed.get(key) : at && isAlike(at, child) ? at : null;
    if (!match) {
      from.insertBefore(child, at);
    } else if (match === at) {
      at = at.nextSibling;
      morph(match, child);
    } else {
      move(from, match, at);
      morph(match, child);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

// What has the focus keeps it when its row moves.
function move(parent, node, before) {
  if (parent.moveBefore) return parent.moveBefore(node, before);
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(node, before);
  focused?.focus({ preventScroll: true });
}

function isAlike(a, b) {
  return a.nodeName === b.nodeName && !a.dataset?.key && a.id === b.id;
}

function showToggle() {
  toggle.setAttribute('aria-pressed', isPaused());
  schedule(intervalMs);
}

if (toggle && document.querySelector('[data-live]')) {
  toggle.hidden = false;
  toggle.addEventListener('click', () => {
    sessionStorage.setItem(pausedKey, isPaused() ? 'no' : 'yes');
    showToggle();
  });
  document.addEventListener('visibilitychange', () => schedule(0));
  showToggle();
}
