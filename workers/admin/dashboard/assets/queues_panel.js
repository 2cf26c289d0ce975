// How much waits where, and how long already.
import { h, panel } from './dom.js';
import { duration, number } from './format.js';
import { table } from './table.js';

const slow_s = 60;

function linked(section, queue, value) {
    if (!value) return number(value);
    return h('a', { href: `#/${section}/${queue.name}`, class: section === 'dead' ? 'bad' : '' }, number(value));
}

export function queuesPanel() {
    const rows = table({
        label: 'Queues',
        shape: 'tiles',
        key: (queue) => queue.name,
        empty: 'No queue is known.',
        columns: [
            { title: 'Queue', kind: 'first', cell: (queue) => h('span', { title: queue.table ? `table ${queue.table}` : 'Redis only' }, queue.name) },
            { title: 'In Redis', kind: 'number', cell: (queue) => number(queue.depth) },
            { title: 'Claimed', kind: 'number', cell: (queue) => number(queue.claimed) },
            { title: 'Pending', kind: 'number', cell: (queue) => number(queue.pending) },
            { title: 'Due', kind: 'number', cell: (queue) => number(queue.due) },
            { title: 'Oldest', kind: 'number', cell: (queue) => h('span', { class: queue.oldest_due_s > slow_s ? 'bad' : '' }, duration(queue.oldest_due_s)) },
            { title: 'Delayed', kind: 'number', cell: (queue) => linked('delayed', queue, queue.delayed) },
            { title: 'Processing', kind: 'number', cell: (queue) => number(queue.processing) },
            { title: 'Dead', kind: 'number', cell: (queue) => linked('dead', queue, queue.failed) },
        ],
    });
    return { element: panel('Queues', { wide: 'queues' }, rows.element), show: ({ queues }) => rows.show(queues) };
}
