// What providers sent, what became of it, and sending it through once more.
import { get, part, post } from './api.js';
import { button, foreign, h, labelled, select, settled, shortId } from './dom.js';
import { ask, showDetails } from './dialogs.js';
import { number, time } from './format.js';
import { tell } from './notices.js';
import { pages } from './pages.js';
import { record } from './record.js';
import { table } from './table.js';

const choices = {
    provider: ['razorpay', 'phonepe', 'cashfree', 'sslcommerz', 'bkash', 'sendgrid', 'twilio', 'msg91', 'admitad', 'vcommission',
        'cuelinks', 'standard-webhooks', 'hmac'],
    status: ['pending', 'processing', 'completed', 'failed'],
    outcome: ['applied', 'duplicate', 'no-change', 'ignored', 'conflict', 'review', 'hint', 'refused'],
};
const since = [['1h', 'last hour'], ['6h', 'last 6 hours'], ['1d', 'last day'], ['7d', 'last 7 days'], ['30d', 'last 30 days']];
const tones = { completed: 'good', failed: 'bad', processing: 'busy', pending: 'busy' };

function replay(item, done) {
    ask({
        title: 'Replay a webhook', action: 'Replay 1 webhook',
        text: `The ${item.provider} webhook will be carried out again from its stored body. Money it moved already does not move twice.`,
        run: async ({ reason }) => {
            const { replayed } = await post(`webhooks/${part(item.id)}/replay`, { reason });
            tell(replayed === 1 ? 'The webhook is being carried out again.' : 'The webhook was left as it is.', replayed === 1 ? 'good' : 'bad');
            done();
        },
    });
}

function showOne(item, mayAct, changed) {
    const content = (query) => async () => record(await get(`webhooks/${part(item.id)}`, query), ['last_error', 'fields', 'headers', 'body']);
    showDetails({
        title: `Webhook of ${item.provider}`,
        load: content(),
        actions: (close, fill) => (mayAct ? [
            button('Show personal data', () => fill(content({ unmask: 1 })), { title: 'is written to the audit log' }),
            button('Replay', () => replay(item, () => { close(); changed(); }), { class: 'primary' }),
        ] : []),
    });
}

export function webhookTable(look) {
    return table({
        label: 'Webhooks',
        key: (item) => item.id,
        empty: 'No webhook was received in this time that matches.',
        columns: [
            { title: 'Event', kind: 'first', cell: (item) => {
                const control = button('', () => look(item), { class: 'link', 'aria-label': `Show ${item.provider} ${item.event || ''} ${item.id}` });
                control.append(foreign(item.event || '(no event)'));
                return control;
            } },
            { title: 'Provider', cell: (item) => foreign(item.provider) },
            { title: 'Received', cell: (item) => time(item.received_at) },
            { title: 'Status', cell: (item) => h('span', { class: `tag ${tones[item.status] || ''}` }, item.status) },
            { title: 'Outcome', kind: 'long', cell: (item) => (item.outcome ? [foreign(item.outcome),
                item.outcome_reason ? foreign(item.outcome_reason, { class: 'muted reason' }) : null] : '–') },
            { title: 'Attempts', kind: 'number', cell: (item) => number(item.attempts) },
            { title: 'Trust', kind: 'word', cell: (item) => foreign(item.trust ?? '–') },
            { title: 'Id', kind: 'id', cell: (item) => shortId(item.id) },
        ],
    });
}

function open(root, { session, query, keep }) {
    const filter = { provider: '', status: '', outcome: '', q: '', since: '1d', ...query };
    const list = pages({ rows: webhookTable((item) => showOne(item, session.mayAct, list.reload)),
        load: (after) => get('webhooks', { ...filter, limit: 50, after }) });
    const change = (name) => (value) => {
        filter[name] = value;
        keep([], filter);
        list.reload();
    };
    const any = (name) => labelled(name.charAt(0).toUpperCase() + name.slice(1),
        select([['', 'any'], ...choices[name].map((value) => [value, value])], filter[name], change(name)));
    const search = h('input', { type: 'search', value: filter.q, placeholder: 'id, payment, event…', maxlength: 200, spellcheck: 'false' });
    search.addEventListener('input', settled(() => change('q')(search.value.trim())));
    root.append(h('section', { class: 'panel', 'aria-label': 'Webhooks' },
        h('div', { class: 'filters' }, labelled('Search', search), any('provider'), any('status'), any('outcome'),
            labelled('Received', select(since, filter.since, change('since'))), button('Refresh', list.reload)), list.element));
    list.reload();
    return () => list.close();
}

export const webhooks = { name: 'webhooks', title: 'Webhooks', open };
