// Jobs a minute by role.
import { get } from './api.js';
import { errorState, foreign, h, panel, plain, select } from './dom.js';
import { clock, rate } from './format.js';
import { lineChart } from './line_chart.js';

const ranges = [['60', 'last hour'], ['360', 'last 6 hours'], ['1440', 'last 24 hours']];
const tones = ['clicks', 'webhooks', 'email', 'sms', 'cashback', 'cron', 'admin'];
const every_ms = 30000;

export function ratesPanel() {
    let minutes = '60';
    let data = null;
    let closed = false;
    const chart = lineChart({ label: 'Jobs per minute by role', unit: 'jobs per minute',
        off: ['admin'] });  // its jobs are the requests of pages like this one
    const note = h('div', { 'aria-live': 'polite' });
    const grid = h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Jobs per minute as a table' });
    const details = h('details', { class: 'as-table', on: { toggle: () => fillTable() } }, h('summary', {}, 'As a table'), grid);
    const range = select(ranges, minutes, (value) => {
        minutes = value;
        load();
    });
    range.setAttribute('aria-label', 'Time shown');
    const element = panel('Jobs per minute', { wide: 'rates', actions: range }, note, chart.element, details);

    function fillTable() {
        if (!details.open || !data) return;
        const newestFirst = data.series[0]?.values.map((_, at) => at).reverse() || [];
        grid.replaceChildren(h('table', { class: 'plain-table' },
            h('caption', { class: 'unseen' }, 'Jobs per minute by role, newest first'),
            h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Time'),
                data.series.map((series) => h('th', { scope: 'col', class: 'number' }, foreign(series.name))))),
            h('tbody', {}, newestFirst.map((at) => h('tr', {},
                h('th', { scope: 'row' }, clock(new Date(data.from_ms + at * data.step_ms))),
                data.series.map((series) => h('td', { class: 'number' }, rate(series.values[at]))))))));
    }

    // Steps longer than a minute hold the sum of their minutes.
    function readable({ step_s, from, series }) {
        const minute = step_s / 60;
        return { from_ms: Date.parse(from), step_ms: step_s * 1000, series: series
            .map(({ name, done }) => ({ name: plain(name), tone: tones.includes(name) ? name : 'other',
                values: done.map((value) => (value === null ? null : value / minute)) }))
            .sort((one, other) => tones.indexOf(one.name) - tones.indexOf(other.name)) };
    }

    async function load() {
        try {
            const answer = await get('queue/history', { minutes });
            if (closed) return;
            data = readable(answer);
            const any = data.series.some((series) => series.values.some((value) => value !== null));
            note.replaceChildren(...(any ? [] : [h('p', { class: 'empty' }, 'Nothing was counted in this time: no worker has been alive for a whole minute.')]));
            chart.element.hidden = details.hidden = !any;
            chart.show(data);
            fillTable();
        } catch (error) {
            if (!closed) note.replaceChildren(errorState(error, load));
        }
    }

    load();
    const timer = setInterval(load, every_ms);
    return {
        element,
        close() {
            closed = true;
            clearInterval(timer);
        },
    };
}
