// One row of the API as a list of names and values, whatever it holds.
import { facts, foreign, h } from './dom.js';
import { fullTime, number } from './format.js';

const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

export function value(data) {
    if (data === null || data === undefined || data === '') return '–';
    if (typeof data === 'number') return number(data, Number.isInteger(data) ? 0 : 2);
    if (typeof data === 'boolean') return data ? 'yes' : 'no';
    if (typeof data === 'string') return isTime.test(data) ? fullTime(data) : foreign(data);
    return code(data);
}

// Text that may be long and of any kind; JSON is laid out.
export function code(data) {
    let text = data;
    if (typeof data !== 'string') {
        text = JSON.stringify(data, null, 2);
    } else if (/^\s*[[{]/.test(data)) {
        try {
            text = JSON.stringify(JSON.parse(data), null, 2);
        } catch {
            // Shown as it came.
        }
    }
    return h('pre', { tabindex: '0' }, foreign(text));
}

const names = { unknown: 'May have been sent', rid: 'Request id' };

function name(key) {
    if (names[key]) return names[key];
    const text = key.replaceAll('_', ' ');
    return text.charAt(0).toUpperCase() + text.slice(1);
}

function holdsSomething(data) {
    return data !== null && data !== undefined && data !== '' && !(typeof data === 'object' && !Object.keys(data).length);
}

// Short values as facts; `long` names what stands below in a block of its own.
export function record(data, long = []) {
    const entries = Object.entries(data).filter(([key]) => !long.includes(key));
    return [facts(entries.map(([key, item]) => [name(key), value(item)])),
        ...long.filter((key) => holdsSomething(data[key]))
            .map((key) => h('section', {}, h('h3', {}, name(key)), code(data[key])))];
}
