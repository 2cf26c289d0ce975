// Tables that are updated in place: a row that did not change keeps its elements, and one that did keeps the focus.
// On a narrow panel rows become cards, which is why roles are given by name and cells know their title.
import { emptyState, h } from './dom.js';

const focusable = 'a[href], button, input, select, summary';

function keepFocus(old, fresh) {
    const inside = [...old.querySelectorAll(focusable)].indexOf(document.activeElement);
    return () => {
        if (inside >= 0) fresh.querySelectorAll(focusable)[inside]?.focus();
    };
}

// Puts `wanted` [{key, mark, make}] into `parent`, moving and making as little as possible.
export function reconcile(parent, kept, wanted) {
    let place = parent.firstElementChild;
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, { element }] of kept) {
        if (keys.has(key)) continue;
        if (element === place) place = place.nextElementSibling;
        element.remove();
        kept.delete(key);
    }
    for (const { key, mark, make } of wanted) {
        let entry = kept.get(key);
        if (!entry || entry.mark !== mark) {
            const element = make();
            if (entry) {
                const refocus = keepFocus(entry.element, element);
                if (entry.element === place) place = element;
                entry.element.replaceWith(element);
                refocus();
            }
            entry = { mark, element };
            kept.set(key, entry);
        }
        if (entry.element === place) place = place.nextElementSibling;
        else parent.insertBefore(entry.element, place);
    }
}

// `shape` says what becomes of rows where there is little room: 'cards' with a line for each cell, 'tiles' with cells
// beside each other, or 'rows' as they are. columns: [{title, cell: item → node or text, kind: '' | 'number' | 'id' | 'word' | 'long' | 'first' | 'act'}];
// rowClass: item → class names; mark: item → what else a row depends on (whether it is selected).
export function table({ label, shape = 'cards', columns, key, empty, rowClass = () => '', mark = () => '' }) {
    const kept = new Map();
    const body = h('tbody', { role: 'rowgroup' });
    const heads = columns.map((column) => h('th', { scope: 'col', role: 'columnheader', class: column.kind || '' },
        column.head ? column.head() : column.title));
    const whole = h('table', { role: 'table', class: shape === 'rows' ? 'rows' : `folds ${shape}` },
        h('caption', { class: 'unseen' }, label),
        h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, heads)), body);
    const nothing = emptyState(empty);
    const element = h('div', { class: 'table' }, whole, nothing);

    const row = (item) => h('tr', { role: 'row', class: rowClass(item) }, columns.map((column) => {
        const first = column.kind === 'first';
        return h(first ? 'th' : 'td', { class: column.kind || '', role: first ? 'rowheader' : 'cell',
            scope: first ? 'row' : null, 'data-label': column.title }, column.cell(item));
    }));

    return {
        element,
        show(items) {
            reconcile(body, kept, items.map((item) => ({
                key: key(item), mark: JSON.stringify(item) + mark(item), make: () => row(item) })));
            whole.hidden = items.length === 0;
            nothing.hidden = items.length > 0;
        },
    };
}
