// Elements out of data. Text only ever becomes text nodes: what providers and visitors wrote is hostile.

const svgNamespace = 'http://www.w3.org/2000/svg';

// Characters that are not seen, or that turn the text around them: shown by their number.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

export function plain(text) {
    return String(text).replace(unseen, (character) =>
        `‹U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}›`);
}

function fill(element, properties, children) {
    for (const [name, value] of Object.entries(properties)) {
        if (value === undefined || value === null || value === false) continue;
        if (name === 'on') {
            for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
        } else if (name === 'value' || name === 'checked' || name === 'indeterminate') {
            element[name] = value;
        } else {
            element.setAttribute(name, value === true ? '' : value);
        }
    }
    element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
    return element;
}

// h('p', {class: 'muted', on: {click: …}}, 'text', child, …)
export function h(tag, properties = {}, ...children) {
    return fill(document.createElement(tag), properties, children);
}

export function svg(tag, properties = {}, ...children) {
    return fill(document.createElementNS(svgNamespace, tag), properties, children);
}

// Text of strangers: isolated, so that its direction stays its own.
export function foreign(text, properties = {}) {
    return h('bdi', { dir: 'auto', ...properties }, plain(text));
}

// An id of which the whole is shown on hover, and in the details.
export function shortId(id, title = id) {
    const text = String(id);
    return foreign(text.length > 16 ? `${text.slice(0, 8)}…${text.slice(-4)}` : text, { title: plain(title), class: 'short-id' });
}

export function button(text, click, properties = {}) {
    return h('button', { type: 'button', ...properties, on: { click } }, text);
}

export function byId(id) {
    return document.getElementById(id);
}

let numbers = 0;
export function newId(prefix) {
    numbers += 1;
    return `${prefix}-${numbers}`;
}

// A titled part of a page; `actions` stand at the right of the title.
export function panel(title, { actions = [], wide = '' } = {}, ...children) {
    const id = newId('panel');
    return h('section', { class: `panel ${wide}`, 'aria-labelledby': id },
        h('div', { class: 'panel-head' }, h('h2', { id }, title), h('div', { class: 'actions' }, actions)), ...children);
}

export function emptyState(text) {
    return h('p', { class: 'empty' }, text);
}

export function errorState(error, again) {
    return h('div', { class: 'error-state', role: 'alert' }, h('p', {}, plain(error.message)),
        again ? button('Try again', again) : null);
}

// A list of labels and values.
export function facts(pairs) {
    return h('dl', { class: 'facts' }, pairs.filter(Boolean).map(([label, value]) =>
        h('div', {}, h('dt', {}, label), h('dd', {}, value === null || value === undefined ? '–' : value))));
}

export function labelled(label, control) {
    const id = control.id || newId('field');
    control.id = id;
    return h('div', { class: 'field' }, h('label', { for: id }, label), control);
}

export function select(options, chosen, change) {
    return h('select', { on: { change: (event) => change(event.target.value) } }, options.map(([value, text]) =>
        h('option', { value, selected: value === chosen }, text)));
}

// Calls once the last call is `wait_ms` old: for a search while one types.
export function settled(call, wait_ms = 300) {
    let timer = 0;
    return (...values) => {
        clearTimeout(timer);
        timer = setTimeout(() => call(...values), wait_ms);
    };
}
