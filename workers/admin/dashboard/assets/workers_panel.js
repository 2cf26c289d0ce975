// The workers, by role; gone ones in red for as long as the server remembers them.
import { foreign, h, panel } from './dom.js';
import { age, count, number, rate } from './format.js';
import { table } from './table.js';

export function shortWorker(worker) {
    return `${worker.host}:${worker.pid}`;
}

const roles = ['clicks', 'webhooks', 'email', 'sms', 'cashback', 'cron', 'admin'];

function order(role) {
    const at = roles.indexOf(role);
    return at < 0 ? roles.length : at;
}

function byRole(one, other) {
    return order(one.role) - order(other.role) || one.role.localeCompare(other.role)
        || Number(one.alive) - Number(other.alive) || one.id.localeCompare(other.id);
}

export function state(good, text) {
    return h('span', { class: `state ${good ? 'good' : 'bad'}` }, h('span', { class: 'dot', 'aria-hidden': 'true' }), text);
}

export function workersPanel() {
    const summary = h('ul', { class: 'roles', 'aria-label': 'Roles' });
    const rows = table({
        label: 'Workers by role',
        shape: 'tiles',
        key: (worker) => worker.id,
        empty: 'No worker has shown itself in Redis in the last hour. Is one started, and does it use this Redis?',
        rowClass: (worker) => (worker.alive === false ? 'gone' : ''),
        columns: [
            { title: 'Role', kind: 'first', cell: (worker) => foreign(worker.role) },
            { title: 'State', cell: (worker) => (worker.alive === null ? h('span', { class: 'muted' }, 'not known')
                : state(worker.alive, worker.alive ? 'alive' : 'gone')) },
            { title: 'Host and pid', kind: 'id', cell: (worker) => foreign(shortWorker(worker), { title: worker.id }) },
            { title: 'Version', cell: (worker) => foreign(worker.version ?? '–') },
            { title: 'Started', cell: (worker) => age(worker.started) },
            { title: 'Jobs', kind: 'number', cell: (worker) => number(worker.jobs) },
            { title: 'Jobs/min', kind: 'number', cell: (worker) => (worker.alive && worker.rate !== null ? rate(worker.rate * 60) : '–') },
            { title: 'Last seen', cell: (worker) => age(worker.last_seen) },
        ],
    });
    return {
        element: panel('Workers', { wide: 'workers', actions: summary }, rows.element),
        show({ workers, redis }) {
            const sorted = [...workers].sort(byRole);
            const names = [...new Set(sorted.map((worker) => worker.role))];
            summary.replaceChildren(...names.map((role) => {
                const alive = workers.filter((worker) => worker.role === role && worker.alive).length;
                return h('li', { class: alive || redis === false ? '' : 'bad', title: `${count(alive, 'worker')} alive` }, foreign(role), ' ', h('b', {}, redis === false ? '–' : number(alive)));
            }));
            rows.show(sorted);
        },
    };
}
