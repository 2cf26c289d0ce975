// Numbers, times and durations as they are read here. Times: the viewer's zone, UTC on hover.
import { h } from './dom.js';

const thin = '\u202f';
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

let skew_ms = 0;

// What the server's clock says; a viewer's clock that is minutes off would make every age wrong.
export function now_ms() {
    return Date.now() + skew_ms;
}

export function serverSays(date) {
    const difference = Date.parse(date) - Date.now();
    if (Number.isFinite(difference)) skew_ms = Math.abs(difference) > 2000 ? difference : 0;
}

export function number(value, digits = 0) {
    if (value === null || value === undefined || !Number.isFinite(Number(value))) return '–';
    const [whole, part] = Math.abs(Number(value)).toFixed(digits).split('.');
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thin);
    return (Number(value) < 0 ? '−' : '') + grouped + (part ? `.${part}` : '');
}

// 0.4, 9.5, 12, 1 234: as many digits as one looks at.
export function rate(value) {
    if (value === null || value === undefined) return '–';
    return number(value, value > 0 && value < 10 ? 1 : 0);
}

export function count(value, one, many = `${one}s`) {
    return `${number(value)} ${value === 1 ? one : many}`;
}

export function duration(seconds) {
    if (seconds === null || seconds === undefined) return '–';
    const s = Math.max(0, Number(seconds));
    if (s < 1 && s > 0) return `${Math.round(s * 1000)} ms`;
    if (s < 10 && s % 1) return `${s.toFixed(1)} s`;
    if (s < 90) return `${Math.round(s)} s`;
    if (s < 5400) return `${Math.round(s / 60)} min`;
    const hours = Math.floor(s / 3600);
    if (hours < 48) return `${hours} h ${Math.floor((s % 3600) / 60)} min`;
    return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const two = (value) => String(value).padStart(2, '0');

export function clock(date, seconds = false) {
    return `${two(date.getHours())}:${two(date.getMinutes())}${seconds ? `:${two(date.getSeconds())}` : ''}`;
}

export function localText(date) {
    const today = new Date(now_ms());
    if (date.toDateString() === today.toDateString()) return clock(date, true);
    const day = `${date.getDate()} ${months[date.getMonth()]}`;
    return date.getFullYear() === today.getFullYear() ? `${day} ${clock(date)}` : `${day} ${date.getFullYear()} ${clock(date)}`;
}

export function utcText(date) {
    return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function relative(date) {
    const s = (now_ms() - date.getTime()) / 1000;
    if (Math.abs(s) < 1.5) return 'now';
    return s > 0 ? `${duration(Math.round(s))} ago` : `in ${duration(Math.round(-s))}`;
}

function parsed(iso) {
    const date = new Date(iso ?? NaN);
    return Number.isNaN(date.getTime()) ? null : date;
}

export function time(iso) {
    const date = parsed(iso);
    return date ? h('time', { datetime: iso, title: utcText(date) }, localText(date)) : '–';
}

// "12 s ago", kept true by the ticker below.
export function age(iso) {
    const date = parsed(iso);
    return date ? h('time', { class: 'age', datetime: iso, title: `${localText(date)} · ${utcText(date)}` }, relative(date)) : '–';
}

// Both zones in words, where there is room.
export function fullTime(iso) {
    const date = parsed(iso);
    return date ? h('span', {}, time(iso), h('span', { class: 'muted' }, ` · ${utcText(date)}`)) : '–';
}

// 2026-11-21 → "Sat 21 Nov"; a day of the shop's zone, not of the viewer's.
export function day(text) {
    const date = new Date(`${text}T12:00:00Z`);
    const name = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][date.getUTCDay()];
    return Number.isNaN(date.getTime()) ? text : `${name} ${date.getUTCDate()} ${months[date.getUTCMonth()]}`;
}

setInterval(() => {
    for (const element of document.querySelectorAll('time.age')) {
        const text = relative(new Date(element.dateTime));
        if (element.textContent !== text) element.textContent = text;
    }
}, 1000);
