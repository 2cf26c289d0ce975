// Dead letters of one queue: search, look, retry, purge.
import { get, part } from './api.js';
import { button, foreign, h, labelled, settled, shortId } from './dom.js';
import { actOnAll, actOnOne, actOnSome } from './dead_letter_acts.js';
import { showDetails } from './dialogs.js';
import { count, number, time } from './format.js';
import { pages } from './pages.js';
import { queueTabs } from './queue_tabs.js';
import { record } from './record.js';
import { table } from './table.js';

const names = ['webhooks', 'outbox', 'email', 'sms', 'cashback', 'clicks'];
const mayRetry = (name) => name !== 'clicks';  // a rejected click is evidence and no job

function showOne({ name, id, mayAct, changed }) {
    const address = `queue/dlq/${part(name)}/${part(id)}`;
    const content = (query) => async () => record(await get(address, query), ['last_error', 'data', 'raw', 'result', 'timeline', 'events']);
    showDetails({
        title: `Dead letter of ${name}`,
        load: content(),
        actions: (close, fill) => (mayAct ? [
            button('Show personal data', () => fill(content({ unmask: 1 })), { title: 'is written to the audit log' }),
            button('Purge', () => actOnOne('purge', name, id, () => { close(); changed(); }), { class: 'danger-outline' }),
            mayRetry(name) && button('Retry', () => actOnOne('retry', name, id, () => { close(); changed(); }), { class: 'primary' }),
        ] : []),
    });
}

function deadTable({ mayAct, selected, name, look, pick, pickAll }) {
    const columns = [
        { title: 'Type', kind: 'first', cell: (item) => button('', () => look(item), { class: 'link', 'aria-label': `Show ${item.type || 'dead letter'} ${item.id}` }) },
        { title: 'To', cell: (item) => foreign(item.to ?? '–') },
        { title: 'Failed', cell: (item) => time(item.failed_at || item.created_at) },
        { title: 'Attempts', kind: 'number', cell: (item) => number(item.attempts) },
        { title: 'Why', kind: 'long', cell: (item) => [item.unknown ? h('span', { class: 'tag warn' }, 'may have been sent') : null, foreign(item.last_error ?? '–')] },
        { title: 'Id', kind: 'id', cell: (item) => shortId(item.id, item.correlation_id ? `${item.id} · correlation id ${item.correlation_id}` : item.id) },
    ];
    const type = columns[0].cell;
    columns[0].cell = (item) => {
        const control = type(item);
        control.append(foreign(item.type || '(no type)'));
        return control;
    };
    if (mayAct) {
        columns.unshift({ title: 'Select', kind: 'pick', head: () => pickAll,
            cell: (item) => h('input', { type: 'checkbox', checked: selected.has(item.id), 'aria-label': `Select ${item.id}`,
                on: { change: (event) => pick(item, event.target.checked) } }) });
    }
    return table({ label: `Dead letters of ${name}`, key: (item) => item.id, columns,
        empty: 'No dead letter here. What fails for good, or too often, comes here with its reason.',
        mark: (item) => selected.has(item.id), rowClass: (item) => (selected.has(item.id) ? 'selected' : '') });
}

function openQueue(root, { name, q, mayAct, keepQuery, stats }) {
    const selected = new Set();
    const total = h('p', { class: 'muted', role: 'status' });
    const pickAll = h('input', { type: 'checkbox', 'aria-label': 'Select all shown', on: { change: (event) => {
        list.items.forEach((item) => (event.target.checked ? selected.add(item.id) : selected.delete(item.id)));
        list.redraw();
        showActions();
    } } });
    const rows = deadTable({ mayAct, selected, name, pickAll,
        look: (item) => showOne({ name, id: item.id, mayAct, changed }),
        pick: (item, on) => {
            if (on) selected.add(item.id);
            else selected.delete(item.id);
            list.redraw();
            showActions();
        } });
    const list = pages({ rows,
        load: (after) => get(`queue/dlq/${part(name)}`, { q, limit: 50, after }),
        changed: (items, answer) => {
            const there = new Set(items.map((item) => item.id));
            selected.forEach((id) => there.has(id) || selected.delete(id));
            total.textContent = `${count(answer.total ?? items.length, 'dead letter')}${q ? ' found' : ''}`;
            showActions();
        } });
    const search = h('input', { type: 'search', value: q, placeholder: 'id, type, recipient, reason…', maxlength: 200, spellcheck: 'false' });
    search.addEventListener('input', settled(() => {
        q = search.value.trim();
        keepQuery(q);
        list.reload();
    }));
    const acts = h('div', { class: 'acts', role: 'group', 'aria-label': 'Actions' });

    function changed() {
        selected.clear();
        list.reload();
        stats();
    }

    function act(verb, some) {
        if (some) actOnSome(verb, name, [...selected], changed);
        else actOnAll(verb, name, q, changed);
    }

    const buttons = ['retry', 'purge'].filter((verb) => verb === 'purge' || mayRetry(name)).flatMap((verb) => [true, false].map((some) => ({
        verb, some, element: button('', () => act(verb, some), { class: verb === 'purge' ? 'danger-outline' : some ? 'primary' : '' }) })));
    if (mayAct) acts.append(...buttons.map(({ element }) => element));

    function showActions() {
        for (const { verb, some, element } of buttons) {
            const word = verb === 'retry' ? 'Retry' : 'Purge';
            element.textContent = some ? `${word} selected (${number(selected.size)})` : `${word} all${q ? ' matching' : ''}…`;
            element.disabled = some ? selected.size === 0 : list.items.length === 0;
        }
        pickAll.checked = selected.size > 0 && selected.size === list.items.length;
        pickAll.indeterminate = selected.size > 0 && selected.size < list.items.length;
    }

    showActions();
    root.append(h('div', { class: 'filters' }, labelled('Search', search), total), acts, list.element);
    list.reload();
    return list;
}

function open(root, { session, live, rest, query, keep }) {
    let list = null;
    const place = h('section', { class: 'panel', 'aria-label': 'Dead letters' });
    const show = (name, q = '') => {
        list?.close();
        place.replaceChildren();
        list = openQueue(place, { name, q, mayAct: session.mayAct, keepQuery: (text) => keep([name], { q: text }),
            stats: () => live.refresh('queues') });
    };
    const first = names.includes(rest[0]) ? rest[0]
        : live.last('queues')?.queues.find((queue) => queue.failed > 0 && names.includes(queue.name))?.name || names[0];
    const tabs = queueTabs(names, first, (name) => {
        keep([name]);
        show(name);
    });
    root.append(tabs.element, place);
    show(first, query.q || '');
    const stop = live.on('queues', ({ queues }) => queues.forEach((queue) => tabs.count(queue.name, queue.failed)));
    return () => {
        stop();
        list.close();
    };
}

export const deadLetters = { name: 'dead', title: 'Dead letters', open };
