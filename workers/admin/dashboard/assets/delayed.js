// Jobs that wait for their time: for their first, or for another attempt.
import { get, part } from './api.js';
import { foreign, h, shortId } from './dom.js';
import { age, number, time } from './format.js';
import { pages } from './pages.js';
import { queueTabs } from './queue_tabs.js';
import { table } from './table.js';

const names = ['webhooks', 'outbox', 'email', 'sms', 'cashback'];
const every_ms = 15000;

function openQueue(root, name) {
    const rows = table({
        label: `Delayed jobs of ${name}`,
        key: (item) => item.id,
        empty: 'No job of this queue waits for a later time.',
        columns: [
            { title: 'Type', kind: 'first', cell: (item) => foreign(item.type ?? '–') },
            { title: 'To', cell: (item) => foreign(item.to ?? '–') },
            { title: 'Due', cell: (item) => age(item.scheduled_at) },
            { title: 'At', cell: (item) => time(item.scheduled_at) },
            { title: 'Attempts', kind: 'number', cell: (item) => number(item.attempts) },
            { title: 'Last error', kind: 'long', cell: (item) => foreign(item.last_error ?? '–') },
            { title: 'Id', kind: 'id', cell: (item) => shortId(item.id) },
        ],
    });
    const list = pages({ rows, load: (after) => get(`queue/delayed/${part(name)}`, { limit: 100, after }) });
    root.append(list.element);
    list.reload();
    return list;
}

function open(root, { live, rest, keep }) {
    const place = h('section', { class: 'panel', 'aria-label': 'Delayed jobs' });
    const first = names.includes(rest[0]) ? rest[0] : live.last('queues')?.queues
        .find((queue) => queue.delayed > 0 && names.includes(queue.name))?.name || names[0];
    let list = null;
    const show = (name) => {
        list?.close();
        place.replaceChildren();
        list = openQueue(place, name);
    };
    const tabs = queueTabs(names, first, (name) => {
        keep([name]);
        show(name);
    });
    root.append(tabs.element, place);
    show(first);
    const stop = live.on('queues', ({ queues }) => queues.forEach((queue) => tabs.count(queue.name, queue.delayed)));
    const timer = setInterval(() => list.reload(), every_ms);
    return () => {
        stop();
        clearInterval(timer);
        list.close();
    };
}

export const delayed = { name: 'delayed', title: 'Delayed jobs', open };
