// Who is signed in. The cookie is the server's; here is only the name, the role and the token against forged requests.
import { get, remove, post, useSession } from './api.js';
import { byId, plain } from './dom.js';
import { tell } from './notices.js';

// Whether to ask the server at all: a visitor without a session sees the sign-in at once.
const hint = 'coupon-admin-session';

function remembered() {
    try {
        return localStorage.getItem(hint) === '1';
    } catch {
        return true;
    }
}

function remember(yes) {
    try {
        if (yes) localStorage.setItem(hint, '1');
        else localStorage.removeItem(hint);
    } catch {
        // Private windows may refuse it: then the server is asked each time.
    }
}

function showSignIn(why = '') {
    byId('frame').hidden = true;
    byId('sign-in').hidden = false;
    byId('sign-in-why').textContent = why;
    byId('sign-in-error').textContent = '';
    byId('password').value = '';
    (byId('user').value ? byId('password') : byId('user')).focus();
}

export class Session {
    constructor({ begins, ends }) {
        this.current = null;
        this.begins = begins;
        this.ends = ends;
        byId('sign-in-form').addEventListener('submit', (event) => this.#submit(event));
        byId('sign-out').addEventListener('click', () => this.signOut());
    }

    get mayAct() {
        return this.current?.role === 'operator';
    }

    async find() {
        if (!remembered()) return showSignIn();
        try {
            this.#start(await get('session'));
        } catch (error) {
            showSignIn(error.status === 401 ? '' : plain(error.message));
        }
    }

    #start(session) {
        this.current = session;
        remember(true);
        useSession(session, () => this.lost());
        byId('sign-in').hidden = true;
        byId('frame').hidden = false;
        byId('who-name').textContent = plain(session.user);
        byId('who-role').textContent = session.role;
        byId('who-role').title = this.mayAct ? 'may retry, purge, replay and run' : 'may look, and change nothing';
        this.begins();
    }

    #end(why) {
        this.current = null;
        remember(false);
        useSession(null);
        document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close());
        this.ends();
        showSignIn(why);
    }

    // The server does not know the session any more.
    lost() {
        if (this.current) this.#end('Your session has ended. Sign in again to go on where you were.');
    }

    async signOut() {
        try {
            await remove('session');
        } catch (error) {
            // Still signed in, and said so: whoever leaves this screen must know.
            if (error.status !== 401) return tell(`You are still signed in: ${error.message}`, 'bad');
        }
        this.#end('You are signed out.');
    }

    async #submit(event) {
        event.preventDefault();
        const form = event.target;
        const send = form.querySelector('button');
        byId('sign-in-error').textContent = '';
        send.disabled = true;
        try {
            this.#start(await post('session', { user: form.elements.user.value, password: form.elements.password.value }));
            byId('password').value = '';
        } catch (error) {
            byId('sign-in-error').textContent = error.status === 401 ? 'Name or password is not right.' : plain(error.message);
            byId('password').select();
        } finally {
            send.disabled = false;
        }
    }
}
