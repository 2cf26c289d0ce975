// What visitors click on: by day and device, by offer, by merchant.
import { get } from './api.js';
import { barChart } from './bar_chart.js';
import { errorState, foreign, h, panel, select } from './dom.js';
import { day, number } from './format.js';
import { table } from './table.js';

const ranges = [['7', 'last 7 days'], ['14', 'last 14 days'], ['30', 'last 30 days'], ['90', 'last 90 days']];
const devices = [{ name: 'mobile', tone: 'clicks' }, { name: 'desktop', tone: 'webhooks' }, { name: 'tablet', tone: 'email' },
    { name: 'other', tone: 'other' }];

// Devices by their names; what has none, or another one, counts as other.
function parts({ clicks, devices: counts = {} }) {
    const known = Object.fromEntries(devices.slice(0, 3).map(({ name }) => [name, counts[name] || 0]));
    const rest = (clicks || 0) - Object.values(known).reduce((sum, one) => sum + one, 0);
    return { ...known, other: Math.max(0, rest) };
}

function daysTable() {
    return table({ label: 'Clicks by day and device', shape: 'rows', key: (item) => item.day, empty: 'No click was stored in this time.', columns: [
        { title: 'Day', kind: 'first', cell: (item) => h('span', { title: item.day }, day(item.day)) },
        { title: 'Clicks', kind: 'number', cell: (item) => number(item.clicks) },
        ...devices.map(({ name }) => ({ title: name.charAt(0).toUpperCase() + name.slice(1), kind: 'number', cell: (item) => number(parts(item)[name]) })),
        { title: 'Bots', kind: 'number', cell: (item) => number(item.bots) },
    ] });
}

// The share of the first one as a bar behind the number.
function share(clicks, most) {
    return h('span', { class: 'share' }, h('meter', { min: 0, max: Math.max(1, most), value: clicks, 'aria-hidden': 'true' }), h('b', {}, number(clicks)));
}

function open(root, { query, keep, aside }) {
    let days = ranges.some(([value]) => value === query.days) ? query.days : '7';
    let closed = false;
    let most = { offers: 1, merchants: 1 };
    const chart = barChart({ label: 'Clicks by day and device', names: devices });
    const byDay = daysTable();
    const offersTable = table({ label: 'Top offers', shape: 'rows', key: (item) => String(item.offer), empty: 'No offer was clicked in this time.',
        mark: () => most.offers, columns: [
            { title: 'Offer', kind: 'first', cell: (item) => [foreign(item.title || `offer ${item.offer}`, { title: item.uuid }), foreign(item.merchant ?? '', { class: 'muted what' })] },
            { title: 'Clicks', kind: 'number', cell: (item) => share(item.clicks, most.offers) }] });
    const merchantsTable = table({ label: 'Top merchants', shape: 'rows', key: (item) => item.slug ?? item.merchant, empty: 'No merchant was clicked in this time.',
        mark: () => most.merchants, columns: [
            { title: 'Merchant', kind: 'first', cell: (item) => foreign(item.merchant ?? item.slug) },
            { title: 'Clicks', kind: 'number', cell: (item) => share(item.clicks, most.merchants) }] });
    const problem = h('div', {});
    const totals = h('p', { class: 'muted', role: 'status' }, 'Loading…');
    const zone = h('p', { class: 'muted' });
    const range = select(ranges, days, (value) => {
        days = value;
        keep([], { days });
        load();
    });
    range.setAttribute('aria-label', 'Time shown');
    aside.append(totals, range);
    root.append(problem,
        panel('Clicks by day', { wide: 'wide', actions: zone }, chart.element, h('details', { class: 'as-table' }, h('summary', {}, 'As a table'), byDay.element)),
        panel('Top offers', { wide: 'half' }, offersTable.element), panel('Top merchants', { wide: 'half' }, merchantsTable.element));

    // Empty is only what is known to be empty.
    const tables = [byDay.element, offersTable.element, merchantsTable.element];
    tables.forEach((one) => { one.hidden = true; });

    async function load() {
        try {
            const stats = await get('stats', { days, limit: 20 });
            if (closed) return;
            problem.replaceChildren();
            tables.forEach((one) => { one.hidden = false; });
            zone.textContent = `days of ${stats.zone}`;
            totals.textContent = `${number(stats.totals.clicks)} clicks · ${number(stats.totals.users)} users · ${number(stats.totals.bots)} bots`;
            most = { offers: Math.max(1, ...stats.top_offers.map((item) => item.clicks)), merchants: Math.max(1, ...stats.top_merchants.map((item) => item.clicks)) };
            chart.show(stats.days.map((item) => ({ day: item.day, parts: parts(item) })));
            byDay.show([...stats.days].reverse());
            offersTable.show(stats.top_offers);
            merchantsTable.show(stats.top_merchants);
        } catch (error) {
            if (closed) return;
            totals.textContent = '';
            problem.replaceChildren(errorState(error, load));
        }
    }

    load();
    return () => {
        closed = true;
    };
}

export const offers = { name: 'offers', title: 'Offers', open };
