// The clockwork: what runs when, what came of it, and running one now.
import { get, part, post } from './api.js';
import { button, emptyState, errorState, foreign, h, panel } from './dom.js';
import { ask, showDetails } from './dialogs.js';
import { age, duration, time } from './format.js';
import { tell } from './notices.js';
import { value } from './record.js';
import { table } from './table.js';

const tones = { completed: 'good', failed: 'bad', interrupted: 'bad', running: 'busy', requested: 'busy' };

function status(run) {
    return run ? h('span', { class: `tag ${tones[run.status] || ''}` }, run.status) : h('span', { class: 'muted' }, 'never ran');
}

function result(run) {
    if (!run) return '–';
    if (run.error) return foreign(run.error, { class: 'bad' });
    if (run.result === null || run.result === undefined) return '–';
    if (typeof run.result !== 'object') return value(run.result);
    return foreign(Object.entries(run.result).map(([name, item]) =>
        `${name.replaceAll('_', ' ')} ${typeof item === 'object' ? JSON.stringify(item) : item}`).join(', ') || '–');
}

function showHistory(job) {
    showDetails({ title: `History of ${job.name}`, load: async () => {
        const { runs } = await get(`cron/${part(job.name)}/history`, { limit: 20 });
        if (!runs.length) return emptyState('This job has not run yet.');
        const rows = table({ label: `Runs of ${job.name}`, key: (run) => String(run.id), empty: '', columns: [
            { title: 'Started', kind: 'first', cell: (run) => time(run.started_at) },
            { title: 'Status', cell: status },
            { title: 'Cause', cell: (run) => foreign(run.cause) },
            { title: 'Took', kind: 'number', cell: (run) => duration(run.duration_s) },
            { title: 'Result', kind: 'long', cell: result },
        ] });
        rows.show(runs);
        return rows.element;
    } });
}

function runNow(job, live) {
    ask({ title: `Run ${job.name} now`, action: `Run ${job.name}`, reason: 'optional',
        text: `${job.what} The leading cron worker starts it within seconds; its schedule stays as it is.`,
        run: async ({ reason }) => {
            await post(`cron/${part(job.name)}/run`, reason ? { reason } : {});
            tell(`${job.name} was asked for.`, 'good');
            live.refresh('cron');
        } });
}

function cronTable({ session, live }) {
    return table({
        label: 'Cron jobs',
        key: (job) => job.name,
        empty: 'No job is known yet: a cron worker writes them down when it starts to lead.',
        columns: [
            { title: 'Job', kind: 'first', cell: (job) => [foreign(job.name), job.what ? foreign(job.what, { class: 'muted what' }) : null] },
            { title: 'Schedule', kind: 'word', cell: (job) => foreign(job.schedule) },
            { title: 'Next', cell: (job) => (job.next_at ? h('span', { class: 'stack' }, age(job.next_at), h('span', { class: 'muted' }, time(job.next_at))) : '–') },
            { title: 'Last', cell: (job) => h('span', { class: 'stack' }, job.running ? h('span', { class: 'tag busy' }, 'running') : status(job.last),
                job.last ? age(job.last.finished_at || job.last.started_at) : null) },
            { title: 'Took', kind: 'number', cell: (job) => duration(job.last?.duration_s) },
            { title: 'Result', kind: 'long', cell: (job) => result(job.last) },
            { title: 'Actions', kind: 'act', cell: (job) => [
                button('History', () => showHistory(job), { 'aria-label': `History of ${job.name}` }),
                session.mayAct ? button('Run now', () => runNow(job, live), { 'aria-label': `Run ${job.name} now` }) : null] },
        ],
    });
}

function open(root, { session, live }) {
    const rows = cronTable({ session, live });
    const leader = h('p', { class: 'muted' });
    const problem = h('div', {});
    root.append(panel('Jobs', { actions: leader }, problem, rows.element));
    rows.element.hidden = true;
    const stop = live.on('cron', (cron) => {
        problem.replaceChildren();
        leader.replaceChildren(cron.leader ? 'Led by ' : 'No worker leads', cron.leader ? foreign(cron.leader) : '', cron.zone ? ` · schedules in ${cron.zone}` : '');
        rows.element.hidden = false;
        rows.show(cron.jobs);
    });
    if (!live.last('cron')) {
        get('cron').then(() => live.refresh('cron'), (error) => problem.replaceChildren(errorState(error, () => live.refresh('cron'))));
    }
    return stop;
}

export const cron = { name: 'cron', title: 'Cron', open };
