// Who did what, newest first.
import { get } from './api.js';
import { button, foreign, h } from './dom.js';
import { time } from './format.js';
import { pages } from './pages.js';
import { table } from './table.js';

function details(data) {
    if (data === null || data === undefined) return '–';
    if (typeof data !== 'object') return foreign(data);
    return foreign(Object.entries(data).map(([name, item]) => `${name}: ${typeof item === 'object' ? JSON.stringify(item) : item}`).join(' · ') || '–');
}

function open(root, { aside }) {
    let number = 0;
    const numbers = new WeakMap();
    const key = (item) => {
        if (!numbers.has(item)) numbers.set(item, number++);
        return String(item.id ?? numbers.get(item));
    };
    const rows = table({ label: 'Audit log', key, empty: 'Nothing was done yet that is written here.', columns: [
        { title: 'Action', kind: 'first', cell: (item) => foreign(item.action) },
        { title: 'When', cell: (item) => time(item.at) },
        { title: 'Who', cell: (item) => foreign(item.actor ?? '–') },
        { title: 'What', cell: (item) => foreign([item.entity, item.entity_id].filter(Boolean).join(' ') || '–') },
        { title: 'Details', kind: 'long', cell: (item) => details(item.details) },
    ] });
    const list = pages({ rows, load: (after) => get('audit', { limit: 50, after }) });
    aside.append(button('Refresh', list.reload));
    root.append(h('section', { class: 'panel', 'aria-label': 'Audit log' }, list.element));
    list.reload();
    return () => list.close();
}

export const audit = { name: 'audit', title: 'Audit log', open };
