// What needs a person, in words, worst first.
import { foreign, h } from './dom.js';
import { age, count, duration, number } from './format.js';
import { shortWorker } from './workers_panel.js';
import { reconcile } from './table.js';

const unsettled_s = 60;
const overdue_s = 300;
const clock_ms = 1000;  // times are told in whole seconds

// A role that nobody started is no problem while nothing waits for it.
function isMissed(role, workers, queues) {
    const own = role === 'webhooks' ? ['webhooks', 'outbox'] : [role];
    return workers.some((worker) => worker.role === role)
        || queues.some((queue) => own.includes(queue.name) && (queue.depth > 0 || queue.due > 0));
}

// The gone ones but for those in whose place another one was started: after a restart nobody is missed.
function notReplaced(workers) {
    const successors = new Set(workers.filter((worker) => worker.alive));
    return workers.filter((worker) => worker.alive === false).filter((gone) => {
        const successor = [...successors].find((one) => one.role === gone.role && one.host === gone.host
            && Date.parse(one.started) >= Date.parse(gone.last_seen) - clock_ms);
        return !successors.delete(successor);
    });
}

function ofWorkers({ redis, postgres, workers, roles }, queues) {
    const found = [];
    if (redis === false) found.push({ key: 'redis', bad: true, text: ['Redis cannot be reached: queues and heartbeats are not known. Nothing is lost meanwhile.'] });
    if (postgres === false) found.push({ key: 'postgres', bad: true, text: ['PostgreSQL cannot be reached: nothing is carried out until it is back.'] });
    if (redis && !workers.some((worker) => worker.alive && worker.role !== 'admin')) {
        found.push({ key: 'nobody', bad: true, text: ['No worker is alive but for the one behind this page.'] });
    }
    for (const { role, alive } of roles || []) {
        if (alive === 0 && isMissed(role, workers, queues)) found.push({ key: `role ${role}`, bad: true, text: [`No ${role} worker is alive.`] });
    }
    for (const worker of redis === false ? [] : notReplaced(workers)) {
        found.push({ key: worker.id,
            text: [foreign(`${worker.role} worker ${shortWorker(worker)}`), ' is gone, last seen ', age(worker.last_seen), '.'] });
    }
    return found;
}

function ofQueues({ queues }) {
    const found = [];
    const dead = queues.filter((queue) => queue.failed > 0);
    if (dead.length) {
        found.push({ key: 'dead', text: [`${count(dead.reduce((sum, queue) => sum + queue.failed, 0), 'dead letter')}: `,
            ...dead.flatMap((queue, at) => [at ? ', ' : '', h('a', { href: `#/dead/${queue.name}` }, `${queue.name} ${number(queue.failed)}`)]), '.'] });
    }
    for (const queue of queues) {
        if (queue.oldest_due_s > overdue_s) {
            found.push({ key: `due ${queue.name}`, bad: true, text: [`The oldest due job of ${queue.name} has waited for ${duration(queue.oldest_due_s)}.`] });
        }
    }
    return found;
}

function ofClicks(clicks) {
    const found = [];
    if (clicks.missing > 0) {
        found.push({ key: 'missing', bad: true, text: [`${count(clicks.missing, 'click')} missing: `, h('code', {}, 'couponctl clicks audit'), ' says in which segment.'] });
    }
    if (clicks.oldest_unsettled_s > unsettled_s) {
        found.push({ key: 'unsettled', bad: true, text: [`The oldest unsettled click is ${duration(clicks.oldest_unsettled_s)} old.`] });
    }
    if (clicks.unjournaled > 0) {
        found.push({ key: 'unjournaled', text: [`${number(clicks.unjournaled)} redirects went on without a record: the journal was full or could not be used.`] });
    }
    return found;
}

function ofCron({ leader, jobs }) {
    const found = jobs.filter((job) => ['failed', 'interrupted'].includes(job.last?.status)).map((job) => ({
        key: `cron ${job.name}`, bad: true, text: [h('a', { href: '#/cron' }, `Cron job ${job.name}`), ` ${job.last.status} `, age(job.last.finished_at || job.last.started_at), '.'] }));
    if (!leader && jobs.length) found.push({ key: 'leader', bad: true, text: ['No cron worker leads: jobs do not run on time.'] });
    return found;
}

// What a problem says, but for ages, which tick by themselves.
function words({ text, bad }) {
    return `${Boolean(bad)} ${text.map((piece) => piece.dateTime ?? piece.textContent ?? piece).join('')}`;
}

export function problemsPanel() {
    const list = h('ul', { class: 'problems' });
    const calm = h('p', { class: 'calm' }, h('span', { class: 'dot', 'aria-hidden': 'true' }), 'Nothing needs attention.');
    const said = h('p', { class: 'unseen', role: 'status' });
    const element = h('section', { class: 'panel attention', 'aria-label': 'Needs attention' }, list, calm, said);
    const kept = new Map();
    return {
        element,
        show({ workers, queues, accounting, cron }) {
            const found = [...(workers ? ofWorkers(workers, queues?.queues || []) : []), ...(accounting ? ofClicks(accounting) : []),
                ...(queues ? ofQueues(queues) : []), ...(cron ? ofCron(cron) : [])]
                .sort((one, other) => Number(Boolean(other.bad)) - Number(Boolean(one.bad)));
            reconcile(list, kept, found.map((problem) => ({ key: problem.key, mark: words(problem),
                make: () => h('li', { class: problem.bad ? 'bad' : 'warn' }, problem.text) })));
            const known = workers && queues;
            calm.hidden = found.length > 0 || !known;
            element.hidden = !found.length && !known;
            element.dataset.state = found.some((problem) => problem.bad) ? 'bad' : found.length ? 'warn' : 'good';
            const summary = found.length ? `${count(found.length, 'thing needs', 'things need')} attention` : 'Nothing needs attention';
            if (known && said.textContent !== summary) said.textContent = summary;
        },
    };
}
