// The API as functions. Every failure is an ApiError with a sentence for people.
import { serverSays } from './format.js';

const base = 'api/v1/';
const wait_ms = 20000;
const again_ms = 500;

export class ApiError extends Error {
    constructor(status, code, message) {
        super(message);
        this.status = status;
        this.code = code;
    }
}

const words = {
    401: 'You are signed out.',
    403: 'Your role does not allow this.',
    404: 'This is not there (any more).',
    413: 'This is more than the server takes at once.',
    429: 'Too many requests: wait a little.',
    502: 'The admin worker does not answer.',
    503: 'The admin worker cannot answer now.',
    504: 'The admin worker did not answer in time.',
};

let csrf = '';
let signedOut = () => {};

export function useSession(session, whenSignedOut) {
    csrf = session ? session.csrf : '';
    signedOut = whenSignedOut || (() => {});
}

export async function failure(response) {
    let said = {};
    try {
        said = (await response.json()).error || {};
    } catch {
        // NGINX's own page, or nothing.
    }
    return new ApiError(response.status, said.code || String(response.status),
        said.message || words[response.status] || `The server answered ${response.status}.`);
}

export async function request(method, path, body) {
    const headers = { Accept: 'application/json' };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (method !== 'GET' && csrf) headers['X-CSRF-Token'] = csrf;
    let response;
    try {
        response = await fetch(base + path, { method, headers, cache: 'no-store', credentials: 'same-origin',
            body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(wait_ms) });
    } catch (problem) {
        throw problem.name === 'TimeoutError'
            ? new ApiError(0, 'timeout', `The admin worker did not answer within ${wait_ms / 1000} s.`)
            : new ApiError(0, 'away', 'The admin worker cannot be reached.');
    }
    serverSays(response.headers.get('Date'));
    if (!response.ok) {
        const error = await failure(response);
        if (error.status === 401 && !path.startsWith('session')) signedOut(error);
        throw error;
    }
    if (response.status === 204) return null;
    try {
        return await response.json();
    } catch {
        throw new ApiError(response.status, 'garbled', 'The answer was cut off or is no JSON.');
    }
}

// path('queue/dlq/email', {q: '', limit: 50}) leaves out what is empty.
export function path(name, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== '' && value !== null && value !== undefined);
    const text = new URLSearchParams(given).toString();
    return text ? `${name}?${text}` : name;
}

export const part = encodeURIComponent;

// After PostgreSQL was away each of the server's connections notices it once: a question is asked once more.
export async function get(name, query) {
    try {
        return await request('GET', path(name, query));
    } catch (error) {
        if (error.status !== 503) throw error;
        await new Promise((resolve) => { setTimeout(resolve, again_ms); });
        return request('GET', path(name, query));
    }
}

export const post = (name, body = {}) => request('POST', name, body);
export const remove = (name, body) => request('DELETE', name, body);
export const eventsAddress = `${base}events`;
