// A list that is read in pages: the first one anew whenever what it depends on changes, the next ones on demand.
import { button, errorState, h } from './dom.js';

// load(after) → {items, next, total?}; rows is a table(); changed(items) hears of each change.
export function pages({ rows, load, changed = () => {} }) {
    let items = [];
    let next = null;
    let asked = 0;
    const problem = h('div', {});
    const more = button('Show more', () => read(next));
    const foot = h('div', { class: 'list-foot' }, more);
    const element = h('div', { class: 'list', 'aria-busy': 'true' }, problem, rows.element, foot);
    rows.element.hidden = true;
    foot.hidden = true;

    async function read(after) {
        asked += 1;
        const mine = asked;
        element.setAttribute('aria-busy', 'true');
        try {
            const answer = await load(after);
            if (mine !== asked) return;  // something newer was asked for
            items = after ? [...items, ...answer.items] : answer.items;
            next = answer.next ?? null;
            problem.replaceChildren();
            rows.element.hidden = false;
            rows.show(items);
            foot.hidden = next === null;
            changed(items, answer);
        } catch (error) {
            if (mine !== asked) return;
            problem.replaceChildren(errorState(error, () => read(after)));
        } finally {
            if (mine === asked) element.setAttribute('aria-busy', 'false');
        }
    }

    return {
        element,
        get items() {
            return items;
        },
        reload: () => read(null),
        redraw: () => rows.show(items),
        close() {
            asked += 1;
        },
    };
}
