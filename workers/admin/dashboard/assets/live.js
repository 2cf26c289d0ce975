// What the server pushes, kept connected: live, reconnecting, or away.
import { eventsAddress, get } from './api.js';
import { readEvents } from './event_stream.js';

const silence_ms = 40000;   // the server says something every 15 s
const away_after_ms = 20000;
const longest_wait_ms = 10000;
const first_wait_ms = 2500; // for a snapshot, before it is asked for
const hidden_ms = 60000;    // a page nobody sees gives its connection back

const addresses = {
    workers: 'health/workers', queues: 'queue/stats', accounting: 'clicks/accounting', cron: 'cron',
};

export class Live {
    #listeners = new Map();
    #last = new Map();
    #connection = null;  // an AbortController while this runs
    #resting = false;
    #lost_ms = 0;        // since when there is no connection
    #wake = () => {};

    constructor(signedOut) {
        this.signedOut = signedOut;
        this.state = 'reconnecting';
        let hidden = 0;
        document.addEventListener('visibilitychange', () => {
            clearTimeout(hidden);
            if (document.hidden) hidden = setTimeout(() => this.#rest(), hidden_ms);
            else this.#resume();
        });
        window.addEventListener('online', () => this.#wake());
    }

    // Calls at once with what is known; returns what ends it. Names: those above, and 'state'.
    on(name, listener) {
        if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
        this.#listeners.get(name).add(listener);
        if (this.#last.has(name)) listener(this.#last.get(name));
        return () => this.#listeners.get(name).delete(listener);
    }

    last(name) {
        return this.#last.get(name);
    }

    start() {
        this.stop();
        this.#connect();
    }

    stop() {
        this.#connection?.abort();
        this.#connection = null;
        this.#resting = false;
        this.#last.clear();
    }

    // Asks for what was just changed instead of waiting for it to be pushed.
    async refresh(name) {
        try {
            this.#tell(name, await get(addresses[name]));
        } catch {
            // It comes with the next event.
        }
    }

    #tell(name, data) {
        if (!this.#connection) return;
        this.#last.set(name, data);
        for (const listener of this.#listeners.get(name) || []) listener(data);
    }

    #become(state, why = '') {
        this.state = state;
        this.#tell('state', { state, why });
    }

    #connect() {
        this.#connection = new AbortController();
        this.#lost_ms = Date.now();
        this.#become('reconnecting');
        this.#run(this.#connection.signal);
    }

    #rest() {
        if (!this.#connection) return;
        this.#resting = true;
        this.#connection.abort();
    }

    #resume() {
        this.#wake();
        if (this.#resting) this.#connect();
        this.#resting = false;
    }

    async #run(signal) {
        for (let tries = 0; !signal.aborted; tries += 1) {
            let why = '';
            try {
                await this.#listen(signal, () => {
                    tries = 0;
                    this.#lost_ms = 0;
                    this.#become('live');
                });
            } catch (problem) {
                if (signal.aborted) return;
                if (problem.status === 401) {
                    this.signedOut(problem);
                    return;
                }
                // It answers, but has no place for another listener: the facts are asked for one by one.
                if (problem.status) {
                    why = problem.message;
                    await Promise.all(Object.keys(addresses).map((name) => this.refresh(name)));
                }
            }
            if (signal.aborted) return;
            this.#lost_ms ||= Date.now();
            this.#become(Date.now() - this.#lost_ms > away_after_ms ? 'away' : 'reconnecting', why);
            const wait_ms = Math.min(longest_wait_ms, 500 * 2 ** Math.min(tries, 5));
            await this.#pause(wait_ms * (0.7 + 0.6 * Math.random()));
        }
    }

    async #listen(signal, opened) {
        const missing = setTimeout(() => Object.keys(addresses).filter((name) => !this.#last.has(name))
            .forEach((name) => this.refresh(name)), first_wait_ms);
        try {
            await readEvents(eventsAddress, { signal, silence_ms, opened, took: (event) => this.#take(event) });
        } finally {
            clearTimeout(missing);
        }
    }

    #take({ name, data }) {
        if (!(name in addresses)) return;
        try {
            this.#tell(name, JSON.parse(data));
        } catch (problem) {
            console.warn(`the event ${name} could not be read`, problem);
        }
    }

    #pause(wait_ms) {
        return new Promise((resolve) => {
            const timer = setTimeout(resolve, wait_ms);
            this.#wake = () => {
                clearTimeout(timer);
                resolve();
            };
        });
    }
}
