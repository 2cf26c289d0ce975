// The dashboard's table of contents: which sections there are, and what happens around them.
import { byId, h } from './dom.js';
import { Live } from './live.js';
import { Session } from './session.js';
import { tell } from './notices.js';
import { clock, count, number } from './format.js';
import { watchWorkers } from './worker_watch.js';
import { overview } from './overview.js';
import { deadLetters } from './dead_letters.js';
import { delayed } from './delayed.js';
import { webhooks } from './webhooks.js';
import { cron } from './cron.js';
import { offers } from './offers.js';
import { audit } from './audit.js';

const sections = [overview, deadLetters, delayed, webhooks, cron, offers, audit];
const session = new Session({ begins: begin, ends: end });
const live = new Live(() => session.lost());
let shown = null;   // {section, close}

// #/dead/email?q=timeout → section "dead", ["email"], {q: "timeout"}
function address() {
    const [way, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
    const [name, ...rest] = way.split('/').map((piece) => {
        try {
            return decodeURIComponent(piece);
        } catch {
            return piece;
        }
    });
    return { section: sections.find((section) => section.name === name) || overview, rest,
        query: Object.fromEntries(new URLSearchParams(query)) };
}

// Lets the address name what is shown, without a new page in the history.
function keep(name, rest = [], query = {}) {
    const given = Object.entries(query).filter(([, value]) => value);
    const text = new URLSearchParams(given).toString();
    history.replaceState(null, '', `#/${[name, ...rest].map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`);
}

function show(focus) {
    const { section, rest, query } = address();
    shown?.close();
    document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close());
    const main = byId('main');
    main.replaceChildren();
    const heading = h('h1', { tabindex: '-1' }, section.title);
    const aside = h('div', { class: 'page-tools' });
    main.append(h('div', { class: 'page-head' }, heading, aside));
    const place = h('div', { class: `page page-${section.name}` });
    main.append(place);
    document.title = `${section.title} · Workers`;
    for (const link of byId('sections').querySelectorAll('a')) {
        const here = link.dataset.section === section.name;
        if (here) {
            link.setAttribute('aria-current', 'page');
            link.scrollIntoView({ block: 'nearest', inline: 'center' });
        } else {
            link.removeAttribute('aria-current');
        }
    }
    const close = section.open(place, { live, session, rest, query, aside,
        keep: (...what) => keep(section.name, ...what) });
    shown = { section, close: close || (() => {}) };
    if (focus) {
        window.scrollTo(0, 0);
        heading.focus({ preventScroll: true });
    }
}

function badge(name, text, label) {
    const element = byId('sections').querySelector(`[data-badge="${name}"]`);
    if (!element || element.dataset.text === text) return;
    element.dataset.text = text;
    element.replaceChildren(...(text ? [h('span', { 'aria-hidden': 'true' }, text), h('span', { class: 'unseen' }, `, ${label}`)] : []));
}

function showState({ state, why }) {
    const words = { live: 'live', reconnecting: 'reconnecting', away: 'away' };
    const place = byId('live');
    byId('live-text').textContent = words[state];
    place.title = why || (state === 'live' ? 'changes arrive as they happen'
        : `what you see may be old (${clock(new Date(), true)})`);
    place.dataset.state = state;
    byId('frame').dataset.live = state;
}

function begin() {
    live.start();
    show(false);
    byId('main').querySelector('h1')?.focus({ preventScroll: true });
}

function end() {
    live.stop();
    shown?.close();
    shown = null;
    byId('main').replaceChildren();
}

byId('sections').append(...sections.map((section) => h('li', {}, h('a', { href: `#/${section.name}`, 'data-section': section.name },
    h('span', {}, section.title), h('span', { class: 'badge', 'data-badge': section.name })))));
byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    byId('main').focus();
});
window.addEventListener('hashchange', () => {
    if (session.current) show(true);
});
live.on('state', showState);
live.on('queues', ({ queues }) => {
    const dead = queues.reduce((sum, queue) => sum + (queue.failed || 0), 0);
    const waiting = queues.reduce((sum, queue) => sum + (queue.delayed || 0), 0);
    badge('dead', dead ? number(dead) : '', count(dead, 'dead letter'));
    badge('delayed', waiting ? number(waiting) : '', count(waiting, 'delayed job'));
});
live.on('workers', watchWorkers(tell));
session.find();
