// The account of clicks: every 302 that was sent is settled, waits to be, or is missing.
import { facts, h, panel } from './dom.js';
import { duration, number } from './format.js';

function figure(label, value, kind, hint) {
    return h('div', { class: `figure ${kind}`, title: hint }, h('dt', {}, label), h('dd', {}, number(value)));
}

export function clicksPanel() {
    const place = h('div', {}, h('p', { class: 'muted' }, 'Loading…'));
    return {
        element: panel('Click accounting', { wide: 'clicks' }, place),
        show(clicks) {
            place.replaceChildren(
                h('dl', { class: 'figures' },
                    figure('Served', clicks.served, '', '302 answers that were sent'),
                    figure('Settled', clicks.settled, '', 'clicks stored in PostgreSQL, or rejected there with a reason'),
                    figure('Pending', clicks.pending, '', 'in a journal and not settled yet'),
                    figure('Missing', clicks.missing, clicks.missing > 0 ? 'bad' : 'good', 'served, and neither settled nor pending')),
                facts([
                    ['Oldest unsettled', h('span', { class: clicks.oldest_unsettled_s > 60 ? 'bad' : '' }, duration(clicks.oldest_unsettled_s))],
                    ['Rejected', clicks.rejected ? h('a', { href: '#/dead/clicks' }, number(clicks.rejected)) : number(clicks.rejected)],
                    ['Unjournaled', number(clicks.unjournaled)],
                    ['Open segments', number(clicks.segments_open)],
                ]));
        },
    };
}
