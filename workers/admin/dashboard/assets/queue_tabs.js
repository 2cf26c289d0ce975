// A choice of one queue, with how much each holds.
import { button, h } from './dom.js';
import { number } from './format.js';

export function queueTabs(names, chosen, choose) {
    const counts = new Map(names.map((name) => [name, h('span', { class: 'badge' })]));
    const buttons = new Map(names.map((name) => {
        const one = button(name, () => pick(name), { class: 'tab', 'aria-pressed': String(name === chosen) });
        one.append(counts.get(name));
        return [name, one];
    }));

    function pick(name) {
        for (const [other, one] of buttons) one.setAttribute('aria-pressed', String(other === name));
        choose(name);
    }

    return {
        element: h('div', { class: 'tabs', role: 'group', 'aria-label': 'Queue' }, ...buttons.values()),
        count(name, value) {
            const place = counts.get(name);
            if (place) place.textContent = value ? number(value) : '';
        },
    };
}
