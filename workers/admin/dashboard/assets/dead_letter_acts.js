// What may be done with dead letters: retry and purge, of some or of all that match, after a question that names the
// number.
import { ApiError, part, post, remove } from './api.js';
import { ask } from './dialogs.js';
import { count } from './format.js';
import { tell } from './notices.js';

const verbs = {
    retry: { word: 'Retry', done: 'retried', effect: (name, n) =>
        `${count(n, 'dead letter')} of ${name} will be tried again. What was carried out already is not carried out twice.` },
    purge: { word: 'Purge', done: 'purged', danger: true, effect: (name, n) =>
        `${count(n, 'dead letter')} of ${name} will be deleted for good, with what they hold.` },
};

// A message without a known outcome may have been sent already.
function choices(verb, name) {
    return verb === 'retry' && ['email', 'sms'].includes(name)
        ? [{ name: 'unknown', label: 'Also those that may have been sent already: their recipients may get them twice.' }] : [];
}

function send(verb, address, body) {
    return verb === 'retry' ? post(`${address}/retry`, body) : remove(address, body);
}

function report(verb, name, answer, wanted) {
    const n = answer[verbs[verb].done] ?? 0;
    const left = wanted - n;
    tell(`${count(n, 'dead letter')} of ${name} ${verbs[verb].done}${left > 0 ? `; ${left} left as they are`
        + `${choices(verb, name).length ? ' (sent perhaps, gone, or no longer dead)' : ' (gone, or no longer dead)'}` : ''}.`, n > 0 ? 'good' : 'bad');
}

function question(verb, name, n) {
    return { text: verbs[verb].effect(name, n), action: `${verbs[verb].word} ${count(n, 'dead letter')}` };
}

function confirmed(verb, name, n, run) {
    ask({ title: `${verbs[verb].word} dead letters of ${name}`, ...question(verb, name, n), danger: verbs[verb].danger,
        options: choices(verb, name), run });
}

function body({ reason, unknown }, more) {
    return { ...more, reason, ...(unknown ? { unknown: true } : {}) };
}

export function actOnOne(verb, name, id, done) {
    confirmed(verb, name, 1, async (given) => {
        report(verb, name, await send(verb, `queue/dlq/${part(name)}/${part(id)}`, body(given)), 1);
        done();
    });
}

export function actOnSome(verb, name, ids, done) {
    confirmed(verb, name, ids.length, async (given) => {
        report(verb, name, await send(verb, `queue/dlq/${part(name)}`, body(given, { ids })), ids.length);
        done();
    });
}

// Counts first; a number that is not true any more when it is confirmed is counted and asked about again.
export async function actOnAll(verb, name, q, done) {
    const address = `queue/dlq/${part(name)}`;
    const matching = async () => (await send(verb, address, { all: true, q, dry_run: true })).matching;
    let n;
    try {
        n = await matching();
    } catch (error) {
        return tell(error.message, 'bad');
    }
    if (!n) return tell(`No dead letter of ${name} matches any more.`);
    confirmed(verb, name, n, async (given) => {
        try {
            report(verb, name, await send(verb, address, body(given, { all: true, q, confirm: n })), n);
            done();
            return null;
        } catch (error) {
            if (!(error instanceof ApiError) || error.status !== 409) throw error;
            const before = n;
            n = await matching();
            const next = question(verb, name, n);
            return { ...next, text: `There were ${before}; now there are ${n}. ${next.text}` };
        }
    });
}
